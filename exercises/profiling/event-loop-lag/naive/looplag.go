// Package looplag measures how late a program is: the lag between when something was due and when it ran, in a histogram
// that stays small.
//
// It is the obvious one: it keeps every value, and sorts them when it is asked. The answers are exact, and the memory is as
// long as the day.
package looplag

import (
	"math"
	"runtime/metrics"
	"slices"
	"sync"
	"time"
)

// A Histogram counts durations from 1 µs to 60 s. Its zero value is empty and ready to use; it is safe for concurrent use
// and must not be copied.
type Histogram struct {
	mu     sync.Mutex
	values []time.Duration
}

// Record counts one value. Below 1 µs it counts as 1 µs, above 60 s as 60 s.
func (h *Histogram) Record(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.values = append(h.values, min(max(d, time.Microsecond), time.Minute))
}

// RecordCorrected counts d, and also what a stall of d hid from a probe that measures each interval: d−interval,
// d−2·interval and so on, as long as they are above zero.
func (h *Histogram) RecordCorrected(d, interval time.Duration) {
	h.Record(d)
	if interval <= 0 {
		return
	}
	for d = min(d, time.Minute) - interval; d > 0; d -= interval {
		h.Record(d)
	}
}

func (h *Histogram) sorted() []time.Duration {
	h.mu.Lock()
	values := slices.Clone(h.values)
	h.mu.Unlock()
	slices.Sort(values)
	return values
}

// Quantile is the value of the nearest rank, ⌈q·n⌉ of n values, within 3 %. At q of 0 and below it is Min, at 1 and above
// Max; of no values it is 0.
func (h *Histogram) Quantile(q float64) time.Duration {
	values := h.sorted()
	if len(values) == 0 {
		return 0
	}
	rank := int(math.Ceil(min(max(q, 0), 1) * float64(len(values))))
	return values[max(0, rank-1)]
}

// Count is how many values were recorded.
func (h *Histogram) Count() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return uint64(len(h.values))
}

// Min is the smallest value, 0 of none.
func (h *Histogram) Min() time.Duration { return h.Quantile(0) }

// Max is the largest value, 0 of none.
func (h *Histogram) Max() time.Duration { return h.Quantile(1) }

// Mean is the sum of the values by their number, 0 of none.
func (h *Histogram) Mean() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	var sum time.Duration
	for _, v := range h.values {
		sum += v
	}
	return sum / time.Duration(max(1, len(h.values)))
}

// Merge adds the values of o, as if they had been recorded here.
func (h *Histogram) Merge(o *Histogram) {
	values := o.sorted()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.values = append(h.values, values...)
}

// Reset forgets all values.
func (h *Histogram) Reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.values = nil
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
		for i, n := range counts {
			if n >= rank {
				end := now.Buckets[i+1]
				if math.IsInf(end, 1) {
					end = now.Buckets[i]
				}
				return time.Duration(end * float64(time.Second))
			}
			rank -= n
		}
		return 0
	}
	if s.N > 0 {
		s.P50, s.P99, s.Max = at((s.N+1)/2), at(s.N-s.N/100), at(s.N)
	}
	return s, now
}
