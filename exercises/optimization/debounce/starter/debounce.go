// Package debounce runs a function once for a burst of calls, rather than once for each of them.
package debounce

import "time"

// Options say when the function runs.
type Options struct {
	Wait       time.Duration // a burst of Calls is over when none has come for so long
	MaxWait    time.Duration // how long a Call waits at most to be delivered; 0: as long as the burst lasts; below Wait: Wait
	Leading    bool          // run at the first Call of a burst
	NoTrailing bool          // do not run at its end
}

// A Debounced is a function that runs once for many Calls, with the value of the last one. It is safe for concurrent use.
type Debounced[T any] struct {
	fn    func(T)
	o     Options
	timer *time.Timer
}

// New makes a function of fn that runs as o says. It panics if o.Wait is below zero, or if neither edge is enabled.
func New[T any](fn func(T), o Options) *Debounced[T] {
	return &Debounced[T]{fn: fn, o: o} // TODO: refuse what makes no sense
}

// Call asks for a run with v. At a leading edge fn has run when Call returns, unless it is running already: then it runs
// again as soon as it has returned.
func (d *Debounced[T]) Call(v T) {
	if d.timer != nil {
		d.timer.Stop() // TODO: and if it says false? And if somebody else calls at the same moment?
	}
	d.timer = time.AfterFunc(d.o.Wait, func() { d.fn(v) })
	// TODO: Leading, NoTrailing, MaxWait, and one run at a time.
}

// Cancel drops what is pending and ends the burst: the next Call is the first of a new one.
func (d *Debounced[T]) Cancel() {} // TODO

// Flush runs what is pending now, or as soon as fn returns if it is running, and says whether there was anything. The
// burst goes on.
func (d *Debounced[T]) Flush() bool { return false } // TODO

// Pending says whether a value has been neither delivered nor dropped.
func (d *Debounced[T]) Pending() bool { return false } // TODO

// Close cancels, and makes Call do nothing from now on. It does not wait for fn; Done tells when fn has returned.
func (d *Debounced[T]) Close() {} // TODO

// Done is closed when Close was called and fn will not run, or has returned.
func (d *Debounced[T]) Done() <-chan struct{} { return nil } // TODO
