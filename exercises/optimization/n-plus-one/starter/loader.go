package nplusone

import (
	"context"
	"time"
)

// A Loader fetches in batches what is asked for key by key, and remembers it. It is meant to live as long as one request
// does.
type Loader[K comparable, V any] struct {
	fetch    func(context.Context, []K) (map[K]V, error)
	wait     time.Duration
	maxBatch int
}

// NewLoader makes a loader whose batches leave wait after their first key, or as soon as they have maxBatch keys.
func NewLoader[K comparable, V any](fetch func(context.Context, []K) (map[K]V, error), wait time.Duration, maxBatch int) *Loader[K, V] {
	return &Loader[K, V]{fetch: fetch, wait: wait, maxBatch: maxBatch}
}

// Load is the value of k.
//
// TODO: so far each call fetches its own key. Who starts the clock of a batch, and how do all of its callers get to know
// that it is back?
func (l *Loader[K, V]) Load(ctx context.Context, k K) (V, error) {
	values, err := l.fetch(ctx, []K{k})
	return values[k], err
}

// Prime makes v the value of k without fetching it.
func (l *Loader[K, V]) Prime(k K, v V) {
	// TODO
}

// Clear forgets the value of k.
func (l *Loader[K, V]) Clear(k K) {
	// TODO
}
