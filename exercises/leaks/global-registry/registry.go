// Package registry counts events by key and remembers the latest, in as much memory as its owner allowed.
package registry

import (
	"strings"
	"sync"
	"time"
)

// An Event is one observation.
type Event struct {
	Key string
	N   int64
	At  time.Time
}

// A Registry is owned by who made it. It is safe for concurrent use.
type Registry struct {
	maxRecent, maxKeys int

	mu     sync.Mutex
	counts map[string]*count
	other  int64
	recent []Event // a ring, once it is full
	next   int     // where the next event goes
}

// A count holds its key, too, so that an event of a known key needs no copy of its own.
type count struct {
	key string
	sum int64
}

// New makes a registry that remembers the latest maxRecent events and counts maxKeys keys apart. It panics if either is
// below 1.
func New(maxRecent, maxKeys int) *Registry {
	if maxRecent < 1 || maxKeys < 1 {
		panic("registry: maxRecent and maxKeys must be at least 1")
	}
	return &Registry{maxRecent: maxRecent, maxKeys: maxKeys, counts: map[string]*count{}}
}

// Observe notes an event that happens now. Of key only a copy is kept: it may be a piece of a large buffer.
func (r *Registry) Observe(key string, n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.counts[key]
	if c == nil {
		key = strings.Clone(key)
		if len(r.counts) < r.maxKeys {
			c = &count{key: key}
			r.counts[key] = c
		}
	}
	if c != nil {
		key = c.key
		c.sum += n
	} else {
		r.other += n
	}
	r.remember(Event{Key: key, N: n, At: time.Now()})
}

func (r *Registry) remember(e Event) {
	if len(r.recent) < r.maxRecent {
		r.recent = append(r.recent, e)
	} else {
		r.recent[r.next] = e
	}
	r.next = (r.next + 1) % r.maxRecent
}

// Recent is a copy of the latest events, newest first.
func (r *Registry) Recent() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.recent)
	events := make([]Event, n)
	for i := range events {
		events[i] = r.recent[(r.next+n-1-i)%n]
	}
	return events
}

// Count is the sum of what was observed of key; 0 if the key is not counted apart.
func (r *Registry) Count(key string) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.counts[key]; c != nil {
		return c.sum
	}
	return 0
}

// Other is the sum of what was observed of all keys that are not counted apart.
func (r *Registry) Other() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.other
}

// Len is the number of keys that are counted apart.
func (r *Registry) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.counts)
}

// Reset forgets everything and gives the memory back. The registry can be used again.
func (r *Registry) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts = map[string]*count{} // clear would keep the buckets
	r.other, r.recent, r.next = 0, nil, 0
}
