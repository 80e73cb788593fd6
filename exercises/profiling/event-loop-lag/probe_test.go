package looplag

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// bubble runs a test on a clock of its own: sleeping costs no time, and the clock moves when every goroutine waits. At
// its end, a goroutine that can never wake up again is a leak.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	defer func() {
		if v := recover(); v != nil {
			t.Errorf("the probe's goroutine is still there, and waits for something that will not come (%v)", v)
		}
	}()
	synctest.Test(t, test)
}

// A lateClock is a clock on which a sleep is as much too long as the test says; after the last one it waits for the gate.
type lateClock struct {
	mu    sync.Mutex
	now   time.Time
	late  []time.Duration
	asked []time.Duration
	over  chan struct{} // closed when all were used
	gate  chan struct{}
}

func newLateClock(late ...time.Duration) *lateClock {
	return &lateClock{now: time.Unix(0, 0), late: late, over: make(chan struct{}), gate: make(chan struct{})}
}

func (c *lateClock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *lateClock) sleep(d time.Duration) {
	c.mu.Lock()
	n := len(c.asked)
	c.asked = append(c.asked, d)
	if n < len(c.late) {
		c.now = c.now.Add(d + c.late[n])
	}
	c.mu.Unlock()
	if n == len(c.late) {
		close(c.over)
	}
	if n >= len(c.late) {
		<-c.gate
	}
}

func probed(t *testing.T, correct bool, late ...time.Duration) (*Histogram, []time.Duration) {
	t.Helper()
	h := new(Histogram)
	c := newLateClock(late...)
	bubble(t, func(t *testing.T) {
		c.over, c.gate = make(chan struct{}), make(chan struct{})
		m := Start(Config{Resolution: 10 * ms, Now: c.read, Sleep: c.sleep, Correct: correct})
		select {
		case <-c.over:
		case <-time.After(time.Minute):
			t.Fatalf("the probe called Sleep %d times, want %d: it measures how long a Sleep takes by Now", len(c.asked), len(late)+1)
		}
		h = m.Snapshot()
		close(c.gate)
		m.Stop()
	})
	return h, c.asked
}

func TestProbeExact(t *testing.T) {
	h, asked := probed(t, false, 0, 30*ms, 0, 200*ms, -5*ms)
	exactly(t, h, "five sleeps of 10ms that are late by 0, 30, 0, 200 and -5ms", 5, time.Microsecond, 200*ms, (230*ms+3*time.Microsecond)/5)
	for _, d := range asked {
		if d != 10*ms {
			t.Errorf("Resolution 10ms: the probe asks Sleep for %v, want 10ms each time", d)
			break
		}
	}
	h, _ = probed(t, true, 0, 30*ms, 0)
	exactly(t, h, "with Correct, sleeps of 10ms that are late by 0, 30 and 0ms", 5, time.Microsecond, 30*ms, (60*ms+2*time.Microsecond)/5)
}

func TestSnapshotIsCopy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := Start(Config{})
		time.Sleep(105 * ms)
		before := m.Snapshot()
		if n := before.Count(); n != 10 {
			t.Errorf("Resolution 0, after 105ms: %d measurements, want 10, one each 10ms", n)
		}
		before.Record(time.Second)
		if most := m.Snapshot().Max(); most != time.Microsecond {
			t.Errorf("after a value of 1s was recorded in a snapshot: the next snapshot has Max %v, want 1µs: a snapshot is the caller's", most)
		}
		time.Sleep(100 * ms)
		if n := before.Count(); n != 11 {
			t.Errorf("100ms later the old snapshot has %d values, want the 11 it had: it is a copy", n)
		}
		m.Stop()
	})
}

func TestStopEnds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := Start(Config{Resolution: 50 * ms})
		time.Sleep(120 * ms)
		m.Stop()
		n := m.Snapshot().Count()
		if n < 2 || n > 3 {
			t.Errorf("stopped after 120ms with a resolution of 50ms: %d measurements, want 2, or 3 with the one that Stop waited for", n)
		}
		m.Stop() // a second time does nothing
		time.Sleep(time.Second)
		if later := m.Snapshot().Count(); later != n {
			t.Errorf("Stop returned with %d measurements, and 1s later there are %d: it must wait until the probe has ended", n, later)
		}
	})
	// Stop must not return while the probe is in the middle of a measurement.
	bubble(t, func(t *testing.T) {
		c := newLateClock()
		c.over, c.gate = make(chan struct{}), make(chan struct{})
		m := Start(Config{Now: c.read, Sleep: c.sleep})
		select {
		case <-c.over:
		case <-time.After(time.Minute):
			t.Fatal("the probe never called Sleep")
		}
		var stopped atomic.Bool
		go func() {
			m.Stop()
			stopped.Store(true)
		}()
		synctest.Wait()
		if stopped.Load() {
			t.Error("Stop returned while the probe was in Sleep; want it to wait until the probe has ended: the caller is about to close what it uses")
		}
		close(c.gate)
		synctest.Wait()
		if !stopped.Load() {
			t.Error("Sleep has returned, and Stop has not")
		}
	})
}
