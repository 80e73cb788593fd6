// Package lru is a bounded cache that forgets what was used least recently.
//
// It is the obvious one: a map for the values and a slice of keys in order of use. To make a key the most recent it
// searches the slice and moves all that are younger, so that a hit costs the more the larger the cache is.
package lru

import (
	"errors"
	"slices"
	"sync"
)

// ErrSize is returned for a size that holds nothing.
var ErrSize = errors.New("lru: size must be at least 1")

// A Reason says why an entry left the cache.
type Reason int

const (
	Evicted  Reason = iota // it was the least recently used, and its place was needed
	Deleted                // Delete was called
	Replaced               // Set was called with its key
	Purged                 // Purge was called
)

// A Cache holds at most max entries. It is safe for concurrent use.
type Cache[K comparable, V any] struct {
	onEvict func(K, V, Reason)

	mu                      sync.Mutex
	max                     int
	values                  map[K]V
	keys                    []K // the least recently used first
	hits, misses, evictions uint64
}

type gone[K comparable, V any] struct {
	key   K
	value V
}

// New makes an empty cache for max entries. onEvict, which may be nil, is told of each entry that leaves.
func New[K comparable, V any](max int, onEvict func(K, V, Reason)) (*Cache[K, V], error) {
	if max < 1 {
		return nil, ErrSize
	}
	return &Cache[K, V]{max: max, onEvict: onEvict, values: make(map[K]V)}, nil
}

// Get finds the value of k and makes it the most recently used.
func (c *Cache[K, V]) Get(k K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.values[k]
	if !ok {
		c.misses++
		return v, false
	}
	c.hits++
	c.touch(k)
	return v, true
}

// Peek finds the value of k and leaves no trace.
func (c *Cache[K, V]) Peek(k K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.values[k]
	return v, ok
}

// Set stores v as the most recently used value. evicted reports whether another entry had to go for it.
func (c *Cache[K, V]) Set(k K, v V) (evicted bool) {
	c.mu.Lock()
	if old, ok := c.values[k]; ok {
		c.values[k] = v
		c.touch(k)
		c.mu.Unlock()
		c.tell(Replaced, gone[K, V]{k, old})
		return false
	}
	out := c.shrink(c.max - 1)
	c.values[k] = v
	c.keys = append(c.keys, k)
	c.mu.Unlock()
	c.tell(Evicted, out...)
	return len(out) > 0
}

// Delete removes k and reports whether it was there.
func (c *Cache[K, V]) Delete(k K) bool {
	c.mu.Lock()
	v, ok := c.values[k]
	if ok {
		delete(c.values, k)
		i := slices.Index(c.keys, k)
		c.keys = slices.Delete(c.keys, i, i+1)
	}
	c.mu.Unlock()
	if ok {
		c.tell(Deleted, gone[K, V]{k, v})
	}
	return ok
}

// Len is the number of entries.
func (c *Cache[K, V]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.values)
}

// Keys are all keys, the most recently used first.
func (c *Cache[K, V]) Keys() []K {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := slices.Clone(c.keys)
	slices.Reverse(keys)
	return keys
}

// Resize changes how many entries the cache holds, and evicts the least recently used ones that are too many.
func (c *Cache[K, V]) Resize(max int) (evicted int, err error) {
	if max < 1 {
		return 0, ErrSize
	}
	c.mu.Lock()
	c.max = max
	out := c.shrink(max)
	c.mu.Unlock()
	c.tell(Evicted, out...)
	return len(out), nil
}

// Purge removes all entries and gives their memory back.
func (c *Cache[K, V]) Purge() {
	c.mu.Lock()
	var out []gone[K, V]
	for _, k := range c.keys {
		out = append(out, gone[K, V]{k, c.values[k]})
	}
	c.values, c.keys = make(map[K]V), nil
	c.mu.Unlock()
	c.tell(Purged, out...)
}

// Stats counts the calls of Get that found something and that did not, and the entries that were evicted.
func (c *Cache[K, V]) Stats() (hits, misses, evictions uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hits, c.misses, c.evictions
}

// touch moves a key to the young end.
func (c *Cache[K, V]) touch(k K) {
	i := slices.Index(c.keys, k)
	copy(c.keys[i:], c.keys[i+1:])
	c.keys[len(c.keys)-1] = k
}

// shrink evicts until there are at most n entries.
func (c *Cache[K, V]) shrink(n int) []gone[K, V] {
	var out []gone[K, V]
	for len(c.keys) > n {
		k := c.keys[0]
		out = append(out, gone[K, V]{k, c.values[k]})
		delete(c.values, k)
		c.keys = slices.Delete(c.keys, 0, 1)
		c.evictions++
	}
	return out
}

func (c *Cache[K, V]) tell(why Reason, out ...gone[K, V]) {
	if c.onEvict == nil {
		return
	}
	for _, g := range out {
		c.onEvict(g.key, g.value, why)
	}
}
