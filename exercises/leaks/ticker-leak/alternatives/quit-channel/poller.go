// Package poller calls a function again and again until it is told to stop, and leaves nothing behind.
//
// This one has a channel to be told by, a context for each run, and an iterator over the due times.
package poller

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"
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
	options Options
	task    func(context.Context) error
	quit    chan struct{}
	ended   chan struct{}

	mu        sync.Mutex
	stopped   bool
	calls     int
	cancelRun context.CancelFunc // of the run that is going on
}

// Start polls fn on a goroutine of its own until ctx ends or Stop is called.
func Start(ctx context.Context, fn func(context.Context) error, o Options) (*Poller, error) {
	switch {
	case o.Every <= 0:
		return nil, ErrEvery
	case o.Jitter != o.Jitter, o.Jitter < 0, o.Jitter >= 1: // NaN is not equal to itself
		return nil, ErrJitter
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	if o.OnError == nil {
		o.OnError = func(error) {}
	}
	p := &Poller{options: o, task: fn, quit: make(chan struct{}), ended: make(chan struct{}), cancelRun: func() {}}
	go p.loop(ctx, time.Now())
	return p, nil
}

// Stop ends the poller and cancels the context of a run. It does not wait; Done tells when nothing runs any more.
func (p *Poller) Stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.stopped {
		p.stopped = true
		close(p.quit)
		p.cancelRun()
	}
}

// Done is closed when the poller has ended.
func (p *Poller) Done() <-chan struct{} { return p.ended }

// Runs is how many times the function was called.
func (p *Poller) Runs() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}

func (p *Poller) loop(ctx context.Context, started time.Time) {
	defer close(p.ended)
	if p.options.Immediate {
		p.run(ctx)
	}
	for due := range p.dueTimes(started) {
		select {
		case <-ctx.Done():
			return
		case <-p.quit:
			return
		case <-time.After(time.Until(due)): // since Go 1.23 garbage as soon as nobody waits for it
			p.run(ctx)
		}
	}
}

// dueTimes are those that are still to come, each time it is asked for one.
func (p *Poller) dueTimes(last time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		for {
			last = last.Add(p.interval())
			if last.After(time.Now()) && !yield(last) {
				return
			}
		}
	}
}

func (p *Poller) interval() time.Duration {
	d := p.options.Every
	if j := p.options.Jitter; j != 0 {
		d += time.Duration(float64(d) * j * (2*p.options.Rand() - 1))
	}
	return max(d, 1)
}

// run calls the function once, unless it is too late.
func (p *Poller) run(parent context.Context) {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	p.mu.Lock()
	if p.stopped || ctx.Err() != nil {
		p.mu.Unlock()
		return
	}
	p.cancelRun = cancel
	p.calls++
	p.mu.Unlock()
	if err := caught(func() error { return p.task(ctx) }); err != nil {
		p.options.OnError(err)
	}
}

// caught makes an error of a panic.
func caught(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			cause, ok := v.(error)
			if !ok {
				cause = fmt.Errorf("%v", v)
			}
			err = fmt.Errorf("the polled function panicked: %w", cause)
		}
	}()
	return f()
}
