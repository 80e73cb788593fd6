package nplusone

import (
	"context"
	"slices"
	"sync"
	"time"
)

// A Loader is a list of keys that wait, and a map of promises. Whoever begins a list also waits for it to be over.
type Loader[K comparable, V any] struct {
	fetch    func(context.Context, []K) (map[K]V, error)
	wait     time.Duration
	maxBatch int

	sync.Mutex
	promises map[K]chan answer[V] // with room for one; who takes the answer puts it back for the next
	keys     []K
	own      []chan answer[V]
	full     chan struct{}
}

type answer[V any] struct {
	value V
	err   error
}

// NewLoader makes a loader whose batches leave wait after their first key, or as soon as they have maxBatch keys.
func NewLoader[K comparable, V any](fetch func(context.Context, []K) (map[K]V, error), wait time.Duration, maxBatch int) *Loader[K, V] {
	return &Loader[K, V]{fetch: fetch, wait: wait, maxBatch: maxBatch, promises: map[K]chan answer[V]{}}
}

// Load is the value of k.
func (l *Loader[K, V]) Load(ctx context.Context, k K) (V, error) {
	promise := l.promise(ctx, k)
	select {
	case a := <-promise:
		promise <- a
		return a.value, a.err
	case <-ctx.Done():
		return *new(V), ctx.Err()
	}
}

func (l *Loader[K, V]) promise(ctx context.Context, k K) chan answer[V] {
	l.Lock()
	defer l.Unlock()
	if p := l.promises[k]; p != nil {
		return p
	}
	if i := slices.Index(l.keys, k); i >= 0 { // it was cleared while it waits
		l.promises[k] = l.own[i]
		return l.own[i]
	}
	p := make(chan answer[V], 1)
	l.promises[k] = p
	if len(l.keys) == 0 {
		l.full = make(chan struct{})
		go l.collect(context.WithoutCancel(ctx), l.full)
	}
	l.keys, l.own = append(l.keys, k), append(l.own, p)
	if len(l.keys) == l.maxBatch {
		close(l.full)
		keys, own := l.take()
		go l.deliver(context.WithoutCancel(ctx), keys, own)
	}
	return p
}

// take empties the list. The lock is held.
func (l *Loader[K, V]) take() (keys []K, own []chan answer[V]) {
	keys, own = l.keys, l.own
	l.keys, l.own, l.full = nil, nil, nil
	return keys, own
}

// collect waits for its list to be old enough.
func (l *Loader[K, V]) collect(ctx context.Context, full chan struct{}) {
	timer := time.NewTimer(l.wait)
	defer timer.Stop()
	select {
	case <-full:
		return
	case <-timer.C:
	}
	l.Lock()
	if l.full != full {
		l.Unlock()
		return
	}
	keys, own := l.take()
	l.Unlock()
	l.deliver(ctx, keys, own)
}

func (l *Loader[K, V]) deliver(ctx context.Context, keys []K, own []chan answer[V]) {
	values, err := l.fetch(ctx, keys)
	for i, k := range keys {
		v, ok := values[k]
		a := answer[V]{v, err}
		if err == nil && !ok {
			a.err = ErrNotFound
		}
		if a.err != nil {
			l.Lock()
			if l.promises[k] == own[i] {
				delete(l.promises, k)
			}
			l.Unlock()
		}
		own[i] <- a
	}
}

// Prime makes v the value of k without fetching it.
func (l *Loader[K, V]) Prime(k K, v V) {
	p := make(chan answer[V], 1)
	p <- answer[V]{value: v}
	l.Lock()
	defer l.Unlock()
	l.promises[k] = p
}

// Clear forgets the value of k.
func (l *Loader[K, V]) Clear(k K) {
	l.Lock()
	defer l.Unlock()
	delete(l.promises, k)
}
