package workpool

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

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
