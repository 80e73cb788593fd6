package looplag

import (
	"math"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hotloop/exercises/kit"
)

const ms = time.Millisecond

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

// near checks a value that may be wrong by 3 %.
func near(t *testing.T, got, want time.Duration, what, why string) {
	t.Helper()
	if math.Abs(float64(got-want)) > 0.03*float64(want) {
		t.Errorf("%s = %v, want %v ± 3 %%: %s", what, got, want, why)
	}
}

// exactly checks everything that a histogram tells exactly.
func exactly(t *testing.T, h *Histogram, done string, count uint64, least, most, mean time.Duration) {
	t.Helper()
	if h.Count() != count || h.Min() != least || h.Max() != most || h.Mean() != mean {
		t.Errorf("%s: Count %d, Min %v, Max %v, Mean %v; want %d, %v, %v, %v: these four are exact",
			done, h.Count(), h.Min(), h.Max(), h.Mean(), count, least, most, mean)
	}
}

// logUniform are n values from 1 µs to 60 s, as many in each power of ten.
func logUniform(tb testing.TB, n int) []time.Duration {
	r := kit.Rand(tb)
	values := make([]time.Duration, n)
	for i := range values {
		values[i] = time.Duration(float64(time.Microsecond) * math.Exp(r.Float64()*math.Log(60e6)))
	}
	return values
}

