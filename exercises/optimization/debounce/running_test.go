package debounce

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
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
		var d *Debounced[int]
		d = New(func(int) {
			d.Call(2)
			d.Pending()
			d.Cancel()
			d.Flush()
			d.Close()
			d.Done()
		}, Options{Wait: time.Hour, Leading: true})
		d.Call(1)
	})
})

func needUsableFromFn(t *testing.T) {
	t.Helper()
	if !usableFromFn() {
		t.Fatal("fn calls Call, Pending, Cancel, Flush and Close of its own Debounced, and does not return within 3s; it may use them all: a lock that is held while fn runs is one that fn waits for")
	}
}

func TestCallFromFn(t *testing.T) {
	needUsableFromFn(t)
	for _, tt := range []struct {
		o         Options
		want, why string
	}{
		{Options{Wait: 100 * ms}, "1@100ms 2@200ms 3@300ms", "a Call from fn begins a burst"},
		{Options{Wait: 100 * ms, Leading: true, NoTrailing: true}, "1@0s", "a Call from fn of the leading edge belongs to the burst"},
		{Options{Wait: 100 * ms, Leading: true}, "1@0s 2@100ms 3@100ms",
			"2 is the second Call of the burst and trails; 3 comes when that burst is over and leads, which must wait until fn has returned"},
	} {
		bubble(t, func(t *testing.T) {
			runs := &diary{begun: time.Now()}
			var d *Debounced[int]
			d = New(func(v int) {
				runs.note(v)
				if v < 3 {
					d.Call(v + 1)
				}
			}, tt.o)
			closeAtEnd(t, d)
			d.Call(1)
			time.Sleep(time.Second)
			runs.want(t, fmt.Sprintf("%+v, fn calls Call with 2 and 3, a Call with 1", tt.o), tt.want, tt.why)
		})
	}
}

// slow is a function that takes so long, notes when it begins, and fails the test if it runs twice at a time.
func slow(t *testing.T, takes time.Duration, o Options) (*Debounced[int], *diary) {
	t.Helper()
	needUsableFromFn(t)
	runs := &diary{begun: time.Now()}
	var running atomic.Int32
	d := New(func(v int) {
		if running.Add(1) > 1 {
			t.Errorf("fn began with %d while it was running; want one run at a time: two requests that overtake one another leave the older answer on the screen", v)
		}
		runs.note(v)
		time.Sleep(takes)
		running.Add(-1)
	}, o)
	closeAtEnd(t, d)
	return d, runs
}

func TestSlowFnNotConcurrent(t *testing.T) {
	needUsableFromFn(t)
	bubble(t, func(t *testing.T) {
		d, runs := slow(t, time.Second, Options{Wait: 100 * ms})
		d.Call(1)
		time.Sleep(300 * ms)
		d.Call(2)
		time.Sleep(300 * ms)
		if !d.Pending() {
			t.Error("a run is due and waits for fn to return: Pending() = false, want true")
		}
		d.Call(3)
		time.Sleep(5 * time.Second)
		runs.want(t, "Wait: 100ms, fn takes 1s, Calls at 0, 300ms and 600ms", "1@100ms 3@1.1s", "what falls due while fn is running begins when it has returned, with the newest value")
	})
}

func TestLeadingWhileRunning(t *testing.T) {
	needUsableFromFn(t)
	bubble(t, func(t *testing.T) {
		d, runs := slow(t, time.Second, Options{Wait: 100 * ms, Leading: true})
		go d.Call(1)
		time.Sleep(300 * ms)
		begun := time.Now()
		d.Call(2)
		if took := time.Since(begun); took > 0 {
			t.Errorf("Call while fn is running took %v, want no time: it leaves its value and goes", took)
		}
		if !d.Pending() {
			t.Error("Leading, a Call while fn is running: Pending() = false, want true")
		}
		time.Sleep(5 * time.Second)
		runs.want(t, "Wait: 100ms, Leading, fn takes 1s, Calls at 0 and 300ms", "1@0s 2@1s", "2 is the first Call of a burst and ran as soon as fn had returned, once")
	})
	bubble(t, func(t *testing.T) {
		d, runs := slow(t, time.Second, Options{Wait: 100 * ms, Leading: true, NoTrailing: true})
		go d.Call(1)
		time.Sleep(50 * ms)
		d.Call(2)
		time.Sleep(250 * ms)
		d.Call(3)
		time.Sleep(5 * time.Second)
		runs.want(t, "Wait: 100ms, Leading, NoTrailing, fn takes 1s, Calls at 0, 50ms and 300ms", "1@0s 3@1s", "2 is not the first Call of a burst; 3 is")
	})
}

