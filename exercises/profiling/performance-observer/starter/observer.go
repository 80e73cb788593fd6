// Package perfobserver delivers performance entries to observers, in batches, without ever making the code wait that
// emits them.
package perfobserver

import (
	"errors"
	"slices"
	"sync"
	"time"
)

// ErrNoTypes is what Observe answers if there is nothing to observe.
var ErrNoTypes = errors.New("perfobserver: no entry types")

// An Entry is something that was measured.
type Entry struct {
	Name, Type      string
	Start, Duration time.Duration
}

// ObserveOptions say what an observer wants.
type ObserveOptions struct {
	Types    []string // of the entries that it wants
	Buffered bool     // deliver the history first
	QueueMax int      // how many entries may wait for the observer; 0: 1,024
}

// A Hub hands entries on to observers. It is safe for concurrent use.
type Hub struct {
	mu        sync.Mutex
	observers []*Observer
}

// NewHub makes a hub that remembers the newest keepPerType entries of each type for observers that come later.
func NewHub(keepPerType int) *Hub {
	// TODO: the history.
	return &Hub{}
}

// Emit hands e on. It never waits for an observer.
//
// TODO: so far it calls the observers itself, and whoever emits waits for all of them.
func (h *Hub) Emit(e Entry) {
	h.mu.Lock()
	observers := slices.Clone(h.observers)
	h.mu.Unlock()
	for _, o := range observers {
		if slices.Contains(o.types, e.Type) {
			o.cb([]Entry{e}, 0) // TODO: who should make this call?
		}
	}
}

// Observe calls cb with what is emitted from now on, on a goroutine of the observer's own: each time with all entries
// that wait, in the order in which they were emitted, and with how many were dropped since the call before.
func (h *Hub) Observe(o ObserveOptions, cb func(batch []Entry, dropped uint64)) (*Observer, error) {
	// TODO: no types at all, Buffered, QueueMax.
	obs := &Observer{hub: h, types: slices.Clone(o.Types), cb: cb, done: make(chan struct{})}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.observers = append(h.observers, obs)
	return obs, nil
}

// Close disconnects all observers. What is emitted later goes nowhere.
func (h *Hub) Close() {} // TODO

// An Observer is one who wants to know.
type Observer struct {
	hub   *Hub
	types []string
	cb    func([]Entry, uint64)
	once  sync.Once
	done  chan struct{}
}

// TakeRecords empties the queue. What it returns is not delivered to the callback.
func (o *Observer) TakeRecords() []Entry { return nil } // TODO: there is no queue yet

// Disconnect ends the observer and does not wait: a callback that is running goes on to its end, and no other begins.
func (o *Observer) Disconnect() {
	o.hub.mu.Lock()
	defer o.hub.mu.Unlock()
	o.hub.observers = slices.DeleteFunc(o.hub.observers, func(x *Observer) bool { return x == o })
	o.once.Do(func() { close(o.done) }) // TODO: has the observer ended here?
}

// Done is closed when the observer has ended: its goroutine is gone, and so is the last callback.
func (o *Observer) Done() <-chan struct{} { return o.done }

// Err is why the observer ended, if a panic of its callback was the reason.
func (o *Observer) Err() error { return nil } // TODO
