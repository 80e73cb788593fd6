package throttle

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hotloop/exercises/kit"
)

// These are the tests of what happens while fn runs. They stand in a file that comes after the other one, because a
// solution that holds a lock then may hang.

// returns says whether f returns. It takes real time only if it does not.
func returns(f func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
		return true
	case <-time.After(3 * time.Second):
		return false
	}
}

// usableFromFn says whether fn can use what it is called by. A bubble does not notice if it cannot: a goroutine that
// waits for a mutex counts as one that goes on. So tests in which it would hang ask here before.
var usableFromFn = sync.OnceValue(func() bool {
	return returns(func() {
		var th *Throttled[int]
		th = New(func(int) {
			th.Call(2)
			th.Cancel()
			th.Flush()
			th.Close()
		}, Options{Interval: time.Hour})
		th.Call(1)
	})
})

func needUsableFromFn(t *testing.T) {
	t.Helper()
	if !usableFromFn() {
		t.Fatal("fn calls Call, Cancel, Flush and Close of its own Throttled, and does not return within 3s; it may use them all: a lock that is held while fn runs is one that fn waits for")
	}
}

func TestCallFromFn(t *testing.T) {
	needUsableFromFn(t)
	for _, tt := range []struct {
		o         Options
		want, why string
	}{
		{Options{Interval: 50 * ms}, "1@0s 2@50ms 3@100ms", "a Call from fn comes within the interval that the run has begun"},
		{Options{Interval: 50 * ms, NoLeading: true}, "1@50ms 2@100ms 3@150ms", "a Call from fn comes within the interval that the run has begun"},
		{Options{Interval: 50 * ms, NoTrailing: true}, "1@0s", "a Call from fn comes within the interval that the run has begun, and is dropped"},
	} {
		bubble(t, func(t *testing.T) {
			runs := &diary{begun: time.Now()}
			var th *Throttled[int]
			th = New(func(v int) {
				runs.note(v)
				if v < 3 && th.Call(v+1) {
					t.Error("a Call from fn = true, want false")
				}
			}, tt.o)
			closeAtEnd(t, th)
			th.Call(1)
			runs.at(time.Second)
			runs.want(t, fmt.Sprintf("%+v, fn calls Call with 2 and 3, a Call with 1", tt.o), tt.want, tt.why)
		})
	}
}

// slow is a function that takes so long, notes when it begins, and fails the test if it runs twice at a time.
func slow(t *testing.T, takes time.Duration, o Options) (*Throttled[int], *diary) {
	t.Helper()
	runs := &diary{begun: time.Now()}
	var running atomic.Int32
	th := New(func(v int) {
		if running.Add(1) > 1 {
			t.Errorf("fn began with %d while it was running; want one run at a time: two requests that overtake one another leave the older answer on the screen", v)
		}
		runs.note(v)
		time.Sleep(takes)
		running.Add(-1)
	}, o)
	closeAtEnd(t, th)
	return th, runs
}

func TestIntervalFromBeginToBegin(t *testing.T) {
	needUsableFromFn(t)
	bubble(t, func(t *testing.T) {
		th, runs := slow(t, 30*ms, Options{Interval: 50 * ms})
		go th.Call(1)
		runs.at(10 * ms)
		th.Call(2)
		runs.at(90 * ms)
		th.Call(3)
		runs.at(time.Second)
		runs.want(t, "Interval: 50ms, fn takes 30ms, Calls at 0, 10ms and 90ms", "1@0s 2@50ms 3@100ms", "intervals count from the beginning of a run, and not from its end")
	})
}

