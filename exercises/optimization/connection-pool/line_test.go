package connpool

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// inLine starts n goroutines that wait for a connection, one after the other. order gets the number of each that has
// one; each keeps it for a second.
func inLine(t *testing.T, p *Pool[*conn], ctx context.Context, n int) (order <-chan int) {
	served := make(chan int, n)
	for i := range n {
		go func() {
			l, err := p.Acquire(ctx)
			if err != nil {
				return
			}
			use(t, l)
			served <- i
			time.Sleep(time.Second)
			release(l)
		}()
		synctest.Wait()
	}
	return served
}

func TestWaitersAreServedInOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &server{}
		p := newPool(t, s, Config[*conn]{Max: 1})
		l := acquire(t, p, "a new pool")
		order := inLine(t, p, t.Context(), 6)
		wantStats(t, p, "one connection in use, six who wait", Stats{Open: 1, InUse: 1, Waiting: 6, Dials: 1, Waits: 6})
		release(l)
		time.Sleep(time.Minute)
		var got []int
		for len(order) > 0 {
			got = append(got, <-order)
		}
		if want := []int{0, 1, 2, 3, 4, 5}; !slices.Equal(got, want) {
			t.Errorf("six wait for one connection: served in the order %v, want %v: out of order, some wait for ever under load", got, want)
		}
		wantStats(t, p, "all were served", Stats{Open: 1, Idle: 1, Dials: 1, Waits: 6})
	})
}

func TestTimeoutAndCancel(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &server{}
		p := newPool(t, s, Config[*conn]{Max: 1, AcquireTimeout: 2 * time.Second})
		l := acquire(t, p, "a new pool")
		try := func(done string, ctx context.Context, want error, after time.Duration) {
			t.Helper()
			begun := time.Now()
			got, err := p.Acquire(ctx)
			if got != nil || !errors.Is(err, want) {
				t.Errorf("%s: Acquire = %v, %v; want nil, %v", done, got, err, want)
			}
			if took := time.Since(begun); took != after {
				t.Errorf("%s: Acquire took %v, want %v", done, took, after)
			}
		}
		try("the only connection in use, AcquireTimeout: 2s", t.Context(), ErrTimeout, 2*time.Second)
		canceled, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		try("the only connection in use, the context cancelled after 1s", canceled, context.Canceled, time.Second)
		try("the context was cancelled before", canceled, context.Canceled, 0)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		try("the only connection in use, the context's deadline in 1s", ctx, context.DeadlineExceeded, time.Second)
		wantStats(t, p, "one timeout of the pool, and three ends of callers' contexts", Stats{Open: 1, InUse: 1, Dials: 1, Waits: 3, Timeouts: 1})
		release(l)
		try("the context was cancelled before, one idle", canceled, context.Canceled, 0)
		release(acquire(t, p, "after all who waited have left"))

		s.dialTime = time.Hour
		acquire(t, p, "one idle").Discard()
		try("Dial takes an hour, AcquireTimeout: 2s", t.Context(), ErrTimeout, 2*time.Second)
		s.dialTime = 0
		release(acquire(t, p, "after a Dial that took too long"))
	})
}

// In each round the context of the only one who waits ends just when the connection is handed over.
func TestCanceledWaiterLosesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &server{}
		p := newPool(t, s, Config[*conn]{Max: 1})
		for round := range 1000 {
			holder := acquire(t, p, "the connection of the round before was released")
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() {
				if l, err := p.Acquire(ctx); err == nil {
					use(t, l)
					release(l)
				}
			})
			synctest.Wait()
			if round%2 == 0 {
				cancel()
				release(holder)
			} else {
				release(holder)
				cancel()
			}
			wg.Wait()
			if got := p.Stats(); got.Open != 1 || got.InUse != 0 || got.Waiting != 0 {
				t.Fatalf("round %d, the context of one who waits ends just when the connection is released: Stats() = %+v, want one connection, idle: whoever leaves the line must pass on what came too late", round, got)
			}
		}
	})
}

func TestDialErrorFreesPlace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		down := errors.New("connection refused")
		s := &server{dialTime: time.Second, onDial: func(n int) error {
			if n == 1 {
				return down
			}
			return nil
		}}
		p := newPool(t, s, Config[*conn]{Max: 1})
		failed := make(chan error, 1)
		go func() {
			_, err := p.Acquire(t.Context())
			failed <- err
		}()
		synctest.Wait()
		l := acquire(t, p, "the Dial of another, who has the only place, fails meanwhile") // waits for it
		if err := <-failed; !errors.Is(err, down) {
			t.Errorf("Acquire whose Dial fails = %v, want %v", err, down)
		}
		wantStats(t, p, "a Dial that failed and one that did not", Stats{Open: 1, InUse: 1, Dials: 2, Waits: 1})
		release(l)
	})
}

func TestDiscardFreesPlace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &server{}
		p := newPool(t, s, Config[*conn]{Max: 1})
		l := acquire(t, p, "a new pool")
		order := inLine(t, p, t.Context(), 2)
		l.Discard()
		l.Release()
		time.Sleep(time.Minute)
		if len(order) != 2 {
			t.Errorf("a connection was discarded while two waited: %d were served, want 2: its place is for the next one", len(order))
		}
		if !l.Conn().closed {
			t.Error("Discard did not close the connection")
		}
		wantStats(t, p, "one connection discarded, another used twice", Stats{Open: 1, Idle: 1, Dials: 2, Waits: 2, Closed: 1})
	})
}
