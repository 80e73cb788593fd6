// Package emitter calls listeners by event name, and cannot be made to keep one that was taken off.
package emitter

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
)

// Options say when an emitter warns. The zero value is the usual one.
type Options struct {
	MaxListeners int                       // of one event; one more, and OnWarn is called; 0: 10; below 0: no limit
	OnWarn       func(event string, n int) // is told of an event with n listeners; nil: nobody is
}

// An Emitter is safe for concurrent use. Listeners may call it.
type Emitter[T any] struct {
	limit int
	warn  func(string, int)

	lock  sync.RWMutex
	last  uint64 // number of the latest registration
	table map[string]map[uint64]*entry[T]
	loud  map[string]bool // events that were warned of
}

type entry[T any] struct {
	number uint64
	call   func(T)
	single bool
	unbind func() bool
}

// New makes an emitter without listeners.
func New[T any](o Options) *Emitter[T] {
	e := &Emitter[T]{limit: cmp.Or(o.MaxListeners, 10), warn: o.OnWarn, table: map[string]map[uint64]*entry[T]{}, loud: map[string]bool{}}
	if e.warn == nil {
		e.warn = func(string, int) {}
	}
	return e
}

// On has fn called at each Emit of the event until off is called.
func (e *Emitter[T]) On(event string, fn func(T)) (off func()) {
	return e.register(event, &entry[T]{call: fn})
}

// Once has fn called at the next Emit of the event, and at no other.
func (e *Emitter[T]) Once(event string, fn func(T)) (off func()) {
	return e.register(event, &entry[T]{call: fn, single: true})
}

// OnContext is On until ctx ends.
func (e *Emitter[T]) OnContext(ctx context.Context, event string, fn func(T)) (off func()) {
	if ctx.Err() != nil {
		return func() {}
	}
	reg := &entry[T]{call: fn}
	ready := make(chan struct{})
	reg.unbind = context.AfterFunc(ctx, func() {
		<-ready // the number is not there before
		e.take(event, reg.number)
	})
	off = e.register(event, reg)
	close(ready)
	return off
}

func (e *Emitter[T]) register(event string, reg *entry[T]) (off func()) {
	e.lock.Lock()
	e.last++
	number := e.last
	reg.number = number
	if e.table[event] == nil {
		e.table[event] = map[uint64]*entry[T]{}
	}
	e.table[event][number] = reg
	n := len(e.table[event])
	loud := e.limit > 0 && n > e.limit && !e.loud[event]
	if loud {
		e.loud[event] = true
	}
	e.lock.Unlock()
	if loud {
		e.warn(event, n)
	}
	return func() { e.take(event, number) }
}

// take takes one registration out of the table; it is nil if it was not there.
func (e *Emitter[T]) take(event string, number uint64) *entry[T] {
	e.lock.Lock()
	reg := e.table[event][number]
	if reg != nil {
		delete(e.table[event], number)
		if len(e.table[event]) == 0 {
			delete(e.table, event)
			delete(e.loud, event)
		}
	}
	e.lock.Unlock()
	if reg != nil && reg.unbind != nil {
		reg.unbind()
	}
	return reg
}

// Emit calls the event's listeners of this moment with v, in the order of their registration, and returns how many it
// called.
func (e *Emitter[T]) Emit(event string, v T) int {
	e.lock.RLock()
	now := make([]*entry[T], 0, len(e.table[event]))
	for _, reg := range e.table[event] {
		now = append(now, reg)
	}
	e.lock.RUnlock()
	slices.SortFunc(now, func(a, b *entry[T]) int { return cmp.Compare(a.number, b.number) })
	called := 0
	for _, reg := range now {
		if reg.single && e.take(event, reg.number) == nil {
			continue
		}
		called++
		reg.call(v)
	}
	return called
}

// Count is how many listeners the event has.
func (e *Emitter[T]) Count(event string) int {
	e.lock.RLock()
	defer e.lock.RUnlock()
	return len(e.table[event])
}

// Events are the names of the events that have listeners, sorted.
func (e *Emitter[T]) Events() []string {
	e.lock.RLock()
	defer e.lock.RUnlock()
	return slices.Sorted(maps.Keys(e.table))
}

// RemoveAll takes off all listeners of the event.
func (e *Emitter[T]) RemoveAll(event string) {
	e.lock.Lock()
	all := e.table[event]
	delete(e.table, event)
	delete(e.loud, event)
	e.lock.Unlock()
	for _, reg := range all {
		if reg.unbind != nil {
			reg.unbind()
		}
	}
}
