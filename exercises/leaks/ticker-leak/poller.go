// Package poller calls a function again and again until it is told to stop, and leaves nothing behind.
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
	fn   func(context.Context) error
	o    Options
	stop context.CancelFunc
	done chan struct{}
	runs atomic.Int64
}

// Start polls fn on a goroutine of its own until ctx ends or Stop is called.
func Start(ctx context.Context, fn func(context.Context) error, o Options) (*Poller, error) {
	if o.Every <= 0 {
		return nil, ErrEvery
	}
	if !(o.Jitter >= 0 && o.Jitter < 1) { // NaN is neither
		return nil, ErrJitter
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	ctx, stop := context.WithCancel(ctx)
	p := &Poller{fn: fn, o: o, stop: stop, done: make(chan struct{})}
	go p.poll(ctx, time.Now())
	return p, nil
}

// Stop ends the poller and cancels the context of a run. It does not wait; Done tells when nothing runs any more.
func (p *Poller) Stop() { p.stop() }

// Done is closed when the poller has ended.
func (p *Poller) Done() <-chan struct{} { return p.done }

// Runs is how many times the function was called.
func (p *Poller) Runs() int { return int(p.runs.Load()) }

func (p *Poller) poll(ctx context.Context, due time.Time) {
	defer close(p.done)
	defer p.stop() // a context that is never cancelled stays registered with its parent
	if p.o.Immediate {
		p.run(ctx)
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		due = p.next(due)
		timer.Reset(time.Until(due))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			p.run(ctx)
		}
	}
}

// next is the first due time that is still to come. What fell into a run is skipped.
func (p *Poller) next(due time.Time) time.Time {
	now := time.Now()
	for {
		interval := float64(p.o.Every)
		if p.o.Jitter > 0 {
			interval *= 1 + p.o.Jitter*(2*p.o.Rand()-1)
		}
		due = due.Add(max(1, time.Duration(interval)))
		if due.After(now) {
			return due
		}
	}
}

func (p *Poller) run(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	p.runs.Add(1)
	if err := p.call(ctx); err != nil && p.o.OnError != nil {
		p.o.OnError(err)
	}
}

// call makes an error of a panic: one bad run must not end the program.
func (p *Poller) call(ctx context.Context) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case error:
			err = fmt.Errorf("poller: panic: %w", v)
		default:
			err = fmt.Errorf("poller: panic: %v", v)
		}
	}()
	return p.fn(ctx)
}
