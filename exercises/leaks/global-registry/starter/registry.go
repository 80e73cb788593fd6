// Package registry counts events by key and remembers the latest, in as much memory as its owner allowed.
package registry

import "time"

// An Event is one observation.
type Event struct {
	Key string
	N   int64
	At  time.Time
}

// For debugging. TODO: who owns these, and until when?
var (
	recent []Event
	counts = map[string]int64{}
)

// A Registry is owned by who made it. It is safe for concurrent use.
type Registry struct{}

// New makes a registry that remembers the latest maxRecent events and counts maxKeys keys apart. It panics if either is
// below 1.
func New(maxRecent, maxKeys int) *Registry { return &Registry{} }

// Observe notes an event that happens now. Of key only a copy is kept: it may be a piece of a large buffer.
func (r *Registry) Observe(key string, n int64) {
	recent = append(recent, Event{Key: key, N: n, At: time.Now()}) // TODO: for ever?
	counts[key] += n                                               // TODO: every key there is?
}

// Recent is a copy of the latest events, newest first.
func (r *Registry) Recent() []Event { return recent }

// Count is the sum of what was observed of key; 0 if the key is not counted apart.
func (r *Registry) Count(key string) int64 { return counts[key] }

// Other is the sum of what was observed of all keys that are not counted apart.
func (r *Registry) Other() int64 { return 0 } // TODO

// Len is the number of keys that are counted apart.
func (r *Registry) Len() int { return len(counts) }

// Reset forgets everything and gives the memory back. The registry can be used again.
func (r *Registry) Reset() {
	recent = recent[:0]
	clear(counts)
}
