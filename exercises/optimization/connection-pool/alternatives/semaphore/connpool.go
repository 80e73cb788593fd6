// Package connpool keeps connections open for the next one who needs one, and never more than so many.
//
// A channel with room for Max tokens is the bound and the line of those who wait at once: who puts a token in has a
// place, and a context can end the waiting in the same select, so that nothing can be handed to somebody who has left.
// That those who wait are served in order is what today's runtime does for channels; the language does not promise it.
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
	config  Config[C]
	places  chan struct{}
	over    chan struct{} // closed by Close
	reaping sync.WaitGroup

	lock    sync.Mutex
	stack   []kept[C] // idle, the last used on top
	used    int
	waiting int
	sums    Stats
}

type kept[C Conn] struct {
	conn        C
	born, since time.Time
}

// New makes a pool without connections. It is an error if Dial is nil or Max below 1.
func New[C Conn](c Config[C]) (*Pool[C], error) {
	if c.Dial == nil {
		return nil, errors.New("connpool: no Dial")
	}
	if c.Max < 1 {
		return nil, errors.New("connpool: no room for a connection")
	}
	p := &Pool[C]{config: c, places: make(chan struct{}, c.Max), over: make(chan struct{})}
	if c.IdleTimeout > 0 {
		p.reaping.Go(p.reap)
	}
	return p, nil
}

// Acquire leases a connection: the idle one that was used last, else a new one if there are fewer than Max, else it waits
// in line for the next that comes free. It returns ctx.Err(), ErrTimeout, ErrClosed or what Dial returned.
func (p *Pool[C]) Acquire(ctx context.Context) (*Lease[C], error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	caller := ctx
	if d := p.config.AcquireTimeout; d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	lease, err := p.acquire(ctx)
	if err == nil || ctx.Err() == nil {
		return lease, err
	}
	if caller.Err() != nil {
		return nil, caller.Err()
	}
	p.with(func() { p.sums.Timeouts++ })
	return nil, ErrTimeout
}

func (p *Pool[C]) acquire(ctx context.Context) (lease *Lease[C], err error) {
	if p.isOver() {
		return nil, ErrClosed
	}
	select {
	case p.places <- struct{}{}:
	default:
		p.with(func() { p.waiting++; p.sums.Waits++ })
		select {
		case p.places <- struct{}{}:
			p.with(func() { p.waiting-- })
		case <-ctx.Done():
			p.with(func() { p.waiting-- })
			return nil, ctx.Err()
		case <-p.over:
			p.with(func() { p.waiting-- })
			return nil, ErrClosed
		}
	}
	c, found := p.pop(1)
	defer func() {
		if lease == nil { // an error, or a panic of Dial
			p.with(func() { p.used-- })
			<-p.places
		}
	}()
	for ; found; c, found = p.pop(0) {
		age, rest := time.Since(c.born), time.Since(c.since)
		spoilt := p.config.MaxLifetime > 0 && age > p.config.MaxLifetime
		if !spoilt && p.config.PingAfter > 0 && rest > p.config.PingAfter {
			spoilt = c.conn.Ping(ctx) != nil
		}
		if !spoilt {
			return &Lease[C]{pool: p, kept: c}, nil
		}
		p.end(c)
		if ctx.Err() != nil { // the others are not to blame for it
			break
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	p.with(func() { p.sums.Dials++ })
	conn, err := p.config.Dial(ctx)
	if err != nil {
		return nil, err
	}
	c = kept[C]{conn: conn, born: time.Now()}
	if p.isOver() {
		p.end(c)
		return nil, ErrClosed
	}
	return &Lease[C]{pool: p, kept: c}, nil
}

func (p *Pool[C]) with(f func()) {
	p.lock.Lock()
	defer p.lock.Unlock()
	f()
}

func (p *Pool[C]) isOver() bool {
	select {
	case <-p.over:
		return true
	default:
		return false
	}
}

// pop takes the idle connection that was used last, for one who has a place: taken is 1 if that is new, else 0.
func (p *Pool[C]) pop(taken int) (c kept[C], found bool) {
	p.with(func() {
		p.used += taken
		if n := len(p.stack); n > 0 {
			c, found = p.stack[n-1], true
			p.stack = p.stack[:n-1]
		}
	})
	return c, found
}

func (p *Pool[C]) end(c kept[C]) error {
	err := c.conn.Close()
	p.with(func() { p.sums.Closed++ })
	return err
}

// put gives a connection back, if it is good for anything, and then its place.
func (p *Pool[C]) put(c kept[C], good bool) {
	if limit := p.config.MaxLifetime; limit > 0 && time.Since(c.born) > limit {
		good = false
	}
	p.with(func() {
		if good = good && !p.isOver(); good {
			c.since = time.Now()
			p.stack = append(p.stack, c)
			p.used--
		}
	})
	if !good {
		p.end(c)
		p.with(func() { p.used-- })
	}
	<-p.places
}

// reap looks for connections that nobody uses, four times in each IdleTimeout.
func (p *Pool[C]) reap() {
	ticks := time.NewTicker(max(1, p.config.IdleTimeout/4))
	defer ticks.Stop()
	for {
		select {
		case <-p.over:
			return
		case <-ticks.C:
		}
		for p.reapOne() {
		}
	}
}

// reapOne closes the connection that has been idle longest, if that is long enough. It takes a place for it, as everybody
// does who has a connection in hand; if all are taken, none is idle.
func (p *Pool[C]) reapOne() (found bool) {
	select {
	case p.places <- struct{}{}:
	default:
		return false
	}
	defer func() { <-p.places }()
	var c kept[C]
	p.with(func() {
		if found = len(p.stack) > 0 && time.Since(p.stack[0].since) >= p.config.IdleTimeout; found {
			c = p.stack[0]
			p.stack = slices.Delete(p.stack, 0, 1)
			p.used++
		}
	})
	if found {
		p.end(c)
		p.with(func() { p.used-- })
	}
	return found
}

// Stats are the counts of this moment.
func (p *Pool[C]) Stats() (s Stats) {
	p.with(func() {
		s = p.sums
		s.Idle, s.InUse, s.Waiting = len(p.stack), p.used, p.waiting
		s.Open = s.Idle + s.InUse
	})
	return s
}

// Close ends the pool: those who wait get ErrClosed, idle connections are closed now, leased ones when they are released.
// The error joins those of closing. A second call does nothing.
func (p *Pool[C]) Close() (err error) {
	var idle []kept[C]
	p.with(func() {
		if !p.isOver() {
			close(p.over)
		}
		idle, p.stack = p.stack, nil
	})
	for _, c := range idle {
		err = errors.Join(err, p.end(c))
	}
	p.reaping.Wait()
	return err
}

// A Lease is a connection that somebody uses. It ends with the first call of Release or Discard; later ones do nothing.
type Lease[C Conn] struct {
	pool *Pool[C]
	kept kept[C]
	once sync.Once
}

// Conn is the leased connection.
func (l *Lease[C]) Conn() C { return l.kept.conn }

// Release gives the connection back for others to use.
func (l *Lease[C]) Release() { l.once.Do(func() { l.pool.put(l.kept, true) }) }

// Discard closes the connection, because it is broken, and frees its place.
func (l *Lease[C]) Discard() { l.once.Do(func() { l.pool.put(l.kept, false) }) }
