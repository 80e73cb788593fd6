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

// stuck is how long a call may take before the first test calls it a deadlock. It is not a measure of speed.
const stuck = 2 * time.Second

// The first one, because a pool that sleeps with its lock held hangs in all the others.
func TestSlowDialBlocksNobody(t *testing.T) {
	gate := make(chan struct{})
	s := &server{onDial: func(n int) error {
		if n == 2 {
			<-gate
		}
		return nil
	}}
	p := newPool(t, s, Config[*conn]{Max: 2})
	first := acquire(t, p, "a new pool")
	slow := make(chan *Lease[*conn], 1)
	go func() {
		l, _ := p.Acquire(context.Background())
		slow <- l
	}()
	for s.dialed() < 2 {
		time.Sleep(time.Millisecond)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		release(first)
		p.Stats()
		if l, err := p.Acquire(context.Background()); err == nil {
			l.Release()
		}
	}()
	select {
	case <-done:
	case <-time.After(stuck):
		t.Error("Release, Stats and Acquire of an idle connection while another Acquire dials: they hang; nobody may hold the pool's lock while dialing, else one slow server stops everything")
	}
	close(gate)
	if l := <-slow; l != nil {
		l.Release()
	}
	<-done
}

func (s *server) dialed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials
}

func TestNewRefusesNonsense(t *testing.T) {
	s := &server{}
	for _, c := range []Config[*conn]{{Max: 5}, {Dial: s.dial}, {Dial: s.dial, Max: -1}} {
		if p, err := New(c); p != nil || err == nil {
			t.Errorf("New with Dial: %v and Max: %d = %v, %v; want nil and an error", c.Dial != nil, c.Max, p, err)
		}
	}
}

func TestReusesLastReleased(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &server{}
		p := newPool(t, s, Config[*conn]{Max: 3})
		a, b, c := acquire(t, p, "a new pool"), acquire(t, p, "one in use"), acquire(t, p, "two in use")
		ids := []int{b.Conn().id, c.Conn().id, a.Conn().id}
		release(b)
		release(c)
		release(a)
		var got []int
		var again []*Lease[*conn]
		for range 3 {
			l := acquire(t, p, "three idle connections")
			got, again = append(got, l.Conn().id), append(again, l)
		}
		slices.Reverse(ids)
		if !slices.Equal(got, ids) {
			t.Errorf("connections released in the order %v were acquired in the order %v, want the last one first: the others can then grow old and be closed", []int{ids[2], ids[1], ids[0]}, got)
		}
		wantStats(t, p, "three connections dialed once and used twice", Stats{Open: 3, InUse: 3, Dials: 3})
		for _, l := range again {
			release(l)
		}
	})
}

func TestMaxRespected(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const max, goroutines, each = 5, 50, 20
		s := &server{dialTime: 2 * time.Millisecond}
		p := newPool(t, s, Config[*conn]{Max: max})
		begun := time.Now()
		var wg sync.WaitGroup
		for range goroutines {
			wg.Go(func() {
				for range each {
					l, err := p.Acquire(t.Context())
					if err != nil {
						t.Errorf("Acquire while %d goroutines share %d connections = %v; want it to wait", goroutines, max, err)
						return
					}
					use(t, l)
					time.Sleep(time.Millisecond)
					release(l)
				}
			})
		}
		wg.Wait()
		if s.most > max || s.dials > max {
			t.Errorf("%d goroutines, %d calls of Acquire, Max: %d: %d dials, %d connections at a time; want at most %d of each: the server refuses the next one, to everybody",
				goroutines, goroutines*each, max, s.dials, s.most, max)
		}
		if took, want := time.Since(begun), (2+goroutines*each/max)*time.Millisecond; took > want {
			t.Errorf("%d queries of 1ms over %d connections, dialed in 2ms, took %v, want %v: all of them in use all the time", goroutines*each, max, took, want)
		}
	})
}

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
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		try("the only connection in use, the context cancelled after 1s", ctx, context.Canceled, time.Second)
		try("the context was cancelled before", ctx, context.Canceled, 0)
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		try("the only connection in use, the context's deadline in 1s", ctx, context.DeadlineExceeded, time.Second)
		wantStats(t, p, "one timeout of the pool, and three ends of callers' contexts", Stats{Open: 1, InUse: 1, Dials: 1, Waits: 3, Timeouts: 1})
		release(l)
		release(acquire(t, p, "after all who waited have left"))

		s.dialTime = time.Hour
		acquire(t, p, "one idle").Discard()
		try("Dial takes an hour, AcquireTimeout: 2s", t.Context(), ErrTimeout, 2*time.Second)
		s.dialTime = 0
		release(acquire(t, p, "after a Dial that took too long"))
	})
}

func TestReleaseTwice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &server{}
		p := newPool(t, s, Config[*conn]{Max: 2})
		l := acquire(t, p, "a new pool")
		release(l)
		l.Release()
		l.Discard()
		wantStats(t, p, "Release, Release and Discard of one lease", Stats{Open: 1, Idle: 1, Dials: 1})
		a, b := acquire(t, p, "a lease was released twice"), acquire(t, p, "a lease was released twice")
		if a.Conn() == b.Conn() {
			t.Error("a lease was released twice: its connection was then handed to two; they read each other's answers")
		}
		l.Release() // long since somebody else's
		wantStats(t, p, "Release of a lease that ended long since, two others in use", Stats{Open: 2, InUse: 2, Dials: 2})
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(a.Release)
		}
		wg.Wait()
		wantStats(t, p, "eight calls of Release of one lease at once", Stats{Open: 2, Idle: 1, InUse: 1, Dials: 2})
		release(b)
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

