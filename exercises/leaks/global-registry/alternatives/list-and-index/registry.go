// Package registry counts events by key and remembers the latest, in as much memory as its owner allowed.
package registry

import (
	"container/list"
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
	lock  sync.RWMutex
	limit struct{ events, keys int }
	state state
}

// What a registry knows, so that it can be thrown away as a whole.
type state struct {
	history *list.List     // of *Event, newest in front; the last element is used again when it is full
	index   map[string]int // key → place in names and sums
	names   []string
	sums    []int64
	rest    int64
}

func empty() state { return state{history: list.New(), index: make(map[string]int)} }

// New makes a registry that remembers the latest maxRecent events and counts maxKeys keys apart. It panics if either is
// below 1.
func New(maxRecent, maxKeys int) *Registry {
	if min(maxRecent, maxKeys) < 1 {
		panic("registry: a limit below 1")
	}
	r := &Registry{state: empty()}
	r.limit.events, r.limit.keys = maxRecent, maxKeys
	return r
}

// Observe notes an event that happens now. Of key only a copy is kept: it may be a piece of a large buffer.
func (r *Registry) Observe(key string, n int64) {
	r.lock.Lock()
	defer r.lock.Unlock()
	s := &r.state
	at, known := s.index[key]
	if known {
		key = s.names[at]
	} else {
		key = string([]byte(key))
	}
	switch {
	case known:
		s.sums[at] += n
	case len(s.names) == r.limit.keys:
		s.rest += n
	default:
		s.index[key] = len(s.names)
		s.names = append(s.names, key)
		s.sums = append(s.sums, n)
	}
	r.push(Event{Key: key, N: n, At: time.Now()})
}

func (r *Registry) push(e Event) {
	history := r.state.history
	if history.Len() < r.limit.events {
		fresh := e // so that only the new ones are allocated
		history.PushFront(&fresh)
		return
	}
	oldest := history.Back()
	*oldest.Value.(*Event) = e
	history.MoveToFront(oldest)
}

// Recent is a copy of the latest events, newest first.
func (r *Registry) Recent() []Event {
	r.lock.RLock()
	defer r.lock.RUnlock()
	var all []Event
	for e := r.state.history.Front(); e != nil; e = e.Next() {
		all = append(all, *e.Value.(*Event))
	}
	return all
}

// Count is the sum of what was observed of key; 0 if the key is not counted apart.
func (r *Registry) Count(key string) int64 {
	r.lock.RLock()
	defer r.lock.RUnlock()
	at, known := r.state.index[key]
	if !known {
		return 0
	}
	return r.state.sums[at]
}

// Other is the sum of what was observed of all keys that are not counted apart.
func (r *Registry) Other() int64 {
	r.lock.RLock()
	defer r.lock.RUnlock()
	return r.state.rest
}

// Len is the number of keys that are counted apart.
func (r *Registry) Len() int {
	r.lock.RLock()
	defer r.lock.RUnlock()
	return len(r.state.names)
}

// Reset forgets everything and gives the memory back. The registry can be used again.
func (r *Registry) Reset() {
	fresh := empty()
	r.lock.Lock()
	defer r.lock.Unlock()
	r.state = fresh
}
