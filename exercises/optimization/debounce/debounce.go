// Package debounce runs a function once for a burst of calls, rather than once for each of them.
package debounce

import (
	"sync"
	"time"
)

// Options say when the function runs.
type Options struct {
	Wait       time.Duration // a burst of Calls is over when none has come for so long
	MaxWait    time.Duration // how long a Call waits at most to be delivered; 0: as long as the burst lasts; below Wait: Wait
	Leading    bool          // run at the first Call of a burst
	NoTrailing bool          // do not run at its end
}

// A Debounced is a function that runs once for many Calls, with the value of the last one. It is safe for concurrent use.
type Debounced[T any] struct {
	fn   func(T)
	o    Options
	done chan struct{}

	mu      sync.Mutex
	timer   *time.Timer
	set     bool      // the timer is to tick
	last    time.Time // of the newest Call; zero: there is no burst
	value   T         // what is to be delivered, if pending
	pending bool
	oldest  time.Time // of the first Call that value stands for
	urgent  bool      // the value waits for nothing but fn's return
	running bool
	closed  bool
}

// New makes a function of fn that runs as o says. It panics if o.Wait is below zero, or if neither edge is enabled.
func New[T any](fn func(T), o Options) *Debounced[T] {
	if o.Wait < 0 {
		panic("debounce: Wait is below zero")
	}
	if o.NoTrailing && !o.Leading {
		panic("debounce: neither the leading nor the trailing edge is enabled, so that the function would never run")
	}
	if o.MaxWait > 0 {
		o.MaxWait = max(o.MaxWait, o.Wait)
	}
	return &Debounced[T]{fn: fn, o: o, done: make(chan struct{})}
}

// Call asks for a run with v. At a leading edge fn has run when Call returns, unless it is running already: then it runs
// again as soon as it has returned.
func (d *Debounced[T]) Call(v T) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	now := time.Now()
	leads := d.o.Leading && (d.last.IsZero() || now.Sub(d.last) >= d.o.Wait)
	d.last = now
	if d.o.NoTrailing && !leads && !d.pending {
		return
	}
	if !d.pending {
		d.pending, d.oldest = true, now
	}
	d.value = v
	if leads {
		d.hurry()
		return
	}
	d.schedule(now)
}

// Cancel drops what is pending and ends the burst: the next Call is the first of a new one.
func (d *Debounced[T]) Cancel() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cancel()
}

// Flush runs what is pending now, or as soon as fn returns if it is running, and says whether there was anything. The
// burst goes on.
func (d *Debounced[T]) Flush() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.pending {
		return false
	}
	d.hurry()
	return true
}

// Pending says whether a value has been neither delivered nor dropped.
func (d *Debounced[T]) Pending() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pending
}

// Close cancels, and makes Call do nothing from now on. It does not wait for fn; Done tells when fn has returned.
func (d *Debounced[T]) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	d.closed = true
	d.cancel()
	if !d.running {
		close(d.done)
	}
}

// Done is closed when Close was called and fn will not run, or has returned.
func (d *Debounced[T]) Done() <-chan struct{} { return d.done }

// The methods below want the lock to be held.

func (d *Debounced[T]) cancel() {
	d.clear()
	d.last = time.Time{}
	if d.timer != nil {
		d.timer.Stop()
		d.set = false
	}
}

// clear keeps nothing of the value, so that it can be collected.
func (d *Debounced[T]) clear() {
	var zero T
	d.value, d.pending, d.urgent = zero, false, false
}

// hurry runs fn, now or when it has returned.
func (d *Debounced[T]) hurry() {
	d.urgent = true
	if !d.running {
		d.run()
	}
}

// due is when the pending value is to be delivered.
func (d *Debounced[T]) due() time.Time {
	if d.urgent {
		return d.oldest
	}
	due := d.last.Add(d.o.Wait)
	if latest := d.oldest.Add(d.o.MaxWait); d.o.MaxWait > 0 && latest.Before(due) {
		return latest
	}
	return due
}

// schedule has the timer tick when the pending value is due, or before: most Calls only make it due later, and find the
// timer set.
func (d *Debounced[T]) schedule(now time.Time) {
	if !d.pending || d.running || d.set && !d.urgent {
		return
	}
	d.set = true
	wait := d.due().Sub(now)
	if d.timer == nil {
		d.timer = time.AfterFunc(wait, d.tick)
		return
	}
	d.timer.Reset(wait)
}

// tick takes the timer's word for nothing: it may have been set for an earlier Call, or for one that was cancelled. It
// takes the lock itself.
func (d *Debounced[T]) tick() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.set = false
	now := time.Now()
	if d.pending && !d.running && !d.due().After(now) {
		d.run()
		return
	}
	d.schedule(now)
}

// run calls fn without the lock. What falls due meanwhile is left to the timer, so that a caller never has to run the
// values of others.
func (d *Debounced[T]) run() {
	v := d.value
	d.clear()
	d.running = true
	d.mu.Unlock()
	defer func() { // also if fn panics
		d.mu.Lock()
		d.running = false
		if d.closed {
			close(d.done)
		}
		d.schedule(time.Now())
	}()
	d.fn(v)
}
