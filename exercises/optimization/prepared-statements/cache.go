// Package stmts prepares each query once, and builds queries that cannot be injected.
package stmts

import (
	"container/list"
	"context"
	"database/sql"
	"errors"
	"sync"
)

// ErrClosed is the answer of a cache after Close.
var ErrClosed = errors.New("stmts: closed")

// A Cache keeps the statements that were used last. It is safe for concurrent use.
type Cache struct {
	db  *sql.DB
	max int

	mu                      sync.Mutex
	entries                 map[string]*list.Element // of *entry, by SQL text
	order                   *list.List               // the one used last first
	closed                  bool
	prepared, hits, evicted uint64
}

// An entry is a statement, or the attempt to prepare one.
type entry struct {
	query string
	ready chan struct{} // closed when stmt or err is set
	stmt  *sql.Stmt
	err   error

	users int  // who have it in hand: calls, and who prepares it
	gone  bool // from the cache: the last user closes it
}

// NewCache makes a cache of at most max statements.
func NewCache(db *sql.DB, max int) *Cache {
	return &Cache{db: db, max: max, entries: make(map[string]*list.Element), order: list.New()}
}

// Query runs a query for its rows. They can be read to the end whatever the cache does with the statement meanwhile: rows
// hold on to it.
func (c *Cache) Query(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	e, err := c.acquire(ctx, q)
	if err != nil {
		return nil, err
	}
	defer c.release(e)
	return e.stmt.QueryContext(ctx, args...)
}

// Exec runs a query for its effect.
func (c *Cache) Exec(ctx context.Context, q string, args ...any) (sql.Result, error) {
	e, err := c.acquire(ctx, q)
	if err != nil {
		return nil, err
	}
	defer c.release(e)
	return e.stmt.ExecContext(ctx, args...)
}

// acquire is the prepared statement, which stays open until it is released.
func (c *Cache) acquire(ctx context.Context, q string) (*entry, error) {
	e, found, err := c.entry(q)
	if err != nil {
		return nil, err
	}
	if !found {
		// Others may wait for it: that this caller goes is no reason to fail for them.
		go c.prepare(context.WithoutCancel(ctx), e)
	}
	select {
	case <-e.ready:
	case <-ctx.Done():
		c.release(e)
		return nil, ctx.Err()
	}
	if e.err != nil {
		return nil, e.err // there is nothing to close, and so nothing to release
	}
	if found {
		c.mu.Lock()
		c.hits++
		c.mu.Unlock()
	}
	return e, nil
}

// prepare makes the statement of a new entry, which it has in hand meanwhile, as the callers have.
func (c *Cache) prepare(ctx context.Context, e *entry) {
	stmt, err := c.db.PrepareContext(ctx, e.query)
	c.mu.Lock()
	e.stmt, e.err = stmt, err
	if err == nil {
		c.prepared++
	} else if !e.gone {
		c.remove(e)
	}
	c.mu.Unlock()
	close(e.ready)
	c.release(e)
}

// entry finds the entry of q, or makes it, which is then to be prepared.
func (c *Cache) entry(q string) (e *entry, found bool, err error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, false, ErrClosed
	}
	if link, ok := c.entries[q]; ok {
		c.order.MoveToFront(link)
		e = link.Value.(*entry)
		e.users++
		c.mu.Unlock()
		return e, true, nil
	}
	e = &entry{query: q, ready: make(chan struct{}), users: 2} // the caller, and who prepares it
	c.entries[q] = c.order.PushFront(e)
	var idle *entry
	if c.order.Len() > c.max {
		idle = c.remove(c.order.Back().Value.(*entry))
		c.evicted++
	}
	c.mu.Unlock()
	idle.close()
	return e, false, nil
}

// remove takes e out of the cache, and returns it if nobody uses it: then it is to be closed, without the lock.
func (c *Cache) remove(e *entry) *entry {
	c.order.Remove(c.entries[e.query])
	delete(c.entries, e.query)
	e.gone = true
	if e.users > 0 {
		return nil
	}
	return e
}

// release lets go of e. The last one closes what the cache has not kept.
func (c *Cache) release(e *entry) {
	c.mu.Lock()
	e.users--
	last := e.gone && e.users == 0
	c.mu.Unlock()
	if last {
		e.close()
	}
}

// close closes the statement, if there is one. Nobody uses it any more.
func (e *entry) close() error {
	if e == nil || e.stmt == nil {
		return nil
	}
	return e.stmt.Close()
}

// Stats counts statements prepared, calls that found one, and statements that had to make room.
func (c *Cache) Stats() (prepared, hits, evicted uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.prepared, c.hits, c.evicted
}

// Close closes all statements; those in use when they are no more.
func (c *Cache) Close() error {
	c.mu.Lock()
	c.closed = true
	var idle []*entry
	for _, link := range c.entries {
		if e := c.remove(link.Value.(*entry)); e != nil {
			idle = append(idle, e)
		}
	}
	c.mu.Unlock()
	var errs []error
	for _, e := range idle {
		errs = append(errs, e.close())
	}
	return errors.Join(errs...)
}
