// Package emitter calls listeners by event name, and cannot be made to keep one that was taken off.
package emitter

import (
	"context"
	"maps"
	"slices"
	"sync"
)

const defaultMax = 10

// Options say when an emitter warns. The zero value is the usual one.
type Options struct {
	MaxListeners int                       // of one event; one more, and OnWarn is called; 0: 10; below 0: no limit
	OnWarn       func(event string, n int) // is told of an event with n listeners; nil: nobody is
}

// An Emitter is safe for concurrent use. Listeners may call it.
type Emitter[T any] struct {
	o Options

	mu     sync.Mutex
	events map[string]*event[T]
}

// An event is there as long as it has listeners.
type event[T any] struct {
	listeners []*listener[T] // never changed in place: an Emit may be walking over it
	warned    bool
}

// A listener is one registration, and known by its address: functions cannot be compared.
type listener[T any] struct {
	fn    func(T)
	once  bool
	off   bool        // guarded by the emitter's mutex, as is leave
	leave func() bool // takes it off its context; nil if it has none
}

// New makes an emitter without listeners.
func New[T any](o Options) *Emitter[T] {
	if o.MaxListeners == 0 {
		o.MaxListeners = defaultMax
	}
	return &Emitter[T]{o: o, events: map[string]*event[T]{}}
}

// On has fn called at each Emit of the event until off is called.
func (e *Emitter[T]) On(event string, fn func(T)) (off func()) {
	return e.add(event, &listener[T]{fn: fn})
}

// Once has fn called at the next Emit of the event, and at no other.
func (e *Emitter[T]) Once(event string, fn func(T)) (off func()) {
	return e.add(event, &listener[T]{fn: fn, once: true})
}

// OnContext is On until ctx ends.
func (e *Emitter[T]) OnContext(ctx context.Context, event string, fn func(T)) (off func()) {
	if ctx.Err() != nil {
		return func() {}
	}
	l := &listener[T]{fn: fn}
	off = e.add(event, l)
	stop := context.AfterFunc(ctx, off)
	e.mu.Lock()
	gone := l.off
	l.leave = stop
	e.mu.Unlock()
	if gone {
		stop()
	}
	return off
}

func (e *Emitter[T]) add(name string, l *listener[T]) (off func()) {
	e.mu.Lock()
	ev := e.events[name]
	if ev == nil {
		ev = &event[T]{}
		e.events[name] = ev
	}
	ev.listeners = append(slices.Clip(ev.listeners), l)
	n := len(ev.listeners)
	warn := !ev.warned && e.o.MaxListeners > 0 && n > e.o.MaxListeners
	ev.warned = ev.warned || warn
	e.mu.Unlock()
	if warn && e.o.OnWarn != nil {
		e.o.OnWarn(name, n)
	}
	return func() { e.remove(name, l) }
}

// remove takes one registration off; false if it was off already.
func (e *Emitter[T]) remove(name string, l *listener[T]) bool {
	e.mu.Lock()
	if l.off {
		e.mu.Unlock()
		return false
	}
	l.off = true
	ev := e.events[name]
	i := slices.Index(ev.listeners, l)
	ev.listeners = slices.Concat(ev.listeners[:i], ev.listeners[i+1:])
	if len(ev.listeners) == 0 {
		delete(e.events, name)
	}
	leave := l.leave
	e.mu.Unlock()
	if leave != nil {
		leave()
	}
	return true
}

// Emit calls the event's listeners of this moment with v, in the order of their registration, and returns how many it
// called.
func (e *Emitter[T]) Emit(event string, v T) int {
	e.mu.Lock()
	var all []*listener[T]
	if ev := e.events[event]; ev != nil {
		all = ev.listeners
	}
	e.mu.Unlock()
	called := 0
	for _, l := range all {
		if l.once && !e.remove(event, l) {
			continue
		}
		called++
		l.fn(v)
	}
	return called
}

// Count is how many listeners the event has.
func (e *Emitter[T]) Count(event string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	if ev := e.events[event]; ev != nil {
		return len(ev.listeners)
	}
	return 0
}

// Events are the names of the events that have listeners, sorted.
func (e *Emitter[T]) Events() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Sorted(maps.Keys(e.events))
}

// RemoveAll takes off all listeners of the event.
func (e *Emitter[T]) RemoveAll(event string) {
	e.mu.Lock()
	var leave []func() bool
	if ev := e.events[event]; ev != nil {
		for _, l := range ev.listeners {
			l.off = true
			if l.leave != nil {
				leave = append(leave, l.leave)
			}
		}
		delete(e.events, event)
	}
	e.mu.Unlock()
	for _, f := range leave {
		f()
	}
}
