// Package registry counts events by key and remembers the latest, in as much memory as its owner allowed.
//
// It is the obvious one: a log of all that was ever observed, from which every question is answered. What it answers is
// bounded. The log is not.
package registry

import (
	"slices"
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

	mu   sync.Mutex
	log  []Event
	keys []string // the first maxKeys different ones
}

// New makes a registry that remembers the latest maxRecent events and counts maxKeys keys apart. It panics if either is
// below 1.
func New(maxRecent, maxKeys int) *Registry {
	if maxRecent < 1 || maxKeys < 1 {
		panic("registry: maxRecent and maxKeys must be at least 1")
	}
	return &Registry{maxRecent: maxRecent, maxKeys: maxKeys}
}

// Observe notes an event that happens now. Of key only a copy is kept: it may be a piece of a large buffer.
func (r *Registry) Observe(key string, n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key = strings.Clone(key)
	r.log = append(r.log, Event{Key: key, N: n, At: time.Now()})
	if len(r.keys) < r.maxKeys {
		if at, known := slices.BinarySearch(r.keys, key); !known {
			r.keys = slices.Insert(r.keys, at, key)
		}
	}
}

// Recent is a copy of the latest events, newest first.
func (r *Registry) Recent() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	events := slices.Clone(r.log[max(0, len(r.log)-r.maxRecent):])
	slices.Reverse(events)
	return events
}

// Count is the sum of what was observed of key; 0 if the key is not counted apart.
func (r *Registry) Count(key string) int64 {
	return r.sum(func(e Event) bool { return e.Key == key && r.known(key) })
}

// Other is the sum of what was observed of all keys that are not counted apart.
func (r *Registry) Other() int64 { return r.sum(func(e Event) bool { return !r.known(e.Key) }) }

func (r *Registry) known(key string) bool {
	_, known := slices.BinarySearch(r.keys, key)
	return known
}

func (r *Registry) sum(counts func(Event) bool) (sum int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.log {
		if counts(e) {
			sum += e.N
		}
	}
	return sum
}

// Len is the number of keys that are counted apart.
func (r *Registry) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.keys)
}

// Reset forgets everything and gives the memory back. The registry can be used again.
func (r *Registry) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log, r.keys = nil, nil
}
