// Package connpool keeps connections open for the next one who needs one, and never more than so many.
package connpool

import (
	"container/list"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
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

// A Pool leases connections. All of its state is under one mutex, which nobody holds while a connection is dialed, pinged
// or closed; whoever does that has a place, so that there are never more than Max of them.
type Pool[C Conn] struct {
	cfg Config[C]

	mu      sync.Mutex
	idle    []*entry[C] // the longest idle first
	waiters list.List   // of chan grant[C], each with room for one
	counts  Stats       // of which Open, Idle and Waiting are worked out when asked for
	closed  bool
	reaper  *time.Timer // runs when the first of idle is due; nil before there was one
}

// An entry is an open connection.
type entry[C Conn] struct {
	conn C
	born time.Time
	idle time.Time // when it was last given back
}

// A grant is what a waiter gets: a place and its connection, a place without one, or an error.
type grant[C Conn] struct {
	entry *entry[C]
	err   error
}

// New makes a pool without connections. It is an error if Dial is nil or Max below 1.
func New[C Conn](c Config[C]) (*Pool[C], error) {
	switch {
	case c.Dial == nil:
		return nil, errors.New("connpool: Config.Dial is nil")
	case c.Max < 1:
		return nil, errors.New("connpool: Config.Max is below 1")
	}
	return &Pool[C]{cfg: c}, nil
}

// Acquire leases a connection: the idle one that was used last, else a new one if there are fewer than Max, else it waits
// in line for the next that comes free. It returns ctx.Err(), ErrTimeout, ErrClosed or what Dial returned.
func (p *Pool[C]) Acquire(ctx context.Context) (*Lease[C], error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	limited := ctx
	if p.cfg.AcquireTimeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, p.cfg.AcquireTimeout)
		defer cancel()
	}
	e, err := p.place(limited)
	if err == nil {
		e, err = p.fill(limited, e)
	}
	switch {
	case err == nil:
		return &Lease[C]{pool: p, entry: e}, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case limited.Err() != nil:
		p.mu.Lock()
		defer p.mu.Unlock()
		p.counts.Timeouts++
		return nil, ErrTimeout
	}
	return nil, err
}

// place gets a place, waiting for it if it must, and with it an idle connection if there is one.
func (p *Pool[C]) place(ctx context.Context) (*entry[C], error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, ErrClosed
	}
	if e := p.lastIdle(); e != nil || p.counts.InUse < p.cfg.Max {
		p.counts.InUse++
		p.mu.Unlock()
		return e, nil
	}
	ready := make(chan grant[C], 1)
	inLine := p.waiters.PushBack(ready)
	p.counts.Waits++
	p.mu.Unlock()

	select {
	case g := <-ready:
		return g.entry, g.err
	case <-ctx.Done():
	}
	p.mu.Lock()
	select {
	case g := <-ready: // came just before we could leave the line: somebody else needs it
		p.mu.Unlock()
		if g.err == nil {
			p.putBack(g.entry, true)
		}
	default:
		p.waiters.Remove(inLine)
		p.mu.Unlock()
	}
	return nil, ctx.Err()
}

// fill makes sure that a place has a connection that works. If it cannot, the place is freed.
func (p *Pool[C]) fill(ctx context.Context, e *entry[C]) (_ *entry[C], err error) {
	filled := false
	defer func() { // for a Dial that panics, too
		if !filled {
			p.putBack(nil, false)
		}
	}()
	for e != nil && !p.works(ctx, e) {
		p.shut(e)
		if err := ctx.Err(); err != nil { // which would fail the pings of all others, and so close them
			return nil, err
		}
		p.mu.Lock()
		e = p.lastIdle()
		p.mu.Unlock()
	}
	if err := ctx.Err(); err != nil && e == nil {
		return nil, err
	}
	if e == nil {
		p.mu.Lock()
		p.counts.Dials++
		p.mu.Unlock()
		conn, err := p.cfg.Dial(ctx)
		if err != nil {
			return nil, err
		}
		e = &entry[C]{conn: conn, born: time.Now()}
	}
	p.mu.Lock()
	closed := p.closed
	p.mu.Unlock()
	if closed {
		p.shut(e)
		return nil, ErrClosed
	}
	filled = true
	return e, nil
}

// works says whether a connection may be handed out.
func (p *Pool[C]) works(ctx context.Context, e *entry[C]) bool {
	if p.tooOld(e) {
		return false
	}
	asleep := p.cfg.PingAfter > 0 && time.Since(e.idle) > p.cfg.PingAfter
	return !asleep || e.conn.Ping(ctx) == nil
}

