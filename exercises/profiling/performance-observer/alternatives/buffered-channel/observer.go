// Package perfobserver delivers performance entries to observers, in batches, without ever making the code wait that
// emits them.
//
// Here the queue is a buffered channel. Emit, which holds the hub's lock, is the only sender: when the channel is full it
// takes the oldest entry out and tries again. The history is one list of all types, each entry with the place that it
// has among its type.
package perfobserver

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
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
	lock    sync.RWMutex // written to by Emit, so that there is one order of entries
	size    int
	past    []Entry
	perType map[string]int // entries in past
	subs    []*Observer
	shut    bool
}

// NewHub makes a hub that remembers the newest keepPerType entries of each type for observers that come later.
func NewHub(keepPerType int) *Hub { return &Hub{size: keepPerType, perType: map[string]int{}} }

// Emit hands e on. It never waits for an observer.
func (h *Hub) Emit(e Entry) {
	h.lock.Lock()
	defer h.lock.Unlock()
	if h.shut {
		return
	}
	if h.size > 0 {
		h.past = append(h.past, e)
		if h.perType[e.Type]++; h.perType[e.Type] >= 2*h.size {
			h.tidy(e.Type)
		}
	}
	for _, sub := range h.subs {
		if sub.wanted[e.Type] {
			sub.offer(e)
		}
	}
}

// tidy forgets the older half of what is remembered of a type.
func (h *Hub) tidy(typ string) {
	surplus := h.perType[typ] - h.size
	h.perType[typ] = h.size
	rest := h.past[:0]
	for _, e := range h.past {
		if e.Type == typ && surplus > 0 {
			surplus--
			continue
		}
		rest = append(rest, e)
	}
	clear(h.past[len(rest):])
	h.past = rest
}

// Observe calls cb with what is emitted from now on, on a goroutine of the observer's own: each time with all entries
// that wait, in the order in which they were emitted, and with how many were dropped since the call before.
func (h *Hub) Observe(o ObserveOptions, cb func(batch []Entry, dropped uint64)) (*Observer, error) {
	if len(o.Types) == 0 {
		return nil, ErrNoTypes
	}
	size := o.QueueMax
	if size <= 0 {
		size = 1024
	}
	sub := &Observer{h: h, wanted: map[string]bool{}, entries: make(chan Entry, size), stop: make(chan struct{}), ended: make(chan struct{})}
	for _, typ := range o.Types {
		sub.wanted[typ] = true
	}
	h.lock.Lock()
	defer h.lock.Unlock()
	if o.Buffered {
		for typ := range h.perType {
			h.tidy(typ)
		}
		for _, e := range h.past {
			if sub.wanted[e.Type] {
				sub.offer(e)
			}
		}
	}
	if h.shut {
		close(sub.stop)
	} else {
		h.subs = append(h.subs, sub)
	}
	go sub.run(cb)
	return sub, nil
}

// Close disconnects all observers. What is emitted later goes nowhere.
func (h *Hub) Close() {
	h.lock.Lock()
	defer h.lock.Unlock()
	h.shut = true
	for _, sub := range h.subs {
		sub.finish()
	}
	h.subs = nil
}

// An Observer is one who wants to know.
type Observer struct {
	h           *Hub
	wanted      map[string]bool
	entries     chan Entry
	missed      atomic.Uint64
	stop, ended chan struct{}
	failure     atomic.Pointer[error]
}

// offer is called with the hub's lock held, so nobody else sends; others may receive.
func (o *Observer) offer(e Entry) {
	for {
		select {
		case o.entries <- e:
			return
		default:
		}
		select {
		case <-o.entries:
			o.missed.Add(1)
		default:
		}
	}
}

func (o *Observer) run(cb func([]Entry, uint64)) {
	defer close(o.ended)
	defer o.Disconnect()
	defer func() {
		if v := recover(); v != nil {
			err, ok := v.(error)
			if !ok {
				err = errors.New(fmt.Sprint(v))
			}
			err = fmt.Errorf("callback: %w", err)
			o.failure.Store(&err)
		}
	}()
	for {
		var first Entry
		select {
		case <-o.stop:
			return
		case first = <-o.entries:
		}
		select {
		case <-o.stop: // of two that are ready, select takes any
			return
		default:
		}
		cb(append([]Entry{first}, o.TakeRecords()...), o.missed.Swap(0))
	}
}

// TakeRecords empties the queue. What it returns is not delivered to the callback.
func (o *Observer) TakeRecords() []Entry {
	var all []Entry
	for range cap(o.entries) { // and not for ever, while somebody emits
		select {
		case e := <-o.entries:
			all = append(all, e)
			continue
		default:
		}
		break
	}
	return all
}

// Disconnect ends the observer and does not wait: a callback that is running goes on to its end, and no other begins.
func (o *Observer) Disconnect() {
	o.h.lock.Lock()
	defer o.h.lock.Unlock()
	for i, sub := range o.h.subs {
		if sub == o {
			o.h.subs = append(o.h.subs[:i:i], o.h.subs[i+1:]...)
			o.finish()
			return
		}
	}
}

func (o *Observer) finish() {
	close(o.stop)
	o.TakeRecords()
}

// Done is closed when the observer has ended: its goroutine is gone, and so is the last callback.
func (o *Observer) Done() <-chan struct{} { return o.ended }

// Err is why the observer ended, if a panic of its callback was the reason.
func (o *Observer) Err() error {
	if err := o.failure.Load(); err != nil {
		return *err
	}
	return nil
}