func rank(sorted []time.Duration, q float64) time.Duration {
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

func TestQuantileError(t *testing.T) {
	values := logUniform(t, 100_000)
	var h Histogram
	var sum time.Duration
	for _, v := range values {
		h.Record(v)
		sum += v
	}
	slices.Sort(values)
	for _, q := range []float64{0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.99999} {
		if got, want := h.Quantile(q), rank(values, q); math.Abs(float64(got-want)) > 0.03*float64(want) {
			t.Errorf("100,000 values from 1µs to 60s: Quantile(%g) = %v, want %v ± 3 %%, at every scale: a lag of 2µs and one of 2s must both be told", q, got, want)
		}
	}
	exactly(t, &h, "100,000 values from 1µs to 60s", 100_000, values[0], values[len(values)-1], sum/100_000)

	for v := 2 * time.Microsecond; v < 30*time.Second; v += v / 100 { // alone between two others, whatever the bucket
		var three Histogram
		three.Record(time.Microsecond)
		three.Record(v)
		three.Record(time.Minute)
		if got := three.Quantile(0.5); math.Abs(float64(got-v)) > 0.03*float64(v) {
			t.Fatalf("of 1µs, %v and 60s Quantile(0.5) = %v, want %v ± 3 %%", v, got, v)
		}
	}

	var few Histogram
	for _, d := range []time.Duration{10 * ms, 20 * ms, 30 * ms, 40 * ms} {
		few.Record(d)
	}
	near(t, few.Quantile(0.5), 20*ms, "of 10, 20, 30 and 40ms Quantile(0.5)", "the nearest rank is ⌈0.5·4⌉ = 2, and nothing is between two values")
	near(t, few.Quantile(0.51), 30*ms, "of 10, 20, 30 and 40ms Quantile(0.51)", "the nearest rank is ⌈0.51·4⌉ = 3")
}

func TestExtremes(t *testing.T) {
	for _, tt := range []struct{ d, want time.Duration }{
		{0, time.Microsecond}, {-time.Second, time.Microsecond}, {time.Nanosecond, time.Microsecond},
		{2 * time.Minute, time.Minute}, {math.MaxInt64, time.Minute}, {math.MinInt64, time.Microsecond},
		{time.Microsecond, time.Microsecond}, {time.Minute, time.Minute}, {1234567, 1234567},
	} {
		var h Histogram
		h.Record(tt.d)
		exactly(t, &h, "one value of "+tt.d.String(), 1, tt.want, tt.want, tt.want)
		if got := h.Quantile(0.5); got != tt.want {
			t.Errorf("one value of %v: Quantile(0.5) = %v, want %v: no quantile lies outside Min and Max", tt.d, got, tt.want)
		}
	}
	var h Histogram
	for _, d := range []time.Duration{1001, 77777, 1234567, 33333333} {
		h.Record(d)
	}
	for _, tt := range []struct {
		q    float64
		want time.Duration
	}{{-1, 1001}, {0, 1001}, {1, 33333333}, {2, 33333333}} {
		if got := h.Quantile(tt.q); got != tt.want {
			t.Errorf("Quantile(%g) = %v, want %v: at the ends a quantile is Min or Max, and these are exact", tt.q, got, tt.want)
		}
	}
}

func TestEmptyIsZero(t *testing.T) {
	var h Histogram
	exactly(t, &h, "without values", 0, 0, 0, 0)
	for _, q := range []float64{0, 0.5, 1} {
		if got := h.Quantile(q); got != 0 {
			t.Errorf("without values: Quantile(%g) = %v, want 0", q, got)
		}
	}
}

// alike checks that two histograms tell the same.
func alike(t *testing.T, got, want *Histogram, done string) {
	t.Helper()
	exactly(t, got, done, want.Count(), want.Min(), want.Max(), want.Mean())
	for q := 0.0; q <= 1; q += 0.01 {
		if g, w := got.Quantile(q), want.Quantile(q); g != w {
			t.Errorf("%s: Quantile(%.2f) = %v, want %v", done, q, g, w)
			return
		}
	}
}

func TestMergeEqualsUnion(t *testing.T) {
	var all, merged, none Histogram
	parts := make([]Histogram, 3)
	for i, v := range logUniform(t, 3000) {
		all.Record(v)
		parts[i*i%3].Record(v) // the third part stays empty
	}
	for i := range parts {
		merged.Merge(&parts[i])
	}
	alike(t, &merged, &all, "three histograms merged, against one of all their values")
	before := parts[0].Count()
	merged.Record(time.Second)
	if parts[0].Count() != before {
		t.Error("Record after Merge changed the histogram that was merged")
	}
	none.Merge(&Histogram{})
	exactly(t, &none, "nothing merged with nothing", 0, 0, 0, 0)
}

func TestResetEmpties(t *testing.T) {
	var h Histogram
	for _, v := range logUniform(t, 1000) {
		h.Record(v)
	}
	h.Reset()
	exactly(t, &h, "after Reset", 0, 0, 0, 0)
	if got := h.Quantile(0.5); got != 0 {
		t.Errorf("after Reset: Quantile(0.5) = %v, want 0", got)
	}
	h.Record(3 * ms)
	exactly(t, &h, "Reset, then one value of 3ms", 1, 3*ms, 3*ms, 3*ms)
}

func TestCorrected(t *testing.T) {
	var h Histogram
	h.RecordCorrected(100*ms, 10*ms)
	exactly(t, &h, "RecordCorrected(100ms, 10ms)", 10, 10*ms, 100*ms, 55*ms)
	near(t, h.Quantile(0.5), 50*ms, "after RecordCorrected(100ms, 10ms) Quantile(0.5)",
		"a probe that is stopped for 100ms misses nine measurements, of 90ms, 80ms … 10ms; without them a stall counts as one bad value among thousands of good ones")
	h.Reset()
	h.RecordCorrected(9*ms, 10*ms)
	h.RecordCorrected(10*ms, 10*ms)
	h.RecordCorrected(5*ms, 0)
	exactly(t, &h, "RecordCorrected of 9ms and 10ms each 10ms, and of 5ms without an interval", 3, 5*ms, 10*ms, 8*ms)
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

// switches makes n goroutines wait for the processor, one after the other.
func switches(n int) {
	ping := make(chan int)
	done := make(chan bool)
	go func() {
		for range ping {
		}
		close(done)
	}()
	for i := range n {
		ping <- i
	}
	close(ping)
	<-done
}

func TestSchedDelta(t *testing.T) {
	switches(20_000)
	all, before := SchedLatency(nil)
	if all.N == 0 || all.P50 > all.P99 || all.P99 > all.Max || all.Max <= 0 {
		t.Fatalf("SchedLatency(nil) = %+v; want N above 0 and P50 ≤ P99 ≤ Max: goroutines have waited since the process began", all)
	}
	counts := slices.Clone(before.Counts)
	idle, _ := SchedLatency(before)
	if idle.N > all.N/10 {
		t.Errorf("SchedLatency of a moment ago: N %d, against %d since the start; want next to none: what was before does not count", idle.N, all.N)
	}
	switches(20_000)
	busy, after := SchedLatency(before)
	if busy.N < 100 || busy.N > all.N+1_000_000 || busy.P50 > busy.P99 || busy.P99 > busy.Max {
		t.Errorf("after 20,000 handovers between goroutines: SchedLatency = %+v; want hundreds at least, and P50 ≤ P99 ≤ Max", busy)
	}
	if !slices.Equal(counts, before.Counts) {
		t.Error("a later call changed the histogram that an earlier one returned: metrics.Read writes to what it gave before if it gets the same sample again")
	}
	for i, n := range after.Counts {
		if n < before.Counts[i] {
			t.Errorf("bucket %d of the histogram returned fell from %d to %d; want counts since the start of the process, which only grow", i, before.Counts[i], n)
		}
	}
}

func TestSchedQuantiles(t *testing.T) {
	switches(5000)
	_, now := SchedLatency(nil)
	// A time at which all counts but one were what they will be: so one value, or three, have come since.
	for _, add := range []uint64{1, 3} {
		slot := len(now.Counts) / 2
		_, fresh := SchedLatency(nil)
		since := &metrics.Float64Histogram{Counts: slices.Clone(fresh.Counts), Buckets: fresh.Buckets}
		since.Counts[slot] -= add << 40 // so many that what happens meanwhile does not matter
		s, _ := SchedLatency(since)
		end := time.Duration(fresh.Buckets[slot+1] * float64(time.Second))
		if s.P50 != end || s.P99 != end || s.N < add<<40 {
			t.Errorf("%d values more in the bucket that ends at %v: SchedLatency = %+v, want P50 and P99 at that end, and those values in N", add<<40, end, s)
		}
	}
}

// spin keeps n goroutines busy until the func that it returns is called.
func spin(n int) (stop func()) {
	var over atomic.Bool
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for !over.Load() {
			}
		})
	}
	return func() {
		over.Store(true)
		wg.Wait()
	}
}

