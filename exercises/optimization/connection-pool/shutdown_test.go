package connpool

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestClose(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &server{}
		p := newPool(t, s, Config[*conn]{Max: 3, IdleTimeout: time.Minute})
		idle, leased := acquire(t, p, "a new pool"), acquire(t, p, "one in use")
		release(idle)
		dialing := make(chan error, 1)
		s.dialTime = time.Second
		again := acquire(t, p, "one idle")
		go func() {
			_, err := p.Acquire(t.Context())
			dialing <- err
		}()
		synctest.Wait()
		waiting := make(chan error, 1)
		go func() {
			_, err := p.Acquire(t.Context())
			waiting <- err
		}()
		synctest.Wait()

		begun, closed := time.Now(), make(chan error, 1)
		go func() { closed <- p.Close() }()
		select {
		case err := <-closed:
			if err != nil {
				t.Errorf("Close = %v, want nil", err)
			}
		case <-time.After(time.Hour):
			leased.Release()
			again.Release()
			t.Fatal("Close has not returned for an hour: it waits for leases, whose owners may wait for the closing")
		}
		if took := time.Since(begun); took > 0 {
			t.Errorf("Close took %v, want no time: it does not wait for leases, whose owners may wait for the closing", took)
		}
		synctest.Wait()
		select {
		case err := <-waiting:
			if !errors.Is(err, ErrClosed) {
				t.Errorf("Acquire that waited when Close was called = %v, want ErrClosed", err)
			}
		default:
			t.Error("Acquire that waited when Close was called still waits; want ErrClosed at once")
		}
		if err := <-dialing; !errors.Is(err, ErrClosed) {
			t.Errorf("Acquire that was dialing when Close was called = %v, want ErrClosed", err)
		}
		if l, err := p.Acquire(t.Context()); l != nil || !errors.Is(err, ErrClosed) {
			t.Errorf("Acquire after Close = %v, %v; want nil, ErrClosed", l, err)
		}
		if leased.Conn().closed {
			t.Error("Close closed a leased connection; want it left alone until its Release: somebody is in the middle of a transaction")
		}
		release(leased)
		again.Discard()
		if !leased.Conn().closed {
			t.Error("Release after Close left the connection open; want it closed: nobody else will do it")
		}
		if err := p.Close(); err != nil {
			t.Errorf("the second Close = %v, want nil", err)
		}
		wantStats(t, p, "closed, and all leases ended", Stats{Dials: 3, Waits: 1, Closed: 3})
	})
}

func TestCloseClosesIdle(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &server{}
		p := newPool(t, s, Config[*conn]{Max: 3, IdleTimeout: time.Minute})
		var leases []*Lease[*conn]
		for range 3 {
			leases = append(leases, acquire(t, p, "a new pool"))
		}
		for _, l := range leases {
			release(l)
		}
		if err := p.Close(); err != nil {
			t.Errorf("Close = %v, want nil", err)
		}
		if s.open > 0 {
			t.Errorf("Close of a pool with three idle connections: %d are still open at the server, want none", s.open)
		}
		time.Sleep(time.Hour)
		wantStats(t, p, "closed, an hour later", Stats{Dials: 3, Closed: 3})
	})
}

func TestCloseTellsOfErrors(t *testing.T) {
	bubble(t, func(t *testing.T) {
		broken, reset := errors.New("broken pipe"), errors.New("connection reset by peer")
		failures := make(chan error, 3)
		failures <- broken
		failures <- nil
		failures <- reset
		s := &server{}
		p := newPool(t, s, Config[*conn]{Max: 3})
		var leases []*Lease[*conn]
		for range 3 {
			leases = append(leases, acquire(t, p, "a new pool"))
		}
		for _, l := range leases {
			release(l)
		}
		s.onClose = func() error {
			select {
			case err := <-failures:
				return err
			default:
				return nil
			}
		}
		if err := p.Close(); !errors.Is(err, broken) || !errors.Is(err, reset) {
			t.Errorf("Close of a pool with three idle connections, two of which cannot be closed well = %v, want an error that joins %q and %q", err, broken, reset)
		}
		if err := p.Close(); err != nil {
			t.Errorf("the second Close = %v, want nil", err)
		}
		wantStats(t, p, "closed, with errors", Stats{Dials: 3, Closed: 3})
	})
}

// In each round the context of the only one who waits ends just when the connection, or its place, is handed over, and
// the pool is closed at once.
func TestCloseWhileOneLeavesTheLine(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for round := range 1000 {
			s := &server{}
			p := newPool(t, s, Config[*conn]{Max: 1})
			holder := acquire(t, p, "a new pool")
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() {
				if l, err := p.Acquire(ctx); err == nil {
					release(l)
				}
			})
			synctest.Wait()
			cancel()
			if round%2 == 0 {
				release(holder)
			} else {
				holder.Discard()
			}
			p.Close()
			wg.Wait()
			if got := p.Stats(); got.Open != 0 || got.Closed != got.Dials || s.open > 0 {
				t.Fatalf("round %d, the context of one who waits ends, the connection comes free, and the pool is closed, all at once: Stats() = %+v, %d connections open at the server; want all closed: nobody will ever look at an idle connection of a closed pool again",
					round, got, s.open)
			}
		}
	})
}

// The last one, because a panic that nobody recovers from ends the program and with it all later tests.
func TestDialPanicFreesPlace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &server{dialTime: time.Second, onDial: func(n int) error {
			if n == 1 {
				panic("no certificate")
			}
			return nil
		}}
		p := newPool(t, s, Config[*conn]{Max: 1})
		caught := make(chan any, 1)
		go func() {
			defer func() { caught <- recover() }()
			p.Acquire(t.Context())
		}()
		synctest.Wait()
		l := acquire(t, p, "the Dial of another, who has the only place, panics meanwhile") // waits for it
		if v := <-caught; v != "no certificate" {
			t.Errorf("Acquire whose Dial panics: recovered %v, want the panic to reach the caller of Acquire, as the panic of any function does", v)
		}
		wantStats(t, p, "a Dial that panicked and one that did not", Stats{Open: 1, InUse: 1, Dials: 2, Waits: 1})
		release(l)
	})
}
