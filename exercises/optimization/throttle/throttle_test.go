package throttle

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const ms = time.Millisecond

// bubble runs a test on a clock of its own: sleeping costs no time, and the clock moves when every goroutine waits. At
// its end, a goroutine that can never wake up again is a leak.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	defer func() {
		if v := recover(); v != nil {
			t.Errorf("goroutines are still there after Close, and nothing can wake them: each one keeps the function and all that it holds, for ever (%v)", v)
		}
	}()
	synctest.Test(t, test)
}

// A diary notes what fn got, and when, in time since it was begun: "3@50ms".
type diary struct {
	begun time.Time
	mu    sync.Mutex
	runs  []string
	times []time.Duration
}

func (d *diary) note(v int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := time.Since(d.begun)
	d.runs = append(d.runs, fmt.Sprintf("%d@%v", v, at))
	d.times = append(d.times, at)
}

func (d *diary) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.runs) == 0 {
		return "none"
	}
	return strings.Join(d.runs, " ")
}

// want compares all runs so far, once everything that is due has happened.
func (d *diary) want(t *testing.T, done, want, why string) {
	t.Helper()
	synctest.Wait()
	if got := d.String(); got != want {
		t.Errorf("%s: fn ran %s, want %s (value@time): %s", done, got, want, why)
	}
}

// closeAtEnd closes th at the end of the test, and lets time pass in which fn can return.
func closeAtEnd(t *testing.T, th *Throttled[int]) {
	t.Cleanup(func() {
		th.Close()
		time.Sleep(time.Minute)
	})
}

// throttled is a function that notes its runs.
func throttled(t *testing.T, o Options) (*Throttled[int], *diary) {
	t.Helper()
	runs := &diary{begun: time.Now()}
	th := New(runs.note, o)
	closeAtEnd(t, th)
	return th, runs
}

// at sleeps until so much time has gone by since the diary was begun.
func (d *diary) at(since time.Duration) { time.Sleep(since - time.Since(d.begun)) }

func TestLeadingAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		runs := &diary{begun: time.Now()}
		th := New(func(v int) {
			runs.note(v)
			time.Sleep(10 * ms)
		}, Options{Interval: 50 * ms})
		closeAtEnd(t, th)
		ran := th.Call(1)
		if took := time.Since(runs.begun); took != 10*ms || !ran {
			t.Errorf("fn takes 10ms: the first Call = %t after %v, want true after 10ms: it runs fn itself, at once", ran, took)
		}
		runs.at(time.Second)
		runs.want(t, "one Call at 0", "1@0s", "what was delivered at the leading edge is not delivered again at the trailing one")
	})
}

func TestLastValueNotLost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		th, runs := throttled(t, Options{Interval: 50 * ms})
		for v := range 3 {
			th.Call(v + 1)
			time.Sleep(10 * ms)
		}
		runs.at(49 * ms)
		runs.want(t, "Interval: 50ms, Calls at 0, 10ms and 20ms, at 49ms", "1@0s", "the interval is not over")
		runs.at(time.Second)
		runs.want(t, "the same, at 1s", "1@0s 3@50ms", "the newest value is delivered when the interval is over: it is where the user has scrolled to")
	})
}

func TestRateBound(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const interval, step = 100 * ms, 7370 * time.Microsecond
		th, runs := throttled(t, Options{Interval: interval})
		calls := 0
		for time.Since(runs.begun) < 10*time.Second {
			calls++
			th.Call(calls)
			time.Sleep(step)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		runs.mu.Lock()
		defer runs.mu.Unlock()
		if n := len(runs.times); n < 95 || n > 102 {
			t.Errorf("10s of Calls, one each 7.37ms, Interval: 100ms: fn ran %d times, want about 100: one run in each interval, neither more nor fewer", n)
		}
		for i, at := range runs.times {
			if i > 0 && at-runs.times[i-1] < interval {
				t.Fatalf("Interval: 100ms: fn ran at %v and again at %v; want 100ms between two runs: it is the one thing that a throttle promises", runs.times[i-1], at)
			}
		}
		if last := runs.runs[len(runs.runs)-1]; !strings.HasPrefix(last, fmt.Sprintf("%d@", calls)) {
			t.Errorf("%d Calls: the last run was %s (value@time), want the value %d in it", calls, last, calls)
		}
	})
}

func TestThousandEvents(t *testing.T) {
	bubble(t, func(t *testing.T) {
		th, runs := throttled(t, Options{Interval: 100 * ms})
		th.Call(1)
		for v := 2; v <= 1000; v++ {
			runs.at(time.Duration(v)*ms - 500*time.Microsecond)
			th.Call(v)
		}
		runs.at(10 * time.Second)
		runs.want(t, "Interval: 100ms, a Call each millisecond for a second",
			"1@0s 100@100ms 200@200ms 300@300ms 400@400ms 500@500ms 600@600ms 700@700ms 800@800ms 900@900ms 1000@1s",
			"eleven runs, each with the newest value of its interval, and the last value at the end")
	})
}

