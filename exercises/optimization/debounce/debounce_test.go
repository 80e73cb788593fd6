package debounce

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

// A diary notes what fn got, and when, in time since it was begun: "3@100ms".
type diary struct {
	begun time.Time
	mu    sync.Mutex
	runs  []string
}

func (d *diary) note(v int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.runs = append(d.runs, fmt.Sprintf("%d@%v", v, time.Since(d.begun)))
}

func (d *diary) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.runs) == 0 {
		return "none"
	}
	return strings.Join(d.runs, " ")
}

// closeAtEnd closes d at the end of the test, and lets time pass in which fn can return.
func closeAtEnd(t *testing.T, d *Debounced[int]) {
	t.Cleanup(func() {
		d.Close()
		time.Sleep(time.Minute)
	})
}

// debounced is a function that notes its runs.
func debounced(t *testing.T, o Options) (*Debounced[int], *diary) {
	t.Helper()
	runs := &diary{begun: time.Now()}
	d := New(runs.note, o)
	closeAtEnd(t, d)
	return d, runs
}

// want compares all runs so far, once everything that is due has happened.
func (d *diary) want(t *testing.T, done, want, why string) {
	t.Helper()
	synctest.Wait()
	if got := d.String(); got != want {
		t.Errorf("%s: fn ran %s, want %s (value@time): %s", done, got, want, why)
	}
}

// every calls with the values from, from+1 … to, one each step, and sleeps one step after the last one, too.
func every(d *Debounced[int], step time.Duration, from, to int) {
	for v := from; v <= to; v++ {
		d.Call(v)
		time.Sleep(step)
	}
}

func TestTrailingOnceWithLast(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d, runs := debounced(t, Options{Wait: 100 * ms})
		every(d, 40*ms, 1, 3)
		time.Sleep(59 * ms)
		runs.want(t, "Wait: 100ms, Calls at 0, 40ms and 80ms, at 179ms", "none", "the burst is not over until 100ms have gone by without a Call")
		time.Sleep(2 * ms)
		runs.want(t, "the same, at 181ms", "3@180ms", "one run for the burst, with the newest value: the user has typed on")
		time.Sleep(time.Hour)
		runs.want(t, "the same, an hour later", "3@180ms", "what was delivered is not delivered again")
	})
}

func TestThousandEventsOneRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d, runs := debounced(t, Options{Wait: 50 * ms})
		every(d, ms, 1, 1000)
		time.Sleep(time.Second)
		runs.want(t, "Wait: 50ms, a Call each millisecond for a second", "1000@1.049s", "a thousand events are one request")
	})
}

func TestTwoBursts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d, runs := debounced(t, Options{Wait: 100 * ms})
		every(d, 50*ms, 1, 2) // ends at 100ms
		time.Sleep(200 * ms)
		every(d, 50*ms, 3, 4) // begins at 300ms
		time.Sleep(200 * ms)
		runs.want(t, "Wait: 100ms, Calls at 0, 50ms, 300ms and 350ms", "2@150ms 4@450ms", "a run for each burst")
	})
}

func TestWaitZero(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d, runs := debounced(t, Options{})
		d.Call(1)
		runs.want(t, "Wait: 0, a Call at 0", "1@0s", "the burst is over as soon as the Call is")
		time.Sleep(ms)
		d.Call(2)
		runs.want(t, "Wait: 0, a Call at 0 and one at 1ms", "1@0s 2@1ms", "each is a burst of its own")
	})
}

func TestLeadingImmediate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		runs := &diary{begun: time.Now()}
		d := New(func(v int) {
			runs.note(v)
			time.Sleep(10 * ms)
		}, Options{Wait: 100 * ms, Leading: true, NoTrailing: true})
		closeAtEnd(t, d)
		d.Call(1)
		if took := time.Since(runs.begun); took != 10*ms {
			t.Errorf("Leading, fn takes 10ms: the first Call took %v, want 10ms: fn has run when Call returns, so that the caller can rely on it", took)
		}
		time.Sleep(50 * ms)
		every(d, 60*ms, 2, 4) // 60, 120, 180ms
		if d.Pending() {
			t.Error("NoTrailing, in a burst: Pending() = true, want false: what is not the first Call of a burst is dropped")
		}
		time.Sleep(300 * ms)
		runs.want(t, "Wait: 100ms, Leading, NoTrailing, a Call each 60ms from 0 to 180ms", "1@0s", "only the first Call of a burst runs, and a burst lasts until 100ms after its last Call")
		d.Call(5)
		runs.want(t, "the same, and a Call at 540ms", "1@0s 5@540ms", "after a pause, a Call is the first of a new burst")
	})
}