// This test takes real time: what it looks at is the scheduler of the machine.
func TestBusyLoopSeen(t *testing.T) {
	stop := spin(2 * runtime.GOMAXPROCS(0))
	m := Start(Config{Resolution: ms})
	time.Sleep(200 * ms)
	m.Stop()
	stop()
	if h := m.Snapshot(); h.Count() == 0 || h.Quantile(0.99) < ms {
		t.Errorf("twice as many busy goroutines as processors, for 200ms: %d measurements, p99 %v; want at least 1ms: a goroutine that is due waits until a busy one is interrupted, after about 10ms",
			h.Count(), h.Quantile(0.99))
	}
}

func TestRecordRace(t *testing.T) {
	const goroutines, records = 8, 2000
	var h Histogram
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range records {
				h.Record(time.Duration(g*records+i+1) * time.Microsecond)
				switch i % 500 {
				case 0:
					h.Quantile(0.99)
				case 1:
					new(Histogram).Merge(&h)
				}
			}
		})
	}
	wg.Wait()
	if h.Count() != goroutines*records || h.Min() != time.Microsecond || h.Max() != goroutines*records*time.Microsecond {
		t.Errorf("%d goroutines record %d values each, 1µs to %dµs: Count %d, Min %v, Max %v; want all of them: two that record at a time must both count",
			goroutines, records, goroutines*records, h.Count(), h.Min(), h.Max())
	}
	var sum Histogram
	for range goroutines {
		wg.Go(func() {
			for range records {
				sum.Record(ms)
			}
		})
	}
	wg.Wait()
	exactly(t, &sum, "8 goroutines record 1ms 2,000 times each", goroutines*records, ms, ms, ms)
}
