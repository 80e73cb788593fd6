package workpool

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
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
			t.Errorf("goroutines of the pool or of its callers are still there after Close, or wait for one another, and nothing can wake them: each request of this kind leaves one behind (%v)", v)
		}
	}()
	synctest.Test(t, test)
}

// patience is how long tests wait, on their own clock, for what should have come long since.
const patience = 1000 * time.Hour

func await[T any](t *testing.T, c <-chan T, done, why string) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatalf("%s: nothing within %v: %s", done, patience, why)
	}
	return v
}

// newPool makes a pool that is closed at the end of the test.
func newPool[I, O any](t *testing.T, workers, queue int, fn func(context.Context, I) (O, error)) *Pool[I, O] {
	t.Helper()
	p := New(workers, queue, fn)
	t.Cleanup(func() { p.Close(context.Background()) })
	return p
}

// sleep is the job of most tests: it takes as long as it is told, or until its context ends.
func sleep(ctx context.Context, d time.Duration) (string, error) {
	select {
	case <-time.After(d):
		return "slept " + d.String(), nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// try is Try of a job that must be accepted.
func try[I, O any](t *testing.T, p *Pool[I, O], ctx context.Context, in I) <-chan Result[O] {
	t.Helper()
	result, err := p.Try(ctx, in)
	if err != nil || result == nil {
		t.Fatalf("Try(%v) with room in the pool = %v, %v; want a channel", in, result, err)
	}
	return result
}

// wantStats compares the counts when all goroutines wait.
func wantStats[I, O any](t *testing.T, p *Pool[I, O], done string, want Stats) {
	t.Helper()
	synctest.Wait()
	if got := p.Stats(); got != want {
		t.Errorf("%s: Stats() = %+v, want %+v", done, got, want)
	}
}

func TestStats(t *testing.T) {
	bubble(t, func(t *testing.T) {
		failed := errors.New("no")
		p := newPool(t, 2, 4, func(ctx context.Context, d time.Duration) (string, error) {
			sleep(ctx, d)
			return "", failed
		})
		wantStats(t, p, "a new pool of 2 workers", Stats{Workers: 2})
		ctx, cancel := context.WithCancel(t.Context())
		for range 3 {
			try(t, p, t.Context(), time.Second)
		}
		try(t, p, ctx, time.Second)
		try(t, p, t.Context(), time.Second)
		wantStats(t, p, "5 jobs of 1s for 2 workers", Stats{Workers: 2, Queued: 3, Running: 2})
		time.Sleep(1500 * time.Millisecond)
		wantStats(t, p, "half a second after the first two ended", Stats{Workers: 2, Queued: 1, Running: 2, Done: 2})
		cancel()
		time.Sleep(time.Minute)
		wantStats(t, p, "when all have ended, in errors too", Stats{Workers: 2, Done: 5})
	})
}

func TestStatsWhileRunning(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const workers, queue, callers, calls = 3, 4, 8, 1000
		p := newPool(t, workers, queue, func(context.Context, int) (int, error) { return 0, nil })
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				done := 0
				for range calls {
					p.Do(t.Context(), 1)
					s := p.Stats()
					if s.Running < 0 || s.Running > workers || s.Queued < 0 || s.Queued+s.Running > workers+queue {
						t.Errorf("%d callers of Do: Stats() = %+v; want 0 to %d running, and no more than %d together with those queued", callers, s, workers, workers+queue)
						return
					}
					if done++; s.Done < done {
						t.Errorf("after %d results of Do: Stats().Done = %d; want the job counted when its result is there", done, s.Done)
						return
					}
				}
			})
		}
		wg.Wait()
		wantStats(t, p, fmt.Sprintf("%d callers, %d calls of Do each", callers, calls), Stats{Workers: workers, Done: callers * calls})
	})
}

func TestNewRefusesNonsense(t *testing.T) {
	for _, size := range []struct{ workers, queue int }{{0, 5}, {-1, 5}, {1, -1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("New(%d, %d) returns; want a panic: it is a mistake in the program, which nobody could handle", size.workers, size.queue)
				}
			}()
			New(size.workers, size.queue, sleep).Close(t.Context())
		}()
	}
}

// The last one, because a panic that nobody recovers from ends the program and with it all later tests.
func TestPanic(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPool(t, 1, 3, func(_ context.Context, n int) (int, error) {
			if n == 0 {
				panic("division by zero")
			}
			return 100 / n, nil
		})
		_, err := p.Do(t.Context(), 0)
		e, ok := errors.AsType[*PanicError](err)
		if !ok {
			t.Fatalf("Do of a job that panics = %v, want a *PanicError", err)
		}
		if e.Value != "division by zero" || !strings.Contains(string(e.Stack), "TestPanic") {
			t.Errorf("a job panics: Value is %v and Stack\n%s\nwant the panic's value, and the stack that shows where it was", e.Value, e.Stack)
		}
		if !strings.Contains(e.Error(), "division by zero") {
			t.Errorf("PanicError.Error() = %q, want the panic's value in it", e.Error())
		}
		tried := try(t, p, t.Context(), 0)
		if r := await(t, tried, "Try of a job that panics", "the panic is its result"); r.Err == nil {
			t.Errorf("Try of a job that panics: result %+v, want a *PanicError", r)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if n, err := p.Do(ctx, 4); n != 25 || err != nil {
			t.Errorf("Do(4) after two jobs that panicked, 1 worker = %d, %v; want 25, nil: the worker must survive, else the pool runs dry", n, err)
		}
		wantStats(t, p, "two panics and one good job", Stats{Workers: 1, Done: 3, Panics: 2})
	})
}
