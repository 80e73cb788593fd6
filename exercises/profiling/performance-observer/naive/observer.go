// Package perfobserver delivers performance entries to observers, in batches, without ever making the code wait that
// emits them.
//
// It is the obvious one: the queue is a slice, and what is too much is deleted at its front. Nobody waits for a slow
// observer, and everybody pays for it: with each entry that a full queue drops, all others move up by one.
package perfobserver

import (
	"errors"
	"fmt"
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
	keep int

	mu        sync.Mutex
	history   []Entry
	observers []*Observer
	closed    bool
}

// NewHub makes a hub that remembers the newest keepPerType entries of each type for observers that come later.
func NewHub(keepPerType int) *Hub { return &Hub{keep: max(0, keepPerType)} }

// Emit hands e on. It never waits for an observer.
func (h *Hub) Emit(e Entry) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.history = append(h.history, e)
	same, first := 0, 0
	for i, old := range slices.Backward(h.history) {
		if old.Type == e.Type {
			same, first = same+1, i
		}
	}
	if same > h.keep {
		h.history = slices.Delete(h.history, first, first+1)
	}
	for _, o := range h.observers {
		if slices.Contains(o.types, e.Type) {
			o.queue(e)
		}
	}
}

// Observe calls cb with what is emitted from now on, on a goroutine of the observer's own: each time with all entries
// that wait, in the order in which they were emitted, and with how many were dropped since the call before.
func (h *Hub) Observe(o ObserveOptions, cb func(batch []Entry, dropped uint64)) (*Observer, error) {
	if len(o.Types) == 0 {
		return nil, ErrNoTypes
	}
	if o.QueueMax <= 0 {
		o.QueueMax = 1024
	}
	obs := &Observer{hub: h, types: slices.Clone(o.Types), max: o.QueueMax, wake: make(chan struct{}, 1), done: make(chan struct{})}
	h.mu.Lock()
	defer h.mu.Unlock()
	obs.over = h.closed
	if o.Buffered {
		for _, e := range h.history {
			if slices.Contains(obs.types, e.Type) {
				obs.queue(e)
			}
		}
	}
	h.observers = append(h.observers, obs)
	obs.wakeUp()
	go obs.deliver(cb)
	return obs, nil
}

// Close disconnects all observers. What is emitted later goes nowhere.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	observers := slices.Clone(h.observers)
	h.mu.Unlock()
	for _, o := range observers {
		o.Disconnect()
	}
}

// An Observer is one who wants to know.
type Observer struct {
	hub   *Hub
	types []string
	max   int
	wake  chan struct{} // a token in it: look
	done  chan struct{}

	mu      sync.Mutex
	pending []Entry
	dropped uint64 // since the callback before
	over    bool
	err     error
}

func (o *Observer) queue(e Entry) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		return
	}
	if len(o.pending) == o.max {
		o.pending = slices.Delete(o.pending, 0, 1)
		o.dropped++
	}
	o.pending = append(o.pending, e)
	o.wakeUp()
}

func (o *Observer) wakeUp() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *Observer) deliver(cb func([]Entry, uint64)) {
	defer close(o.done)
	defer o.Disconnect()
	defer func() {
		if v := recover(); v != nil {
			o.mu.Lock()
			defer o.mu.Unlock()
			err, ok := v.(error)
			if !ok {
				err = fmt.Errorf("%v", v)
			}
			o.err = fmt.Errorf("perfobserver: panic in a callback: %w", err)
		}
	}()
	for range o.wake {
		o.mu.Lock()
		batch, dropped, over := o.pending, o.dropped, o.over
		if len(batch) > 0 {
			o.pending, o.dropped = nil, 0
		}
		o.mu.Unlock()
		if over {
			return
		}
		if len(batch) > 0 {
			cb(batch, dropped)
		}
	}
}

// TakeRecords empties the queue. What it returns is not delivered to the callback.
func (o *Observer) TakeRecords() []Entry {
	o.mu.Lock()
	defer o.mu.Unlock()
	batch := o.pending
	o.pending = nil
	return batch
}

// Disconnect ends the observer and does not wait: a callback that is running goes on to its end, and no other begins.
func (o *Observer) Disconnect() {
	o.hub.mu.Lock()
	defer o.hub.mu.Unlock()
	o.hub.observers = slices.DeleteFunc(o.hub.observers, func(x *Observer) bool { return x == o })
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over, o.pending = true, nil
	o.wakeUp()
}

// Done is closed when the observer has ended: its goroutine is gone, and so is the last callback.
func (o *Observer) Done() <-chan struct{} { return o.done }

// Err is why the observer ended, if a panic of its callback was the reason.
func (o *Observer) Err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}
