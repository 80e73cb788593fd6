// Package lru is a bounded cache that forgets what was used least recently.
package lru

import (
	"errors"
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
//
// TODO: so far it is the Map of the story: it never forgets, and it knows nothing of age.
type Cache[K comparable, V any] struct {
	mu      sync.Mutex
	entries map[K]V
}

// New makes an empty cache for max entries. onEvict, which may be nil, is told of each entry that leaves.
func New[K comparable, V any](max int, onEvict func(K, V, Reason)) (*Cache[K, V], error) {
	// TODO: refuse a size below 1, keep max and onEvict.
	return &Cache[K, V]{entries: make(map[K]V)}, nil
}

// Get finds the value of k and makes it the most recently used.
func (c *Cache[K, V]) Get(k K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// TODO: a key that is not there must not look like a stored zero; a hit makes the entry the most recent.
	return c.entries[k], true
}

// Peek finds the value of k and leaves no trace.
func (c *Cache[K, V]) Peek(k K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.entries[k], true
}

// Set stores v as the most recently used value. evicted reports whether another entry had to go for it.
func (c *Cache[K, V]) Set(k K, v V) (evicted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// TODO: make room for a new key when the cache is full.
	c.entries[k] = v
	return false
}

// Delete removes k and reports whether it was there.
func (c *Cache[K, V]) Delete(k K) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.entries[k]
	delete(c.entries, k)
	return ok
}

// Len is the number of entries.
func (c *Cache[K, V]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries)
}

// Keys are all keys, the most recently used first.
func (c *Cache[K, V]) Keys() []K {
	// TODO: a map has no order. What keeps one, and changes it in constant time?
	return nil
}

// Resize changes how many entries the cache holds, and evicts the least recently used ones that are too many.
func (c *Cache[K, V]) Resize(max int) (evicted int, err error) {
	// TODO
	return 0, nil
}

// Purge removes all entries and gives their memory back.
func (c *Cache[K, V]) Purge() {
	c.mu.Lock()
	defer c.mu.Unlock()
	// TODO: does clear give memory back?
	clear(c.entries)
}

// Stats counts the calls of Get that found something and that did not, and the entries that were evicted.
func (c *Cache[K, V]) Stats() (hits, misses, evictions uint64) {
	// TODO
	return 0, 0, 0
}
