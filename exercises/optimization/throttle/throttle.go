// Package throttle runs a function at most once in an interval, and never loses the newest value.
package throttle

import (
	"sync"
	"time"
)

// Options say when the function runs.
type Options struct {
	Interval   time.Duration // between the beginnings of two runs
	NoLeading  bool          // do not run at the Call that begins an interval
	NoTrailing bool          // do not run at its end: drop what comes within it
}

// A Throttled is a function that runs at most once in an interval, however often it is called. It is safe for concurrent
// use.
type Throttled[T any] struct {
	fn func(T)
	o  Options

	mu      sync.Mutex
	timer   *time.Timer // ticks when the pending value is due
	last    time.Time   // at which the newest run began; zero: there was none
	value   T           // what is to be delivered, if pending
	pending bool
	due     time.Time // when
	running bool
	closed  bool
}

// New makes a function of fn that runs as o says. It panics if o.Interval is not above zero, or if neither edge is enabled.
func New[T any](fn func(T), o Options) *Throttled[T] {
	if o.Interval <= 0 {
		panic("throttle: Interval is not above zero")
	}
	if o.NoLeading && o.NoTrailing {
		panic("throttle: neither the leading nor the trailing edge is enabled, so that the function would never run")
	}
	return &Throttled[T]{fn: fn, o: o}
}

// Call asks for a run with v, and says whether this very Call has run fn. If not, v is delivered at the end of the
// interval, unless a newer value comes, or there is no trailing edge.
func (t *Throttled[T]) Call(v T) (ran bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	if t.pending { // the timer is set; nearly all Calls end here
		t.value = v
		return false
	}
	now := time.Now()
	quiet := t.last.IsZero() || now.Sub(t.last) >= t.o.Interval
	switch {
	case quiet && !t.o.NoLeading && !t.running:
		t.run(v, now)
		return true
	case t.o.NoTrailing:
		return false
	case quiet && t.o.NoLeading:
		t.due = now.Add(t.o.Interval)
	default:
		t.due = t.last.Add(t.o.Interval)
	}
	t.value, t.pending = v, true
	t.schedule(now)
	return false
}

// Cancel drops what is pending. The interval goes on.
func (t *Throttled[T]) Cancel() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clear()
}

// Flush runs what is pending now, or as soon as fn returns if it is running, and says whether there was anything. The run
// begins an interval.
func (t *Throttled[T]) Flush() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.pending {
		return false
	}
	now := time.Now()
	t.due = now
	if !t.running {
		t.run(t.value, now)
	}
	return true
}

// Close cancels, and makes Call do nothing from now on. It does not wait for fn.
func (t *Throttled[T]) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	t.clear()
}

// The methods below want the lock to be held.

// clear keeps nothing of the value, so that it can be collected, nor of the timer.
func (t *Throttled[T]) clear() {
	var zero T
	t.value, t.pending = zero, false
	if t.timer != nil {
		t.timer.Stop()
	}
}

// schedule has the timer tick when the pending value is due.
func (t *Throttled[T]) schedule(now time.Time) {
	if !t.pending {
		return
	}
	if t.timer == nil {
		t.timer = time.AfterFunc(t.due.Sub(now), t.tick)
		return
	}
	t.timer.Reset(t.due.Sub(now))
}

// tick asks again whether anything is due: it may have been too late to be stopped. If fn is running, whoever runs it will
// schedule anew. It takes the lock itself.
func (t *Throttled[T]) tick() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := time.Now(); t.pending && !t.running && !t.due.After(now) {
		t.run(t.value, now)
	}
}

// run calls fn without the lock. What falls due meanwhile is left to the timer, so that a caller never has to run the
// values of others.
func (t *Throttled[T]) run(v T, now time.Time) {
	t.clear()
	t.last = now
	t.running = true
	t.mu.Unlock()
	defer func() { // also if fn panics
		t.mu.Lock()
		t.running = false
		t.schedule(time.Now())
	}()
	t.fn(v)
}
