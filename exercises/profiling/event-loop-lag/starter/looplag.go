// Package looplag measures how late a program is: the lag between when something was due and when it ran, in a histogram
// that stays small.
package looplag

import (
	"runtime/metrics"
	"slices"
	"sync"
	"time"
)

// A Histogram counts durations from 1 µs to 60 s. Its zero value is empty and ready to use; it is safe for concurrent use
// and must not be copied.
//
// TODO: it keeps every value, and knows no quantiles.
type Histogram struct {
	mu     sync.Mutex
	values []time.Duration
}

// Record counts one value. Below 1 µs it counts as 1 µs, above 60 s as 60 s.
func (h *Histogram) Record(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.values = append(h.values, d)
}

// RecordCorrected counts d, and also what a stall of d hid from a probe that measures each interval: d−interval,
// d−2·interval and so on, as long as they are above zero.
func (h *Histogram) RecordCorrected(d, interval time.Duration) {
	h.Record(d) // TODO: what else would the probe have seen, had it not been stopped itself?
}

// Quantile is the value of the nearest rank, ⌈q·n⌉ of n values, within 3 %. At q of 0 and below it is Min, at 1 and above
// Max; of no values it is 0.
func (h *Histogram) Quantile(q float64) time.Duration {
	return h.Mean() // TODO
}

// Count is how many values were recorded.
func (h *Histogram) Count() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return uint64(len(h.values))
}

// Min is the smallest value, 0 of none.
func (h *Histogram) Min() time.Duration { return 0 } // TODO

// Max is the largest value, 0 of none.
func (h *Histogram) Max() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.values) == 0 {
		return 0
	}
	return slices.Max(h.values)
}

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
func (h *Histogram) Merge(o *Histogram) {} // TODO

// Reset forgets all values.
func (h *Histogram) Reset() {} // TODO

// A Config says how a probe measures.
type Config struct {
	Resolution time.Duration       // between two measurements; 0: 10 ms
	Now        func() time.Time    // nil: time.Now
	Sleep      func(time.Duration) // nil: time.Sleep
	Correct    bool                // record what a stall hid, too
}

// A Monitor is a probe that measures the lag of this process again and again.
type Monitor struct {
	lag  Histogram
	quit chan struct{}
	once sync.Once
}

// Start begins to measure on a goroutine of its own.
func Start(c Config) *Monitor {
	if c.Resolution <= 0 {
		c.Resolution = 10 * time.Millisecond
	}
	m := &Monitor{quit: make(chan struct{})}
	go func() {
		ticker := time.NewTicker(c.Resolution)
		defer ticker.Stop()
		last := time.Now()
		for { // TODO: Now, Sleep, Correct; and what becomes of the ticks that were missed?
			select {
			case <-m.quit:
				return
			case now := <-ticker.C:
				m.lag.Record(now.Sub(last) - c.Resolution)
				last = now
			}
		}
	}()
	return m
}

// Snapshot is a copy of what was measured so far.
func (m *Monitor) Snapshot() *Histogram { return &m.lag } // TODO: a copy?

// Stop ends the probe, and returns when it has ended. What was measured can still be read.
func (m *Monitor) Stop() { m.once.Do(func() { close(m.quit) }) } // TODO: has it ended?

// Sched is how long goroutines were ready to run before they ran.
type Sched struct {
	P50, P99, Max time.Duration
	N             uint64 // goroutines that waited
}

// SchedLatency reads how long goroutines waited to run since the histogram that the last call returned; nil is the start
// of the process. Times are the upper ends of the buckets in which they lie; of one without an upper end, the lower.
func SchedLatency(since *metrics.Float64Histogram) (Sched, *metrics.Float64Histogram) {
	sample := []metrics.Sample{{Name: "/sched/latencies:seconds"}}
	metrics.Read(sample)
	return Sched{}, sample[0].Value.Float64Histogram() // TODO: what happened since?
}
