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
// The map finds an entry, the ring knows its age: root.next is the most recent entry, root.prev the least recent one.
// Because the ring always holds root, no entry is ever first or last, and linking needs no special case.
type Cache[K comparable, V any] struct {
	onEvict func(K, V, Reason)

	mu                      sync.Mutex
	max                     int
	entries                 map[K]*entry[K, V]
	root                    entry[K, V]
	hits, misses, evictions uint64
}

type entry[K comparable, V any] struct {
	prev, next *entry[K, V]
	key        K
	value      V
}

// New makes an empty cache for max entries. onEvict, which may be nil, is told of each entry that leaves.
func New[K comparable, V any](max int, onEvict func(K, V, Reason)) (*Cache[K, V], error) {
	if max < 1 {
		return nil, ErrSize
	}
	c := &Cache[K, V]{max: max, onEvict: onEvict}
	c.reset()
	return c, nil
}

// Get finds the value of k and makes it the most recently used.
func (c *Cache[K, V]) Get(k K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[k]
	if !ok {
		c.misses++
		var zero V
		return zero, false
	}
	c.hits++
	c.toFront(e)
	return e.value, true
}

// Peek finds the value of k and leaves no trace.
func (c *Cache[K, V]) Peek(k K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[k]
	if !ok {
		var zero V
		return zero, false
	}
	return e.value, true
}

// Set stores v as the most recently used value. evicted reports whether another entry had to go for it.
func (c *Cache[K, V]) Set(k K, v V) (evicted bool) {
	c.mu.Lock()
	if e, ok := c.entries[k]; ok {
		old := entry[K, V]{key: k, value: e.value}
		e.value = v
		c.toFront(e)
		c.mu.Unlock()
		c.tell(Replaced, &old)
		return false
	}
	var oldest *entry[K, V]
	if len(c.entries) >= c.max {
		oldest = c.evict()
	}
	e := &entry[K, V]{key: k, value: v}
	c.entries[k] = e
	c.linkFront(e)
	c.mu.Unlock()
	if oldest == nil {
		return false
	}
	c.tell(Evicted, oldest)
	return true
}

// Delete removes k and reports whether it was there.
func (c *Cache[K, V]) Delete(k K) bool {
	c.mu.Lock()
	e, ok := c.entries[k]
	if ok {
		delete(c.entries, k)
		unlink(e)
	}
	c.mu.Unlock()
	if ok {
		c.tell(Deleted, e)
	}
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
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := make([]K, 0, len(c.entries))
	for e := c.root.next; e != &c.root; e = e.next {
		keys = append(keys, e.key)
	}
	return keys
}

// Resize changes how many entries the cache holds, and evicts the least recently used ones that are too many.
func (c *Cache[K, V]) Resize(max int) (evicted int, err error) {
	if max < 1 {
		return 0, ErrSize
	}
	c.mu.Lock()
	c.max = max
	var gone []*entry[K, V]
	for len(c.entries) > max {
		gone = append(gone, c.evict())
	}
	c.mu.Unlock()
	c.tell(Evicted, gone...)
	return len(gone), nil
}

// Purge removes all entries and gives their memory back.
func (c *Cache[K, V]) Purge() {
	c.mu.Lock()
	gone := make([]*entry[K, V], 0, len(c.entries))
	for e := c.root.prev; e != &c.root; e = e.prev {
		gone = append(gone, e)
	}
	c.reset()
	c.mu.Unlock()
	c.tell(Purged, gone...)
}

// Stats counts the calls of Get that found something and that did not, and the entries that were evicted.
func (c *Cache[K, V]) Stats() (hits, misses, evictions uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hits, c.misses, c.evictions
}

// reset empties the cache. A map never gives its buckets back, so it takes a new one.
func (c *Cache[K, V]) reset() {
	c.entries = make(map[K]*entry[K, V])
	c.root.prev, c.root.next = &c.root, &c.root
}

// evict removes the least recently used entry.
func (c *Cache[K, V]) evict() *entry[K, V] {
	e := c.root.prev
	delete(c.entries, e.key)
	unlink(e)
	c.evictions++
	return e
}

// tell must be called without the lock: onEvict may use the cache.
func (c *Cache[K, V]) tell(why Reason, gone ...*entry[K, V]) {
	if c.onEvict == nil {
		return
	}
	for _, e := range gone {
		c.onEvict(e.key, e.value, why)
	}
}

func (c *Cache[K, V]) toFront(e *entry[K, V]) {
	unlink(e)
	c.linkFront(e)
}

func (c *Cache[K, V]) linkFront(e *entry[K, V]) {
	e.prev, e.next = &c.root, c.root.next
	e.prev.next, e.next.prev = e, e
}

func unlink[K comparable, V any](e *entry[K, V]) {
	e.prev.next, e.next.prev = e.next, e.prev
}
