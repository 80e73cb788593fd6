package poller

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// bubble runs a test on a clock of its own: sleeping costs no time, and the clock moves when every goroutine waits. At
// its end, a goroutine that can never wake up again is a leak.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	defer func() {
		if v := recover(); v != nil {
			t.Errorf("goroutines of the poller are still there after the test stopped it, and nothing can wake them: each one keeps its function and all that it holds, for ever (%v)", v)
		}
	}()
	synctest.Test(t, test)
}

// start starts a poller that cannot outlive the test: fn called after the test's end never returns, and the bubble
// reports it.
func start(t *testing.T, ctx context.Context, fn func(context.Context) error, o Options) *Poller {
	t.Helper()
	var over atomic.Bool
	p, err := Start(ctx, func(ctx context.Context) error {
		if over.Load() {
			select {}
		}
		return fn(ctx)
	}, o)
	if err != nil || p == nil {
		t.Fatalf("Start with Every: %v, Jitter: %v = %v, %v; want a poller", o.Every, o.Jitter, p, err)
	}
	t.Cleanup(func() {
		over.Store(true)
		select {
		case <-p.Done():
		default:
			p.Stop()
		}
	})
	return p
}

// A diary notes when something happened, in time since it was begun.
type diary struct {
	begun time.Time
	mu    sync.Mutex
	times []string
}

func newDiary() *diary { return &diary{begun: time.Now()} }

func (d *diary) note() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.times = append(d.times, time.Since(d.begun).String())
}

func (d *diary) want(t *testing.T, done, why string, want ...string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.times, want) {
		t.Errorf("%s: fn ran at %v, want %v: %s", done, d.times, want, why)
	}
}

// ended waits until the poller is done, at the latest at the next due time.
func ended(t *testing.T, p *Poller, every time.Duration, done string) {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(every + time.Millisecond):
		t.Errorf("%s: Done is still open when the next run would have been due; the goroutine waits for something that will not come", done)
	}
}

func TestRunsEvery(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		p := start(t, t.Context(), func(context.Context) error {
			d.note()
			time.Sleep(300 * time.Millisecond)
			return nil
		}, Options{Every: time.Second})
		time.Sleep(3500 * time.Millisecond)
		d.want(t, "Every: 1s, each run takes 300ms, after 3.5s", "due times do not drift by the length of a run", "1s", "2s", "3s")
		if n := p.Runs(); n != 3 {
			t.Errorf("after three runs: Runs() = %d, want 3", n)
		}
		p.Stop()
		ended(t, p, time.Second, "after Stop between two runs")
	})
}

func TestImmediate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		p := start(t, t.Context(), func(context.Context) error { d.note(); return nil }, Options{Every: time.Second, Immediate: true})
		time.Sleep(2500 * time.Millisecond)
		d.want(t, "Every: 1s, Immediate, after 2.5s", "one run at the start, then as ever", "0s", "1s", "2s")
		p.Stop()
		ended(t, p, time.Second, "after Stop")
	})
}

func TestStopEndsGoroutine(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := start(t, t.Context(), func(context.Context) error { return nil }, Options{Every: time.Second})
		time.Sleep(2500 * time.Millisecond)
		p.Stop()
		p.Stop() // a second time does nothing
		ended(t, p, time.Second, "after Stop between two runs")
		time.Sleep(10 * time.Second)
		if n := p.Runs(); n != 2 {
			t.Errorf("stopped after 2.5s, looked at 10s later: Runs() = %d, want 2: a stopped poller runs no more", n)
		}
	})
}

func TestStopCancelsRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var cause error
		p := start(t, t.Context(), func(ctx context.Context) error {
			select {
			case <-ctx.Done():
				cause = ctx.Err()
			case <-time.After(time.Hour):
			}
			time.Sleep(time.Minute) // cleaning up takes its time
			return nil
		}, Options{Every: time.Second})
		time.Sleep(1500 * time.Millisecond) // half a second into the run
		before := time.Now()
		p.Stop()
		if took := time.Since(before); took > 0 {
			t.Errorf("Stop waited %v for the run; want it to return at once: Done is for waiting", took)
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if !errors.Is(cause, context.Canceled) {
			t.Errorf("Stop during a run: the ctx given to fn has error %v, want %v: a run that waits for a slow server must hear of Stop", cause, context.Canceled)
		}
		select {
		case <-p.Done():
			t.Error("Done is closed while fn is still cleaning up; want it open until nothing runs")
		default:
		}
		select {
		case <-p.Done():
		case <-time.After(2 * time.Hour):
			t.Error("Done is not closed after the run has ended")
		}
		if n := p.Runs(); n != 1 {
			t.Errorf("stopped during the first run: Runs() = %d, want 1", n)
		}
	})
}

func TestStopInsideRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var p *Poller
		known := make(chan struct{})
		p = start(t, t.Context(), func(context.Context) error {
			<-known
			p.Stop()
			return nil
		}, Options{Every: time.Second})
		close(known)
		time.Sleep(5500 * time.Millisecond)
		select {
		case <-p.Done():
		default:
			t.Error("fn called Stop 4.5s ago and Done is still open: Stop must not wait for the run that calls it")
		}
		if n := p.Runs(); n != 1 {
			t.Errorf("fn calls Stop in its first run: Runs() = %d, want 1", n)
		}
	})
}

func TestParentContextEnds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p := start(t, ctx, func(context.Context) error { return nil }, Options{Every: time.Second})
		time.Sleep(1500 * time.Millisecond)
		cancel()
		ended(t, p, time.Second, "after the ctx given to Start was cancelled")
		if n := p.Runs(); n != 1 {
			t.Errorf("ctx cancelled after 1.5s: Runs() = %d, want 1", n)
		}
		p.Stop()

		p = start(t, ctx, func(context.Context) error { return nil }, Options{Every: time.Second, Immediate: true})
		ended(t, p, time.Second, "after Start with a ctx that was cancelled before")
		if n := p.Runs(); n != 0 {
			t.Errorf("Start with a ctx that was cancelled before: Runs() = %d, want 0", n)
		}
	})
}

func TestMissedTicksAreSkipped(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		running := 0
		p := start(t, t.Context(), func(context.Context) error {
			d.note()
			if running++; running > 1 {
				t.Error("fn runs twice at a time; want each run on the poller's one goroutine")
			}
			if len(d.times) == 1 {
				time.Sleep(3500 * time.Millisecond)
			}
			running--
			return nil
		}, Options{Every: time.Second})
		time.Sleep(7500 * time.Millisecond)
		d.want(t, "Every: 1s, the first run takes 3.5s, after 7.5s",
			"the ticks at 2s, 3s and 4s fell into the run and are gone; making up for them would hit a slow server three times at once", "1s", "5s", "6s", "7s")
		p.Stop()
		ended(t, p, time.Second, "after Stop")
	})
}

func TestErrorIsReported(t *testing.T) {
	bubble(t, func(t *testing.T) {
		wrong := errors.New("server says no")
		var got []error
		p := start(t, t.Context(), func(context.Context) error { return wrong },
			Options{Every: time.Second, OnError: func(err error) { got = append(got, err) }})
		time.Sleep(2500 * time.Millisecond)
		synctest.Wait()
		if len(got) != 2 || !errors.Is(got[0], wrong) || !errors.Is(got[1], wrong) {
			t.Errorf("fn fails in each of two runs: OnError got %v, want the error twice: one failure must not end the polling", got)
		}
		p.Stop()
		ended(t, p, time.Second, "after Stop")

		p = start(t, t.Context(), func(context.Context) error { return wrong }, Options{Every: time.Second}) // no OnError
		time.Sleep(2500 * time.Millisecond)
		if n := p.Runs(); n != 2 {
			t.Errorf("fn fails and OnError is nil: Runs() = %d, want 2", n)
		}
		p.Stop()
		ended(t, p, time.Second, "after Stop")
	})
}

func TestBadOptions(t *testing.T) {
	for _, tt := range []struct {
		o    Options
		want error
	}{
		{Options{}, ErrEvery},
		{Options{Every: -time.Second}, ErrEvery},
		{Options{Every: time.Second, Jitter: -0.1}, ErrJitter},
		{Options{Every: time.Second, Jitter: 1}, ErrJitter},
		{Options{Every: time.Second, Jitter: math.NaN()}, ErrJitter},
	} {
		p, err := Start(t.Context(), func(context.Context) error { return nil }, tt.o)
		if p != nil || !errors.Is(err, tt.want) {
			t.Errorf("Start with Every: %v, Jitter: %v = %v, %v; want nil, %v", tt.o.Every, tt.o.Jitter, p, err, tt.want)
		}
		if p != nil {
			p.Stop()
		}
	}
}

