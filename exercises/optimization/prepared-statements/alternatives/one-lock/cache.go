// Package stmts keeps statements under one lock, and lets database/sql count who uses them.
package stmts

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// ErrClosed is the answer of a cache after Close.
var ErrClosed = errors.New("stmts: closed")

// A Cache is a map from text to statement, and a clock that says when each was used last. It suits some dozens of
// statements: to evict one, it looks at them all.
type Cache struct {
	db  *sql.DB
	max int

	mu      sync.Mutex
	kept    map[string]*kept
	clock   uint64
	closed  bool
	numbers struct{ prepared, hits, evicted uint64 }
}

// errEvicted stays in here: who meets it looks again.
var errEvicted = errors.New("stmts: evicted before it was prepared")

type kept struct {
	once  sync.Once     // to have it prepared
	ready chan struct{} // closed when stmt or err is set
	using sync.RWMutex  // held for reading by who runs the statement, for writing by who closes it
	stmt  *sql.Stmt
	err   error
	shut  bool
	last  uint64
}

// NewCache makes a cache of at most max statements.
func NewCache(db *sql.DB, max int) *Cache { return &Cache{db: db, max: max, kept: map[string]*kept{}} }

// Query runs a query for its rows.
func (c *Cache) Query(ctx context.Context, q string, args ...any) (rows *sql.Rows, err error) {
	err = c.with(ctx, q, func(s *sql.Stmt) (err error) {
		rows, err = s.QueryContext(ctx, args...)
		return err
	})
	return rows, err
}

// Exec runs a query for its effect.
func (c *Cache) Exec(ctx context.Context, q string, args ...any) (res sql.Result, err error) {
	err = c.with(ctx, q, func(s *sql.Stmt) (err error) {
		res, err = s.ExecContext(ctx, args...)
		return err
	})
	return res, err
}

// with calls f with the statement. If it was closed between finding and using it, it looks again.
func (c *Cache) with(ctx context.Context, q string, f func(*sql.Stmt) error) error {
	first := false // to have it prepared, in any of the attempts
	for {
		k, err := c.find(q)
		if err != nil {
			return err
		}
		k.once.Do(func() {
			first = true
			go func() {
				k.stmt, k.err = c.db.PrepareContext(context.WithoutCancel(ctx), q)
				close(k.ready)
			}()
		})
		select {
		case <-k.ready:
		case <-ctx.Done():
			return ctx.Err()
		}
		if errors.Is(k.err, errEvicted) {
			continue
		}
		if k.err != nil {
			c.mu.Lock()
			if c.kept[q] == k {
				delete(c.kept, q)
			}
			c.mu.Unlock()
			return k.err
		}
		if !k.using.TryRLock() { // it is about to be closed
			continue
		}
		if k.shut {
			k.using.RUnlock()
			continue
		}
		if first {
			c.count(&c.numbers.prepared)
		} else {
			c.count(&c.numbers.hits)
		}
		defer k.using.RUnlock()
		return f(k.stmt)
	}
}

func (c *Cache) count(n *uint64) {
	c.mu.Lock()
	*n++
	c.mu.Unlock()
}

func (c *Cache) find(q string) (*kept, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	c.clock++
	k := c.kept[q]
	if k == nil {
		k = &kept{ready: make(chan struct{})}
		if len(c.kept) == c.max {
			c.evict()
		}
		c.kept[q] = k
	}
	k.last = c.clock
	return k, nil
}

func (c *Cache) evict() {
	oldest := ""
	for q, k := range c.kept {
		if oldest == "" || k.last < c.kept[oldest].last {
			oldest = q
		}
	}
	go c.kept[oldest].close()
	delete(c.kept, oldest)
	c.numbers.evicted++
}

// close waits for who is preparing, and for who is using the statement.
func (k *kept) close() error {
	k.once.Do(func() {
		k.err = errEvicted
		close(k.ready)
	})
	<-k.ready
	k.using.Lock()
	defer k.using.Unlock()
	k.shut = true
	if k.stmt == nil {
		return nil
	}
	return k.stmt.Close()
}

// Stats counts statements prepared, calls that found one, and statements that had to make room.
func (c *Cache) Stats() (prepared, hits, evicted uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.numbers.prepared, c.numbers.hits, c.numbers.evicted
}

// Close closes all statements, once nobody uses them.
func (c *Cache) Close() error {
	c.mu.Lock()
	all := c.kept
	c.kept, c.closed = nil, true
	c.mu.Unlock()
	var errs []error
	for _, k := range all {
		errs = append(errs, k.close())
	}
	return errors.Join(errs...)
}
