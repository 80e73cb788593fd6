// Package memoize remembers what a function returned: for each key one computation at a time, bounded in number and age.
package memoize

import (
	"context"
	"fmt"
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

	results map[K]result[V] // TODO: it only grows, and anybody may write to it at any time
}

type result[V any] struct {
	value V
	err   error
}

// New remembers results of fn. key says which arguments are the same.
func New[A any, K comparable, V any](key func(A) (K, error), fn func(context.Context, A) (V, error), o Options) *Memo[A, K, V] {
	return &Memo[A, K, V]{key: key, fn: fn, o: o, results: map[K]result[V]{}}
}

// Call returns what fn returned for arguments of the same key: from memory, from a computation under way, or from a new
// one. If ctx ends, it returns ctx.Err() at once. Errors are not remembered, and those of key come back as they are.
func (m *Memo[A, K, V]) Call(ctx context.Context, a A) (V, error) {
	k, _ := m.key(a) // TODO: what if there is none?
	if r, ok := m.results[k]; ok {
		return r.value, r.err // TODO: a failure of last week
	}
	v, err := m.fn(ctx, a) // TODO: a hundred callers compute the same, and none of them hears of its context
	m.results[k] = result[V]{v, err}
	return v, err
}

// Forget drops the value of a key. A computation under way still answers those who wait for it; it is not remembered, and
// whoever calls from now on does not join it.
func (m *Memo[A, K, V]) Forget(k K) { delete(m.results, k) }

// Len is the number of values held.
func (m *Memo[A, K, V]) Len() int { return len(m.results) }

// Stats are the counts so far.
func (m *Memo[A, K, V]) Stats() Stats { return Stats{} } // TODO
