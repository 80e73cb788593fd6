// Package fanout asks many at once: the first answer, all answers, or a stream of answers. Whoever leaves early leaves
// nobody behind.
package fanout

import (
	"context"
	"errors"
)

// ErrNone is what First returns when it has nobody to ask.
var ErrNone = errors.New("fanout: no functions")

// First runs all functions at once and returns the first value that comes without an error. It waits for nobody else:
// the context of the others is cancelled. If all fail, the error joins theirs in the order of the arguments.
func First[T any](ctx context.Context, fns ...func(context.Context) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer) // TODO: who reads the second one?
	for _, fn := range fns {
		go func() {
			v, err := fn(ctx)
			answers <- answer{v, err}
		}()
	}
	a := <-answers
	return a.value, a.err
}

// Gather runs all functions, at most limit at a time and in the order of the arguments, and returns their values in that
// order. The first error ends it: what runs is cancelled, and nothing more is started. It returns when all that it
// started has ended. A limit below 1 is none.
func Gather[T any](ctx context.Context, limit int, fns ...func(context.Context) (T, error)) ([]T, error) {
	values := make(chan T)
	errs := make(chan error)
	for _, fn := range fns { // TODO: limit
		go func() {
			v, err := fn(ctx)
			if err != nil {
				errs <- err
				return
			}
			values <- v
		}()
	}
	var all []T
	for range fns {
		select {
		case v := <-values:
			all = append(all, v)
		case err := <-errs:
			return nil, err // TODO: who reads what the others send?
		}
	}
	return all, nil
}

// Map calls f for each value of in, as many at a time as there are workers, and sends the answers as they come. The channel
// is closed when in is closed and all answers were received, or when ctx ends; by then no call of f is running. Fewer than
// one worker are one.
func Map[I, O any](ctx context.Context, in <-chan I, workers int, f func(context.Context, I) O) <-chan O {
	out := make(chan O)
	for range workers {
		go func() {
			for v := range in {
				out <- f(ctx, v) // TODO: what if nobody receives any more?
			}
		}()
	}
	return out // TODO: who closes it?
}
