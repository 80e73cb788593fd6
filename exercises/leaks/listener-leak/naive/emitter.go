// Package emitter calls listeners by event name, and cannot be made to keep one that was taken off.
//
// It is the obvious one: a list for each event name, which stays when it is empty, and a goroutine for each subscription
// that waits for the end of its context.
package emitter

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// Options say when an emitter warns. The zero value is the usual one.
type Options struct {
	MaxListeners int                       // of one event; one more, and OnWarn is called; 0: 10; below 0: no limit
	OnWarn       func(event string, n int) // is told of an event with n listeners; nil: nobody is
}

// An Emitter is safe for concurrent use. Listeners may call it.
type Emitter[T any] struct {
	o      Options
	mu     sync.Mutex
	events map[string]*list[T]
}

type list[T any] struct {
	all    []*listener[T]
	warned bool
}

type listener[T any] struct {
	fn   func(T)
	once bool
	done atomic.Bool
	gone chan struct{} // closed when it is off
}

// New makes an emitter without listeners.
func New[T any](o Options) *Emitter[T] {
	if o.MaxListeners == 0 {
		o.MaxListeners = 10
	}
	return &Emitter[T]{o: o, events: map[string]*list[T]{}}
}

// On has fn called at each Emit of the event until off is called.
func (e *Emitter[T]) On(event string, fn func(T)) (off func()) {
	return e.add(event, &listener[T]{fn: fn, gone: make(chan struct{})})
}

// Once has fn called at the next Emit of the event, and at no other.
func (e *Emitter[T]) Once(event string, fn func(T)) (off func()) {
	return e.add(event, &listener[T]{fn: fn, once: true, gone: make(chan struct{})})
}

// OnContext is On until ctx ends.
func (e *Emitter[T]) OnContext(ctx context.Context, event string, fn func(T)) (off func()) {
	if ctx.Err() != nil {
		return func() {}
	}
	l := &listener[T]{fn: fn, gone: make(chan struct{})}
	off = e.add(event, l)
	go func() {
		select {
		case <-ctx.Done():
			off()
		case <-l.gone:
		}
	}()
	return off
}

func (e *Emitter[T]) add(event string, l *listener[T]) (off func()) {
	e.mu.Lock()
	ls := e.events[event]
	if ls == nil {
		ls = &list[T]{}
		e.events[event] = ls
	}
	ls.all = append(ls.all, l)
	n, limit := len(ls.all), e.o.MaxListeners
	warn := limit > 0 && n > limit && !ls.warned
	if warn {
		ls.warned = true
	}
	e.mu.Unlock()
	if warn && e.o.OnWarn != nil {
		e.o.OnWarn(event, n)
	}
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if i := slices.Index(ls.all, l); i >= 0 {
			ls.all = slices.Delete(ls.all, i, i+1)
			l.end()
		}
		if len(ls.all) == 0 {
			ls.warned = false
		}
	}
}

// end is true the first time.
func (l *listener[T]) end() bool {
	first := l.done.CompareAndSwap(false, true)
	if first {
		close(l.gone)
	}
	return first
}

// Emit calls the event's listeners of this moment with v, in the order of their registration, and returns how many it
// called.
func (e *Emitter[T]) Emit(event string, v T) int {
	e.mu.Lock()
	var all []*listener[T]
	ls := e.events[event]
	if ls != nil {
		all = slices.Clone(ls.all)
	}
	e.mu.Unlock()
	called := 0
	for _, l := range all {
		if l.once {
			if !l.end() {
				continue
			}
			e.mu.Lock()
			ls.all = slices.DeleteFunc(ls.all, func(other *listener[T]) bool { return other == l })
			if len(ls.all) == 0 {
				ls.warned = false
			}
			e.mu.Unlock()
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
	if ls := e.events[event]; ls != nil {
		return len(ls.all)
	}
	return 0
}

// Events are the names of the events that have listeners, sorted.
func (e *Emitter[T]) Events() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var names []string
	for name, ls := range e.events {
		if len(ls.all) > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// RemoveAll takes off all listeners of the event.
func (e *Emitter[T]) RemoveAll(event string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if ls := e.events[event]; ls != nil {
		for _, l := range ls.all {
			l.end()
		}
		ls.all, ls.warned = nil, false
	}
}
