// Package connpool keeps connections open for the next one who needs one, and never more than so many.
//
// It is the one with a condition variable: who needs a connection takes a number, and whenever anything changes all are
// woken to look whether it is their turn. It is fair and it loses nothing. With 500 in line, 499 wake up for nothing each
// time.
package connpool

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Acquire returns these, besides the context's error and those of Dial.
var (
	ErrTimeout = errors.New("connpool: acquire timeout")
	ErrClosed  = errors.New("connpool: closed")
)

// A Conn is a connection to some server.
type Conn interface {
	Close() error
	Ping(context.Context) error
}

// A Config says how a pool behaves. Durations of zero or less mean "never".
type Config[C Conn] struct {
	Dial           func(context.Context) (C, error)
	Max            int           // connections, at most
	IdleTimeout    time.Duration // after which a connection that nobody uses is closed
	AcquireTimeout time.Duration // for all of an Acquire: waiting, pinging, dialing
	MaxLifetime    time.Duration // after which a connection is not handed out again
	PingAfter      time.Duration // after which an idle connection is asked before it is handed out
}

// Stats are a pool's counts at one moment. Open is Idle + InUse.
type Stats struct {
	Open, Idle int
	InUse      int    // places taken: leased, or being dialed, pinged or closed
	Waiting    int    // calls of Acquire
	Dials      uint64 // calls of Dial
	Waits      uint64 // calls of Acquire that had to wait for somebody else's place
	Timeouts   uint64 // calls of Acquire that returned ErrTimeout
	Closed     uint64 // connections that the pool has closed
}

// A Pool leases connections.
type Pool[C Conn] struct {
	cfg Config[C]

	mu      sync.Mutex
	changed *sync.Cond
	idle    []*entry[C]
	line    []*int // who waits; a pointer is a number that nobody else has
	counts  Stats
	closed  bool
	reaper  *time.Timer
}

type entry[C Conn] struct {
	conn     C
	born     time.Time
	released time.Time
}

// New makes a pool without connections. It is an error if Dial is nil or Max below 1.
func New[C Conn](c Config[C]) (*Pool[C], error) {
	if c.Dial == nil || c.Max < 1 {
		return nil, errors.New("connpool: a pool needs Dial, and a Max of at least 1")
	}
	p := &Pool[C]{cfg: c}
	p.changed = sync.NewCond(&p.mu)
	return p, nil
}

