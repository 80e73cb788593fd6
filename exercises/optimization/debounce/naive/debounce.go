// Package debounce runs a function once for a burst of calls, rather than once for each of them.
//
// It is the one that everybody knows, made correct: each Call stops the timer of the Call before, and makes another one.
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
	number  int // of the timer that counts: one that was stopped too late has an older number
	waiting *call[T]
	last    time.Time
	running bool
	closed  bool
}

// A call is a value that is to be delivered.
type call[T any] struct {
	value T
	since time.Time // of the first Call that it stands for
	now   bool      // as soon as fn is free
}

// New makes a function of fn that runs as o says. It panics if o.Wait is below zero, or if neither edge is enabled.
func New[T any](fn func(T), o Options) *Debounced[T] {
	if o.Wait < 0 || o.NoTrailing && !o.Leading {
		panic("debounce: Wait is below zero, or neither edge is enabled")
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
	first := d.last.IsZero() || time.Since(d.last) >= d.o.Wait
	d.last = time.Now()
	leads := first && d.o.Leading
	if d.o.NoTrailing && !leads && d.waiting == nil {
		return
	}
	next := &call[T]{value: v, since: d.last, now: leads}
	if d.waiting != nil {
		next.since, next.now = d.waiting.since, leads || d.waiting.now
	}
	d.waiting = next
	d.settle()
}

// Cancel drops what is pending and ends the burst: the next Call is the first of a new one.
func (d *Debounced[T]) Cancel() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cancel()
}

func (d *Debounced[T]) cancel() {
	d.waiting, d.last = nil, time.Time{}
	d.stop()
}

func (d *Debounced[T]) stop() {
	d.number++
	if d.timer != nil {
		d.timer.Stop()
	}
}

// Flush runs what is pending now, or as soon as fn returns if it is running, and says whether there was anything. The
// burst goes on.
func (d *Debounced[T]) Flush() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiting == nil {
		return false
	}
	d.waiting.now = true
	d.settle()
	return true
}

// Pending says whether a value has been neither delivered nor dropped.
func (d *Debounced[T]) Pending() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.waiting != nil
}

// Close cancels, and makes Call do nothing from now on. It does not wait for fn; Done tells when fn has returned.
func (d *Debounced[T]) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.closed = true
		d.cancel()
		if !d.running {
			close(d.done)
		}
	}
}

// Done is closed when Close was called and fn will not run, or has returned.
func (d *Debounced[T]) Done() <-chan struct{} { return d.done }

// settle runs what is due, and makes a timer for what will be.
func (d *Debounced[T]) settle() {
	switch {
	case d.running:
	case d.waiting.now:
		d.run()
	default:
		d.wait()
	}
}

func (d *Debounced[T]) wait() {
	wait := time.Until(d.last.Add(d.o.Wait))
	if d.o.MaxWait > 0 {
		wait = min(wait, time.Until(d.waiting.since.Add(max(d.o.MaxWait, d.o.Wait))))
	}
	if d.waiting.now {
		wait = 0
	}
	d.stop()
	number := d.number
	d.timer = time.AfterFunc(wait, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.number == number && !d.running {
			d.run()
		}
	})
}

func (d *Debounced[T]) run() {
	v := d.waiting.value
	d.waiting = nil
	d.running = true
	d.stop()
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		d.running = false
		if d.closed {
			close(d.done)
		}
		if d.waiting != nil {
			d.wait()
		}
	}()
	d.fn(v)
}
