// Package poller calls a function again and again until it is told to stop, and leaves nothing behind.
package poller

import (
	"context"
	"errors"
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
	ticker *time.Ticker
	done   chan struct{}
}

// Start polls fn on a goroutine of its own until ctx ends or Stop is called.
func Start(ctx context.Context, fn func(context.Context) error, o Options) (*Poller, error) {
	if o.Every <= 0 {
		return nil, ErrEvery
	}
	// TODO: Jitter, Rand, Immediate, OnError, and ctx.
	p := &Poller{ticker: time.NewTicker(o.Every), done: make(chan struct{})}
	go func() {
		defer close(p.done)
		for range p.ticker.C { // TODO: when does this loop end?
			fn(ctx)
		}
	}()
	return p, nil
}

// Stop ends the poller and cancels the context of a run. It does not wait; Done tells when nothing runs any more.
func (p *Poller) Stop() { p.ticker.Stop() }

// Done is closed when the poller has ended.
func (p *Poller) Done() <-chan struct{} { return p.done }

// Runs is how many times the function was called.
func (p *Poller) Runs() int { return 0 } // TODO
