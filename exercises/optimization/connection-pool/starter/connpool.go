// Package connpool keeps connections open for the next one who needs one, and never more than so many.
package connpool

import (
	"context"
	"errors"
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
//
// TODO: so far it keeps none: each Acquire dials, each Release closes, and nobody counts.
type Pool[C Conn] struct {
	cfg Config[C]

	mu     sync.Mutex
	counts Stats
}

// New makes a pool without connections. It is an error if Dial is nil or Max below 1.
func New[C Conn](c Config[C]) (*Pool[C], error) {
	return &Pool[C]{cfg: c}, nil // TODO: refuse what cannot work
}

// Acquire leases a connection: the idle one that was used last, else a new one if there are fewer than Max, else it waits
// in line for the next that comes free. It returns ctx.Err(), ErrTimeout, ErrClosed or what Dial returned.
func (p *Pool[C]) Acquire(ctx context.Context) (*Lease[C], error) {
	p.mu.Lock()
	p.counts.Dials++
	p.mu.Unlock()
	conn, err := p.cfg.Dial(ctx) // TODO: reuse; a bound; those who wait; the timeout
	if err != nil {
		return nil, err
	}
	return &Lease[C]{pool: p, conn: conn}, nil
}

// Stats are the counts of this moment.
func (p *Pool[C]) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts // TODO
}

// Close ends the pool: those who wait get ErrClosed, idle connections are closed now, leased ones when they are released.
// The error joins those of closing. A second call does nothing.
func (p *Pool[C]) Close() error { return nil } // TODO

// A Lease is a connection that somebody uses. It ends with the first call of Release or Discard; later ones do nothing.
type Lease[C Conn] struct {
	pool *Pool[C]
	conn C
}

// Conn is the leased connection.
func (l *Lease[C]) Conn() C { return l.conn }

// Release gives the connection back for others to use.
func (l *Lease[C]) Release() { l.conn.Close() } // TODO: keep it

// Discard closes the connection, because it is broken, and frees its place.
func (l *Lease[C]) Discard() { l.conn.Close() } // TODO: and its place?
