// Package emitter calls listeners by event name, and cannot be made to keep one that was taken off.
package emitter

import (
	"context"
	"fmt"
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
	mu     sync.Mutex
	events map[string][]func(T)
}

// New makes an emitter without listeners.
func New[T any](o Options) *Emitter[T] {
	return &Emitter[T]{events: map[string][]func(T){}} // TODO: the warning
}

// On has fn called at each Emit of the event until off is called.
func (e *Emitter[T]) On(event string, fn func(T)) (off func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.events[event] = append(e.events[event], fn)
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		// TODO: is that the registration that off belongs to?
		e.events[event] = slices.DeleteFunc(e.events[event], func(other func(T)) bool {
			return fmt.Sprintf("%p", other) == fmt.Sprintf("%p", fn)
		})
	}
}

// Once has fn called at the next Emit of the event, and at no other.
func (e *Emitter[T]) Once(event string, fn func(T)) (off func()) {
	off = e.On(event, func(v T) {
		off() // TODO: two Emits at the same time?
		fn(v)
	})
	return off
}

// OnContext is On until ctx ends.
func (e *Emitter[T]) OnContext(ctx context.Context, event string, fn func(T)) (off func()) {
	off = e.On(event, fn)
	go func() {
		<-ctx.Done() // TODO: when does this goroutine end, if off is called?
		off()
	}()
	return off
}

// Emit calls the event's listeners of this moment with v, in the order of their registration, and returns how many it
// called.
func (e *Emitter[T]) Emit(event string, v T) int {
	called := 0
	for _, fn := range e.events[event] { // TODO: what if a listener adds or removes one?
		called++
		fn(v)
	}
	return called
}

// Count is how many listeners the event has.
func (e *Emitter[T]) Count(event string) int { return len(e.events[event]) }

// Events are the names of the events that have listeners, sorted.
func (e *Emitter[T]) Events() []string { return nil } // TODO

// RemoveAll takes off all listeners of the event.
func (e *Emitter[T]) RemoveAll(event string) { delete(e.events, event) }
