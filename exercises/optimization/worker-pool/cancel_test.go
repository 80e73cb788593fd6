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
