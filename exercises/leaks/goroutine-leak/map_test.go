package fanout

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// feedNumbers sends 0 to n−1 and closes the channel; it leaves when ctx ends. sent counts.
func feedNumbers(ctx context.Context, n int, sent *atomic.Int64) <-chan int {
	in := make(chan int)
	go func() {
		defer close(in)
		for i := range n {
			select {
			case in <- i:
				sent.Add(1)
			case <-ctx.Done():
				return
			}
		}
	}()
	return in
}

// filledWith is a channel with n values in it, and open.
func filledWith(n int) chan int {
	in := make(chan int, n)
	for i := range n {
		in <- i
	}
	return in
}

func TestMapAnswersAll(t *testing.T) {
	for _, workers := range []int{-1, 0, 1, 3, 200} {
		bubble(t, func(t *testing.T) {
			var sent atomic.Int64
			var got, want []int
			f := func(_ context.Context, i int) int {
				time.Sleep(time.Duration(i%7) * time.Millisecond)
				return i * i
			}
			for v := range Map(t.Context(), feedNumbers(t.Context(), 100, &sent), workers, f) {
				got = append(got, v)
			}
			for i := range 100 {
				want = append(want, i*i)
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("100 values, %d workers: answers %v, want the squares of 0 to 99, each once", workers, got)
			}
		})
	}
	bubble(t, func(t *testing.T) {
		none := make(chan int)
		close(none)
		for range Map(t.Context(), none, 2, func(context.Context, int) int { return 0 }) {
			t.Error("no value was sent, and Map has an answer")
		}
	})
}

func TestMapWorkersAreParallel(t *testing.T) {
	for _, tt := range []struct {
		workers int
		took    time.Duration
		most    int64
	}{{0, 8 * time.Second, 1}, {1, 8 * time.Second, 1}, {3, 3 * time.Second, 3}, {4, 2 * time.Second, 4}, {100, time.Second, 8}} {
		bubble(t, func(t *testing.T) {
			var sent, now, most atomic.Int64
			before := time.Now()
			for range Map(t.Context(), feedNumbers(t.Context(), 8, &sent), tt.workers, func(context.Context, int) int {
				if n := now.Add(1); n > most.Load() {
					most.Store(n)
				}
				time.Sleep(time.Second)
				now.Add(-1)
				return 0
			}) {
			}
			if took := time.Since(before); took != tt.took || most.Load() > tt.most {
				t.Errorf("8 values of 1s, %d workers: done after %v with up to %d calls of f at a time; want %v and at most %d", tt.workers, took, most.Load(), tt.took, tt.most)
			}
		})
	}
}

func TestMapAnswersAsTheyCome(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var sent atomic.Int64
		var got []string
		before := time.Now()
		for v := range Map(t.Context(), feedNumbers(t.Context(), 3, &sent), 2, func(_ context.Context, i int) int {
			time.Sleep([]time.Duration{10 * time.Second, time.Second, 2 * time.Second}[i])
			return i
		}) {
			got = append(got, fmt.Sprint(v, " after ", time.Since(before)))
		}
		if want := []string{"1 after 1s", "2 after 3s", "0 after 10s"}; !slices.Equal(got, want) {
			t.Errorf("values that take 10s, 1s, 2s, and 2 workers: answers %q, want %q: an answer must not wait for a slower one", got, want)
		}
	})
}

func TestMapConsumerLeaves(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var sent atomic.Int64
		out := Map(ctx, feedNumbers(ctx, 1000, &sent), 4, func(_ context.Context, i int) int { return i })
		for range 3 {
			<-out
		}
		synctest.Wait() // all workers have an answer, and nobody to give it to
		cancel()
	}) // here the bubble looks whether they have gone
}

func TestMapIdleWorkersLeave(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		out := Map(ctx, make(chan int), 4, func(_ context.Context, i int) int { return i })
		synctest.Wait() // all workers wait for a value
		cancel()
		synctest.Wait()
		select {
		case _, ok := <-out:
			if ok {
				t.Error("no value was sent, and Map has an answer")
			}
		default:
			t.Error("ctx has ended, nobody sends, and the channel is not closed: who ranges over it waits for ever")
		}
	})
}

func TestMapEndsWithContext(t *testing.T) {
	for range 20 { // of two cases that are ready, select takes either
		bubble(t, func(t *testing.T) {
			const workers = 4
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(500*time.Millisecond, cancel)
			var calls, running atomic.Int64
			begun := time.Now()
			out := Map(ctx, filledWith(100), workers, func(context.Context, int) int { // does not listen
				calls.Add(1)
				running.Add(1)
				time.Sleep(time.Second)
				running.Add(-1)
				return 0
			})
			for range out {
			}
			if n, after := running.Load(), time.Since(begun); n > 0 {
				t.Fatalf("ctx ended after 0.5s, calls of f take 1s: the channel was closed after %v with %d calls still running; want none: who sees it closed believes that all is over", after, n)
			}
			if after := time.Since(begun); after != time.Second {
				t.Errorf("ctx ended after 0.5s, calls of f take 1s: the channel was closed after %v, want 1s", after)
			}
			if n := calls.Load(); n != workers {
				t.Fatalf("ctx ended during the first %d calls of f, 96 values are waiting: f was called %d times; want no call to begin after the end of ctx", workers, n)
			}
		})
	}
}

func TestMapContextEndedBefore(t *testing.T) {
	for range 20 {
		bubble(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			for range Map(ctx, filledWith(10), 3, func(context.Context, int) int {
				t.Error("ctx has ended before, and f was called nonetheless")
				return 0
			}) {
			}
		})
	}
}

func TestMapIsNotGreedy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const workers = 4
		ctx, cancel := context.WithCancel(t.Context())
		var sent atomic.Int64
		out := Map(ctx, feedNumbers(ctx, 1000, &sent), workers, func(_ context.Context, i int) int { return i })
		for received := range 10 {
			time.Sleep(time.Hour)
			if n := int(sent.Load()); n < received+1 || n > received+2*workers {
				t.Errorf("%d answers were received, %d workers: Map has taken %d values; want at least one more, and at most %d more: a slow consumer must slow the producer down, or what lies between them grows without end",
					received, workers, n, 2*workers)
				break
			}
			<-out
		}
		cancel()
	})
}
