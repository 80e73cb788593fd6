// Package workpool runs jobs on a fixed number of goroutines, and says so when there are more jobs than it can take.
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
	fn      func(context.Context, I) (O, error)
	slots   chan struct{}   // holds a token for each job that was accepted and has not ended
	jobs    chan *job[I, O] // as long as slots, so that whoever holds a token can send
	closing chan struct{}   // closed by the first Close
	idle    chan struct{}   // closed when the last worker has ended
	life    context.Context // ends when running jobs must end
	kill    context.CancelFunc

	mu    sync.Mutex // also of closing and of sending to jobs, so that nobody sends after Close
	alive int        // workers
	stats Stats
}

type job[I, O any] struct {
	ctx    context.Context
	in     I
	result chan Result[O] // has room for the one result, so that nobody needs to be there to take it
}

// New starts a pool of so many workers in front of which up to queue jobs wait. It panics if workers is below 1 or queue
// below 0.
func New[I, O any](workers, queue int, fn func(context.Context, I) (O, error)) *Pool[I, O] {
	if workers < 1 || queue < 0 {
		panic(fmt.Sprintf("workpool: New with %d workers and a queue of %d; want at least 1 and 0", workers, queue))
	}
	p := &Pool[I, O]{
		fn:      fn,
		slots:   make(chan struct{}, workers+queue),
		jobs:    make(chan *job[I, O], workers+queue),
		closing: make(chan struct{}),
		idle:    make(chan struct{}),
		alive:   workers,
		stats:   Stats{Workers: workers},
	}
	p.life, p.kill = context.WithCancel(context.Background())
	for range workers {
		go p.work()
	}
	return p
}

// Do has a job done: it waits until the job is accepted, and then for its result. If ctx ends, it returns ctx.Err() at
// once.
func (p *Pool[I, O]) Do(ctx context.Context, in I) (O, error) {
	var none O
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return none, ctx.Err()
	case <-p.closing:
		return none, ErrClosed
	}
	result, err := p.accept(ctx, in)
	if err != nil {
		return none, err
	}
	select {
	case r := <-result:
		return r.Value, r.Err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// Try has a job done if there is room for it now, else it returns ErrQueueFull. The channel gets one result, whether
// somebody takes it or not.
func (p *Pool[I, O]) Try(ctx context.Context, in I) (<-chan Result[O], error) {
	select {
	case p.slots <- struct{}{}:
		return p.accept(ctx, in)
	case <-p.closing:
		return nil, ErrClosed
	default:
		return nil, ErrQueueFull
	}
}

// accept takes the job in for which the caller holds a token.
func (p *Pool[I, O]) accept(ctx context.Context, in I) (<-chan Result[O], error) {
	j := &job[I, O]{ctx: ctx, in: in, result: make(chan Result[O], 1)}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed() {
		<-p.slots
		return nil, ErrClosed
	}
	p.stats.Queued++
	p.jobs <- j
	return j.result, nil
}

// Close refuses new jobs and waits for those that were accepted. If ctx ends before they do, running jobs are
// cancelled, those still queued get ErrClosed, and Close returns ctx.Err() when the last one has ended.
func (p *Pool[I, O]) Close(ctx context.Context) error {
	p.mu.Lock()
	if !p.closed() {
		close(p.closing)
		close(p.jobs)
	}
	p.mu.Unlock()
	select {
	case <-p.idle:
		return nil
	case <-ctx.Done():
		p.kill()
		<-p.idle
		return ctx.Err()
	}
}

func (p *Pool[I, O]) closed() bool {
	select {
	case <-p.closing:
		return true
	default:
		return false
	}
}

// Stats are the counts of this moment.
func (p *Pool[I, O]) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

// work is one worker: it takes jobs until there will be no more.
func (p *Pool[I, O]) work() {
	for j := range p.jobs {
		p.process(j)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.alive--; p.alive == 0 {
		close(p.idle)
	}
}

// process runs a job, unless nobody wants it any more. Its place is free when its result is there, not a moment later.
func (p *Pool[I, O]) process(j *job[I, O]) {
	r := Result[O]{Err: j.ctx.Err()}
	if r.Err == nil && p.life.Err() != nil {
		r.Err = ErrClosed
	}
	wanted := r.Err == nil
	p.mu.Lock()
	p.stats.Queued--
	if wanted {
		p.stats.Running++
	}
	p.mu.Unlock()

	panicked := false
	if wanted {
		r, panicked = p.run(j)
	}

	p.mu.Lock()
	p.stats.Done++
	if wanted {
		p.stats.Running--
	}
	if panicked {
		p.stats.Panics++
	}
	p.mu.Unlock()
	<-p.slots
	j.result <- r
}

// run calls fn with a context that ends when the caller's does, and when the pool is closed by force.
func (p *Pool[I, O]) run(j *job[I, O]) (r Result[O], panicked bool) {
	ctx, cancel := context.WithCancel(j.ctx)
	defer cancel()
	defer context.AfterFunc(p.life, cancel)()
	defer func() {
		if v := recover(); v != nil {
			r, panicked = Result[O]{Err: &PanicError{v, debug.Stack()}}, true
		}
	}()
	r.Value, r.Err = p.fn(ctx, j.in)
	return r, false
}
