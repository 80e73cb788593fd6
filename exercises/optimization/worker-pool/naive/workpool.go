// Package workpool runs jobs on a fixed number of goroutines, and says so when there are more jobs than it can take.
//
// It is the quick one: a goroutine for each job, and a semaphore that lets only so many of them work. No more jobs run at
// a time than should, but the queue is made of goroutines, each with a stack.
package workpool

import (
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
	fn       func(context.Context, I) (O, error)
	accepted chan struct{} // semaphore of workers + queue
	working  chan struct{} // semaphore of workers
	closing  chan struct{}
	life     context.Context
	kill     context.CancelFunc

	mu     sync.Mutex
	closed bool
	jobs   sync.WaitGroup
	stats  Stats
}

// New starts a pool of so many workers in front of which up to queue jobs wait. It panics if workers is below 1 or queue
// below 0.
func New[I, O any](workers, queue int, fn func(context.Context, I) (O, error)) *Pool[I, O] {
	if workers < 1 || queue < 0 {
		panic("workpool: New needs at least one worker and a queue of at least zero")
	}
	p := &Pool[I, O]{fn: fn, accepted: make(chan struct{}, workers+queue), working: make(chan struct{}, workers), closing: make(chan struct{})}
	p.stats.Workers = workers
	p.life, p.kill = context.WithCancel(context.Background())
	return p
}

// Do has a job done: it waits until the job is accepted, and then for its result. If ctx ends, it returns ctx.Err() at
// once.
func (p *Pool[I, O]) Do(ctx context.Context, in I) (O, error) {
	var zero O
	select {
	case p.accepted <- struct{}{}:
	case <-ctx.Done():
		return zero, ctx.Err()
	case <-p.closing:
		return zero, ErrClosed
	}
	result, err := p.spawn(ctx, in)
	if err != nil {
		return zero, err
	}
	select {
	case r := <-result:
		return r.Value, r.Err
	case <-ctx.Done():
		return zero, ctx.Err()
	}
}

// Try has a job done if there is room for it now, else it returns ErrQueueFull. The channel gets one result, whether
// somebody takes it or not.
func (p *Pool[I, O]) Try(ctx context.Context, in I) (<-chan Result[O], error) {
	select {
	case p.accepted <- struct{}{}:
		return p.spawn(ctx, in)
	case <-p.closing:
		return nil, ErrClosed
	default:
		return nil, ErrQueueFull
	}
}

func (p *Pool[I, O]) spawn(ctx context.Context, in I) (<-chan Result[O], error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		<-p.accepted
		return nil, ErrClosed
	}
	p.stats.Queued++
	result := make(chan Result[O], 1)
	p.jobs.Go(func() {
		r := p.await(ctx, in)
		<-p.accepted
		result <- r
	})
	return result, nil
}

func (p *Pool[I, O]) await(ctx context.Context, in I) Result[O] {
	var err error
	select {
	case p.working <- struct{}{}:
		defer func() { <-p.working }()
		if err = ctx.Err(); err == nil && p.life.Err() != nil {
			err = ErrClosed
		}
	case <-ctx.Done():
		err = ctx.Err()
	case <-p.life.Done():
		err = ErrClosed
	}
	if err != nil {
		p.count(func(s *Stats) { s.Queued--; s.Done++ })
		return Result[O]{Err: err}
	}
	p.count(func(s *Stats) { s.Queued--; s.Running++ })
	defer p.count(func(s *Stats) { s.Running--; s.Done++ })
	return p.run(ctx, in)
}

func (p *Pool[I, O]) run(ctx context.Context, in I) (r Result[O]) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.life, cancel)()
	defer func() {
		if v := recover(); v != nil {
			p.count(func(s *Stats) { s.Panics++ })
			r = Result[O]{Err: &PanicError{v, debug.Stack()}}
		}
	}()
	r.Value, r.Err = p.fn(ctx, in)
	return r
}

func (p *Pool[I, O]) count(change func(*Stats)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.stats)
}

// Close refuses new jobs and waits for those that were accepted. If ctx ends before they do, running jobs are
// cancelled, those still queued get ErrClosed, and Close returns ctx.Err() when the last one has ended.
func (p *Pool[I, O]) Close(ctx context.Context) error {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.closing)
	}
	p.mu.Unlock()
	idle := make(chan struct{})
	go func() {
		p.jobs.Wait()
		close(idle)
	}()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		p.kill()
		<-idle
		return ctx.Err()
	}
}

// Stats are the counts of this moment.
func (p *Pool[I, O]) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}