func TestTrailingStartsInterval(t *testing.T) {
	bubble(t, func(t *testing.T) {
		th, runs := throttled(t, Options{Interval: 50 * ms})
		th.Call(1)
		runs.at(20 * ms)
		th.Call(2)
		runs.at(60 * ms)
		th.Call(3)
		runs.at(time.Second)
		runs.want(t, "Interval: 50ms, Calls at 0, 20ms and 60ms", "1@0s 2@50ms 3@100ms", "the trailing run at 50ms begins an interval, too")
	})
}

func TestNoLeading(t *testing.T) {
	bubble(t, func(t *testing.T) {
		th, runs := throttled(t, Options{Interval: 50 * ms, NoLeading: true})
		th.Call(1)
		runs.at(30 * ms)
		th.Call(2)
		runs.at(70 * ms)
		th.Call(3)
		runs.at(300 * ms)
		th.Call(4)
		runs.at(time.Second)
		runs.want(t, "Interval: 50ms, NoLeading, Calls at 0, 30ms, 70ms and 300ms", "2@50ms 3@100ms 4@350ms",
			"a first value waits an interval, and so does one after a pause; 3 waits until 50ms after the run before it")
		runs.at(1350 * ms) // nothing since 350ms
		th.Call(5)
		runs.at(1360 * ms)
		th.Cancel()
		runs.at(1380 * ms)
		th.Call(6)
		runs.at(3 * time.Second)
		runs.want(t, "the same, a Call at 1.35s, Cancel at 1.36s and a Call at 1.38s", "2@50ms 3@100ms 4@350ms 6@1.43s", "5 was cancelled, and 6 waits an interval of its own")
	})
}

func TestNoTrailing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		th, runs := throttled(t, Options{Interval: 50 * ms, NoTrailing: true})
		for v := range 8 { // 0, 20 … 140ms
			th.Call(v + 1)
			if th.Flush() {
				t.Error("NoTrailing, Flush = true, want false: what does not run at once is dropped")
			}
			time.Sleep(20 * ms)
		}
		runs.at(time.Second)
		runs.want(t, "Interval: 50ms, NoTrailing, a Call each 20ms from 0 to 140ms", "1@0s 4@60ms 7@120ms", "without a trailing edge, what comes within an interval is dropped")
	})
}

func TestQuietThenLeading(t *testing.T) {
	bubble(t, func(t *testing.T) {
		th, runs := throttled(t, Options{Interval: 50 * ms})
		th.Call(1)
		runs.at(50 * ms)
		if !th.Call(2) {
			t.Error("Interval: 50ms, Calls at 0 and 50ms: the second one = false, want true: the interval is over")
		}
		runs.at(99 * ms)
		if th.Call(3) {
			t.Error("Interval: 50ms, Calls at 50ms and 99ms: the second one = true, want false: the interval is not over")
		}
		runs.at(time.Second)
		if !th.Call(4) {
			t.Error("a Call after a pause = false, want true: nothing has run for longer than the interval")
		}
		runs.at(2 * time.Second)
		runs.want(t, "Interval: 50ms, Calls at 0, 50ms, 99ms and 1s", "1@0s 2@50ms 3@100ms 4@1s", "a Call after an interval without a run leads")
	})
}

func TestRanReported(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for _, o := range []Options{{Interval: 50 * ms}, {Interval: 50 * ms, NoLeading: true}, {Interval: 50 * ms, NoTrailing: true}} {
			th, runs := throttled(t, o)
			for v := range 40 {
				ran := th.Call(v)
				if own := strings.HasSuffix(" "+runs.String(), fmt.Sprintf(" %d@%v", v, time.Since(runs.begun))); own != ran {
					t.Errorf("%+v: Call(%d) after %v = %t, want %t: it says whether this very Call has run fn", o, v, time.Since(runs.begun), ran, own)
				}
				time.Sleep(7 * ms)
			}
		}
	})
}

func TestCancel(t *testing.T) {
	bubble(t, func(t *testing.T) {
		th, runs := throttled(t, Options{Interval: 50 * ms})
		th.Cancel() // nothing to cancel
		th.Call(1)
		runs.at(10 * ms)
		th.Call(2)
		runs.at(20 * ms)
		th.Cancel()
		if th.Flush() {
			t.Error("Flush after Cancel = true, want false: nothing is pending")
		}
		runs.at(30 * ms)
		if th.Call(3) {
			t.Error("Interval: 50ms, a run at 0, Cancel at 20ms: Call at 30ms = true, want false: Cancel drops a value, and must not be a way around the interval")
		}
		runs.at(200 * ms)
		runs.want(t, "Interval: 50ms, Calls at 0 and 10ms, Cancel at 20ms, a Call at 30ms", "1@0s 3@50ms", "2 was cancelled; 3 waits for the end of the interval")
		th.Call(4)
		runs.at(210 * ms)
		th.Call(5)
		th.Cancel()
		runs.at(time.Second)
		runs.want(t, "the same, Calls at 200ms and 210ms and Cancel", "1@0s 3@50ms 4@200ms", "5 was cancelled, and nothing came after it")
	})
}