func TestSlowFnNotConcurrent(t *testing.T) {
	needUsableFromFn(t)
	bubble(t, func(t *testing.T) {
		th, runs := slow(t, 200*ms, Options{Interval: 50 * ms})
		go th.Call(1)
		for i, at := range []time.Duration{20 * ms, 120 * ms, 150 * ms} { // the interval is over at 50ms
			runs.at(at)
			begun := time.Now()
			if ran, took := th.Call(i+2), time.Since(begun); ran || took > 0 {
				t.Errorf("fn takes 200ms, Call at %v = %t after %v, want false at once: it leaves its value and goes", at, ran, took)
			}
		}
		runs.at(5 * time.Second)
		runs.want(t, "Interval: 50ms, fn takes 200ms, Calls at 0, 20ms, 120ms and 150ms", "1@0s 4@200ms", "what falls due while fn is running begins when it has returned, with the newest value")
	})
	bubble(t, func(t *testing.T) {
		th, runs := slow(t, 200*ms, Options{Interval: 50 * ms})
		go th.Call(1)
		runs.at(120 * ms)
		th.Call(2) // the first one in this run, and the interval is over
		runs.at(180 * ms)
		runs.want(t, "Interval: 50ms, fn takes 200ms, Calls at 0 and 120ms, at 180ms", "1@0s", "one run at a time")
		runs.at(5 * time.Second)
		runs.want(t, "the same, at 5s", "1@0s 2@200ms", "a Call that would lead waits, too, while fn is running")
	})
	bubble(t, func(t *testing.T) {
		th, runs := slow(t, 200*ms, Options{Interval: 50 * ms, NoTrailing: true})
		go th.Call(1)
		runs.at(120 * ms)
		if th.Call(2) {
			t.Error("NoTrailing, Call while fn is running = true, want false")
		}
		runs.at(5 * time.Second)
		runs.want(t, "Interval: 50ms, NoTrailing, fn takes 200ms, Calls at 0 and 120ms", "1@0s", "without a trailing edge, what cannot run at once is dropped")
	})
	bubble(t, func(t *testing.T) {
		th, runs := slow(t, 70*ms, Options{Interval: 50 * ms, NoLeading: true})
		th.Call(1)
		runs.at(110 * ms)
		th.Call(2) // fn runs from 50ms to 120ms, the interval is over
		runs.at(5 * time.Second)
		runs.want(t, "Interval: 50ms, NoLeading, fn takes 70ms, Calls at 0 and 110ms", "1@50ms 2@160ms", "a value that comes when no interval is open waits for one, whether fn is running or not")
	})
}

func TestCallerIsNotKept(t *testing.T) {
	needUsableFromFn(t)
	bubble(t, func(t *testing.T) {
		th, runs := slow(t, 200*ms, Options{Interval: 50 * ms})
		go func() {
			for v := range 3 {
				time.Sleep(60 * ms)
				th.Call(v + 2)
			}
		}()
		th.Call(1)
		if took := time.Since(runs.begun); took > 200*ms {
			t.Errorf("fn takes 200ms and others call meanwhile: Call took %v, want 200ms: a caller runs its own value, and not those of all who come later", took)
		}
		runs.at(5 * time.Second)
		runs.want(t, "Interval: 50ms, fn takes 200ms, Calls at 0, 60ms, 120ms and 180ms", "1@0s 4@200ms", "one run is owed when fn returns, with the newest value")
	})
}

// A run that is due and waits for fn, or a timer that was too late to be stopped, must look again when its turn comes.
func TestStaleTimer(t *testing.T) {
	needUsableFromFn(t)
	bubble(t, func(t *testing.T) {
		th, runs := slow(t, 200*ms, Options{Interval: 150 * ms, NoLeading: true})
		th.Call(1) // runs from 150ms to 350ms
		runs.at(200 * ms)
		th.Call(2) // due at 300ms
		runs.at(310 * ms)
		th.Cancel()
		runs.at(340 * ms)
		th.Call(3)
		runs.at(5 * time.Second)
		runs.want(t, "Interval: 150ms, NoLeading, fn runs from 150ms to 350ms, a Call at 200ms, Cancel at 310ms, a Call at 340ms", "1@150ms 3@490ms",
			"a run that was due and was cancelled must not take the next value with it")
	})
	// Cancel and two Calls at the very moment at which the timer ticks, many times, because nobody can say who comes first.
	for range 200 {
		bubble(t, func(t *testing.T) {
			th, runs := throttled(t, Options{Interval: 50 * ms})
			th.Call(1)
			runs.at(10 * ms)
			th.Call(2)
			runs.at(50 * ms)
			th.Cancel()
			th.Call(3)
			th.Call(4)
			runs.at(time.Second)
			if got := runs.String(); got != "1@0s 2@50ms 4@100ms" && got != "1@0s 3@50ms 4@100ms" {
				t.Fatalf("Interval: 50ms, Calls at 0 and 10ms, Cancel and Calls with 3 and 4 at 50ms: fn ran %s; want 1@0s, then either 2 or 3 at 50ms, and 4@100ms: a timer that comes late must not run what was called later", got)
			}
		})
		if t.Failed() {
			return
		}
	}
}

