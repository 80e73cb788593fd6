// Package chunk lets one goroutine do long jobs without keeping short ones waiting: it cuts them into chunks by a budget
// of time.
//
// It is the careful one: it looks at the clock after each step. That is right at any speed of steps, and a look costs
// many times what a short step does.
package chunk

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
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
	mu     sync.Mutex
	tasks  []func()
	closed bool
	wake   chan struct{}
}

// NewLoop makes a loop without tasks. Nothing happens until Run is called.
func NewLoop() *Loop { return &Loop{wake: make(chan struct{}, 1)} }

// Post puts f at the end of the queue and returns at once, wherever it is called from. It reports false, and does
// nothing, after Close.
func (l *Loop) Post(f func()) bool { return l.post(f, false) }

func (l *Loop) post(f func(), evenIfClosed bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed && !evenIfClosed {
		return false
	}
	l.tasks = append(l.tasks, f)
	l.signal()
	return true
}

// Run runs tasks until the loop is closed and has nothing left to do (nil), or ctx is done (ctx.Err()).
func (l *Loop) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		l.mu.Lock()
		var f func()
		if len(l.tasks) > 0 {
			f = l.tasks[0]
			l.tasks[0] = nil // else the array would keep what it closes over
			l.tasks = l.tasks[1:]
		}
		over := f == nil && l.closed
		l.mu.Unlock()
		if over {
			return nil
		}
		if f != nil {
			f()
			continue
		}
		select {
		case <-l.wake:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// Close makes Post refuse new tasks. Those in the queue are still run, and jobs that have begun are run to their end.
func (l *Loop) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.signal()
}

func (l *Loop) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

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
	if b.Items == 0 {
		b.Items = 1024
	}
	if b.Time == 0 {
		b.Time = 2 * time.Millisecond
	}
	if b.Now == nil {
		b.Now = time.Now
	}
	var mu sync.Mutex
	canceled := false
	isCanceled := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return canceled
	}
	i := 0
	var chunk func()
	chunk = func() {
		begun := b.Now()
		for items := 0; i < n; items++ {
			switch {
			case isCanceled():
				done(ErrCanceled)
				return
			case items > 0 && (items == b.Items || b.Now().Sub(begun) >= b.Time):
				l.post(chunk, true)
				return
			}
			i++
			if err := try(step, i-1); err != nil {
				done(err)
				return
			}
		}
		done(nil)
	}
	l.post(chunk, false)
	return func() {
		mu.Lock()
		defer mu.Unlock()
		canceled = true
	}
}

func try(step func(int), i int) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{v, debug.Stack()}
		}
	}()
	step(i)
	return nil
}
