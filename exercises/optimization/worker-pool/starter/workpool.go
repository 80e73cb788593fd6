// Package workpool runs jobs on a fixed number of goroutines, and says so when there are more jobs than it can take.
package workpool

import (
	"context"
	"errors"
	"fmt"
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
	fn func(context.Context, I) (O, error)
	// TODO: what must the callers share, to know how many jobs there are?
}

// New starts a pool of so many workers in front of which up to queue jobs wait. It panics if workers is below 1 or queue
// below 0.
func New[I, O any](workers, queue int, fn func(context.Context, I) (O, error)) *Pool[I, O] {
	return &Pool[I, O]{fn: fn} // TODO
}

// Do has a job done: it waits until the job is accepted, and then for its result. If ctx ends, it returns ctx.Err() at
// once.
func (p *Pool[I, O]) Do(ctx context.Context, in I) (O, error) {
	result, err := p.Try(ctx, in) // TODO: wait for room; listen to ctx
	if err != nil {
		var none O
		return none, err
	}
	r := <-result
	return r.Value, r.Err
}

// Try has a job done if there is room for it now, else it returns ErrQueueFull. The channel gets one result, whether
// somebody takes it or not.
func (p *Pool[I, O]) Try(ctx context.Context, in I) (<-chan Result[O], error) {
	result := make(chan Result[O]) // TODO: and if nobody takes it?
	go func() {                    // TODO: a worker for each request, as many as there are requests
		v, err := p.fn(ctx, in)
		result <- Result[O]{v, err}
	}()
	return result, nil
}

// Close refuses new jobs and waits for those that were accepted. If ctx ends before they do, running jobs are
// cancelled, those still queued get ErrClosed, and Close returns ctx.Err() when the last one has ended.
func (p *Pool[I, O]) Close(ctx context.Context) error {
	return nil // TODO
}

// Stats are the counts of this moment.
func (p *Pool[I, O]) Stats() Stats {
	return Stats{} // TODO
}
