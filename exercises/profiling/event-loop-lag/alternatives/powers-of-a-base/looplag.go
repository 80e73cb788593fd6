// Package looplag measures how late a program is: the lag between when something was due and when it ran, in a histogram
// that stays small.
//
// Here a bucket is a power of 1.02, found with a logarithm, and counted by atomics: nobody waits to record.
package looplag

import (
	"context"
	"math"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
)

const (
	low   = int64(time.Microsecond)
	high  = int64(time.Minute)
	slots = 920 // 1.02⁹²⁰ µs are more than a minute
)

var logBase = math.Log(1.02)

// A Histogram counts durations from 1 µs to 60 s. Its zero value is empty and ready to use; it is safe for concurrent use
// and must not be copied.
type Histogram struct {
	slot    [slots]atomic.Uint64
	total   atomic.Int64 // nanoseconds
	least   atomic.Int64 // as high − least, so that zero is nothing yet
	longest atomic.Int64
}

// Record counts one value. Below 1 µs it counts as 1 µs, above 60 s as 60 s.
func (h *Histogram) Record(d time.Duration) {
	ns := int64(d)
	if ns < low {
		ns = low
	}
	if ns > high {
		ns = high
	}
	h.add(int(math.Log(float64(ns)/float64(low))/logBase), 1, ns)
	raise(&h.longest, ns)
	raise(&h.least, high+1-ns)
}

func (h *Histogram) add(slot int, n uint64, ns int64) {
	h.slot[slot].Add(n)
	h.total.Add(ns)
}

// raise makes the value at least v.
func raise(a *atomic.Int64, v int64) {
	for {
		old := a.Load()
		if old >= v || a.CompareAndSwap(old, v) {
			return
		}
	}
}

// RecordCorrected counts d, and also what a stall of d hid from a probe that measures each interval: d−interval,
// d−2·interval and so on, as long as they are above zero.
func (h *Histogram) RecordCorrected(d, interval time.Duration) {
	for h.Record(d); interval > 0 && d > interval; {
		d = min(d, time.Duration(high)) - interval
		if d > 0 {
			h.Record(d)
		}
	}
}

// Quantile is the value of the nearest rank, ⌈q·n⌉ of n values, within 3 %. At q of 0 and below it is Min, at 1 and above
// Max; of no values it is 0.
func (h *Histogram) Quantile(q float64) time.Duration {
	if q >= 1 {
		return h.Max()
	}
	if q <= 0 {
		return h.Min()
	}
	wanted, seen := q*float64(h.Count()), 0.0
	for i := range h.slot {
		if n := h.slot[i].Load(); n > 0 {
			if seen += float64(n); seen >= wanted {
				at := time.Duration(float64(low) * math.Exp((float64(i)+0.5)*logBase))
				return max(h.Min(), min(h.Max(), at))
			}
		}
	}
	return h.Max()
}

// Count is how many values were recorded.
func (h *Histogram) Count() (n uint64) {
	for i := range h.slot {
		n += h.slot[i].Load()
	}
	return n
}

// Min is the smallest value, 0 of none.
func (h *Histogram) Min() time.Duration {
	if v := h.least.Load(); v > 0 {
		return time.Duration(high + 1 - v)
	}
	return 0
}

// Max is the largest value, 0 of none.
func (h *Histogram) Max() time.Duration { return time.Duration(h.longest.Load()) }

// Mean is the sum of the values by their number, 0 of none.
func (h *Histogram) Mean() time.Duration {
	if n := h.Count(); n > 0 {
		return time.Duration(h.total.Load() / int64(n))
	}
	return 0
}

// Merge adds the values of o, as if they had been recorded here.
func (h *Histogram) Merge(o *Histogram) {
	for i := range o.slot {
		h.slot[i].Add(o.slot[i].Load())
	}
	h.total.Add(o.total.Load())
	raise(&h.longest, o.longest.Load())
	raise(&h.least, o.least.Load())
}

// Reset forgets all values.
func (h *Histogram) Reset() {
	for i := range h.slot {
		h.slot[i].Store(0)
	}
	h.total.Store(0)
	h.longest.Store(0)
	h.least.Store(0)
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
	seen   Histogram
	cancel context.CancelFunc
	probe  sync.WaitGroup
}

// Start begins to measure on a goroutine of its own.
func Start(c Config) *Monitor {
	now, sleep, step := c.Now, c.Sleep, c.Resolution
	if now == nil {
		now = time.Now
	}
	if sleep == nil {
		sleep = time.Sleep
	}
	if step <= 0 {
		step = 10 * time.Millisecond
	}
	ctx, cancel := context.WithCancel(context.Background())
	m := &Monitor{cancel: cancel}
	m.probe.Go(func() {
		for ctx.Err() == nil {
			due := now().Add(step)
			sleep(step)
			late := now().Sub(due)
			if !c.Correct {
				m.seen.Record(late)
				continue
			}
			m.seen.RecordCorrected(late, step)
		}
	})
	return m
}

// Snapshot is a copy of what was measured so far.
func (m *Monitor) Snapshot() *Histogram {
	var copied Histogram
	copied.Merge(&m.seen)
	return &copied
}

// Stop ends the probe, and returns when it has ended. What was measured can still be read.
func (m *Monitor) Stop() {
	m.cancel()
	m.probe.Wait()
}

// Sched is how long goroutines were ready to run before they ran.
type Sched struct {
	P50, P99, Max time.Duration
	N             uint64 // goroutines that waited
}

// SchedLatency reads how long goroutines waited to run since the histogram that the last call returned; nil is the start
// of the process. Times are the upper ends of the buckets in which they lie; of one without an upper end, the lower.
func SchedLatency(since *metrics.Float64Histogram) (Sched, *metrics.Float64Histogram) {
	var read [1]metrics.Sample
	read[0].Name = "/sched/latencies:seconds"
	metrics.Read(read[:])
	h := read[0].Value.Float64Histogram()
	before := func(i int) uint64 {
		if since == nil {
			return 0
		}
		return since.Counts[i]
	}
	s := Sched{}
	for i, n := range h.Counts {
		s.N += n - before(i)
	}
	seen := uint64(0)
	for i, n := range h.Counts {
		if n -= before(i); n == 0 {
			continue
		}
		end := h.Buckets[i+1]
		if end > math.MaxFloat64 {
			end = h.Buckets[i]
		}
		s.Max = time.Duration(end * 1e9)
		if float64(seen) < 0.5*float64(s.N) {
			s.P50 = s.Max
		}
		if float64(seen) < 0.99*float64(s.N) {
			s.P99 = s.Max
		}
		seen += n
	}
	return s, h
}
