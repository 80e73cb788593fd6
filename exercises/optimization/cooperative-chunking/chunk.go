// Package chunk lets one goroutine do long jobs without keeping short ones waiting: it cuts them into chunks by a budget
// of time.
package chunk

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
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
	wake chan struct{} // holds one token when there may be something new to look at

	mu     sync.Mutex
	tasks  queue
	closed bool
}

// NewLoop makes a loop without tasks. Nothing happens until Run is called.
func NewLoop() *Loop { return &Loop{wake: make(chan struct{}, 1)} }

// Post puts f at the end of the queue and returns at once, wherever it is called from. It reports false, and does
// nothing, after Close.
func (l *Loop) Post(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.tasks.push(f)
	l.signal()
	return true
}

// Run runs tasks until the loop is closed and has nothing left to do (nil), or ctx is done (ctx.Err()).
func (l *Loop) Run(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch task, over := l.next(); {
		case task != nil:
			task()
		case over:
			return nil
		default:
			select {
			case <-l.wake:
			case <-ctx.Done():
			}
		}
	}
}

// Close makes Post refuse new tasks. Those in the queue are still run, and jobs that have begun are run to their end.
func (l *Loop) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.signal()
}

// next takes the first task; over says that there is none and never will be.
func (l *Loop) next() (task func(), over bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	task = l.tasks.pop()
	return task, task == nil && l.closed
}

// signal leaves a token for the goroutine of Run. One is enough: who takes it looks at everything.
func (l *Loop) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// goOn posts a further chunk, which Close does not prevent. The loop's own goroutine calls it, so that nobody is to be
// woken.
func (l *Loop) goOn(chunk func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tasks.push(chunk)
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
	j := &job{loop: l, n: n, budget: b, step: step, done: done}
	l.Post(j.chunk)
	return func() { j.canceled.Store(true) }
}

// A job is a ForEach on its way. Only the loop's goroutine touches it, but for canceled.
type job struct {
	loop     *Loop
	n        int
	budget   Budget
	step     func(int)
	done     func(error)
	next     int // the step that comes next
	canceled atomic.Bool
}

// chunk runs as many steps as the budget allows, and then either posts itself again or ends the job.
func (j *job) chunk() {
	err := j.run()
	if err == nil && j.next < j.n {
		if !j.canceled.Load() {
			j.loop.goOn(j.chunk)
			return
		}
		err = ErrCanceled
	}
	j.done(err)
}

const (
	maxStride = 64 // steps between two looks at the clock
	strideOf  = 16 // a stride is doubled while it takes less than such a part of the budget
)

// run runs steps until the budget is used up. Looking at the clock costs more than a short step does, so it is done once
// in a stride: of one step at first, and of twice as many whenever that turns out to have been little time.
func (j *job) run() (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{v, debug.Stack()}
		}
	}()
	end := j.next + min(j.budget.Items, j.n-j.next)
	begun := j.budget.Now()
	last, stride := begun, 1
	for left := stride; j.next < end && !j.canceled.Load(); {
		j.next++
		j.step(j.next - 1)
		if left--; left > 0 {
			continue
		}
		now := j.budget.Now()
		if now.Sub(begun) >= j.budget.Time {
			break
		}
		if now.Sub(last) < j.budget.Time/strideOf {
			stride = min(2*stride, maxStride)
		} else {
			stride = 1
		}
		last, left = now, stride
	}
	return nil
}

// A queue is first in, first out. The tasks in front of head are gone; they are moved out when they are the greater part.
type queue struct {
	tasks []func()
	head  int
}

func (q *queue) push(f func()) { q.tasks = append(q.tasks, f) }

// pop takes the first task; nil if there is none.
func (q *queue) pop() func() {
	if q.head == len(q.tasks) {
		return nil
	}
	f := q.tasks[q.head]
	q.tasks[q.head] = nil // else the array would keep what it closes over
	q.head++
	if 2*q.head >= len(q.tasks) {
		rest := copy(q.tasks, q.tasks[q.head:])
		clear(q.tasks[rest:])
		q.tasks, q.head = q.tasks[:rest], 0
	}
	return f
}