func TestLeadingSingleCallNoTrailing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d, runs := debounced(t, Options{Wait: 100 * ms, Leading: true})
		d.Call(1)
		if d.Pending() {
			t.Error("Leading, after the first Call: Pending() = true, want false: its value has been delivered")
		}
		time.Sleep(99 * ms)
		d.Call(2)
		time.Sleep(300 * ms) // 399ms
		runs.want(t, "Wait: 100ms, Leading, Calls at 0 and 99ms", "1@0s 2@199ms", "99ms after the first Call the burst was not over; so the second one trails")
		d.Call(3)
		time.Sleep(time.Second)
		runs.want(t, "the same, and a lonely Call at 399ms", "1@0s 2@199ms 3@399ms", "a burst of one Call runs once: sending the form twice is what debouncing was to prevent")
	})
}

func TestLeadingAndTrailing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d, runs := debounced(t, Options{Wait: 100 * ms, Leading: true})
		every(d, 40*ms, 1, 4) // 0, 40, 80, 120ms
		time.Sleep(100 * ms)  // 260ms
		runs.want(t, "Wait: 100ms, Leading, a Call each 40ms from 0 to 120ms", "1@0s 4@220ms", "the first one at once, the newest one at the end")
		every(d, 40*ms, 5, 6) // 260, 300ms
		time.Sleep(200 * ms)
		runs.want(t, "the same, and Calls at 260ms and 300ms", "1@0s 4@220ms 5@260ms 6@400ms", "the burst was over when its trailing run was due; the next Call leads again")
	})
}

func TestMaxWait(t *testing.T) {
	for _, tt := range []struct {
		o         Options
		step      time.Duration
		calls     int
		want, why string
	}{
		{Options{Wait: 100 * ms, MaxWait: 300 * ms}, 70 * ms, 15, "5@300ms 10@650ms 15@1s",
			"a run at the latest 300ms after the oldest Call that is not delivered: those at 0, 350ms and 700ms"},
		{Options{Wait: 100 * ms, MaxWait: 300 * ms, Leading: true}, 70 * ms, 15, "1@0s 6@370ms 11@720ms 15@1.07s",
			"the Calls at 0, 70ms, 420ms and 770ms are the oldest ones that are not delivered; a run in the middle ends no burst, so none of them leads but the first"},
		{Options{Wait: 100 * ms, MaxWait: 300 * ms}, 70 * ms, 3, "3@240ms", "MaxWait makes no run later"},
		{Options{Wait: 100 * ms, MaxWait: 20 * ms}, 70 * ms, 4, "2@100ms 4@240ms", "a MaxWait below Wait is Wait"},
		{Options{Wait: 100 * ms, MaxWait: 300 * ms, Leading: true, NoTrailing: true}, 70 * ms, 15, "1@0s",
			"without a trailing edge there is nothing that could wait"},
		{Options{Wait: 100 * ms}, 70 * ms, 15, "15@1.08s", "with MaxWait: 0 there is no limit"},
	} {
		bubble(t, func(t *testing.T) {
			d, runs := debounced(t, tt.o)
			every(d, tt.step, 1, tt.calls)
			time.Sleep(time.Second)
			runs.want(t, fmt.Sprintf("%+v, %d Calls, one each %v", tt.o, tt.calls, tt.step), tt.want, tt.why)
		})
	}
}

// A MaxWait counts from Calls, not from the run before: a pause must not use it up.
func TestMaxWaitAfterPause(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d, runs := debounced(t, Options{Wait: 100 * ms, MaxWait: 300 * ms})
		d.Call(1)
		time.Sleep(time.Second)
		every(d, 70*ms, 2, 7) // 1s … 1.35s
		d.Cancel()            // at 1.42s: 7 is dropped
		every(d, 70*ms, 8, 12)
		time.Sleep(time.Second)
		runs.want(t, "Wait: 100ms, MaxWait: 300ms, Calls at 0 and from 1s to 1.35s, Cancel and Calls from 1.42s to 1.7s", "1@100ms 6@1.3s 12@1.72s",
			"the oldest Calls that were neither delivered nor cancelled are those at 1s and 1.42s")
	})
}

