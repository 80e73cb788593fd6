package looplag

import (
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

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

// sinceLacking asks SchedLatency for what came since a histogram that lacks those counts, by the number of the bucket:
// these have come since, and no others if no goroutine waited meanwhile. It asks until that is so.
func sinceLacking(t *testing.T, counts map[int]uint64) Sched {
	t.Helper()
	var n uint64
	for _, c := range counts {
		n += c
	}
	var s Sched
	for range 1000 {
		_, since := SchedLatency(nil)
		since = &metrics.Float64Histogram{Counts: slices.Clone(since.Counts), Buckets: since.Buckets}
		for i, c := range counts {
			since.Counts[i] -= c
		}
		if s, _ = SchedLatency(since); s.N == n {
			return s
		}
	}
	t.Fatalf("1,000 times: SchedLatency of a histogram of a moment ago that lacks %d counts = %+v; want that N at least once: what else came meanwhile is seldom any", n, s)
	return s
}

func TestSchedQuantiles(t *testing.T) {
	_, now := SchedLatency(nil)
	last := len(now.Counts) - 1
	short, long := last/3, last/2
	at := func(end int) time.Duration { return time.Duration(now.Buckets[end] * float64(time.Second)) }
	for _, tt := range []struct {
		counts        map[int]uint64
		p50, p99, max time.Duration
		why           string
	}{
		{nil, 0, 0, 0, "where nobody waited, all are 0"},
		{map[int]uint64{short: 1}, at(short + 1), at(short + 1), at(short + 1), "of one value all three are that one, by the upper end of its bucket"},
		{map[int]uint64{short: 1, long: 1}, at(short + 1), at(long + 1), at(long + 1), "the ranks of two are ⌈0.5·2⌉ = 1 and ⌈0.99·2⌉ = 2"},
		{map[int]uint64{short: 1, long: 2}, at(long + 1), at(long + 1), at(long + 1), "the rank of the median of three is ⌈0.5·3⌉ = 2"},
		{map[int]uint64{short: 99, long: 1}, at(short + 1), at(short + 1), at(long + 1), "P99 of a hundred is the 99th, and Max the 100th"},
		{map[int]uint64{short: 99, long: 2}, at(short + 1), at(long + 1), at(long + 1), "the rank of P99 of 101 is ⌈0.99·101⌉ = 100"},
		{map[int]uint64{last: 1}, at(last), at(last), at(last), "the last bucket has no upper end, and so its lower one is told"},
	} {
		s := sinceLacking(t, tt.counts)
		for _, q := range []struct {
			name      string
			got, want time.Duration
		}{{"P50", s.P50, tt.p50}, {"P99", s.P99, tt.p99}, {"Max", s.Max, tt.max}} {
			if d := q.got - q.want; d < -1 || d > 1 { // an end in seconds may be rounded either way
				t.Errorf("since then, by bucket, %v (those of %d, %d and %d end at %v, %v and %v s): SchedLatency = %+v, want %s %v: %s", tt.counts,
					short, long, last, now.Buckets[short+1], now.Buckets[long+1], now.Buckets[last+1], s, q.name, q.want, tt.why)
			}
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