func TestFlush(t *testing.T) {
	bubble(t, func(t *testing.T) {
		th, runs := throttled(t, Options{Interval: 50 * ms})
		if th.Flush() {
			t.Error("Flush without a Call = true, want false: there is nothing to run")
		}
		th.Call(1)
		if th.Flush() {
			t.Error("Flush after a Call that ran = true, want false: its value has been delivered")
		}
		runs.at(10 * ms)
		th.Call(2)
		runs.at(20 * ms)
		if !th.Flush() {
			t.Error("Flush with a pending value = false, want true")
		}
		if got, want := runs.String(), "1@0s 2@20ms"; got != want {
			t.Errorf("Calls at 0 and 10ms, as soon as a Flush at 20ms has returned: fn ran %s, want %s: who flushes before a page is left needs it to be done", got, want)
		}
		if th.Flush() {
			t.Error("Flush a second time = true, want false: it has been delivered")
		}
		runs.at(60 * ms)
		th.Call(3)
		runs.at(time.Second)
		runs.want(t, "the same, and a Call at 60ms", "1@0s 2@20ms 3@70ms", "2 ran once, and its run at 20ms began an interval: neither the timer for 50ms runs anything, nor does the Call at 60ms")
	})
}

func TestClose(t *testing.T) {
	bubble(t, func(t *testing.T) {
		th, runs := throttled(t, Options{Interval: 50 * ms})
		th.Call(1)
		runs.at(10 * ms)
		th.Call(2)
		th.Close()
		if th.Call(3) || th.Flush() {
			t.Error("after Close: Call or Flush = true, want false")
		}
		th.Close()
		th.Cancel()
		runs.at(time.Second)
		if th.Call(4) || th.Flush() {
			t.Error("a second after Close: Call or Flush = true, want false")
		}
		runs.at(2 * time.Second)
		runs.want(t, "Calls at 0 and 10ms, Close, Calls", "1@0s", "after Close nothing runs: the component that fn would update is gone")
	})
}

func TestPanicsOnBadOptions(t *testing.T) {
	for _, tt := range []struct {
		o    Options
		want bool
		why  string
	}{
		{Options{}, true, "without an interval nothing is throttled"},
		{Options{Interval: -1}, true, "an interval is not below zero"},
		{Options{Interval: time.Second, NoLeading: true, NoTrailing: true}, true, "it would never run"},
		{Options{Interval: 1}, false, "a nanosecond is an interval"},
		{Options{Interval: time.Second, NoLeading: true}, false, "one edge is enough"},
		{Options{Interval: time.Second, NoTrailing: true}, false, "one edge is enough"},
	} {
		func() {
			defer func() {
				if got := recover() != nil; got != tt.want {
					t.Errorf("New with %+v panics: %t, want %t: %s", tt.o, got, tt.want, tt.why)
				}
			}()
			New(func(int) {}, tt.o).Close()
		}()
	}
}

func TestCallRace(t *testing.T) {
	for _, o := range []Options{{Interval: ms}, {Interval: ms, NoLeading: true}, {Interval: ms, NoTrailing: true}} {
		bubble(t, func(t *testing.T) {
			const goroutines, calls = 8, 1000
			th, runs := throttled(t, o)
			var wg sync.WaitGroup
			for g := range goroutines {
				wg.Go(func() {
					for i := range calls {
						th.Call(g*calls + i)
						switch {
						case i%10 == 5:
							time.Sleep(time.Duration(g+1) * 100 * time.Microsecond)
						case i%100 == 99 && i < calls-1:
							th.Cancel()
						}
					}
				})
			}
			wg.Wait()
			time.Sleep(time.Second)
			synctest.Wait()
			runs.mu.Lock()
			defer runs.mu.Unlock()
			if len(runs.times) == 0 {
				t.Fatalf("%+v, eight goroutines of 1,000 Calls each: fn never ran", o)
			}
			for i, at := range runs.times {
				if i > 0 && at-runs.times[i-1] < o.Interval {
					t.Fatalf("%+v, eight goroutines: fn ran at %v and at %v; want %v between two runs: to look and then to act is one step, or two callers both see that it is time", o, runs.times[i-1], at, o.Interval)
				}
			}
			var last int
			fmt.Sscanf(runs.runs[len(runs.runs)-1], "%d@", &last)
			if !o.NoTrailing && last%calls != calls-1 {
				t.Errorf("%+v, eight goroutines of 1,000 Calls each: the last run had %d; want the last value of some goroutine", o, last)
			}
		})
	}
}
