// Package fanout asks many at once: the first answer, all answers, or a stream of answers. Whoever leaves early leaves
// nobody behind.
//
// Here nobody sends an answer to anybody: who is done writes down how it went, under a lock, and the last one, or the one
// that decides, closes a channel. A place to run in is a token in a channel, taken before the goroutine is started.
package fanout

import (
	"context"
	"errors"
	"sync"
)

// ErrNone is what First returns when it has nobody to ask.
var ErrNone = errors.New("fanout: no functions")

// A score is what all functions of one call write to.
type score[T any] struct {
	lock    sync.Mutex
	values  []T
	errs    []error
	thrown  []any
	missing int
	winner  int // its number, or -1
	failure error
	decided chan struct{}
}

func newScore[T any](n int) *score[T] {
	return &score[T]{values: make([]T, n), errs: make([]error, n), thrown: make([]any, n), missing: n, winner: -1, decided: make(chan struct{})}
}

// play runs a function and writes down how it went. It says whether that was well.
func (s *score[T]) play(ctx context.Context, i int, fn func(context.Context) (T, error)) (well bool) {
	var v T
	var err error
	defer func() {
		p := recover()
		s.lock.Lock()
		defer s.lock.Unlock()
		s.values[i], s.errs[i], s.thrown[i] = v, err, p
		s.missing--
		well = err == nil && p == nil
		if s.failure == nil {
			s.failure = err
		}
		if s.winner >= 0 {
			return
		}
		if well {
			s.winner = i
		}
		if well || s.missing == 0 {
			close(s.decided)
		}
	}()
	v, err = fn(ctx)
	return
}

// rethrow panics as one of the functions did, if one did.
func (s *score[T]) rethrow() {
	for _, p := range s.thrown {
		if p != nil {
			panic(p)
		}
	}
}

// First runs all functions at once and returns the first value that comes without an error. It waits for nobody else:
// the context of the others is cancelled. If all fail, the error joins theirs in the order of the arguments.
func First[T any](ctx context.Context, fns ...func(context.Context) (T, error)) (v T, err error) {
	switch {
	case len(fns) == 0:
		return v, ErrNone
	case ctx.Err() != nil:
		return v, ctx.Err()
	}
	race, stop := context.WithCancel(ctx)
	defer stop()
	s := newScore[T](len(fns))
	for i := range fns {
		go s.play(race, i, fns[i])
	}
	select {
	case <-ctx.Done():
		return v, ctx.Err()
	case <-s.decided:
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.winner >= 0 {
		return s.values[s.winner], nil
	}
	s.rethrow()
	return v, errors.Join(s.errs...)
}

// Gather runs all functions, at most limit at a time and in the order of the arguments, and returns their values in that
// order. The first error ends it: what runs is cancelled, and nothing more is started. It returns when all that it
// started has ended. A limit below 1 is none.
func Gather[T any](ctx context.Context, limit int, fns ...func(context.Context) (T, error)) ([]T, error) {
	if limit < 1 || limit > len(fns) {
		limit = len(fns)
	}
	team, stop := context.WithCancel(ctx)
	defer stop()
	s := newScore[T](len(fns))
	places := make(chan struct{}, limit)
	for i := range fns {
		select {
		case <-team.Done():
		case places <- struct{}{}:
			if team.Err() == nil {
				go func() {
					if !s.play(team, i, fns[i]) {
						stop()
					}
					<-places
				}()
				continue
			}
			<-places
		}
		break
	}
	for range limit {
		places <- struct{}{} // who holds all places is alone
	}
	s.rethrow()
	if s.failure != nil {
		return nil, s.failure
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return s.values, nil
}

// Map calls f for each value of in, as many at a time as there are workers, and sends the answers as they come. The channel
// is closed when in is closed and all answers were received, or when ctx ends; by then no call of f is running. Fewer than
// one worker are one.
func Map[I, O any](ctx context.Context, in <-chan I, workers int, f func(context.Context, I) O) <-chan O {
	workers = max(workers, 1)
	out := make(chan O, workers)
	places := make(chan struct{}, workers)
	serve := func(v I) {
		defer func() { <-places }()
		o := f(ctx, v)
		select {
		case out <- o:
		case <-ctx.Done():
		}
	}
	go func() {
		defer close(out)
		defer func() {
			for range workers {
				places <- struct{}{}
			}
		}()
		for {
			select {
			case places <- struct{}{}:
			case <-ctx.Done():
				return
			}
			select {
			case v, ok := <-in:
				if ok && ctx.Err() == nil {
					go serve(v)
					continue
				}
			case <-ctx.Done():
			}
			<-places
			return
		}
	}()
	return out
}
