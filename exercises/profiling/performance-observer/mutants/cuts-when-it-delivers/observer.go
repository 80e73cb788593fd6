// Package perfobserver delivers performance entries to observers, in batches, without ever making the code wait that
// emits them.
package perfobserver

import (
	"cmp"
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
	history   map[string]*ring[numbered] // by type
	emitted   uint64
	observers map[*Observer]struct{}
	closed    bool
}

// A numbered entry knows when it was emitted, among all.
type numbered struct {
	Entry
	number uint64
}

// NewHub makes a hub that remembers the newest keepPerType entries of each type for observers that come later.
func NewHub(keepPerType int) *Hub {
	return &Hub{keep: keepPerType, history: map[string]*ring[numbered]{}, observers: map[*Observer]struct{}{}}
}

// Emit hands e on. It never waits for an observer.
func (h *Hub) Emit(e Entry) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.remember(e)
	for o := range h.observers {
		if slices.Contains(o.types, e.Type) {
			o.queue(e)
		}
	}
}

func (h *Hub) remember(e Entry) {
	if h.keep <= 0 {
		return
	}
	past := h.history[e.Type]
	if past == nil {
		past = &ring[numbered]{max: h.keep}
		h.history[e.Type] = past
	}
	h.emitted++
	past.push(numbered{e, h.emitted})
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
	obs := &Observer{
		hub:     h,
		types:   slices.Clone(o.Types),
		cb:      cb,
		pending: ring[Entry]{max: o.QueueMax},
		wake:    sync.NewCond(&h.mu),
		done:    make(chan struct{}),
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if o.Buffered {
		h.replay(obs)
	}
	if h.closed {
		obs.over = true
	} else {
		h.observers[obs] = struct{}{}
	}
	go obs.deliver()
	return obs, nil
}

// replay queues the history, in the order of emission.
func (h *Hub) replay(o *Observer) {
	var past []numbered
	for typ, r := range h.history {
		if slices.Contains(o.types, typ) {
			past = append(past, r.all()...)
		}
	}
	slices.SortFunc(past, func(a, b numbered) int { return cmp.Compare(a.number, b.number) })
	for _, e := range past {
		o.queue(e.Entry)
	}
}

// Close disconnects all observers. What is emitted later goes nowhere.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for o := range h.observers {
		o.disconnect()
	}
}

// An Observer is one who wants to know. What is not set once is protected by the hub's lock.
type Observer struct {
	hub   *Hub
	types []string
	cb    func(batch []Entry, dropped uint64)
	done  chan struct{}

	wake    *sync.Cond // something is pending, or it is over
	pending ring[Entry]
	dropped uint64 // since the callback before
	over    bool
	err     error
}

// queue is called with the lock held, and does not wait.
func (o *Observer) queue(e Entry) {
	o.pending.items = append(o.pending.items, e)
	o.wake.Signal()
}

// deliver is the observer's goroutine.
func (o *Observer) deliver() {
	defer close(o.done)
	defer o.Disconnect() // the callback may panic, or call runtime.Goexit
	for {
		batch, dropped, ok := o.next()
		if !ok {
			return
		}
		if err := o.call(batch, dropped); err != nil {
			o.hub.mu.Lock()
			o.err = err
			o.hub.mu.Unlock()
			return
		}
	}
}

// next waits for something to tell. No lock is held while it is told.
func (o *Observer) next() (batch []Entry, dropped uint64, ok bool) {
	o.hub.mu.Lock()
	defer o.hub.mu.Unlock()
	for o.pending.len() == 0 && !o.over {
		o.wake.Wait()
	}
	if o.over {
		return nil, 0, false
	}
	batch = o.cut()
	dropped, o.dropped = o.dropped, 0
	return batch, dropped, true
}

// cut takes what waits, and drops what is too much of it.
func (o *Observer) cut() []Entry {
	all := o.pending.take()
	if more := len(all) - o.pending.max; more > 0 {
		o.dropped += uint64(more)
		all = all[more:]
	}
	return all
}

// call turns a panic into an error.
func (o *Observer) call(batch []Entry, dropped uint64) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case error:
			err = fmt.Errorf("perfobserver: panic in a callback: %w", v)
		default:
			err = fmt.Errorf("perfobserver: panic in a callback: %v", v)
		}
	}()
	o.cb(batch, dropped)
	return nil
}

// TakeRecords empties the queue. What it returns is not delivered to the callback.
func (o *Observer) TakeRecords() []Entry {
	o.hub.mu.Lock()
	defer o.hub.mu.Unlock()
	return o.cut()
}

// Disconnect ends the observer and does not wait: a callback that is running goes on to its end, and no other begins.
func (o *Observer) Disconnect() {
	o.hub.mu.Lock()
	defer o.hub.mu.Unlock()
	o.disconnect()
}

// disconnect is called with the lock held.
func (o *Observer) disconnect() {
	o.over = true
	o.pending.take()
	delete(o.hub.observers, o)
	o.wake.Signal()
}

// Done is closed when the observer has ended: its goroutine is gone, and so is the last callback.
func (o *Observer) Done() <-chan struct{} { return o.done }

// Err is why the observer ended, if a panic of its callback was the reason.
func (o *Observer) Err() error {
	o.hub.mu.Lock()
	defer o.hub.mu.Unlock()
	return o.err
}

// A ring holds the newest max elements. It grows to that size and then writes over the oldest.
type ring[T any] struct {
	max    int
	items  []T
	oldest int // its index
}

// push adds an element and reports whether the oldest one had to go.
func (r *ring[T]) push(v T) (dropped bool) {
	if len(r.items) < r.max {
		r.items = append(r.items, v)
		return false
	}
	r.items[r.oldest] = v
	r.oldest = (r.oldest + 1) % len(r.items)
	return true
}

func (r *ring[T]) len() int { return len(r.items) }

// all is a copy of the elements, the oldest first.
func (r *ring[T]) all() []T { return slices.Concat(r.items[r.oldest:], r.items[:r.oldest]) }

// take returns the elements, the oldest first, and leaves none.
func (r *ring[T]) take() []T {
	all := r.all()
	r.items, r.oldest = nil, 0
	return all
}
