// Package chunk lets one goroutine do long jobs without keeping short ones waiting: it cuts them into chunks by a budget
// of time.
package chunk

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrCanceled is what done gets of a job that was cancelled.
var ErrCanceled = errors.New("chunk: canceled")

// A PanicError is what done gets of a job one of whose steps panicked.
type PanicError struct {
	Value any    // what panic was called with
	Stack []byte // of the goroutine, where it panicked
}

func (e *PanicError) Error() string { return fmt.Sprintf("chunk: a step panicked: %v", e.Value) }

// A Loop runs tasks in the order in which they were posted, one at a time, on the goroutine that calls Run.
type Loop struct {
	tasks chan func() // TODO: who takes a task out while a task puts one in?
	quit  chan struct{}
}

// NewLoop makes a loop without tasks. Nothing happens until Run is called.
func NewLoop() *Loop { return &Loop{tasks: make(chan func()), quit: make(chan struct{})} }

// Post puts f at the end of the queue and returns at once, wherever it is called from. It reports false, and does
// nothing, after Close.
func (l *Loop) Post(f func()) bool {
	select {
	case l.tasks <- f:
		return true
	case <-l.quit:
		return false
	}
}

// Run runs tasks until the loop is closed and has nothing left to do (nil), or ctx is done (ctx.Err()).
func (l *Loop) Run(ctx context.Context) error {
	for {
		select {
		case f := <-l.tasks:
			f()
		case <-l.quit: // TODO: what was posted before?
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Close makes Post refuse new tasks. Those in the queue are still run, and jobs that have begun are run to their end.
func (l *Loop) Close() { close(l.quit) }

// A Budget is how much a job may do at a time.
type Budget struct {
	Items int              // steps, at most; 0: 1024
	Time  time.Duration    // 0: 2 ms
	Now   func() time.Time // nil: time.Now
}

// ForEach calls step(0) to step(n-1) on the loop, in order, in chunks of at most b, and lets tasks that were posted
// meanwhile run between two chunks. done is called on the loop, once: with nil, with ErrCanceled if cancel was called
// before, or with a *PanicError. On a closed loop ForEach does nothing.
func ForEach(l *Loop, n int, b Budget, step func(i int), done func(error)) (cancel func()) {
	l.Post(func() {
		for i := range n { // TODO: everybody else waits for this loop
			step(i)
		}
		done(nil)
	})
	return func() {} // TODO
}
