// Package throttle runs a function at most once in an interval, and never loses the newest value.
//
// A value that must wait is parked, with a timer of its own: one for each interval, and not one for each Call. Whoever
// runs the function holds a mutex that is only tried and never waited for.
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
	task    func(T)
	options Options
	busy    sync.Mutex

	state sync.Mutex
	free  time.Time // from when on the next run may begin
	place *place[T] // at most one value is parked
	shut  bool
}

// A place holds a value until it is its turn.
type place[T any] struct {
	value   T
	alarm   *time.Timer
	overdue bool // it waits only for the task to return
}

// New makes a function of fn that runs as o says. It panics if o.Interval is not above zero, or if neither edge is enabled.
func New[T any](fn func(T), o Options) *Throttled[T] {
	switch {
	case o.Interval <= 0:
		panic("throttle: no interval")
	case o.NoLeading && o.NoTrailing:
		panic("throttle: no edge to run at")
	}
	return &Throttled[T]{task: fn, options: o}
}

// Call asks for a run with v, and says whether this very Call has run fn. If not, v is delivered at the end of the
// interval, unless a newer value comes, or there is no trailing edge.
func (t *Throttled[T]) Call(v T) (ran bool) {
	t.state.Lock()
	defer t.state.Unlock()
	switch now := time.Now(); {
	case t.shut:
	case t.place != nil:
		t.place.value = v
	case now.Before(t.free):
		t.park(v, t.free.Sub(now))
	case t.options.NoLeading:
		t.park(v, t.options.Interval)
	case t.busy.TryLock():
		t.perform(v)
		return true
	default:
		t.park(v, 0)
	}
	return false
}

func (t *Throttled[T]) park(v T, wait time.Duration) {
	if t.options.NoTrailing {
		return
	}
	p := &place[T]{value: v}
	p.alarm = time.AfterFunc(wait, func() { t.leave(p) })
	t.place = p
}

// leave is what a parked value does when its time has come, if it is still the one.
func (t *Throttled[T]) leave(p *place[T]) {
	t.state.Lock()
	defer t.state.Unlock()
	if t.place == p {
		t.release()
	}
}

// release runs the parked value now, or marks it for whoever runs the task.
func (t *Throttled[T]) release() {
	p := t.place
	if !t.busy.TryLock() {
		p.overdue = true
		return
	}
	p.alarm.Stop()
	t.place = nil
	t.perform(p.value)
}

// perform runs the task. It wants both mutexes, and gives back the one that says that it is busy.
func (t *Throttled[T]) perform(v T) {
	t.free = time.Now().Add(t.options.Interval)
	t.state.Unlock()
	defer func() {
		t.state.Lock()
		t.busy.Unlock()
		if p := t.place; p != nil && p.overdue {
			p.alarm.Reset(0)
		}
	}()
	t.task(v)
}

// Cancel drops what is pending. The interval goes on.
func (t *Throttled[T]) Cancel() {
	t.state.Lock()
	defer t.state.Unlock()
	t.empty()
}

func (t *Throttled[T]) empty() {
	if t.place != nil {
		t.place.alarm.Stop()
		t.place = nil
	}
}

// Flush runs what is pending now, or as soon as fn returns if it is running, and says whether there was anything. The run
// begins an interval.
func (t *Throttled[T]) Flush() bool {
	t.state.Lock()
	defer t.state.Unlock()
	if t.place == nil {
		return false
	}
	t.release()
	return true
}

// Close cancels, and makes Call do nothing from now on. It does not wait for fn.
func (t *Throttled[T]) Close() {
	t.state.Lock()
	defer t.state.Unlock()
	t.empty()
	t.shut = true
}
