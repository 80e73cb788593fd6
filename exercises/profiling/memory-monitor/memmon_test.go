package memmon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hotloop/exercises/kit"
)

// bubble runs a test on a clock of its own: sleeping costs no time, and the clock moves when every goroutine waits. At
// its end, a goroutine that can never wake up again is a leak.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	defer func() {
		if v := recover(); v != nil {
			t.Errorf("the monitor's goroutine is still there after the test stopped it: what watches for leaks must not be one (%v)", v)
		}
	}()
	kit.Limit(t, 5*time.Second, "somebody waits for the monitor's lock, perhaps a callback that was called with the lock held")
	synctest.Test(t, test)
}

// start starts a monitor that cannot outlive the test: a Read after the test's end never returns, and the bubble reports
// it.
func start(t *testing.T, ctx context.Context, c Config) *Monitor {
	t.Helper()
	var over atomic.Bool
	read := c.Read
	if read == nil {
		read = func() Sample { return Sample{} }
	}
	c.Read = func() Sample {
		if over.Load() {
			select {}
		}
		return read()
	}
	m, err := Start(ctx, c)
	if err != nil || m == nil {
		t.Fatalf("Start with Every %v, Keep %d = %v, %v; want a monitor", c.Every, c.Keep, m, err)
	}
	t.Cleanup(func() {
		over.Store(true)
		m.Stop()
	})
	return m
}

// A diary notes what happened when, in time since it was begun.
type diary struct {
	begun time.Time
	mu    sync.Mutex
	lines []string
}

func newDiary() *diary { return &diary{begun: time.Now()} }

func (d *diary) note(at time.Time, what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, strings.TrimSpace(at.Sub(d.begun).String()+" "+what))
}

func (d *diary) sample(s Sample) { d.note(s.At, "") }

func (d *diary) alert(a Alert) {
	what := "clear"
	if a.Firing {
		what = "firing"
	}
	d.note(a.At, fmt.Sprintf("%s %s %d", a.Rule, what, a.Value))
}

func (d *diary) want(t *testing.T, done, why string, want ...string) {
	t.Helper()
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.lines, want) {
		t.Errorf("%s: got %q, want %q: %s", done, d.lines, want, why)
	}
}

// readings reads these values of Live, one after the other, then the last one for ever.
func readings(live ...uint64) func() Sample {
	i := 0
	return func() Sample {
		v := live[min(i, len(live)-1)]
		i++
		return Sample{Live: v}
	}
}

func live(s Sample) uint64 { return s.Live }

func isDone(m *Monitor) bool {
	synctest.Wait()
	select {
	case <-m.Done():
		return true
	default:
		return false
	}
}

func TestImmediateThenEvery(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		m := start(t, t.Context(), Config{Every: time.Second, Keep: 10, Read: readings(7), OnSample: d.sample})
		d.want(t, "Every 1s, at the start", "the first sample is taken at once: a process that dies in its first interval leaves something", "0s")
		time.Sleep(2500 * time.Millisecond)
		d.want(t, "Every 1s, after 2.5s", "then one at each interval, with the time at which it was taken", "0s", "1s", "2s")
		for _, s := range m.Samples() {
			if s.Live != 7 {
				t.Errorf("Read returns Live 7: the sample has Live %d", s.Live)
			}
		}
	})
}

func TestRingKeepsNewest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := uint64(0)
		m := start(t, t.Context(), Config{Every: time.Second, Keep: 3, Read: func() Sample { n++; return Sample{Live: n} }})
		want := func(done string, want ...uint64) {
			t.Helper()
			synctest.Wait()
			var got []uint64
			for _, s := range m.Samples() {
				got = append(got, s.Live)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: Samples() hold Live %v, want %v: the newest Keep samples, the oldest first", done, got, want)
			}
		}
		want("Keep 3, after 1 sample", 1)
		time.Sleep(2500 * time.Millisecond)
		want("Keep 3, after 3 samples", 1, 2, 3)
		time.Sleep(2 * time.Second)
		want("Keep 3, after 5 samples", 3, 4, 5)
		clear(m.Samples())
		_ = append(m.Samples()[:1], Sample{}, Sample{})
		want("Keep 3, after the caller has written to the slice it got", 3, 4, 5)
	})
}

func TestStopEndsGoroutine(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		m := start(t, t.Context(), Config{Every: time.Second, Keep: 10, OnSample: d.sample})
		time.Sleep(1500 * time.Millisecond)
		if isDone(m) {
			t.Error("Done is closed before Stop")
		}
		m.Stop()
		m.Stop() // a second time does nothing
		if !isDone(m) {
			t.Error("after Stop between two samples: Done is open; want it closed now, and not when the next sample would have been due")
		}
		time.Sleep(10 * time.Second)
		d.want(t, "stopped after 1.5s, looked at 10s later", "a stopped monitor takes no samples", "0s", "1s")
		if n := len(m.Samples()); n != 2 {
			t.Errorf("after Stop: %d samples, want 2: what was seen can still be read", n)
		}
	})
}

