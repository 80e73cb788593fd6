package workpool

import (
	"context"
	"errors"
	"fmt"
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

func TestCanceledWhileQueued(t *testing.T) {
	bubble(t, func(t *testing.T) {
		calls := 0
		p := newPool(t, 1, 2, func(ctx context.Context, d time.Duration) (string, error) {
			calls++
			return sleep(ctx, d)
		})
		begun := time.Now()
		try(t, p, t.Context(), time.Hour)
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		tried := try(t, p, ctx, time.Hour)
		ended := make(chan error, 2)
		for range 2 { // one in the queue, one that waits for room in it
			go func() {
				_, err := p.Do(ctx, time.Hour)
				ended <- err
			}()
		}
		synctest.Wait()
		cancel()
		for range 2 {
			if err := await(t, ended, "Do whose context was cancelled", "its caller has gone long since"); !errors.Is(err, context.Canceled) {
				t.Errorf("Do whose context was cancelled while it waited = %v, want %v", err, context.Canceled)
			}
		}
		if took := time.Since(begun); took > 0 {
			t.Errorf("two calls of Do whose context was cancelled came back after %v, want at once: one in the queue, one waiting for room in it", took)
		}
		if r := await(t, tried, "Try whose context was cancelled in the queue", "each accepted job has one result"); !errors.Is(r.Err, context.Canceled) {
			t.Errorf("Try whose context was cancelled in the queue: result %+v, want error %v", r, context.Canceled)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if calls != 1 {
			t.Errorf("one job was running and three were cancelled before they began: fn was called %d times, want 1: work that nobody waits for is what an overloaded server has least time for", calls)
		}
	})
}

func TestDoWithEndedContext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		calls := 0
		p := newPool(t, 1, 1, func(context.Context, int) (int, error) { calls++; return 0, nil })
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range 20 { // a select picks at random
			if _, err := p.Do(ctx, 1); !errors.Is(err, context.Canceled) {
				t.Fatalf("Do with a context that has ended = %v, want %v", err, context.Canceled)
			}
			synctest.Wait()
		}
		if calls > 0 {
			t.Errorf("20 calls of Do with a context that has ended: fn was called %d times, want 0", calls)
		}
	})
}

func TestCancelReachesRunning(t *testing.T) {
	bubble(t, func(t *testing.T) {
		heard := make(chan error, 1)
		p := newPool(t, 1, 0, func(ctx context.Context, _ int) (int, error) {
			select {
			case <-ctx.Done():
				heard <- ctx.Err()
			case <-time.After(time.Hour):
				heard <- nil
			}
			time.Sleep(time.Minute) // cleaning up takes its time
			return 0, nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		go func() { time.Sleep(time.Second); cancel() }()
		begun := time.Now()
		if _, err := p.Do(ctx, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("Do whose context was cancelled while the job ran = %v, want %v", err, context.Canceled)
		}
		if took := time.Since(begun); took != time.Second {
			t.Errorf("Do whose context was cancelled after 1s came back after %v, want 1s: it must not wait for the job to clean up", took)
		}
		if err := await(t, heard, "the context of a running job was cancelled", "fn must hear of it"); !errors.Is(err, context.Canceled) {
			t.Errorf("Do whose context was cancelled: the context that fn got has error %v, want %v: else the worker works on for nobody", err, context.Canceled)
		}
		if _, err := p.Try(t.Context(), 2); !errors.Is(err, ErrQueueFull) {
			t.Errorf("Try while the cancelled job cleans up, 1 worker, no queue = %v; want ErrQueueFull: the worker is still busy", err)
		}
	})
}

// A lasting context is one that goes on when the jobs have ended. It counts what is registered with it.
type lasting struct {
	context.Context
	registered atomic.Int64
}

func (c *lasting) Value(any) any { return nil } // not those of the context inside, which would be asked in its place

func (c *lasting) AfterFunc(f func()) (stop func() bool) {
	c.registered.Add(1)
	once := sync.OnceFunc(func() { c.registered.Add(-1) })
	inner := context.AfterFunc(c.Context, f)
	return func() bool {
		once()
		return inner()
	}
}

func TestContextIsLetGo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		server := &lasting{Context: ctx}
		p := newPool(t, 2, 2, sleep)
		const jobs = 5
		for range jobs {
			p.Do(server, time.Second)
		}
		synctest.Wait()
		if n := server.registered.Load(); n != 0 {
			t.Errorf("%d jobs of a context that goes on have ended, and something is registered with it %d times; want 0: a server's context lives as long as the server, and each job would stay in it", jobs, n)
		}
	})
}

func TestAbandonedCaller(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := New(2, 10, sleep)
		for range 6 {
			try(t, p, t.Context(), time.Second) // nobody ever reads the result
		}
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		p.Do(ctx, time.Hour)
		closed := make(chan error, 1)
		go func() { closed <- p.Close(context.Background()) }()
		if err := await(t, closed, "six calls of Try whose results nobody took, and Close", "a worker waits for a reader that has gone"); err != nil {
			t.Errorf("Close = %v, want nil", err)
		}
	})
}

