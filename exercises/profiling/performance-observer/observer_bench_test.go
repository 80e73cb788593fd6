package perfobserver

import (
	"runtime"
	"testing"
	"time"

	"hotloop/exercises/kit"
)

// blocked is a hub with one observer whose callback has begun and does not return before the benchmark ends.
func blocked(b *testing.B, keepPerType, queueMax int) *Hub {
	h := NewHub(keepPerType)
	begun, gate := make(chan struct{}, 1), make(chan struct{})
	o, err := h.Observe(ObserveOptions{Types: []string{"measure"}, QueueMax: queueMax}, func([]Entry, uint64) {
		begun <- struct{}{}
		<-gate
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		h.Close()
		close(gate)
		<-o.Done()
	})
	h.Emit(query)
	<-begun
	return h
}

var query = Entry{Name: "query", Type: "measure", Start: time.Second, Duration: time.Millisecond}

// One entry for an observer whose queue of 10,000 is full.
func BenchmarkEmitFull(b *testing.B) {
	const queue = 10_000
	h := blocked(b, 0, queue)
	for range queue {
		h.Emit(query)
	}
	b.ReportAllocs()
	for b.Loop() {
		h.Emit(query)
	}
}

// The live heap that 200,000 entries leave in a hub that keeps 500, with an observer that does not come back.
func BenchmarkHeapKept(b *testing.B) {
	const points, perPoint = 20, 10_000
	h := blocked(b, 500, 1024)
	var kept int64
	for b.Loop() {
		kept = kit.HeapSeries("live heap", points, perPoint, func(int) { h.Emit(query) })
		runtime.KeepAlive(h)
	}
	b.ReportMetric(float64(kept), "kept-B")
}

// The time of an Emit over the number of observers that take a millisecond for each batch. It has no target: it shows
// who pays for slow observers.
func BenchmarkSlowObservers(b *testing.B) {
	const entries = 2000
	var each time.Duration
	for b.Loop() {
		for _, observers := range []int{1, 2, 4, 8, 16} {
			h := NewHub(0)
			for range observers {
				_, err := h.Observe(ObserveOptions{Types: []string{"measure"}}, func([]Entry, uint64) { time.Sleep(time.Millisecond) })
				if err != nil {
					b.Fatal(err)
				}
			}
			start := time.Now()
			for range entries {
				h.Emit(query)
			}
			each = time.Since(start) / entries
			h.Close()
			kit.Point("time of an Emit", "sec", "slow observers", float64(observers), each.Seconds())
		}
	}
	b.ReportMetric(each.Seconds(), "sec/emit")
}
