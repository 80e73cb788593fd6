// Package throttle runs a function at most once in an interval, and never loses the newest value.
//
// It is the one that everybody writes who has just written a debounce: each Call stops the timer of the Call before, and
// makes another one.
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
	timer   *time.Timer
	number  int // of the timer that counts: one that was stopped too late has an older number
	waiting *call[T]
	lastRun time.Time
	running bool
	closed  bool
}

// A call is a value that is to be delivered.
type call[T any] struct {
	value T
	due   time.Time
}

// New makes a function of fn that runs as o says. It panics if o.Interval is not above zero, or if neither edge is enabled.
func New[T any](fn func(T), o Options) *Throttled[T] {
	if o.Interval <= 0 || o.NoLeading && o.NoTrailing {
		panic("throttle: Interval is not above zero, or neither edge is enabled")
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
	next := &call[T]{value: v, due: t.lastRun.Add(t.o.Interval)}
	now := time.Now()
	if !now.Before(next.due) && t.o.NoLeading {
		next.due = now.Add(t.o.Interval)
	}
	if t.waiting != nil {
		next.due = t.waiting.due
	} else if t.o.NoTrailing && (t.running || now.Before(next.due)) {
		return false
	}
	leads := t.waiting == nil && !t.running && !now.Before(next.due)
	t.waiting = next
	if leads {
		t.run()
	} else {
		t.wait()
	}
	return leads
}

// Cancel drops what is pending. The interval goes on.
func (t *Throttled[T]) Cancel() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting = nil
	t.stop()
}

// Flush runs what is pending now, or as soon as fn returns if it is running, and says whether there was anything. The run
// begins an interval.
func (t *Throttled[T]) Flush() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting == nil {
		return false
	}
	if t.running {
		t.waiting.due = time.Now()
	} else {
		t.run()
	}
	return true
}

// Close cancels, and makes Call do nothing from now on. It does not wait for fn.
func (t *Throttled[T]) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed, t.waiting = true, nil
	t.stop()
}

func (t *Throttled[T]) stop() {
	t.number++
	if t.timer != nil {
		t.timer.Stop()
	}
}

func (t *Throttled[T]) wait() {
	t.stop()
	number := t.number
	t.timer = time.AfterFunc(time.Until(t.waiting.due), func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.number == number && !t.running {
			t.run()
		}
	})
}

func (t *Throttled[T]) run() {
	v := t.waiting.value
	t.waiting = nil
	t.lastRun = time.Now()
	t.running = true
	t.stop()
	t.mu.Unlock()
	defer func() {
		t.mu.Lock()
		t.running = false
		if t.waiting != nil {
			t.wait()
		}
	}()
	t.fn(v)
}
