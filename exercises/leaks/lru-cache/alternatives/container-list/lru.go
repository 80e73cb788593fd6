// Package lru is a bounded cache that forgets what was used least recently.
//
// This one leaves the links to the standard library's list, and unlocks with defer: what left is noted in a slice and
// told by the exported methods at their end.
package lru

import (
	"container/list"
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

// A Cache holds at most a fixed number of entries. It is safe for concurrent use.
type Cache[K comparable, V any] struct {
	lock    sync.Mutex
	limit   int
	byKey   map[K]*list.Element
	byUse   *list.List // of *pair[K, V]; the most recently used in front
	counted struct{ hits, misses, evictions uint64 }
	leaving func(K, V, Reason)
}

type pair[K comparable, V any] struct {
	k K
	v V
}

// New makes an empty cache for max entries. onEvict, which may be nil, is told of each entry that leaves.
func New[K comparable, V any](max int, onEvict func(K, V, Reason)) (*Cache[K, V], error) {
	if max <= 0 {
		return nil, ErrSize
	}
	if onEvict == nil {
		onEvict = func(K, V, Reason) {}
	}
	return &Cache[K, V]{limit: max, byKey: map[K]*list.Element{}, byUse: list.New(), leaving: onEvict}, nil
}

// Get finds the value of k and makes it the most recently used.
func (c *Cache[K, V]) Get(k K) (v V, ok bool) {
	c.lock.Lock()
	defer c.lock.Unlock()
	el, ok := c.byKey[k]
	if !ok {
		c.counted.misses++
		return v, false
	}
	c.counted.hits++
	c.byUse.MoveToFront(el)
	return el.Value.(*pair[K, V]).v, true
}

// Peek finds the value of k and leaves no trace.
func (c *Cache[K, V]) Peek(k K) (v V, ok bool) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if el, ok := c.byKey[k]; ok {
		return el.Value.(*pair[K, V]).v, true
	}
	return v, false
}

// Set stores v as the most recently used value. evicted reports whether another entry had to go for it.
func (c *Cache[K, V]) Set(k K, v V) (evicted bool) {
	old, replaced, gone := c.put(k, v)
	if replaced {
		c.leaving(k, old, Replaced)
	}
	c.tell(gone, Evicted)
	return len(gone) > 0
}

func (c *Cache[K, V]) put(k K, v V) (old V, replaced bool, gone []*pair[K, V]) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if el, ok := c.byKey[k]; ok {
		p := el.Value.(*pair[K, V])
		old, p.v = p.v, v
		c.byUse.MoveToFront(el)
		return old, true, nil
	}
	c.byKey[k] = c.byUse.PushFront(&pair[K, V]{k, v})
	return old, false, c.shrink()
}

// Delete removes k and reports whether it was there.
func (c *Cache[K, V]) Delete(k K) bool {
	p := c.take(k)
	if p == nil {
		return false
	}
	c.leaving(p.k, p.v, Deleted)
	return true
}

func (c *Cache[K, V]) take(k K) *pair[K, V] {
	c.lock.Lock()
	defer c.lock.Unlock()
	el, ok := c.byKey[k]
	if !ok {
		return nil
	}
	delete(c.byKey, k)
	return c.byUse.Remove(el).(*pair[K, V])
}

// Len is the number of entries.
func (c *Cache[K, V]) Len() int {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.byUse.Len()
}

// Keys are all keys, the most recently used first.
func (c *Cache[K, V]) Keys() (keys []K) {
	c.lock.Lock()
	defer c.lock.Unlock()
	for el := c.byUse.Front(); el != nil; el = el.Next() {
		keys = append(keys, el.Value.(*pair[K, V]).k)
	}
	return keys
}

// Resize changes how many entries the cache holds, and evicts the least recently used ones that are too many.
func (c *Cache[K, V]) Resize(max int) (evicted int, err error) {
	if max <= 0 {
		return 0, ErrSize
	}
	c.lock.Lock()
	c.limit = max
	gone := c.shrink()
	c.lock.Unlock()
	c.tell(gone, Evicted)
	return len(gone), nil
}

// Purge removes all entries and gives their memory back: list and map are new ones.
func (c *Cache[K, V]) Purge() {
	c.lock.Lock()
	all := c.byUse
	c.byKey, c.byUse = map[K]*list.Element{}, list.New()
	c.lock.Unlock()
	for el := all.Back(); el != nil; el = el.Prev() {
		p := el.Value.(*pair[K, V])
		c.leaving(p.k, p.v, Purged)
	}
}

// Stats counts the calls of Get that found something and that did not, and the entries that were evicted.
func (c *Cache[K, V]) Stats() (hits, misses, evictions uint64) {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.counted.hits, c.counted.misses, c.counted.evictions
}

// shrink takes out what is over the limit, the least recently used first.
func (c *Cache[K, V]) shrink() (gone []*pair[K, V]) {
	for c.byUse.Len() > c.limit {
		p := c.byUse.Remove(c.byUse.Back()).(*pair[K, V])
		delete(c.byKey, p.k)
		c.counted.evictions++
		gone = append(gone, p)
	}
	return gone
}

func (c *Cache[K, V]) tell(gone []*pair[K, V], why Reason) {
	for _, p := range gone {
		c.leaving(p.k, p.v, why)
	}
}
