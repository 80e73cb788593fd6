// Package workpool runs jobs on a fixed number of goroutines, and says so when there are more jobs than it can take.
//
// Everything is under one mutex here, in two lists: the tasks that were accepted, and the callers that wait to be. A
// worker is started when there is a task and too few workers, and ends when it finds none, so that an idle pool has no
// goroutines at all.
package workpool

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
)

// ErrClosed and ErrQueueFull are why a job was not accepted.
var (
	ErrClosed    = errors.New("workpool: closed")
	ErrQueueFull = errors.New("workpool: queue full")
)

// A PanicError is the error of a job whose function panicked.
type PanicError struct {
	Value any    // what panic was called with
	Stack []byte // of the goroutine, where it panicked
}

func (e *PanicError) Error() string { return fmt.Sprintf("workpool: a job panicked: %v", e.Value) }

// A Result is what became of one job.
type Result[O any] struct {
	Value O
	Err   error
}

// Stats are a pool's counts at one moment. Queued + Running + Done is the number of jobs accepted so far.
type Stats struct {
	Workers int // as New was told
	Queued  int // accepted and not begun
	Running int
	Done    int // ended in any way, without having begun too
	Panics  int // of those, ended by a panic
}

// A Pool runs fn for each job, on at most so many goroutines at a time.
type Pool[I, O any] struct {
	work     func(context.Context, I) (O, error)
	capacity int

	mutex   sync.Mutex
	now     Stats
	crew    int       // goroutines
	taken   int       // places of accepted tasks, and those reserved for callers that were woken
	backlog list.List // of *task[I, O]
	callers list.List // of chan error, each with room for one
	shut    bool
	quiet   *sync.Cond // the crew has shrunk
	forced  bool
	cancels map[*task[I, O]]context.CancelFunc // of running tasks
}

type task[I, O any] struct {
	ctx    context.Context
	input  I
	answer chan Result[O]
}

// New starts a pool of so many workers in front of which up to queue jobs wait. It panics if workers is below 1 or queue
// below 0.
func New[I, O any](workers, queue int, fn func(context.Context, I) (O, error)) *Pool[I, O] {
	switch {
	case workers < 1:
		panic("workpool: no workers")
	case queue < 0:
		panic("workpool: a queue of less than nothing")
	}
	p := &Pool[I, O]{work: fn, capacity: workers + queue, now: Stats{Workers: workers}, cancels: map[*task[I, O]]context.CancelFunc{}}
	p.quiet = sync.NewCond(&p.mutex)
	return p
}

// Do has a job done: it waits until the job is accepted, and then for its result. If ctx ends, it returns ctx.Err() at
// once.
func (p *Pool[I, O]) Do(ctx context.Context, in I) (out O, err error) {
	if err := ctx.Err(); err != nil {
		return out, err
	}
	p.mutex.Lock()
	if p.shut {
		p.mutex.Unlock()
		return out, ErrClosed
	}
	var answer chan Result[O]
	if p.taken < p.capacity {
		p.taken++
		answer = p.admit(ctx, in)
		p.mutex.Unlock()
	} else {
		ticket := make(chan error, 1)
		place := p.callers.PushBack(ticket)
		p.mutex.Unlock()
		select {
		case err = <-ticket:
		case <-ctx.Done():
			p.mutex.Lock()
			p.callers.Remove(place)
			select {
			case late := <-ticket: // it was our turn just now: somebody else's then
				if late == nil {
					p.vacate()
				}
			default:
			}
			p.mutex.Unlock()
			return out, ctx.Err()
		}
		if err != nil {
			return out, err
		}
		p.mutex.Lock()
		if p.shut {
			p.vacate()
			p.mutex.Unlock()
			return out, ErrClosed
		}
		answer = p.admit(ctx, in)
		p.mutex.Unlock()
	}
	select {
	case r := <-answer:
		return r.Value, r.Err
	case <-ctx.Done():
		return out, ctx.Err()
	}
}

// Try has a job done if there is room for it now, else it returns ErrQueueFull. The channel gets one result, whether
// somebody takes it or not.
func (p *Pool[I, O]) Try(ctx context.Context, in I) (<-chan Result[O], error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.shut {
		return nil, ErrClosed
	}
	if p.taken >= p.capacity {
		return nil, ErrQueueFull
	}
	p.taken++
	return p.admit(ctx, in), nil
}

// admit puts a task into the backlog, for which the caller has a place, and sees that there is somebody to work.
func (p *Pool[I, O]) admit(ctx context.Context, in I) chan Result[O] {
	t := &task[I, O]{ctx, in, make(chan Result[O], 1)}
	p.backlog.PushBack(t)
	p.now.Queued++
	if p.crew < p.now.Workers {
		p.crew++
		go p.worker()
	}
	return t.answer
}

// vacate gives a place to the caller that has waited longest.
func (p *Pool[I, O]) vacate() {
	if first := p.callers.Front(); first != nil {
		p.callers.Remove(first).(chan error) <- nil
		return
	}
	p.taken--
}

func (p *Pool[I, O]) worker() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for p.backlog.Len() > 0 {
		t := p.backlog.Remove(p.backlog.Front()).(*task[I, O])
		p.now.Queued--
		var r Result[O]
		switch {
		case t.ctx.Err() != nil:
			r.Err = t.ctx.Err()
		case p.forced:
			r.Err = ErrClosed
		default:
			ctx, cancel := context.WithCancel(t.ctx)
			p.cancels[t] = cancel
			p.now.Running++
			p.mutex.Unlock()
			var panicked bool
			r, panicked = p.attempt(ctx, t.input)
			cancel()
			p.mutex.Lock()
			p.now.Running--
			if panicked {
				p.now.Panics++
			}
			delete(p.cancels, t)
		}
		p.now.Done++
		p.vacate()
		t.answer <- r
	}
	p.crew--
	p.quiet.Broadcast()
}

func (p *Pool[I, O]) attempt(ctx context.Context, in I) (r Result[O], panicked bool) {
	defer func() {
		if reason := recover(); reason != nil {
			panicked = true
			r.Err = &PanicError{Value: reason, Stack: debug.Stack()}
		}
	}()
	out, err := p.work(ctx, in)
	return Result[O]{out, err}, false
}

// Close refuses new jobs and waits for those that were accepted. If ctx ends before they do, running jobs are
// cancelled, those still queued get ErrClosed, and Close returns ctx.Err() when the last one has ended.
func (p *Pool[I, O]) Close(ctx context.Context) error {
	late := false
	stop := context.AfterFunc(ctx, func() {
		p.mutex.Lock()
		defer p.mutex.Unlock()
		if p.crew > 0 {
			late, p.forced = true, true
			for _, cancel := range p.cancels {
				cancel()
			}
		}
	})
	defer stop()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.shut = true
	for p.callers.Len() > 0 {
		p.callers.Remove(p.callers.Front()).(chan error) <- ErrClosed
	}
	for p.crew > 0 {
		p.quiet.Wait()
	}
	if late {
		return ctx.Err()
	}
	return nil
}

// Stats are the counts of this moment.
func (p *Pool[I, O]) Stats() Stats {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.now
}
