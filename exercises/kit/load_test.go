package kit

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// stalling is a server with one worker that takes a millisecond, and stalls once for so long.
func stalling(stall time.Duration) func() error {
	turn := make(chan struct{}, 1) // unlike a mutex, waiting for it lets the bubble's clock go on
	calls := 0
	return func() error {
		turn <- struct{}{}
		defer func() { <-turn }()
		if calls++; calls == 100 {
			time.Sleep(stall)
		}
		time.Sleep(time.Millisecond)
		return nil
	}
}

// A stall of 100 ms while 100 calls a second come is seen by about ten of them in an open loop, and by one in a closed one.
func TestStallIsSeenByAllWhoCameMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := OpenLoop(t, 100, 10*time.Second, stalling(100*time.Millisecond))
		if open.OK != 1000 || open.Failed != 0 {
			t.Fatalf("%d calls, %d failed; want 1000, 0", open.OK, open.Failed)
		}
		if got := open.Lat.Quantile(0.99); got < 5*time.Millisecond {
			t.Errorf("open loop: p99 is %v; ten of a thousand calls met the stall", got)
		}
		if got := open.Lat.Max(); got != 101*time.Millisecond {
			t.Errorf("open loop: the longest took %v, want 101ms exactly: the clock is the bubble's", got)
		}
		if got := open.Lat.Quantile(0.5); got < time.Millisecond || got > time.Millisecond*102/100 {
			t.Errorf("open loop: p50 is %v, want 1ms", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		closed := ClosedLoop(t, 1, 10*time.Second, stalling(100*time.Millisecond))
		if got := closed.Lat.Quantile(0.999); got > time.Millisecond*102/100 {
			t.Errorf("closed loop: p99.9 is %v; one of ten thousand calls met the stall", got)
		}
		if got := closed.Lat.Max(); got != 101*time.Millisecond {
			t.Errorf("closed loop: the longest took %v, want 101ms", got)
		}
		if want := 9_901; closed.OK < want-1 || closed.OK > want+1 {
			t.Errorf("closed loop: %d calls in 10 s, want %d", closed.OK, want)
		}
	})
}

// A server that takes longer than callers come is called on time all the same.
func TestOpenLoopDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := OpenLoop(t, 10, time.Second, func() error {
			time.Sleep(3 * time.Second)
			return nil
		})
		if r.OK != 10 || r.Lat.Min() != 3*time.Second || r.Lat.Max() != 3*time.Second || r.Took != 3900*time.Millisecond {
			t.Errorf("%d calls of %v to %v in %v; want 10 of 3s in 3.9s", r.OK, r.Lat.Min(), r.Lat.Max(), r.Took)
		}
	})
}

func TestLoadsCountFailures(t *testing.T) {
	broken := errors.New("on purpose")
	fail := func() func() error {
		var mu sync.Mutex
		n := 0
		return func() error {
			time.Sleep(10 * time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			if n++; n%2 == 0 {
				return broken
			}
			return nil
		}
	}
	synctest.Test(t, func(t *testing.T) {
		for name, r := range map[string]Report{
			"open":   OpenLoop(t, 100, time.Second, fail()),
			"closed": ClosedLoop(t, 2, 500*time.Millisecond, fail()),
		} {
			if r.OK != 50 || r.Failed != 50 || r.FirstErr != broken || r.Lat.Count() != 50 {
				t.Errorf("%s: %d went well and %d failed with %v, %d latencies; want 50 and 50, and those of the 50", name, r.OK, r.Failed, r.FirstErr, r.Lat.Count())
			}
		}
		if got := ClosedLoop(t, 4, time.Second, func() error { time.Sleep(time.Millisecond); return nil }); got.Throughput() != 4000 {
			t.Errorf("four callers, a millisecond each: %g calls a second, want 4000", got.Throughput())
		}
	})
}