func (p *Pool[C]) tooOld(e *entry[C]) bool {
	return p.cfg.MaxLifetime > 0 && time.Since(e.born) > p.cfg.MaxLifetime
}

// lastIdle takes out the idle connection that was used last; nil if there is none. p.mu is held.
func (p *Pool[C]) lastIdle() *entry[C] {
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	e := p.idle[last]
	p.idle = slices.Delete(p.idle, last, last+1)
	return e
}

// give passes a place on, with its connection if there is one: to the first who waits, else e becomes idle and the place
// is free. p.mu is held.
func (p *Pool[C]) give(e *entry[C]) {
	if e != nil {
		e.idle = time.Now()
	}
	if first := p.waiters.Front(); first != nil {
		p.waiters.Remove(first).(chan grant[C]) <- grant[C]{entry: e}
		return
	}
	p.counts.InUse--
	if e == nil {
		return
	}
	p.idle = append(p.idle, e)
	if len(p.idle) == 1 {
		p.planReaping()
	}
}

// planReaping sets the timer for the first idle connection. p.mu is held.
func (p *Pool[C]) planReaping() {
	if p.cfg.IdleTimeout <= 0 || len(p.idle) == 0 || p.closed {
		return
	}
	wait := time.Until(p.idle[0].idle.Add(p.cfg.IdleTimeout))
	if p.reaper == nil {
		p.reaper = time.AfterFunc(wait, p.reap)
		return
	}
	p.reaper.Reset(wait)
}

// reap closes what has been idle for too long.
func (p *Pool[C]) reap() {
	p.mu.Lock()
	due := 0
	for due < len(p.idle) && time.Since(p.idle[due].idle) >= p.cfg.IdleTimeout {
		due++
	}
	gone := slices.Clone(p.idle[:due])
	p.idle = slices.Delete(p.idle, 0, due)
	p.counts.InUse += due
	p.planReaping()
	p.mu.Unlock()
	p.shutAll(gone)
}

// shut closes the connection of a place.
func (p *Pool[C]) shut(e *entry[C]) error {
	err := e.conn.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.Closed++
	return err
}

// shutAll closes connections that have a place each, and frees the places.
func (p *Pool[C]) shutAll(entries []*entry[C]) error {
	var errs []error
	for _, e := range entries {
		errs = append(errs, p.shut(e))
		p.mu.Lock()
		p.give(nil)
		p.mu.Unlock()
	}
	return errors.Join(errs...)
}

// putBack gives a place back, with its connection if there is one. A connection that nobody may use again is closed.
func (p *Pool[C]) putBack(e *entry[C], usable bool) {
	p.mu.Lock()
	if e == nil || usable && !p.closed && !p.tooOld(e) {
		p.give(e)
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	p.shutAll([]*entry[C]{e})
}

// Stats are the counts of this moment.
func (p *Pool[C]) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.counts
	s.Idle = len(p.idle)
	s.Open = s.Idle + s.InUse
	s.Waiting = p.waiters.Len()
	return s
}

// Close ends the pool: those who wait get ErrClosed, idle connections are closed now, leased ones when they are released.
// The error joins those of closing. A second call does nothing.
func (p *Pool[C]) Close() error {
	p.mu.Lock()
	p.closed = true
	if p.reaper != nil {
		p.reaper.Stop()
	}
	for p.waiters.Len() > 0 {
		p.waiters.Remove(p.waiters.Front()).(chan grant[C]) <- grant[C]{err: ErrClosed}
	}
	gone := p.idle
	p.idle = nil
	p.counts.InUse += len(gone)
	p.mu.Unlock()
	return p.shutAll(gone)
}

// A Lease is a connection that somebody uses. It ends with the first call of Release or Discard; later ones do nothing.
type Lease[C Conn] struct {
	pool  *Pool[C]
	entry *entry[C]
	ended atomic.Bool
}

// Conn is the leased connection.
func (l *Lease[C]) Conn() C { return l.entry.conn }

// Release gives the connection back for others to use.
func (l *Lease[C]) Release() { l.end(true) }

// Discard closes the connection, because it is broken, and frees its place.
func (l *Lease[C]) Discard() { l.end(false) }

func (l *Lease[C]) end(usable bool) {
	if !l.ended.Swap(true) {
		l.pool.putBack(l.entry, usable)
	}
}
