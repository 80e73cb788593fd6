// Package poller calls a function again and again until it is told to stop, and leaves nothing behind.
//
// It is the obvious one: a loop that sleeps and then looks whether it should go on. It does end, but not before it wakes
// up: a poller of one hour that was stopped at once keeps its goroutine, and all that its function holds, for that hour.
package poller

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// Start refuses options with one of these.
var (
	ErrEvery  = errors.New("poller: Every must be above zero")
	ErrJitter = errors.New("poller: Jitter must be at least 0 and below 1")
)

// Options say how to poll.
type Options struct {
	Every     time.Duration  // between two due times
	Immediate bool           // run once at the start, too
	Jitter    float64        // by which share of Every an interval may be longer or shorter
	Rand      func() float64 // random numbers from 0 to below 1; nil: math/rand/v2
	OnError   func(error)    // is told of errors and panics of the function; nil: nobody is
}

// A Poller is a function being polled.
type Poller struct {
	cancel context.CancelFunc
	done   chan struct{}
	runs   atomic.Int64
}

// Start polls fn on a goroutine of its own until ctx ends or Stop is called.
func Start(ctx context.Context, fn func(context.Context) error, o Options) (*Poller, error) {
	if o.Every <= 0 {
		return nil, ErrEvery
	}
	if !(o.Jitter >= 0 && o.Jitter < 1) {
		return nil, ErrJitter
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &Poller{cancel: cancel, done: make(chan struct{})}
	due := time.Now()
	go func() {
		defer close(p.done)
		if o.Immediate && ctx.Err() == nil {
			p.run(ctx, fn, o)
		}
		for {
			for due = due.Add(o.interval()); !due.After(time.Now()); due = due.Add(o.interval()) {
			}
			time.Sleep(time.Until(due))
			if ctx.Err() != nil {
				return
			}
			p.run(ctx, fn, o)
		}
	}()
	return p, nil
}

// Stop ends the poller and cancels the context of a run. It does not wait; Done tells when nothing runs any more.
func (p *Poller) Stop() { p.cancel() }

// Done is closed when the poller has ended.
func (p *Poller) Done() <-chan struct{} { return p.done }

// Runs is how many times the function was called.
func (p *Poller) Runs() int { return int(p.runs.Load()) }

func (o *Options) interval() time.Duration {
	factor := 1.0
	if o.Jitter > 0 {
		factor += o.Jitter * (2*o.Rand() - 1)
	}
	return max(1, time.Duration(float64(o.Every)*factor))
}

func (p *Poller) run(ctx context.Context, fn func(context.Context) error, o Options) {
	p.runs.Add(1)
	err := func() (err error) {
		defer func() {
			switch v := recover().(type) {
			case nil:
			case error:
				err = fmt.Errorf("poller: panic: %w", v)
			default:
				err = fmt.Errorf("poller: panic: %v", v)
			}
		}()
		return fn(ctx)
	}()
	if err != nil && o.OnError != nil {
		o.OnError(err)
	}
}