func TestCloseDrains(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := New(2, 10, sleep)
		begun := time.Now()
		var results []<-chan Result[string]
		for range 8 {
			results = append(results, try(t, p, t.Context(), time.Second))
		}
		if err := p.Close(t.Context()); err != nil {
			t.Errorf("Close of a pool with 8 jobs, without a deadline = %v, want nil", err)
		}
		if took, want := time.Since(begun), 4*time.Second; took != want {
			t.Errorf("Close of a pool with 8 jobs of 1s for 2 workers returned after %v, want %v: what was accepted is finished first", took, want)
		}
		for i, c := range results {
			select {
			case r := <-c:
				if r.Err != nil {
					t.Errorf("job %d of 8, accepted before Close: error %v, want nil", i, r.Err)
				}
			default:
				t.Fatalf("job %d of 8, accepted before Close, has no result when Close returns", i)
			}
		}
	})
}

func TestCloseForced(t *testing.T) {
	bubble(t, func(t *testing.T) {
		calls := 0
		var mu sync.Mutex
		p := New(2, 10, func(ctx context.Context, d time.Duration) (string, error) {
			mu.Lock()
			calls++
			mu.Unlock()
			s, err := sleep(ctx, d)
			time.Sleep(time.Minute) // cleaning up takes its time
			return s, err
		})
		var running, queued []<-chan Result[string]
		for range 2 {
			running = append(running, try(t, p, context.Background(), time.Hour))
		}
		synctest.Wait()
		for range 3 {
			queued = append(queued, try(t, p, context.Background(), time.Hour))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		if err := p.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close with 1s to spare, and jobs of an hour = %v, want %v", err, context.DeadlineExceeded)
		}
		if took, want := time.Since(begun), time.Second+time.Minute; took != want {
			t.Errorf("Close with 1s to spare returned after %v, want %v: the jobs' contexts end after 1s, and then they clean up for a minute, which Close waits for", took, want)
		}
		for _, c := range running {
			if r := await(t, c, "a job that ran while Close ran out of time", "each accepted job has one result"); !errors.Is(r.Err, context.Canceled) {
				t.Errorf("a job that ran while Close ran out of time returned %+v, want what fn returns when its context is cancelled", r)
			}
		}
		for _, c := range queued {
			if r := await(t, c, "a job that was queued while Close ran out of time", "each accepted job has one result"); !errors.Is(r.Err, ErrClosed) {
				t.Errorf("a job that was queued while Close ran out of time: result %+v, want ErrClosed", r)
			}
		}
		if calls != 2 {
			t.Errorf("2 jobs ran and 3 were queued when Close ran out of time: fn was called %d times, want 2", calls)
		}
	})
}

func TestCloseTwice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPool(t, 1, 1, sleep)
		try(t, p, t.Context(), time.Minute)
		synctest.Wait()
		try(t, p, t.Context(), time.Minute)
		waiting := make(chan error, 1)
		go func() {
			_, err := p.Do(context.Background(), time.Minute)
			waiting <- err
		}()
		synctest.Wait()
		closed := make(chan error, 2)
		begun := time.Now()
		for range 2 {
			go func() { closed <- p.Close(context.Background()) }()
		}
		synctest.Wait()
		select {
		case err := <-waiting:
			if !errors.Is(err, ErrClosed) {
				t.Errorf("Do that waited for room when Close was called = %v, want ErrClosed", err)
			}
		default:
			t.Error("Do that waited for room when Close was called still waits; want ErrClosed at once: it was not accepted, and will not be")
		}
		for range 2 {
			if err := await(t, closed, "Close, called twice", "both must return when the jobs have ended"); err != nil {
				t.Errorf("one of two calls of Close = %v, want nil", err)
			}
		}
		if took, want := time.Since(begun), 2*time.Minute; took != want {
			t.Errorf("two calls of Close returned after %v, want %v: both wait for the jobs", took, want)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Errorf("Close of a closed pool = %v, want nil", err)
		}
		for range 20 { // a select picks at random
			if _, err := p.Do(t.Context(), time.Minute); !errors.Is(err, ErrClosed) {
				t.Fatalf("Do after Close = %v, want ErrClosed", err)
			}
			if c, err := p.Try(t.Context(), time.Minute); c != nil || !errors.Is(err, ErrClosed) {
				t.Fatalf("Try after Close = %v, %v; want nil, ErrClosed", c, err)
			}
		}
	})
}

// Close comes while eight goroutines are about to send jobs. Whoever was told that a job is accepted gets one result;
// nobody else's job is run.
func TestCloseRacesDo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const rounds, callers = 300, 8
		for round := range rounds {
			var calls, good atomic.Int64
			p := New(2, 3, func(context.Context, int) (int, error) { return int(calls.Add(1)), nil })
			gate := make(chan struct{})
			var wg sync.WaitGroup
			for g := range callers {
				wg.Go(func() {
					<-gate
					for range 5 {
						var err error
						if g%2 == 0 {
							_, err = p.Do(context.Background(), g)
						} else {
							var c <-chan Result[int]
							if c, err = p.Try(context.Background(), g); err == nil {
								err = (<-c).Err
							}
						}
						switch {
						case err == nil:
							good.Add(1)
						case !errors.Is(err, ErrClosed) && !errors.Is(err, ErrQueueFull):
							t.Errorf("round %d, Close while others send jobs: error %v; want a result, ErrClosed or ErrQueueFull", round, err)
						}
					}
				})
			}
			wg.Go(func() {
				<-gate
				if err := p.Close(context.Background()); err != nil {
					t.Errorf("Close while others send jobs = %v, want nil", err)
				}
			})
			close(gate)
			wg.Wait()
			if calls.Load() != good.Load() {
				t.Fatalf("round %d, Close while others send jobs: fn was called %d times and %d callers got its result; want the same", round, calls.Load(), good.Load())
			}
		}
	})
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