func TestFlushWhileRunning(t *testing.T) {
	needUsableFromFn(t)
	bubble(t, func(t *testing.T) {
		th, runs := slow(t, 50*ms, Options{Interval: 500 * ms})
		go th.Call(1)
		runs.at(10 * ms)
		th.Call(2)
		begun := time.Now()
		if got, took := th.Flush(), time.Since(begun); !got || took > 0 {
			t.Errorf("Flush while fn is running and a value is pending = %t after %v, want true at once: it does not wait for fn", got, took)
		}
		runs.at(100 * ms)
		th.Call(3)
		runs.at(5 * time.Second)
		runs.want(t, "Interval: 500ms, fn takes 50ms, Calls at 0 and 10ms, Flush at 10ms, a Call at 100ms", "1@0s 2@50ms 3@550ms",
			"2 ran as soon as fn had returned, and that run began an interval")
	})
}

func TestCloseWhileRunning(t *testing.T) {
	needUsableFromFn(t)
	bubble(t, func(t *testing.T) {
		th, runs := slow(t, 200*ms, Options{Interval: 50 * ms})
		go th.Call(1)
		runs.at(20 * ms)
		th.Call(2)
		runs.at(100 * ms) // 2 is due
		begun := time.Now()
		th.Close()
		if took := time.Since(begun); took > 0 {
			t.Errorf("Close while fn is running took %v, want no time: fn itself may close", took)
		}
		runs.at(5 * time.Second)
		runs.want(t, "Interval: 50ms, fn takes 200ms, Calls at 0 and 20ms, Close at 100ms", "1@0s", "what was due and had not begun is dropped")
	})
}

func TestValuesAreNotKept(t *testing.T) {
	needUsableFromFn(t)
	type value struct{ data [64]byte }
	for _, tt := range []struct {
		done string
		end  func(*Throttled[*value])
	}{
		{"delivered", func(th *Throttled[*value]) { th.Flush() }},
		{"cancelled", func(th *Throttled[*value]) { th.Cancel() }},
	} {
		th := New(func(*value) {}, Options{Interval: time.Hour})
		th.Call(nil)
		if !kit.Collected(func() (*value, func()) {
			v := new(value)
			th.Call(v)
			return v, func() { tt.end(th) }
		}) {
			t.Errorf("a value was %s and nobody else holds it: it is still there after five collections; a throttle lives as long as the page, and must not keep what went through it", tt.done)
		}
		th.Close()
	}
}

func TestClosedIsNotKept(t *testing.T) {
	needUsableFromFn(t)
	if !kit.Collected(func() (*Throttled[int], func()) {
		page := new([64]byte)
		th := New(func(int) { page[0]++ }, Options{Interval: time.Hour})
		th.Call(1)
		th.Call(2)
		return th, th.Close
	}) {
		t.Error("a Call that was to be delivered in an hour, Close, and nobody else holds the Throttled: it is still there after five collections; a timer that was not stopped keeps it, its fn, and all that fn holds")
	}
}

// The last one, because a panic that nobody recovers from ends the program and with it all later tests.
func TestPanicOfFn(t *testing.T) {
	needUsableFromFn(t)
	bubble(t, func(t *testing.T) {
		runs := &diary{begun: time.Now()}
		var th *Throttled[int]
		th = New(func(v int) {
			runs.note(v)
			if v == 1 {
				th.Call(2)
				panic("no such element")
			}
		}, Options{Interval: 50 * ms})
		closeAtEnd(t, th)
		func() {
			defer func() {
				if v := recover(); v != "no such element" {
					t.Errorf("fn panics at the leading edge: Call panics with %v, want what fn panicked with", v)
				}
			}()
			th.Call(1)
		}()
		runs.at(time.Second)
		th.Call(3)
		runs.want(t, "fn calls Call with 2 and panics, a Call with 3 a second later", "1@0s 2@50ms 3@1s", "after a panic that somebody recovered from, things go on as if fn had returned")
	})
}
