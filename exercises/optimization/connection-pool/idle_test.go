package connpool

import (
	"context"
	"errors"
	"testing"
	"time"
)

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

func TestEachIdleConnectionIsReaped(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const timeout, n = 30 * time.Second, 4
		p := newPool(t, &server{}, Config[*conn]{Max: n, IdleTimeout: timeout})
		var leases []*Lease[*conn]
		for range n {
			leases = append(leases, acquire(t, p, "a new pool"))
		}
		for _, l := range leases {
			release(l)
			time.Sleep(timeout / 2)
		}
		time.Sleep(2*timeout - timeout/2 + time.Second)
		wantStats(t, p, "four connections, released 15s apart, the last one 61s ago, IdleTimeout: 30s", Stats{Dials: n, Closed: n})
	})
}

func TestMaxLifetime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &server{}
		p := newPool(t, s, Config[*conn]{Max: 1, MaxLifetime: time.Hour})
		for range 6 { // in constant use, so that it is never idle for long
			l := acquire(t, p, "a connection no older than an hour")
			time.Sleep(10 * time.Minute)
			release(l)
		}
		wantStats(t, p, "released at the age of 60 minutes, MaxLifetime: 1h, which is not older", Stats{Open: 1, Idle: 1, Dials: 1})
		l := acquire(t, p, "a connection no older than an hour")
		time.Sleep(3 * time.Minute)
		release(l)
		wantStats(t, p, "released at the age of 63 minutes, MaxLifetime: 1h: servers behind a load balancer change, and only new connections see the new ones", Stats{Dials: 1, Closed: 1})
		release(acquire(t, p, "the old one was closed"))
		time.Sleep(2 * time.Hour)
		l = acquire(t, p, "one that grew too old while it was idle")
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
		for _, idle := range []time.Duration{30 * time.Second, time.Minute} {
			time.Sleep(idle)
			release(acquire(t, p, "idle for no more than 1m"))
			if n := a.Conn().pings + b.Conn().pings; n > 0 {
				t.Errorf("idle for %v, PingAfter: 1m: %d pings, want none: each is a round trip", idle, n)
			}
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

func TestNoPingFromHandToHand(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPool(t, &server{}, Config[*conn]{Max: 1, PingAfter: time.Minute})
		release(acquire(t, p, "a new pool"))
		l := acquire(t, p, "idle for no time")
		time.Sleep(time.Hour) // in use
		order := inLine(t, p, t.Context(), 2)
		release(l)
		time.Sleep(time.Hour)
		if len(order) != 2 {
			t.Errorf("a connection was released while two waited: %d were served, want 2", len(order))
		}
		if n := l.Conn().pings; n > 0 {
			t.Errorf("a connection in use for an hour, then handed to the next who waited, PingAfter: 1m: %d pings, want none: it was never idle", n)
		}
	})
}

func TestPingCutShort(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &server{onPing: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
		p := newPool(t, s, Config[*conn]{Max: 3, PingAfter: time.Minute, AcquireTimeout: 2 * time.Second})
		var leases []*Lease[*conn]
		for range 3 {
			leases = append(leases, acquire(t, p, "a new pool"))
		}
		for _, l := range leases {
			release(l)
		}
		time.Sleep(time.Hour)
		begun := time.Now()
		if l, err := p.Acquire(t.Context()); l != nil || !errors.Is(err, ErrTimeout) || time.Since(begun) != 2*time.Second {
			t.Errorf("Ping that never ends, AcquireTimeout: 2s: Acquire = %v, %v after %v; want nil, %v after 2s", l, err, time.Since(begun), ErrTimeout)
		}
		wantStats(t, p, "three idle connections, a Ping that never ends, AcquireTimeout: 2s: one may be broken; whoever has given up knows nothing of the others, and needs no new one",
			Stats{Open: 2, Idle: 2, Dials: 3, Timeouts: 1, Closed: 1})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if l, err := p.Acquire(ctx); l != nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Ping that never ends, the context's deadline in 1s: Acquire = %v, %v; want nil, %v", l, err, context.DeadlineExceeded)
		}
		wantStats(t, p, "and again, one idle connection less", Stats{Open: 1, Idle: 1, Dials: 3, Timeouts: 1, Closed: 2})
	})
}

func TestZeroMeansNever(t *testing.T) {
	for _, never := range []time.Duration{0, -time.Second} {
		bubble(t, func(t *testing.T) {
			p := newPool(t, &server{}, Config[*conn]{Max: 1, IdleTimeout: never, AcquireTimeout: never, MaxLifetime: never, PingAfter: never})
			l := acquire(t, p, "a new pool")
			order := inLine(t, p, context.Background(), 1)
			time.Sleep(patience / 2)
			release(l)
			time.Sleep(patience / 2)
			release(acquire(t, p, "one idle for weeks"))
			if n := l.Conn().pings; n > 0 || len(order) != 1 {
				t.Errorf("all durations of the Config are %v: %d pings, and %d of one who waited for weeks was served; want 0 and 1", never, n, len(order))
			}
			wantStats(t, p, "one connection for weeks, all durations of the Config mean never", Stats{Open: 1, Idle: 1, Dials: 1, Waits: 1})
		})
	}
}