func TestJitterUsesRand(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		numbers := []float64{0, 0.5, 0.75}
		i := 0
		p := start(t, t.Context(), func(context.Context) error { d.note(); return nil }, Options{
			Every:  time.Second,
			Jitter: 0.5,
			Rand:   func() float64 { i++; return numbers[(i-1)%len(numbers)] },
		})
		time.Sleep(3 * time.Second)
		d.want(t, fmt.Sprintf("Every: 1s, Jitter: 0.5, Rand: %v, after 3s", numbers),
			"the intervals are Every·(1 + Jitter·(2·Rand()−1)), from due time to due time", "500ms", "1.5s", "2.75s")
		p.Stop()
		ended(t, p, 2*time.Second, "after Stop")
	})
}

func TestJitterIsRandomByDefault(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		p := start(t, t.Context(), func(context.Context) error { d.note(); return nil }, Options{Every: time.Second, Jitter: 0.9})
		time.Sleep(20 * time.Second)
		p.Stop()
		ended(t, p, 2*time.Second, "after Stop")
		if regular := []string{"1s", "2s", "3s"}; len(d.times) < 3 || slices.Equal(d.times[:3], regular) {
			t.Errorf("Jitter: 0.9 without Rand: fn ran at %v; want irregular intervals: a thousand clients must not call in step", d.times)
		}
	})
}

func TestStopBeforeFirstRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := start(t, t.Context(), func(context.Context) error { return nil }, Options{Every: time.Second})
		time.Sleep(500 * time.Millisecond)
		p.Stop()
		ended(t, p, time.Second, "after Stop before the first run")
		if n := p.Runs(); n != 0 {
			t.Errorf("stopped half a second before the first run: Runs() = %d, want 0", n)
		}
	})
}

func TestManyPollersEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const n = 1000
		runs := 0
		pollers := make([]*Poller, n)
		var mu sync.Mutex
		for i := range pollers {
			pollers[i] = start(t, t.Context(), func(context.Context) error {
				mu.Lock()
				defer mu.Unlock()
				runs++
				return nil
			}, Options{Every: time.Second})
		}
		time.Sleep(1500 * time.Millisecond)
		for _, p := range pollers {
			p.Stop()
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if runs != n {
			t.Errorf("%d pollers ran %d times until they were stopped after the first run and in the 10s since; want %d", n, runs, n)
		}
		for i, p := range pollers {
			select {
			case <-p.Done():
			default:
				t.Fatalf("poller %d of %d is not done 10s after Stop: a server that opens dashboards all day collects them", i, n)
			}
		}
	})
}

func TestConcurrentStop(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const goroutines, pollers = 8, 200
		for range pollers {
			p := start(t, t.Context(), func(context.Context) error { return nil }, Options{Every: time.Millisecond, Immediate: true})
			var wg sync.WaitGroup
			for range goroutines {
				wg.Go(func() {
					p.Runs()
					p.Stop()
				})
			}
			wg.Wait()
			ended(t, p, time.Millisecond, "after eight goroutines called Stop")
		}
	})
}

// The last one, because a panic that nobody recovers from ends the program and with it all later tests.
func TestPanicIsReported(t *testing.T) {
	bubble(t, func(t *testing.T) {
		wrong := errors.New("index out of range")
		var got []error
		runs := 0
		p := start(t, t.Context(), func(context.Context) error {
			if runs++; runs == 1 {
				panic("no such dashboard")
			}
			panic(wrong)
		}, Options{Every: time.Second, OnError: func(err error) { got = append(got, err) }})
		time.Sleep(2500 * time.Millisecond)
		p.Stop()
		ended(t, p, time.Second, "after Stop")
		if len(got) != 2 {
			t.Fatalf("fn panics in each of two runs: OnError got %v, want two errors: one bad run must not end the polling, nor the program", got)
		}
		if !strings.Contains(got[0].Error(), "no such dashboard") {
			t.Errorf(`fn panics with "no such dashboard": OnError got %q, want the text in it`, got[0])
		}
		if !errors.Is(got[1], wrong) {
			t.Errorf("fn panics with an error: OnError got %q, want an error that wraps it", got[1])
		}
	})
}
