package connpool

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// stuck is how long a call may take before the first tests call it a deadlock. It is not a measure of speed.
const stuck = 2 * time.Second

// A gate keeps one who comes until it is opened.
type gate struct{ reached, opened chan struct{} }

func newGate() gate { return gate{make(chan struct{}), make(chan struct{})} }

func (g gate) wait() { close(g.reached); <-g.opened }

// whileStuck makes a call that the gate keeps in the server, and uses the pool meanwhile as others do.
func whileStuck(t *testing.T, p *Pool[*conn], g gate, method string, call func(), held *Lease[*conn]) {
	t.Helper()
	called, done := make(chan struct{}), make(chan struct{})
	go func() { defer close(called); call() }()
	select {
	case <-g.reached:
	case <-called:
		t.Fatalf("a call that needs %s of a connection returned without it", method)
	case <-time.After(stuck):
		t.Fatalf("a call that needs %s of a connection, while nobody else wants anything, has not come to it within %v", method, stuck)
	}
	go func() {
		defer close(done)
		release(held)
		p.Stats()
		if l, err := p.Acquire(context.Background()); err == nil {
			l.Release()
		}
	}()
	select {
	case <-done:
	case <-time.After(stuck):
		t.Errorf("Release, Stats and Acquire of an idle connection while another call waits for %s: they hang; nobody may hold the pool's lock meanwhile, else one slow server stops everything", method)
	}
	close(g.opened)
	<-called
	<-done
}

// These two are the first ones, because a pool that sleeps with its lock held hangs in all the others.
func TestSlowDialBlocksNobody(t *testing.T) {
	g := newGate()
	s := &server{onDial: func(n int) error {
		if n == 2 {
			g.wait()
		}
		return nil
	}}
	p := newPool(t, s, Config[*conn]{Max: 2})
	first := acquire(t, p, "a new pool")
	whileStuck(t, p, g, "Dial", func() {
		if l, err := p.Acquire(context.Background()); err == nil {
			l.Release()
		}
	}, first)
}

func TestSlowPingAndCloseBlockNobody(t *testing.T) {
	for _, method := range []string{"Ping", "Close"} {
		g, calls := newGate(), new(atomic.Int64)
		first := func() {
			if calls.Add(1) == 1 {
				g.wait()
			}
		}
		s := &server{}
		p := newPool(t, s, Config[*conn]{Max: 2, PingAfter: time.Nanosecond})
		a, b := acquire(t, p, "a new pool"), acquire(t, p, "one in use")
		if method == "Close" {
			s.onClose = func() error { first(); return nil }
			whileStuck(t, p, g, method, a.Discard, b)
			continue
		}
		s.onPing = func(context.Context) error { first(); return nil }
		release(a)
		time.Sleep(time.Millisecond) // longer than PingAfter
		whileStuck(t, p, g, method, func() {
			if l, err := p.Acquire(context.Background()); err == nil {
				l.Release()
			}
		}, b)
	}
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

func TestClosingKeepsItsPlace(t *testing.T) {
	const idleTimeout, lifetime = 30 * time.Second, time.Hour
	for _, tt := range []struct {
		name string
		end  func(l *Lease[*conn])
	}{
		{"Discard", func(l *Lease[*conn]) { l.Discard() }},
		{"Release of one that is too old", func(l *Lease[*conn]) { time.Sleep(lifetime + time.Second); release(l) }},
		{"the IdleTimeout", func(l *Lease[*conn]) { release(l) }},
	} {
		bubble(t, func(t *testing.T) {
			closing := make(chan struct{}, 10)
			s := &server{onClose: func() error { closing <- struct{}{}; time.Sleep(time.Second); return nil }}
			p := newPool(t, s, Config[*conn]{Max: 1, IdleTimeout: idleTimeout, MaxLifetime: lifetime})
			l := acquire(t, p, "a new pool")
			go tt.end(l)
			select {
			case <-closing:
			case <-time.After(patience):
				t.Fatalf("%s did not close the connection", tt.name)
			}
			wantStats(t, p, tt.name+" is closing the only connection", Stats{Open: 1, InUse: 1, Dials: 1})
			release(acquire(t, p, "another connection is being closed, Max: 1"))
			if s.most > 1 {
				t.Errorf("Acquire while %s was closing another connection, Max: 1: the server had %d at a time; it counts each until it is closed", tt.name, s.most)
			}
		})
	}
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
