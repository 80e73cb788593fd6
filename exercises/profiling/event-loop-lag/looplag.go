// Package looplag measures how late a program is: the lag between when something was due and when it ran, in a histogram
// that stays small.
package looplag

import (
	"math"
	"math/bits"
	"runtime/metrics"
	"slices"
	"sync"
	"time"
)

// What a Histogram can tell apart.
const (
	shortest = time.Microsecond
	longest  = time.Minute

	// Each power of two of nanoseconds is cut into 32 buckets of the same width. A bucket is then at most 1/32 of its
	// values wide, and its middle at most 1/64 away from any of them.
	fraction = 5 // bits
	per      = 1 << fraction
	octaves  = 27 // from 2⁹ ns, below a microsecond, to 2³⁶ ns, above a minute
	first    = 9
)

// A Histogram counts durations from 1 µs to 60 s. Its zero value is empty and ready to use; it is safe for concurrent use
// and must not be copied.
type Histogram struct {
	mu sync.Mutex
	tally
}

// A tally is what a histogram knows.
type tally struct {
	counts   [octaves * per]uint64
	n        uint64
	sum      time.Duration
	min, max time.Duration
}

// bucket is the index of the power of two, then the five bits behind the leading one.
func bucket(d time.Duration) int {
	exponent := bits.Len64(uint64(d)) - 1
	return (exponent-first)<<fraction + int(uint64(d)>>(exponent-fraction))&(per-1)
}

// middle is the value in the middle of a bucket.
func middle(bucket int) time.Duration {
	width := time.Duration(1) << (bucket>>fraction + first - fraction)
	return time.Duration(per+bucket&(per-1))*width + width/2
}

// Record counts one value. Below 1 µs it counts as 1 µs, above 60 s as 60 s.
func (h *Histogram) Record(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.record(d)
}

// RecordCorrected counts d, and also what a stall of d hid from a probe that measures each interval: d−interval,
// d−2·interval and so on, as long as they are above zero.
func (h *Histogram) RecordCorrected(d, interval time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.record(d)
	if interval <= 0 {
		return
	}
	for d = min(d, longest) - interval; d > 0; d -= interval {
		h.record(d)
	}
}

func (t *tally) record(d time.Duration) {
	d = min(max(d, shortest), longest)
	if t.n == 0 {
		t.min, t.max = d, d
	}
	t.min, t.max = min(t.min, d), max(t.max, d)
	t.counts[bucket(d)]++
	t.n++
	t.sum += d
}

// Quantile is the value of the nearest rank, ⌈q·n⌉ of n values, within 3 %. At q of 0 and below it is Min, at 1 and above
// Max; of no values it is 0.
func (h *Histogram) Quantile(q float64) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case q <= 0:
		return h.min
	case q >= 1:
		return h.max
	}
	rank := min(uint64(math.Ceil(q*float64(h.n))), h.n)
	i := 0
	for ; rank > h.counts[i]; i++ {
		rank -= h.counts[i]
	}
	return min(max(middle(i), h.min), h.max)
}

// Count is how many values were recorded.
func (h *Histogram) Count() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.n
}

// Min is the smallest value, 0 of none.
func (h *Histogram) Min() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.min
}

// Max is the largest value, 0 of none.
func (h *Histogram) Max() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.max
}

// Mean is the sum of the values by their number, 0 of none.
func (h *Histogram) Mean() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.n == 0 {
		return 0
	}
	return h.sum / time.Duration(h.n)
}

// Merge adds the values of o, as if they had been recorded here.
func (h *Histogram) Merge(o *Histogram) {
	o.mu.Lock() // one after the other: two that merge each other must not wait for each other
	t := o.tally
	o.mu.Unlock()
	if t.n == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.n == 0 {
		h.min, h.max = t.min, t.max
	}
	h.min, h.max = min(h.min, t.min), max(h.max, t.max)
	for i, n := range t.counts {
		h.counts[i] += n
	}
	h.n += t.n
	h.sum += t.sum
}

// Reset forgets all values.
func (h *Histogram) Reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tally = tally{}
}

// A Config says how a probe measures.
type Config struct {
	Resolution time.Duration       // between two measurements; 0: 10 ms
	Now        func() time.Time    // nil: time.Now
	Sleep      func(time.Duration) // nil: time.Sleep
	Correct    bool                // record what a stall hid, too
}

// A Monitor is a probe that measures the lag of this process again and again.
type Monitor struct {
	c    Config
	lag  Histogram
	quit chan struct{}
	once sync.Once
	done chan struct{}
}

// Start begins to measure on a goroutine of its own.
func Start(c Config) *Monitor {
	if c.Resolution <= 0 {
		c.Resolution = 10 * time.Millisecond
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sleep == nil {
		c.Sleep = time.Sleep
	}
	m := &Monitor{c: c, quit: make(chan struct{}), done: make(chan struct{})}
	go m.probe()
	return m
}

// probe sleeps and measures: a ticker would drop the ticks that it missed, which are those that matter.
func (m *Monitor) probe() {
	defer close(m.done)
	for {
		select {
		case <-m.quit:
			return
		default:
		}
		begun := m.c.Now()
		m.c.Sleep(m.c.Resolution)
		lag := max(0, m.c.Now().Sub(begun)-m.c.Resolution)
		if m.c.Correct {
			m.lag.RecordCorrected(lag, m.c.Resolution)
		} else {
			m.lag.Record(lag)
		}
	}
}

// Snapshot is a copy of what was measured so far.
func (m *Monitor) Snapshot() *Histogram {
	s := new(Histogram)
	s.Merge(&m.lag)
	return s
}

// Stop ends the probe, and returns when it has ended. What was measured can still be read.
func (m *Monitor) Stop() {
	m.once.Do(func() { close(m.quit) })
	<-m.done
}

// Sched is how long goroutines were ready to run before they ran.
type Sched struct {
	P50, P99, Max time.Duration
	N             uint64 // goroutines that waited
}

// SchedLatency reads how long goroutines waited to run since the histogram that the last call returned; nil is the start
// of the process. Times are the upper ends of the buckets in which they lie; of one without an upper end, the lower.
func SchedLatency(since *metrics.Float64Histogram) (Sched, *metrics.Float64Histogram) {
	sample := []metrics.Sample{{Name: "/sched/latencies:seconds"}} // not kept: metrics.Read writes to what it returned before
	metrics.Read(sample)
	now := sample[0].Value.Float64Histogram()
	counts := slices.Clone(now.Counts)
	var s Sched
	for i := range counts {
		if since != nil {
			counts[i] -= since.Counts[i]
		}
		s.N += counts[i]
	}
	at := func(rank uint64) time.Duration {
		i := 0
		for ; rank > counts[i]; i++ {
			rank -= counts[i]
		}
		end := now.Buckets[i+1]
		if math.IsInf(end, 1) {
			end = now.Buckets[i]
		}
		return time.Duration(end * float64(time.Second))
	}
	if s.N > 0 {
		s.P50, s.P99, s.Max = at((s.N+1)/2), at(s.N-s.N/100), at(s.N)
	}
	return s, now
}