func TestCallerIsNotKept(t *testing.T) {
	needUsableFromFn(t)
	bubble(t, func(t *testing.T) {
		d, runs := slow(t, time.Second, Options{Wait: 100 * ms, Leading: true})
		go func() {
			for v := range 3 {
				time.Sleep(300 * ms)
				d.Call(v + 2)
			}
		}()
		begun := time.Now()
		d.Call(1)
		if took := time.Since(begun); took > time.Second {
			t.Errorf("Leading, fn takes 1s and others call meanwhile: Call took %v, want 1s: a caller runs its own value, and not those of all who come later", took)
		}
		time.Sleep(5 * time.Second)
		runs.want(t, "Wait: 100ms, Leading, fn takes 1s, Calls at 0, 300ms, 600ms and 900ms", "1@0s 4@1s", "one run is owed when fn returns, with the newest value")
	})
}

// A timer that was too late to be stopped, or a goroutine that waits for fn to return, must look again when its turn
// comes: what it came for may be gone.
func TestStaleTimer(t *testing.T) {
	needUsableFromFn(t)
	bubble(t, func(t *testing.T) {
		d, runs := slow(t, time.Second, Options{Wait: 100 * ms})
		d.Call(1)
		time.Sleep(200 * ms)
		d.Call(2)
		time.Sleep(850 * ms)
		d.Call(3) // at 1.05s, when 2 has been due since 300ms
		time.Sleep(time.Second)
		runs.want(t, "Wait: 100ms, fn runs from 100ms to 1.1s, Calls at 200ms and 1.05s", "1@100ms 3@1.15s", "3 replaced 2 before it could begin, and the wait begins anew with each Call")
	})
	bubble(t, func(t *testing.T) {
		d, runs := slow(t, time.Second, Options{Wait: 100 * ms})
		d.Call(1)
		time.Sleep(200 * ms)
		d.Call(2)
		time.Sleep(500 * ms)
		d.Cancel() // 2 was due
		time.Sleep(350 * ms)
		d.Call(3)
		time.Sleep(time.Second)
		runs.want(t, "Wait: 100ms, fn runs from 100ms to 1.1s, a Call at 200ms, Cancel at 700ms, a Call at 1.05s", "1@100ms 3@1.15s", "a run that was due and was cancelled must not take the next value with it")
	})
	// Calls at the very moment at which the timer ticks, many times, because nobody can say who comes first.
	for range 200 {
		bubble(t, func(t *testing.T) {
			d, runs := debounced(t, Options{Wait: 100 * ms})
			d.Call(1)
			for v := 2; v <= 4; v++ {
				go func() {
					time.Sleep(100 * ms)
					d.Call(2)
				}()
			}
			time.Sleep(time.Second)
			if got := runs.String(); got != "1@100ms 2@200ms" && got != "2@200ms" {
				t.Fatalf("Wait: 100ms, a Call with 1 at 0 and Calls with 2 at 100ms: fn ran %s; want 2@200ms, with or without 1@100ms before: a late timer must not run what was called later", got)
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
		d, runs := slow(t, 50*ms, Options{Wait: 500 * ms})
		d.Call(1)
		go d.Flush()
		time.Sleep(10 * ms)
		d.Call(2)
		begun := time.Now()
		if got, took := d.Flush(), time.Since(begun); !got || took > 0 {
			t.Errorf("Flush while fn is running and a value is pending = %t after %v, want true at once: it does not wait for fn", got, took)
		}
		time.Sleep(time.Second)
		runs.want(t, "Wait: 500ms, fn takes 50ms, a Call and Flush at 0, a Call and Flush at 10ms", "1@0s 2@50ms", "2 ran as soon as fn had returned, and did not wait for the end of the burst")
	})
}

func TestCloseWhileRunning(t *testing.T) {
	needUsableFromFn(t)
	bubble(t, func(t *testing.T) {
		d, runs := slow(t, time.Second, Options{Wait: 100 * ms})
		done := d.Done()
		d.Call(1)
		time.Sleep(300 * ms)
		d.Call(2)
		time.Sleep(300 * ms) // 2 is due
		begun := time.Now()
		d.Close()
		d.Close()
		if took := time.Since(begun); took > 0 {
			t.Errorf("Close while fn is running took %v, want no time: fn itself may close", took)
		}
		select {
		case <-done:
			t.Error("Close while fn is running: Done is closed, want it open until fn has returned: who waits for it is about to close what fn uses")
		default:
		}
		<-done
		if at := time.Since(runs.begun); at != 1100*ms {
			t.Errorf("fn runs from 100ms to 1.1s, Close at 600ms: Done was closed at %v, want 1.1s", at)
		}
		time.Sleep(time.Second)
		runs.want(t, "the same, a second later", "1@100ms", "what was due and had not begun is dropped")
	})
}

func TestValuesAreNotKept(t *testing.T) {
	needUsableFromFn(t)
	type value struct{ data [64]byte }
	for _, tt := range []struct {
		done string
		end  func(*Debounced[*value])
	}{
		{"delivered", func(d *Debounced[*value]) { d.Flush() }},
		{"cancelled", func(d *Debounced[*value]) { d.Cancel() }},
	} {
		d := New(func(*value) {}, Options{Wait: time.Hour})
		if !kit.Collected(func() (*value, func()) {
			v := new(value)
			d.Call(v)
			return v, func() { tt.end(d) }
		}) {
			t.Errorf("a value was %s and nobody else holds it: it is still there after five collections; a debounced save must not keep the document until the next one", tt.done)
		}
		d.Close()
	}
}

func TestClosedIsNotKept(t *testing.T) {
	needUsableFromFn(t)
	if !kit.Collected(func() (*Debounced[int], func()) {
		page := new([64]byte)
		d := New(func(int) { page[0]++ }, Options{Wait: time.Hour})
		d.Call(1)
		return d, d.Close
	}) {
		t.Error("a Call that was to be delivered in an hour, Close, and nobody else holds the Debounced: it is still there after five collections; a timer that was not stopped keeps it, its fn, and all that fn holds")
	}
}

func TestCallRace(t *testing.T) {
	needUsableFromFn(t)
	for _, o := range []Options{{Wait: ms}, {Wait: ms, MaxWait: 2 * ms}, {Wait: ms, Leading: true}} {
		bubble(t, func(t *testing.T) {
			const goroutines, calls = 8, 1000
			var running, runs atomic.Int32
			var last atomic.Int64
			d := New(func(v int) {
				if running.Add(1) > 1 {
					t.Error("fn runs twice at a time; want one run at a time")
				}
				runs.Add(1)
				last.Store(int64(v))
				running.Add(-1)
			}, o)
			closeAtEnd(t, d)
			var wg sync.WaitGroup
			for g := range goroutines {
				wg.Go(func() {
					for i := range calls {
						d.Call(g*calls + i)
						switch {
						case i%100 == 50:
							time.Sleep(ms * time.Duration(g))
						case i%100 == 75:
							d.Flush()
						case i%100 == 99 && i < calls-1:
							d.Cancel()
						}
						d.Pending()
					}
				})
			}
			wg.Wait()
			time.Sleep(time.Second)
			synctest.Wait()
			if v := last.Load(); runs.Load() == 0 || v%calls != calls-1 {
				t.Errorf("%+v, eight goroutines of 1,000 Calls each: %d runs, the last one with %d; want the last value of some goroutine at the end", o, runs.Load(), v)
			}
		})
	}
}

// The last one, because a panic that nobody recovers from ends the program and with it all later tests.
func TestPanicOfFn(t *testing.T) {
	needUsableFromFn(t)
	bubble(t, func(t *testing.T) {
		runs := &diary{begun: time.Now()}
		var d *Debounced[int]
		d = New(func(v int) {
			runs.note(v)
			if v == 1 {
				d.Call(2)
				panic("no such element")
			}
		}, Options{Wait: 100 * ms, Leading: true})
		closeAtEnd(t, d)
		func() {
			defer func() {
				if v := recover(); v != "no such element" {
					t.Errorf("fn panics at the leading edge: Call panics with %v, want what fn panicked with", v)
				}
			}()
			d.Call(1)
		}()
		time.Sleep(time.Second)
		d.Call(3)
		runs.want(t, "Leading, fn calls Call with 2 and panics, a Call with 3 a second later", "1@0s 2@100ms 3@1s", "after a panic that somebody recovered from, things go on as if fn had returned")
		d.Close()
		select {
		case <-d.Done():
		default:
			t.Error("fn has panicked, Close: Done is open, want it closed")
		}
	})
}
