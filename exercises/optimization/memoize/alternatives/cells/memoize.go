// Package memoize remembers what a function returned: for each key one computation at a time, bounded in number and age.
//
// One map holds everything: a cell is a computation until it is ready, and a value from then on. Cells with values are in
// a list by use. Those who wait for a cell hold on to it, and the last one to let go of a cell that is not ready takes it
// out of the map.
package memoize

import (
	"container/list"
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// Options bound what is remembered. Zero means no bound.
type Options struct {
	Max int           // values
	TTL time.Duration // a value is good while it is younger than this
}

// Stats count calls of Call that got as far as to have a key, and values that had to go.
type Stats struct {
	Hits    uint64 // answered from memory
	Misses  uint64 // began a computation
	Shared  uint64 // joined one that was under way
	Evicted uint64 // values that made room for others
}

// A PanicError is what all callers get of a computation that panicked.
type PanicError struct {
	Value any    // what panic was called with
	Stack []byte // of the goroutine, where it panicked
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("memoize: the function panicked: %v", e.Value)
}

// A Memo is a function with a memory. It is safe for concurrent use.
type Memo[A any, K comparable, V any] struct {
	name    func(A) (K, error)
	compute func(context.Context, A) (V, error)
	limits  Options

	lock  sync.Mutex
	cells map[K]*cell[K, V]
	used  *list.List // of cells that are ready, the last used in front
	tally Stats
}

type cell[K comparable, V any] struct {
	name   K
	ready  chan struct{}
	answer V
	fault  error
	since  time.Time
	place  *list.Element // nil until the answer is kept
	held   int
	abort  context.CancelFunc
}

// New remembers results of fn. key says which arguments are the same.
func New[A any, K comparable, V any](key func(A) (K, error), fn func(context.Context, A) (V, error), o Options) *Memo[A, K, V] {
	return &Memo[A, K, V]{name: key, compute: fn, limits: o, cells: map[K]*cell[K, V]{}, used: list.New()}
}

// Call returns what fn returned for arguments of the same key: from memory, from a computation under way, or from a new
// one. If ctx ends, it returns ctx.Err() at once. Errors are not remembered, and those of key come back as they are.
func (m *Memo[A, K, V]) Call(ctx context.Context, a A) (answer V, err error) {
	name, err := m.name(a)
	if err != nil {
		return answer, err
	}
	m.lock.Lock()
	c, found := m.cells[name]
	if found && c.place != nil {
		if m.limits.TTL <= 0 || time.Now().Before(c.since.Add(m.limits.TTL)) {
			m.used.MoveToFront(c.place)
			m.tally.Hits++
			m.lock.Unlock()
			return c.answer, nil
		}
		m.discard(c)
		found = false
	}
	if ctx.Err() != nil {
		m.lock.Unlock()
		return answer, ctx.Err()
	}
	if found {
		m.tally.Shared++
	} else {
		m.tally.Misses++
		c = &cell[K, V]{name: name, ready: make(chan struct{})}
		m.cells[name] = c
		var life context.Context
		life, c.abort = context.WithCancel(context.WithoutCancel(ctx))
		go m.fill(life, c, a)
	}
	c.held++
	m.lock.Unlock()
	select {
	case <-c.ready:
		return c.answer, c.fault
	case <-ctx.Done():
		m.lock.Lock()
		defer m.lock.Unlock()
		if c.held--; c.held == 0 {
			c.abort()
			if m.cells[name] == c && c.place == nil {
				delete(m.cells, name)
			}
		}
		return answer, ctx.Err()
	}
}

func (m *Memo[A, K, V]) fill(ctx context.Context, c *cell[K, V], a A) {
	defer c.abort()
	answer, fault := attempt(func() (V, error) { return m.compute(ctx, a) })
	m.lock.Lock()
	defer m.lock.Unlock()
	c.answer, c.fault = answer, fault
	close(c.ready)
	if m.cells[c.name] != c {
		return // forgotten, or given up
	}
	if fault != nil {
		delete(m.cells, c.name)
		return
	}
	c.since = time.Now()
	c.place = m.used.PushFront(c)
	for m.limits.Max > 0 && m.used.Len() > m.limits.Max {
		m.discard(m.used.Back().Value.(*cell[K, V]))
		m.tally.Evicted++
	}
}

func attempt[V any](f func() (V, error)) (v V, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = &PanicError{Value: reason, Stack: debug.Stack()}
		}
	}()
	return f()
}

func (m *Memo[A, K, V]) discard(c *cell[K, V]) {
	delete(m.cells, c.name)
	if c.place != nil {
		m.used.Remove(c.place)
	}
}

// Forget drops the value of a key. A computation under way still answers those who wait for it; it is not remembered, and
// whoever calls from now on does not join it.
func (m *Memo[A, K, V]) Forget(k K) {
	m.lock.Lock()
	defer m.lock.Unlock()
	if c := m.cells[k]; c != nil {
		m.discard(c)
	}
}

// Len is the number of values held.
func (m *Memo[A, K, V]) Len() int {
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.used.Len()
}

// Stats are the counts so far.
func (m *Memo[A, K, V]) Stats() Stats {
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.tally
}