func TestCancel(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d, runs := debounced(t, Options{Wait: 100 * ms, Leading: true})
		d.Cancel() // nothing to cancel
		every(d, 30*ms, 1, 2)
		if !d.Pending() {
			t.Error("Leading, after two Calls: Pending() = false, want true: the second one trails")
		}
		d.Cancel()
		if d.Pending() {
			t.Error("after Cancel: Pending() = true, want false")
		}
		runs.want(t, "Wait: 100ms, Leading, Calls at 0 and 30ms, Cancel at 60ms", "1@0s", "Cancel runs nothing")
		d.Call(3)
		runs.want(t, "the same, and a Call at 60ms", "1@0s 3@60ms", "Cancel ends the burst, so that the next Call leads")
		time.Sleep(10 * ms)
		d.Call(4)
		time.Sleep(time.Second)
		runs.want(t, "the same, and a Call at 70ms", "1@0s 3@60ms 4@170ms", "2 was cancelled; 4 waits for its own 100ms, and not for a timer of the burst before")
	})
}

func TestFlushRunsNowOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d, runs := debounced(t, Options{Wait: 100 * ms, Leading: true})
		if d.Flush() {
			t.Error("Flush without a Call = true, want false: there is nothing to run")
		}
		d.Call(1)
		if d.Flush() {
			t.Error("Leading, Flush after one Call = true, want false: its value has been delivered")
		}
		time.Sleep(40 * ms)
		d.Call(2)
		time.Sleep(20 * ms)
		if !d.Flush() {
			t.Error("Flush in a burst = false, want true: a value was pending")
		}
		if got, want := runs.String(), "1@0s 2@60ms"; got != want {
			t.Errorf("Calls at 0 and 40ms, as soon as a Flush at 60ms has returned: fn ran %s, want %s: who flushes before a page is left needs it to be done", got, want)
		}
		if d.Pending() || d.Flush() {
			t.Error("after Flush: something is pending still; want nothing")
		}
		time.Sleep(20 * ms)
		d.Call(3)
		runs.want(t, "the same, and a Call at 80ms", "1@0s 2@60ms", "Flush delivers and does not end the burst: 80ms is 40ms after the newest Call, so 3 does not lead")
		time.Sleep(time.Second)
		runs.want(t, "the same, a second later", "1@0s 2@60ms 3@180ms", "2 ran once, by Flush and not again by the timer; 3 waits for its own 100ms")
	})
}

func TestClose(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d, runs := debounced(t, Options{Wait: 100 * ms, MaxWait: 200 * ms})
		d.Call(1)
		select {
		case <-d.Done():
			t.Error("before Close: Done is closed")
		default:
		}
		d.Close()
		select {
		case <-d.Done():
		case <-time.After(time.Hour):
			t.Error("after Close, while fn does not run: Done is open, want it closed: there is nothing to wait for")
		}
		d.Call(2)
		if d.Pending() || d.Flush() {
			t.Error("after Close and a Call: something is pending; want nothing")
		}
		d.Close()
		d.Cancel()
		time.Sleep(time.Second)
		runs.want(t, "a Call, Close, a Call", "none", "after Close nothing runs: the component that fn would update is gone")
	})
	bubble(t, func(t *testing.T) {
		d, runs := debounced(t, Options{Wait: 100 * ms, Leading: true})
		d.Close()
		d.Call(1)
		runs.want(t, "Leading, Close, a Call", "none", "after Close, no Call leads")
	})
}

func TestPanicsOnBadOptions(t *testing.T) {
	for _, tt := range []struct {
		o    Options
		want bool
		why  string
	}{
		{Options{Wait: -1}, true, "it would be due before it was called"},
		{Options{Wait: -1, Leading: true}, true, "it would be due before it was called"},
		{Options{Wait: time.Second, NoTrailing: true}, true, "it would never run"},
		{Options{}, false, "a Wait of 0 is allowed"},
		{Options{Leading: true, NoTrailing: true}, false, "one edge is enough"},
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