// Acquire leases a connection: the idle one that was used last, else a new one if there are fewer than Max, else it waits
// in line for the next that comes free. It returns ctx.Err(), ErrTimeout, ErrClosed or what Dial returned.
func (p *Pool[C]) Acquire(ctx context.Context) (*Lease[C], error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	limited, cancel := context.WithCancel(ctx)
	if p.cfg.AcquireTimeout > 0 {
		limited, cancel = context.WithTimeout(ctx, p.cfg.AcquireTimeout)
	}
	defer cancel()
	p.mu.Lock()
	defer p.mu.Unlock()
	err := p.await(limited)
	for err == nil {
		var e *entry[C]
		if n := len(p.idle); n > 0 {
			e = p.idle[n-1]
			p.idle = p.idle[:n-1]
		}
		if e, err = p.try(limited, e); e != nil {
			return &Lease[C]{pool: p, entry: e}, nil
		}
		if err != nil {
			p.counts.InUse--
			p.changed.Broadcast()
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case limited.Err() != nil:
		p.counts.Timeouts++
		return nil, ErrTimeout
	}
	return nil, err
}

// await gets a place.
func (p *Pool[C]) await(ctx context.Context) error {
	number := new(int)
	p.line = append(p.line, number)
	defer func() {
		p.line = slices.DeleteFunc(p.line, func(n *int) bool { return n == number })
		p.changed.Broadcast()
	}()
	waited := false
	for {
		switch {
		case p.closed:
			return ErrClosed
		case p.line[0] == number && len(p.idle)+p.counts.InUse < p.cfg.Max, p.line[0] == number && len(p.idle) > 0:
			p.counts.InUse++
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !waited:
			waited = true
			p.counts.Waits++
			defer context.AfterFunc(ctx, func() {
				p.mu.Lock()
				defer p.mu.Unlock()
				p.changed.Broadcast()
			})()
		}
		p.changed.Wait()
	}
}

// try makes a working connection of an idle one, or of none. It returns neither if e turns out not to work, and there is
// time to look for another. The lock is held, but not meanwhile.
func (p *Pool[C]) try(ctx context.Context, e *entry[C]) (_ *entry[C], err error) {
	p.mu.Unlock()
	defer p.mu.Lock()
	if e == nil {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		panicked := true
		defer func() {
			if panicked {
				p.count(func() { p.counts.InUse--; p.changed.Broadcast() })
			}
		}()
		p.count(func() { p.counts.Dials++ })
		conn, err := p.cfg.Dial(ctx)
		panicked = false
		if err != nil {
			return nil, err
		}
		e = &entry[C]{conn: conn, born: time.Now(), released: time.Now()}
	} else if p.old(e) || p.cfg.PingAfter > 0 && time.Since(e.released) > p.cfg.PingAfter && e.conn.Ping(ctx) != nil {
		e.conn.Close()
		p.count(func() { p.counts.Closed++ })
		return nil, ctx.Err()
	}
	closed := false
	p.count(func() { closed = p.closed })
	if closed {
		e.conn.Close()
		p.count(func() { p.counts.Closed++ })
		return nil, ErrClosed
	}
	return e, nil
}

func (p *Pool[C]) count(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *Pool[C]) old(e *entry[C]) bool {
	return p.cfg.MaxLifetime > 0 && time.Since(e.born) > p.cfg.MaxLifetime
}

func (p *Pool[C]) release(e *entry[C], usable bool) {
	keep := false
	p.count(func() {
		if keep = usable && !p.closed && !p.old(e); keep {
			e.released = time.Now()
			p.idle = append(p.idle, e)
			p.counts.InUse--
			p.plan()
			p.changed.Broadcast()
		}
	})
	if !keep {
		p.drop(e)
	}
}

// drop closes connections that still count as in use.
func (p *Pool[C]) drop(entries ...*entry[C]) error {
	var errs []error
	for _, e := range entries {
		errs = append(errs, e.conn.Close())
		p.count(func() {
			p.counts.Closed++
			p.counts.InUse--
			p.changed.Broadcast()
		})
	}
	return errors.Join(errs...)
}

func (p *Pool[C]) plan() {
	if p.cfg.IdleTimeout > 0 && p.reaper == nil && len(p.idle) > 0 && !p.closed {
		p.reaper = time.AfterFunc(time.Until(p.idle[0].released.Add(p.cfg.IdleTimeout)), p.reap)
	}
}

func (p *Pool[C]) reap() {
	var gone []*entry[C]
	p.count(func() {
		p.reaper = nil
		p.idle = slices.DeleteFunc(p.idle, func(e *entry[C]) bool {
			due := time.Since(e.released) >= p.cfg.IdleTimeout
			if due {
				gone = append(gone, e)
			}
			return due
		})
		p.counts.InUse += len(gone)
		p.plan()
	})
	p.drop(gone...)
}

// Stats are the counts of this moment.
func (p *Pool[C]) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.counts
	s.Idle = len(p.idle)
	s.Open = s.Idle + s.InUse
	s.Waiting = len(p.line)
	return s
}

// Close ends the pool: those who wait get ErrClosed, idle connections are closed now, leased ones when they are released.
// The error joins those of closing. A second call does nothing.
func (p *Pool[C]) Close() error {
	var gone []*entry[C]
	p.count(func() {
		p.closed = true
		gone, p.idle = p.idle, nil
		p.counts.InUse += len(gone)
		if p.reaper != nil {
			p.reaper.Stop()
		}
		p.changed.Broadcast()
	})
	return p.drop(gone...)
}

// A Lease is a connection that somebody uses. It ends with the first call of Release or Discard; later ones do nothing.
type Lease[C Conn] struct {
	pool  *Pool[C]
	entry *entry[C]
	once  sync.Once
}

// Conn is the leased connection.
func (l *Lease[C]) Conn() C { return l.entry.conn }

// Release gives the connection back for others to use.
func (l *Lease[C]) Release() { l.once.Do(func() { l.pool.release(l.entry, true) }) }

// Discard closes the connection, because it is broken, and frees its place.
func (l *Lease[C]) Discard() { l.once.Do(func() { l.pool.release(l.entry, false) }) }
