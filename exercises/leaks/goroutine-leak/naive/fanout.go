// Package fanout asks many at once: the first answer, all answers, or a stream of answers. Whoever leaves early leaves
// nobody behind.
//
// It is the obvious one: First gives the losers a minute to come to their end before it cancels them, and Gather starts a
// goroutine for each function, which then waits for its turn. Nothing stays for ever. At a thousand calls a second, what
// stays for a minute is a hundred thousand goroutines.
package fanout

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrNone is what First returns when it has nobody to ask.
var ErrNone = errors.New("fanout: no functions")

// First runs all functions at once and returns the first value that comes without an error. It waits for nobody else:
// the context of the others is cancelled. If all fail, the error joins theirs in the order of the arguments.
func First[T any](ctx context.Context, fns ...func(context.Context) (T, error)) (T, error) {
	var zero T
	if len(fns) == 0 {
		return zero, ErrNone
	}
	if err := ctx.Err(); err != nil {
		return zero, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer func() { time.AfterFunc(time.Minute, cancel) }()
	results := make(chan result[T], len(fns))
	for i, fn := range fns {
		go func() {
			r := result[T]{i: i}
			defer func() {
				r.panicked = recover()
				results <- r
			}()
			r.value, r.err = fn(ctx)
		}()
	}
	errs := make([]error, len(fns))
	var panicked any
	for range fns {
		select {
		case <-ctx.Done():
			return zero, ctx.Err()
		case r := <-results:
			if r.err == nil && r.panicked == nil {
				return r.value, nil
			}
			errs[r.i] = r.err
			if r.panicked != nil {
				panicked = r.panicked
			}
		}
	}
	if panicked != nil {
		panic(panicked)
	}
	return zero, errors.Join(errs...)
}

type result[T any] struct {
	i        int
	value    T
	err      error
	panicked any
}

// Gather runs all functions, at most limit at a time and in the order of the arguments, and returns their values in that
// order. The first error ends it: what runs is cancelled, and nothing more is started. It returns when all that it
// started has ended. A limit below 1 is none.
func Gather[T any](ctx context.Context, limit int, fns ...func(context.Context) (T, error)) ([]T, error) {
	if limit < 1 {
		limit = len(fns)
	}
	caller := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	turns := make([]chan struct{}, len(fns)) // closed when it is that function's turn
	for i := range turns {
		turns[i] = make(chan struct{})
		if i < limit {
			close(turns[i])
		}
	}
	var mu sync.Mutex
	begun := limit
	values := make([]T, len(fns))
	var first error
	var panicked any
	var wg sync.WaitGroup
	for i, fn := range fns {
		wg.Go(func() {
			<-turns[i]
			var err error
			defer func() {
				p := recover()
				mu.Lock()
				defer mu.Unlock()
				if first == nil {
					first = err
				}
				if p != nil {
					panicked = p
				}
				if err != nil || p != nil {
					cancel()
				}
				if begun < len(fns) {
					close(turns[begun])
					begun++
				}
			}()
			if ctx.Err() == nil {
				values[i], err = fn(ctx)
			}
		})
	}
	wg.Wait()
	if panicked != nil {
		panic(panicked)
	}
	if first == nil {
		first = caller.Err()
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
	var wg sync.WaitGroup
	for range max(1, workers) {
		wg.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case v, ok := <-in:
					if !ok || ctx.Err() != nil {
						return
					}
					o := f(ctx, v)
					select {
					case out <- o:
					case <-ctx.Done():
						return
					}
				}
			}
		})
	}
	go func() {
		defer close(out)
		wg.Wait()
	}()
	return out
}