func TestCtxCancelStops(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		ctx, cancel := context.WithCancel(t.Context())
		m := start(t, ctx, Config{Every: time.Second, Keep: 10, OnSample: d.sample})
		time.Sleep(1500 * time.Millisecond)
		cancel()
		if !isDone(m) {
			t.Error("after the ctx given to Start was cancelled: Done is open; want it closed: the server's shutdown must reach the monitor")
		}
		time.Sleep(10 * time.Second)
		d.want(t, "ctx cancelled after 1.5s", "no samples after it", "0s", "1s")
		m = start(t, ctx, Config{Every: time.Second, Keep: 10, OnSample: d.sample})
		if !isDone(m) {
			t.Error("Start with a ctx that was cancelled before: Done is open, want it closed")
		}
		d.want(t, "Start with a ctx that was cancelled before", "no sample at all", "0s", "1s")
	})
}

func TestStopInsideCallback(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d, known := newDiary(), make(chan struct{})
		var m *Monitor
		m = start(t, t.Context(), Config{Every: time.Second, Keep: 10, Read: readings(5),
			Rules: []Rule{{Name: "heap", Of: live, Over: 1, For: time.Second}},
			OnSample: func(s Sample) {
				<-known
				d.sample(s)
				if len(m.Samples()) == 2 {
					m.Slope(time.Hour)
					m.Stop()
				}
			},
			OnAlert: d.alert,
		})
		close(known)
		time.Sleep(10 * time.Second)
		d.want(t, "OnSample calls Samples, Slope and Stop at the second sample, which breaks a rule", "callbacks may use the monitor, so none is called under its lock; and after Stop none begins", "0s", "1s")
		if !isDone(m) {
			t.Error("OnSample called Stop 9s ago and Done is open: Stop must not wait for the callback that calls it")
		}
	})
}

func TestSlowCallbackDropsTicks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var times []time.Duration
		begun := time.Now()
		m := start(t, t.Context(), Config{Every: time.Second, Keep: 100, OnSample: func(s Sample) {
			times = append(times, s.At.Sub(begun))
			if len(times) == 2 {
				time.Sleep(6500 * time.Millisecond)
			}
		}})
		time.Sleep(10500 * time.Millisecond)
		m.Stop()
		synctest.Wait()
		late := slices.Contains(times, 7500*time.Millisecond) // one tick may have waited
		want := []time.Duration{0, time.Second, 8 * time.Second, 9 * time.Second, 10 * time.Second}
		if late {
			want = slices.Insert(want, 2, 7500*time.Millisecond)
		}
		if !slices.Equal(times, want) {
			t.Errorf("Every 1s, OnSample at 1s takes 6.5s: samples at %v, want %v, perhaps with one at 7.5s: ticks that fall into a slow callback are dropped; making up for them would put the load of six on a process that is slow already",
				times, want)
		}
	})
}

func TestBadConfig(t *testing.T) {
	rule := Rule{Name: "heap", Of: live, Over: 100, Clear: 80}
	backwards, empty := rule, rule
	backwards.Clear = 101
	empty.Of = nil
	for _, tt := range []struct {
		what string
		c    Config
	}{
		{"Every 0", Config{Keep: 1}},
		{"Every -1s", Config{Every: -time.Second, Keep: 1}},
		{"Keep 0", Config{Every: time.Hour}},
		{"Clear above Over", Config{Every: time.Hour, Keep: 1, Rules: []Rule{rule, backwards}}},
		{"a rule without Of", Config{Every: time.Hour, Keep: 1, Rules: []Rule{empty}}},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		m, err := Start(ctx, tt.c)
		if m != nil || !errors.Is(err, ErrConfig) {
			t.Errorf("Start with %s = %v, %v; want nil and an error that wraps ErrConfig", tt.what, m, err)
		}
		cancel()
	}
	bubble(t, func(t *testing.T) {
		rule.Clear = rule.Over
		m := start(t, t.Context(), Config{Every: time.Second, Keep: 1, Rules: []Rule{rule}, Read: readings(200)}) // no callbacks
		time.Sleep(2500 * time.Millisecond)
		if n := len(m.Samples()); n != 1 {
			t.Errorf("Keep 1, Clear equal to Over, no callbacks, after 2.5s: %d samples, want 1", n)
		}
	})
}

func TestSamplesRace(t *testing.T) {
	const goroutines, calls, keep = 8, 1000, 16
	for range 5 {
		var seen atomic.Int64
		m, err := Start(t.Context(), Config{Every: 20 * time.Microsecond, Keep: keep,
			Read:     func() Sample { return Sample{Live: uint64(seen.Load())} },
			OnSample: func(Sample) { seen.Add(1) },
		})
		if err != nil || m == nil {
			t.Fatalf("Start = %v, %v; want a monitor", m, err)
		}
		var wg sync.WaitGroup
		for range goroutines {
			wg.Go(func() {
				for range calls {
					samples := m.Samples()
					if len(samples) > keep {
						t.Errorf("Keep %d: Samples() returns %d", keep, len(samples))
						return
					}
					if !slices.IsSortedFunc(samples, func(a, b Sample) int { return a.At.Compare(b.At) }) {
						t.Error("Samples() are not in the order of time while the monitor takes more: reading and writing the ring must exclude each other")
						return
					}
					m.Slope(time.Second)
				}
				m.Stop()
			})
		}
		wg.Wait()
		select {
		case <-m.Done():
		case <-time.After(5 * time.Second):
			t.Fatal("eight goroutines called Stop, and Done is still open 5s later")
		}
	}
}
