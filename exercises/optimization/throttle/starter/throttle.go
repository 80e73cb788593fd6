// Package throttle runs a function at most once in an interval, and never loses the newest value.
package throttle

import "time"

// Options say when the function runs.
type Options struct {
	Interval   time.Duration // between the beginnings of two runs
	NoLeading  bool          // do not run at the Call that begins an interval
	NoTrailing bool          // do not run at its end: drop what comes within it
}

// A Throttled is a function that runs at most once in an interval, however often it is called. It is safe for concurrent
// use.
type Throttled[T any] struct {
	fn       func(T)
	o        Options
	lastCall int64
}

// New makes a function of fn that runs as o says. It panics if o.Interval is not above zero, or if neither edge is enabled.
func New[T any](fn func(T), o Options) *Throttled[T] {
	return &Throttled[T]{fn: fn, o: o} // TODO: refuse what makes no sense
}

// Call asks for a run with v, and says whether this very Call has run fn. If not, v is delivered at the end of the
// interval, unless a newer value comes, or there is no trailing edge.
func (t *Throttled[T]) Call(v T) (ran bool) {
	now := time.Now().UnixMilli()
	if now-t.lastCall >= t.o.Interval.Milliseconds() {
		t.lastCall = now
		t.fn(v)
		return true
	}
	return false // TODO: and v?
}

// Cancel drops what is pending. The interval goes on.
func (t *Throttled[T]) Cancel() {} // TODO

// Flush runs what is pending now, or as soon as fn returns if it is running, and says whether there was anything. The run
// begins an interval.
func (t *Throttled[T]) Flush() bool { return false } // TODO

// Close cancels, and makes Call do nothing from now on. It does not wait for fn.
func (t *Throttled[T]) Close() {} // TODO
