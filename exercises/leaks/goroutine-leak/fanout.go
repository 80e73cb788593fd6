// Package fanout asks many at once: the first answer, all answers, or a stream of answers. Whoever leaves early leaves
// nobody behind.
package fanout

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// ErrNone is what First returns when it has nobody to ask.
var ErrNone = errors.New("fanout: no functions")

// First runs all functions at once and returns the first value that comes without an error. It waits for nobody else:
// the context of the others is cancelled. If all fail, the error joins theirs in the order of the arguments.
func First[T any](ctx context.Context, fns ...func(context.Context) (T, error)) (T, error) {
	var none T
	if len(fns) == 0 {
		return none, ErrNone
	}
	if ctx.Err() != nil {
		return none, ctx.Err()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	outcomes := make(chan outcome[T], len(fns)) // room for all: a loser must not wait for a reader who has left
	for i, fn := range fns {
		go func() { outcomes <- call(ctx, i, fn) }()
	}
	failures := make([]outcome[T], len(fns))
	for range fns {
		select {
		case o := <-outcomes:
			if !o.failed() {
				return o.value, nil
			}
			failures[o.i] = o
		case <-ctx.Done():
			return none, ctx.Err()
		}
	}
	errs := make([]error, len(fns))
	for i, o := range failures {
		if o.panicked != nil {
			panic(o.panicked)
		}
		errs[i] = o.err
	}
	return none, errors.Join(errs...)
}

// Gather runs all functions, at most limit at a time and in the order of the arguments, and returns their values in that
// order. The first error ends it: what runs is cancelled, and nothing more is started. It returns when all that it
// started has ended. A limit below 1 is none.
func Gather[T any](ctx context.Context, limit int, fns ...func(context.Context) (T, error)) ([]T, error) {
	if limit < 1 {
		limit = len(fns)
	}
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	values := make([]T, len(fns))
	var begun atomic.Int64
	var mu sync.Mutex
	var first error
	var panicked any
	work := func() {
		for run.Err() == nil {
			i := int(begun.Add(1)) - 1
			if i >= len(fns) {
				return
			}
			o := call(run, i, fns[i])
			values[i] = o.value
			if o.failed() {
				mu.Lock()
				if first == nil {
					first = o.err
				}
				if panicked == nil {
					panicked = o.panicked
				}
				mu.Unlock()
				cancel()
			}
		}
	}
	var workers sync.WaitGroup
	for range min(limit, len(fns)) {
		workers.Go(work)
	}
	workers.Wait()
	if panicked != nil {
		panic(panicked)
	}
	if first == nil {
		first = ctx.Err()
	}
	if first != nil {
		return nil, first
	}
	return values, nil
}

// Map calls f for each value of in, as many at a time as there are workers, and sends the answers as they come. The channel
// is closed when in is closed and all answers were received, or when ctx ends; by then no call of f is running. Fewer than
// one worker are one.
func Map[I, O any](ctx context.Context, in <-chan I, workers int, f func(context.Context, I) O) <-chan O {
	out := make(chan O)
	work := func() {
		for {
			select {
			case <-ctx.Done():
				return
			case v, ok := <-in:
				if !ok || ctx.Err() != nil { // of two cases that are ready, select takes either
					return
				}
				answer := f(ctx, v)
				select {
				case <-ctx.Done():
					return
				case out <- answer:
				}
			}
		}
	}
	var running sync.WaitGroup
	for range max(1, workers) {
		running.Go(work)
	}
	go func() {
		running.Wait()
		close(out)
	}()
	return out
}

// An outcome is how the function with number i ended.
type outcome[T any] struct {
	i        int
	value    T
	err      error
	panicked any // the value of its panic, or nil
}

func (o *outcome[T]) failed() bool { return o.err != nil || o.panicked != nil }

// call calls fn and survives its panic: only the goroutine that panics can stop that, and the caller is another one.
func call[T any](ctx context.Context, i int, fn func(context.Context) (T, error)) (o outcome[T]) {
	o.i = i
	defer func() { o.panicked = recover() }()
	o.value, o.err = fn(ctx)
	return o
}
