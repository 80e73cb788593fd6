// Package memoize remembers what a function returned: for each key one computation at a time, bounded in number and age.
package memoize

import (
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
	key func(A) (K, error)
	fn  func(context.Context, A) (V, error)
	o   Options

	mu      sync.Mutex
	values  map[K]*entry[K, V]
	root    entry[K, V] // of the ring of values: next is the one used last, prev the one not used for longest
	flights map[K]*flight[V]
	stats   Stats
}

// An entry is a remembered value.
type entry[K comparable, V any] struct {
	key        K
	value      V
	born       time.Time
	prev, next *entry[K, V]
}

// A flight is a computation under way. While it is in Memo.flights, others may join, and its result will be remembered.
type flight[V any] struct {
	cancel  context.CancelFunc
	waiters int
	done    chan struct{} // closed when value and err are there
	value   V
	err     error
}

// New remembers results of fn. key says which arguments are the same.
func New[A any, K comparable, V any](key func(A) (K, error), fn func(context.Context, A) (V, error), o Options) *Memo[A, K, V] {
	m := &Memo[A, K, V]{key: key, fn: fn, o: o, values: map[K]*entry[K, V]{}, flights: map[K]*flight[V]{}}
	m.root.prev, m.root.next = &m.root, &m.root
	return m
}

// Call returns what fn returned for arguments of the same key: from memory, from a computation under way, or from a new
// one. If ctx ends, it returns ctx.Err() at once. Errors are not remembered, and those of key come back as they are.
func (m *Memo[A, K, V]) Call(ctx context.Context, a A) (V, error) {
	var none V
	k, err := m.key(a)
	if err != nil {
		return none, err
	}
	m.mu.Lock()
	if e := m.fresh(k); e != nil {
		m.stats.Hits++
		value := e.value
		m.mu.Unlock()
		return value, nil
	}
	if err := ctx.Err(); err != nil {
		m.mu.Unlock()
		return none, err
	}
	f := m.flights[k]
	if f != nil {
		m.stats.Shared++
	} else {
		m.stats.Misses++
		f = m.takeOff(ctx, k, a)
	}
	f.waiters++
	m.mu.Unlock()

	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		m.leave(k, f)
		return none, ctx.Err()
	}
}

// fresh finds a value that is young enough, and makes it the one used last. m.mu is held.
func (m *Memo[A, K, V]) fresh(k K) *entry[K, V] {
	e := m.values[k]
	switch {
	case e == nil:
		return nil
	case m.o.TTL > 0 && time.Since(e.born) >= m.o.TTL:
		m.drop(e)
		return nil
	}
	unlink(e)
	m.link(e)
	return e
}

// takeOff starts a computation, which outlives the caller if others join. m.mu is held.
func (m *Memo[A, K, V]) takeOff(ctx context.Context, k K, a A) *flight[V] {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f := &flight[V]{cancel: cancel, done: make(chan struct{})}
	m.flights[k] = f
	go func() {
		defer cancel()
		f.value, f.err = m.compute(ctx, a)
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.flights[k] == f {
			delete(m.flights, k)
			if f.err == nil {
				m.remember(k, f.value)
			}
		}
		close(f.done)
	}()
	return f
}

// compute makes an error of a panic, which would end the program: nobody can recover from that of another goroutine.
func (m *Memo[A, K, V]) compute(ctx context.Context, a A) (value V, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{v, debug.Stack()}
		}
	}()
	return m.fn(ctx, a)
}

// leave is for one who does not wait any more. The last one turns off the light.
func (m *Memo[A, K, V]) leave(k K, f *flight[V]) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f.waiters--; f.waiters > 0 {
		return
	}
	f.cancel()
	if m.flights[k] == f {
		delete(m.flights, k)
	}
}

// remember stores a value as the one used last, and makes room for it. m.mu is held.
func (m *Memo[A, K, V]) remember(k K, v V) {
	e := &entry[K, V]{key: k, value: v, born: time.Now()}
	m.values[k] = e
	m.link(e)
	if m.o.Max > 0 && len(m.values) > m.o.Max {
		m.drop(m.root.prev)
		m.stats.Evicted++
	}
}

func (m *Memo[A, K, V]) drop(e *entry[K, V]) {
	delete(m.values, e.key)
	unlink(e)
}

func (m *Memo[A, K, V]) link(e *entry[K, V]) {
	e.prev, e.next = &m.root, m.root.next
	e.prev.next, e.next.prev = e, e
}

func unlink[K comparable, V any](e *entry[K, V]) {
	e.prev.next, e.next.prev = e.next, e.prev
}

// Forget drops the value of a key. A computation under way still answers those who wait for it; it is not remembered, and
// whoever calls from now on does not join it.
func (m *Memo[A, K, V]) Forget(k K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.values[k]; e != nil {
		m.drop(e)
	}
	delete(m.flights, k)
}

// Len is the number of values held.
func (m *Memo[A, K, V]) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.values)
}

// Stats are the counts so far.
func (m *Memo[A, K, V]) Stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stats
}
