package nplusone

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// A Loader fetches in batches what is asked for key by key, and remembers it. It is meant to live as long as one request
// does.
type Loader[K comparable, V any] struct {
	fetch    func(context.Context, []K) (map[K]V, error)
	wait     time.Duration
	maxBatch int

	mu      sync.Mutex
	results map[K]*result[V] // those that are there, and those that are being fetched
	open    *batch[K, V]     // takes further keys; nil if there is none
}

// A result is there when done is closed.
type result[V any] struct {
	done  chan struct{}
	value V
	err   error
}

// A batch is what will be fetched together.
type batch[K comparable, V any] struct {
	results map[K]*result[V]
	timer   *time.Timer
}

// NewLoader makes a loader whose batches leave wait after their first key, or as soon as they have maxBatch keys.
func NewLoader[K comparable, V any](fetch func(context.Context, []K) (map[K]V, error), wait time.Duration, maxBatch int) *Loader[K, V] {
	return &Loader[K, V]{fetch: fetch, wait: wait, maxBatch: maxBatch, results: make(map[K]*result[V])}
}

// Load is the value of k. When ctx ends, this caller goes; the batch goes on for the others.
func (l *Loader[K, V]) Load(ctx context.Context, k K) (V, error) {
	r := l.result(ctx, k)
	select {
	case <-r.done:
		return r.value, r.err
	case <-ctx.Done():
		var zero V
		return zero, ctx.Err()
	}
}

func (l *Loader[K, V]) result(ctx context.Context, k K) *result[V] {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r, ok := l.results[k]; ok {
		return r
	}
	if l.open == nil {
		b := &batch[K, V]{results: make(map[K]*result[V])}
		ctx := context.WithoutCancel(ctx) // one caller of many must not end what the others wait for
		b.timer = time.AfterFunc(l.wait, func() { l.leave(ctx, b) })
		l.open = b
	}
	r, ok := l.open.results[k] // there if it was cleared meanwhile
	if !ok {
		r = &result[V]{done: make(chan struct{})}
		l.open.results[k] = r
	}
	l.results[k] = r
	if b := l.open; len(b.results) == l.maxBatch {
		l.open = nil
		b.timer.Stop()
		go l.run(context.WithoutCancel(ctx), b)
	}
	return r
}

// leave fetches the batch, unless it was full and has left already.
func (l *Loader[K, V]) leave(ctx context.Context, b *batch[K, V]) {
	l.mu.Lock()
	mine := l.open == b
	if mine {
		l.open = nil
	}
	l.mu.Unlock()
	if mine {
		l.run(ctx, b)
	}
}

func (l *Loader[K, V]) run(ctx context.Context, b *batch[K, V]) {
	values, err := l.fetch(ctx, slices.Collect(maps.Keys(b.results)))
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, r := range b.results {
		var ok bool
		r.value, ok = values[k]
		switch {
		case err != nil:
			r.err = err
		case !ok:
			r.err = ErrNotFound
		}
		if r.err != nil && l.results[k] == r { // the next one asks again
			delete(l.results, k)
		}
		close(r.done)
	}
}

// Prime makes v the value of k without fetching it.
func (l *Loader[K, V]) Prime(k K, v V) {
	r := &result[V]{done: make(chan struct{}), value: v}
	close(r.done)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.results[k] = r
}

// Clear forgets the value of k. What is being fetched for it goes to those who wait, and is not kept.
func (l *Loader[K, V]) Clear(k K) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.results, k)
}
