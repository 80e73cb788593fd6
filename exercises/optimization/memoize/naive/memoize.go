// Package memoize remembers what a function returned: for each key one computation at a time, bounded in number and age.
//
// It is correct, and keeps the order of use in a slice of keys: each hit searches the slice for its key, and moves all that
// were used later.
package memoize

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
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

	mu     sync.Mutex
	order  []K // the one used last at the end
	values map[K]stored[V]
	begun  map[K]*run[V]
	stats  Stats
}

type stored[V any] struct {
	value V
	at    time.Time
}

type run[V any] struct {
	waiting int
	cancel  context.CancelFunc
	over    chan struct{}
	value   V
	err     error
}

// New remembers results of fn. key says which arguments are the same.
func New[A any, K comparable, V any](key func(A) (K, error), fn func(context.Context, A) (V, error), o Options) *Memo[A, K, V] {
	return &Memo[A, K, V]{key: key, fn: fn, o: o, values: make(map[K]stored[V]), begun: make(map[K]*run[V])}
}

// Call returns what fn returned for arguments of the same key: from memory, from a computation under way, or from a new
// one. If ctx ends, it returns ctx.Err() at once. Errors are not remembered, and those of key come back as they are.
func (m *Memo[A, K, V]) Call(ctx context.Context, a A) (value V, err error) {
	k, err := m.key(a)
	if err != nil {
		return value, err
	}
	r, value, hit := m.look(ctx, k, a)
	if hit {
		return value, nil
	}
	if r == nil {
		return value, ctx.Err()
	}
	select {
	case <-r.over:
		return r.value, r.err
	case <-ctx.Done():
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r.waiting--
	if r.waiting == 0 {
		r.cancel()
		if m.begun[k] == r {
			delete(m.begun, k)
		}
	}
	return value, ctx.Err()
}

func (m *Memo[A, K, V]) look(ctx context.Context, k K, a A) (r *run[V], value V, hit bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.values[k]; ok {
		if m.o.TTL <= 0 || time.Since(s.at) < m.o.TTL {
			m.stats.Hits++
			m.touch(k)
			return nil, s.value, true
		}
		m.remove(k)
	}
	if ctx.Err() != nil {
		return nil, value, false
	}
	r = m.begun[k]
	if r == nil {
		m.stats.Misses++
		inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
		r = &run[V]{cancel: cancel, over: make(chan struct{})}
		m.begun[k] = r
		go m.run(inner, r, k, a)
	} else {
		m.stats.Shared++
	}
	r.waiting++
	return r, value, false
}

func (m *Memo[A, K, V]) run(ctx context.Context, r *run[V], k K, a A) {
	defer r.cancel()
	func() {
		defer func() {
			if v := recover(); v != nil {
				r.err = &PanicError{v, debug.Stack()}
			}
		}()
		r.value, r.err = m.fn(ctx, a)
	}()
	m.mu.Lock()
	defer m.mu.Unlock()
	defer close(r.over)
	if m.begun[k] != r {
		return
	}
	delete(m.begun, k)
	if r.err != nil {
		return
	}
	m.values[k] = stored[V]{r.value, time.Now()}
	m.touch(k)
	if m.o.Max > 0 && len(m.order) > m.o.Max {
		m.remove(m.order[0])
		m.stats.Evicted++
	}
}

// touch makes k the key used last.
func (m *Memo[A, K, V]) touch(k K) {
	if i := slices.Index(m.order, k); i >= 0 {
		m.order = slices.Delete(m.order, i, i+1)
	}
	m.order = append(m.order, k)
}

func (m *Memo[A, K, V]) remove(k K) {
	delete(m.values, k)
	m.order = slices.DeleteFunc(m.order, func(other K) bool { return other == k })
}

// Forget drops the value of a key. A computation under way still answers those who wait for it; it is not remembered, and
// whoever calls from now on does not join it.
func (m *Memo[A, K, V]) Forget(k K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remove(k)
	delete(m.begun, k)
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