func TestIdleConnectionsAreReaped(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const timeout = 30 * time.Second
		s := &server{}
		p := newPool(t, s, Config[*conn]{Max: 3, IdleTimeout: timeout})
		a, b, c := acquire(t, p, "a new pool"), acquire(t, p, "one in use"), acquire(t, p, "two in use")
		release(a)
		time.Sleep(10 * time.Second)
		release(b)
		time.Sleep(timeout - 11*time.Second)
		wantStats(t, p, "one second before the first is due", Stats{Open: 3, Idle: 2, InUse: 1, Dials: 3})
		for range 20 { // a second one stays young, because it is used
			time.Sleep(5 * time.Second)
			release(acquire(t, p, "an idle connection"))
		}
		wantStats(t, p, "100s later; one was used every 5s, one is in use all the time", Stats{Open: 2, Idle: 1, InUse: 1, Dials: 3, Closed: 1})
		release(c)
		time.Sleep(2*timeout + time.Second)
		wantStats(t, p, "nothing was used for more than twice the IdleTimeout: a burst at noon must not hold the server's connections until midnight", Stats{Dials: 3, Closed: 3})
		release(acquire(t, p, "all were closed"))
		time.Sleep(2*timeout + time.Second)
		wantStats(t, p, "and again, after a pause without any connection", Stats{Dials: 4, Closed: 4})
	})
}

func TestMaxLifetime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &server{}
		p := newPool(t, s, Config[*conn]{Max: 1, MaxLifetime: time.Hour})
		for range 7 { // in constant use, so that it is never idle for long
			l := acquire(t, p, "a connection younger than an hour")
			time.Sleep(9 * time.Minute)
			release(l)
		}
		wantStats(t, p, "released at the age of 63 minutes, MaxLifetime: 1h: servers behind a load balancer change, and only new connections see the new ones", Stats{Dials: 1, Closed: 1})
		release(acquire(t, p, "the old one was closed"))
		time.Sleep(2 * time.Hour)
		l := acquire(t, p, "one that grew too old while it was idle")
		if got := p.Stats(); got.Dials != 3 || l.Conn().id != 3 {
			t.Errorf("Acquire when the idle connection is two hours old, MaxLifetime: 1h: handed out connection %d after %d dials, want a third one", l.Conn().id, got.Dials)
		}
		release(l)
	})
}

func TestPing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &server{}
		p := newPool(t, s, Config[*conn]{Max: 2, PingAfter: time.Minute})
		a, b := acquire(t, p, "a new pool"), acquire(t, p, "one in use")
		release(a)
		release(b)
		release(acquire(t, p, "idle for no time"))
		time.Sleep(30 * time.Second)
		release(acquire(t, p, "idle for 30s"))
		if n := a.Conn().pings + b.Conn().pings; n > 0 {
			t.Errorf("idle for 30s, PingAfter: 1m: %d pings, want none: each is a round trip", n)
		}
		time.Sleep(2 * time.Minute)
		l := acquire(t, p, "idle for 2m")
		if n := l.Conn().pings; n != 1 {
			t.Errorf("idle for 2m, PingAfter: 1m: %d pings, want 1", n)
		}
		release(l)
		time.Sleep(2 * time.Minute)
		a.Conn().dead, b.Conn().dead = true, true
		l = acquire(t, p, "both idle connections are dead")
		if l.Conn().id != 3 {
			t.Errorf("both idle connections fail the Ping: Acquire handed out connection %d, want a new one: the first request after a restart of the server must not fail", l.Conn().id)
		}
		wantStats(t, p, "two dead connections and a new one", Stats{Open: 1, InUse: 1, Dials: 3, Closed: 2})
		release(l)
	})
}

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

func TestConcurrentUse(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const max, goroutines, each = 4, 8, 1000
		s := &server{}
		p := newPool(t, s, Config[*conn]{Max: max, IdleTimeout: time.Second, AcquireTimeout: time.Hour})
		var wg sync.WaitGroup
		for g := range goroutines {
			wg.Go(func() {
				for i := range each {
					ctx, cancel := context.WithCancel(t.Context())
					if i%5 == 0 {
						go cancel()
					}
					if l, err := p.Acquire(ctx); err == nil {
						use(t, l)
						if (i+g)%7 == 0 {
							l.Discard()
						} else {
							release(l)
						}
					} else if !errors.Is(err, context.Canceled) {
						t.Errorf("Acquire while %d goroutines share %d connections = %v", goroutines, max, err)
					}
					cancel()
					if s := p.Stats(); s.Open > max || s.Open != s.Idle+s.InUse || s.InUse < 0 {
						t.Errorf("Stats() = %+v while %d goroutines share %d connections", s, goroutines, max)
						return
					}
				}
			})
		}
		wg.Wait()
		if s.most > max {
			t.Errorf("%d goroutines share a pool with Max: %d: the server had %d connections at a time", goroutines, max, s.most)
		}
		if got := p.Stats(); got.InUse != 0 || got.Waiting != 0 {
			t.Errorf("after %d calls of Acquire that all ended: Stats() = %+v, want none in use and none waiting", goroutines*each, got)
		}
		time.Sleep(time.Minute)
		if got := p.Stats(); got.Open != 0 || got.Closed != uint64(s.dials) {
			t.Errorf("a minute later, IdleTimeout: 1s: Stats() = %+v, want all %d connections closed", got, s.dials)
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
