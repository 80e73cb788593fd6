// Package chunk lets one goroutine do long jobs without keeping short ones waiting: it cuts them into chunks by a budget
// of time.
//
// The loop takes all that waits at once and works it off while new tasks gather in another slice, so that the lock is
// taken once for many tasks; a condition variable wakes it. A job plans ahead: from the pace of the steps so far it
// works out how many may pass before the next look at the clock.
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

func (p *PanicError) Error() string {
	return "chunk: a step panicked: " + fmt.Sprint(p.Value)
}

// A Loop runs tasks in the order in which they were posted, one at a time, on the goroutine that calls Run.
type Loop struct {
	mutex   sync.Mutex
	changed *sync.Cond
	inbox   []func()
	shut    bool
}

// NewLoop makes a loop without tasks. Nothing happens until Run is called.
func NewLoop() *Loop {
	l := new(Loop)
	l.changed = sync.NewCond(&l.mutex)
	return l
}

// Post puts f at the end of the queue and returns at once, wherever it is called from. It reports false, and does
// nothing, after Close.
func (l *Loop) Post(f func()) bool {
	l.mutex.Lock()
	accepted := !l.shut
	if accepted {
		l.inbox = append(l.inbox, f)
	}
	l.mutex.Unlock()
	l.changed.Signal()
	return accepted
}

// Run runs tasks until the loop is closed and has nothing left to do (nil), or ctx is done (ctx.Err()).
func (l *Loop) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		l.mutex.Lock() // else the signal could come between the loop's look at ctx and its Wait
		defer l.mutex.Unlock()
		l.changed.Broadcast()
	})
	defer stop()
	var batch []func()
	for {
		l.mutex.Lock()
		for len(l.inbox) == 0 && !l.shut && ctx.Err() == nil {
			l.changed.Wait()
		}
		batch, l.inbox = l.inbox, batch[:0]
		l.mutex.Unlock()
		if len(batch) == 0 && ctx.Err() == nil {
			return nil
		}
		for i, task := range batch {
			if ctx.Err() != nil {
				break
			}
			batch[i] = nil
			task()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// Close makes Post refuse new tasks. Those in the queue are still run, and jobs that have begun are run to their end.
func (l *Loop) Close() {
	l.mutex.Lock()
	l.shut = true
	l.mutex.Unlock()
	l.changed.Broadcast()
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
	clock := time.Now
	if b.Now != nil {
		clock = b.Now
	}
	if b.Items <= 0 {
		b.Items = 1 << 10
	}
	if b.Time <= 0 {
		b.Time = 2 * time.Millisecond
	}
	state := make(chan struct{})
	var once sync.Once
	isCanceled := func() bool {
		select {
		case <-state:
			return true
		default:
			return false
		}
	}
	at := 0
	var turn func()
	turn = func() {
		err := guard(func() {
			start, from := clock(), at
			look := from + 1
			for at < n && at-from < b.Items && !isCanceled() {
				at++
				step(at - 1)
				if at < look {
					continue
				}
				spent := clock().Sub(start)
				if spent >= b.Time {
					return
				}
				// A sixteenth of the budget at the pace so far, and no more than twice what is known to be harmless.
				pace := max(1, spent/time.Duration(at-from))
				look = at + max(1, min(64, at-from, int(b.Time/16/pace)))
			}
		})
		if err == nil && at < n && !isCanceled() {
			l.mutex.Lock()
			l.inbox = append(l.inbox, turn)
			l.mutex.Unlock()
			return
		}
		if err == nil && at < n {
			err = ErrCanceled
		}
		done(err)
	}
	l.Post(turn)
	return func() { once.Do(func() { close(state) }) }
}

func guard(f func()) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	f()
	return nil
}
