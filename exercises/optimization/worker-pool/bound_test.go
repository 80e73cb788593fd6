package workpool

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestResults(t *testing.T) {
	bubble(t, func(t *testing.T) {
		odd := errors.New("odd")
		p := newPool(t, 2, 8, func(_ context.Context, n int) (string, error) {
			if n%2 == 1 {
				return "", odd
			}
			return fmt.Sprint("half is ", n/2), nil
		})
		if s, err := p.Do(t.Context(), 42); s != "half is 21" || err != nil {
			t.Errorf(`Do(42) = %q, %v; want "half is 21", nil`, s, err)
		}
		if _, err := p.Do(t.Context(), 7); !errors.Is(err, odd) {
			t.Errorf("Do(7), for which fn returns an error = %v, want that error", err)
		}
		var results []<-chan Result[string]
		for n := range 10 {
			results = append(results, try(t, p, t.Context(), n))
		}
		for n, c := range results {
			r := await(t, c, fmt.Sprintf("Try(%d)", n), "each accepted job has one result")
			if n%2 == 1 && !errors.Is(r.Err, odd) || n%2 == 0 && (r.Err != nil || r.Value != fmt.Sprint("half is ", n/2)) {
				t.Errorf("Try(%d): result %+v; want that of its own job", n, r)
			}
		}
	})
}

func TestNeverMoreThanWorkers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const workers, jobs = 3, 20
		var running, most atomic.Int64
		p := newPool(t, workers, 5, func(ctx context.Context, d time.Duration) (string, error) {
			n := running.Add(1)
			defer running.Add(-1)
			for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
			}
			return sleep(ctx, d)
		})
		begun := time.Now()
		var wg sync.WaitGroup
		for range jobs {
			wg.Go(func() {
				if _, err := p.Do(t.Context(), time.Second); err != nil {
					t.Errorf("Do of one of %d jobs at a time = %v, want it to wait for room", jobs, err)
				}
			})
		}
		wg.Wait()
		if n := most.Load(); n != workers {
			t.Errorf("%d callers of Do, %d workers: up to %d jobs ran at a time, want %d: the bound is what keeps CPU, memory and the database alive", jobs, workers, n, workers)
		}
		if took, want := time.Since(begun), 7*time.Second; took != want {
			t.Errorf("%d jobs of 1s on %d workers took %v, want %v", jobs, workers, took, want)
		}
	})
}

func TestQueueFull(t *testing.T) {
	for _, size := range []struct{ workers, queue int }{{1, 0}, {2, 3}, {4, 10}} {
		bubble(t, func(t *testing.T) {
			room := size.workers + size.queue
			p := newPool(t, size.workers, size.queue, sleep)
			for round := range 2 { // the second one after the first has been worked off
				begun := time.Now()
				accepted := 0
				var results []<-chan Result[string]
				var err error
				for range room + 5 {
					var c <-chan Result[string]
					if c, err = p.Try(t.Context(), time.Second); err == nil {
						accepted++
						results = append(results, c)
					} else if !errors.Is(err, ErrQueueFull) || c != nil {
						t.Fatalf("Try in a full pool = %v, %v; want nil, ErrQueueFull", c, err)
					}
				}
				if accepted != room {
					t.Errorf("%d workers, queue of %d, round %d: %d of %d calls of Try in a row were accepted, want %d: more is a leak with a nicer name, less wastes what was asked for",
						size.workers, size.queue, round, accepted, room+5, room)
				}
				if took := time.Since(begun); took > 0 {
					t.Errorf("Try waited %v; want it to answer at once", took)
				}
				for _, c := range results {
					await(t, c, "Try", "each accepted job has one result")
				}
			}
		})
	}
}

func TestDoWaitsForRoom(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPool(t, 2, 0, sleep)
		begun := time.Now()
		try(t, p, t.Context(), time.Second)
		try(t, p, t.Context(), 3*time.Second)
		if _, err := p.Do(t.Context(), 5*time.Second); err != nil {
			t.Errorf("Do while both workers are busy = %v; want it to wait for room", err)
		}
		if took, want := time.Since(begun), 6*time.Second; took != want {
			t.Errorf("2 workers, no queue, jobs of 1s and 3s running: Do of a job of 5s took %v, want %v: it begins when the first one ends", took, want)
		}
		if _, err := p.Try(t.Context(), time.Second); err != nil {
			t.Errorf("Try the moment Do has returned = %v; want it accepted: a job that has its result no longer takes a place", err)
		}
	})
}
