// Package debounce runs a function once for a burst of calls, rather than once for each of them.
//
// Whoever is about to run the function takes a token, of which there is one. Each Call sets the alarm anew.
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
	task    func(T)
	options Options
	token   chan struct{}

	lock  sync.Mutex
	alarm *time.Timer
	next  *parcel[T]
	quiet time.Time // when the burst is over
	shut  bool
	gone  chan struct{}
	leave sync.Once
}

// A parcel is a value on its way.
type parcel[T any] struct {
	value    T
	deadline time.Time // at which it is delivered at the latest; zero: there is none
	express  bool
}

// New makes a function of fn that runs as o says. It panics if o.Wait is below zero, or if neither edge is enabled.
func New[T any](fn func(T), o Options) *Debounced[T] {
	switch {
	case o.Wait < 0:
		panic("debounce: a wait below zero")
	case !o.Leading && o.NoTrailing:
		panic("debounce: no edge to run at")
	}
	d := &Debounced[T]{task: fn, options: o, token: make(chan struct{}, 1), gone: make(chan struct{})}
	d.token <- struct{}{}
	return d
}

// Call asks for a run with v. At a leading edge fn has run when Call returns, unless it is running already: then it runs
// again as soon as it has returned.
func (d *Debounced[T]) Call(v T) {
	d.lock.Lock()
	defer d.lock.Unlock()
	now := time.Now()
	if d.shut {
		return
	}
	opens := d.options.Leading && !now.Before(d.quiet)
	d.quiet = now.Add(d.options.Wait)
	switch {
	case d.next != nil:
		d.next.value = v
	case opens || !d.options.NoTrailing:
		d.next = &parcel[T]{value: v}
		if d.options.MaxWait > 0 {
			d.next.deadline = now.Add(max(d.options.Wait, d.options.MaxWait))
		}
	default:
		return
	}
	if opens {
		d.send()
	} else {
		d.setAlarm(now)
	}
}

// Cancel drops what is pending and ends the burst: the next Call is the first of a new one.
func (d *Debounced[T]) Cancel() {
	d.lock.Lock()
	defer d.lock.Unlock()
	d.next, d.quiet = nil, time.Time{}
}

// Flush runs what is pending now, or as soon as fn returns if it is running, and says whether there was anything. The
// burst goes on.
func (d *Debounced[T]) Flush() bool {
	d.lock.Lock()
	defer d.lock.Unlock()
	if d.next == nil {
		return false
	}
	d.send()
	return true
}

// Pending says whether a value has been neither delivered nor dropped.
func (d *Debounced[T]) Pending() bool {
	d.lock.Lock()
	defer d.lock.Unlock()
	return d.next != nil
}

// Close cancels, and makes Call do nothing from now on. It does not wait for fn; Done tells when fn has returned.
func (d *Debounced[T]) Close() {
	d.lock.Lock()
	defer d.lock.Unlock()
	d.shut, d.next = true, nil
	if d.alarm != nil {
		d.alarm.Stop()
	}
	if len(d.token) > 0 {
		d.leave.Do(func() { close(d.gone) })
	}
}

// Done is closed when Close was called and fn will not run, or has returned.
func (d *Debounced[T]) Done() <-chan struct{} { return d.gone }

// send delivers what is next: at once, or as soon as the token is back.
func (d *Debounced[T]) send() {
	select {
	case <-d.token:
		d.deliver()
	default:
		d.next.express = true
	}
}

func (d *Debounced[T]) setAlarm(now time.Time) {
	at := d.quiet
	if !d.next.deadline.IsZero() && d.next.deadline.Before(at) {
		at = d.next.deadline
	}
	if d.next.express {
		at = now
	}
	if d.alarm == nil {
		d.alarm = time.AfterFunc(at.Sub(now), d.ring)
	} else {
		d.alarm.Reset(at.Sub(now))
	}
}

// ring delivers what is due by now: since the alarm was set, there may have come other values, or none is left.
func (d *Debounced[T]) ring() {
	d.lock.Lock()
	defer d.lock.Unlock()
	if d.next == nil {
		return
	}
	now := time.Now()
	late := !d.next.deadline.IsZero() && !now.Before(d.next.deadline)
	if d.next.express || late || !now.Before(d.quiet) {
		select {
		case <-d.token:
			d.deliver()
		default: // whoever has it sets the alarm
		}
		return
	}
	d.setAlarm(now)
}

// deliver runs the function. It wants the lock and the token, and gives the token back.
func (d *Debounced[T]) deliver() {
	value := d.next.value
	d.next = nil
	d.lock.Unlock()
	defer func() {
		d.lock.Lock()
		d.token <- struct{}{}
		if d.shut {
			d.leave.Do(func() { close(d.gone) })
		} else if d.next != nil {
			d.setAlarm(time.Now())
		}
	}()
	d.task(value)
}
