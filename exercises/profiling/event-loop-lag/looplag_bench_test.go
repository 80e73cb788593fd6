package looplag

import (
	"runtime"
	"testing"
	"time"

	"hotloop/exercises/kit"
)

// One value of random size.
func BenchmarkRecord(b *testing.B) {
	values := logUniform(b, 4096)
	h := new(Histogram)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		h.Record(values[i%len(values)])
		i++
	}
}

// The p99 of 10,000 values.
func BenchmarkQuantile(b *testing.B) {
	h := new(Histogram)
	for _, v := range logUniform(b, 10_000) {
		h.Record(v)
	}
	for b.Loop() {
		if h.Quantile(0.99) <= h.Quantile(0.5) {
			b.Fatal("p99 is not above p50")
		}
	}
}

// The live heap that 2,000,000 values leave.
func BenchmarkHeapKept(b *testing.B) {
	const points, perPoint = 20, 100_000
	values := logUniform(b, 4096)
	var kept int64
	for b.Loop() {
		h := new(Histogram)
		kept = kit.HeapSeries("live heap", points, perPoint, func(i int) { h.Record(values[i%len(values)]) })
		runtime.KeepAlive(h)
	}
	b.ReportMetric(float64(kept), "kept-B")
}

// Lag over the number of goroutines that compute. It has no target, and takes real time.
func BenchmarkLag(b *testing.B) {
	var p99 time.Duration
	for b.Loop() {
		for busy := range 5 {
			stop := spin(busy)
			m := Start(Config{Resolution: time.Millisecond, Correct: true})
			time.Sleep(100 * time.Millisecond)
			m.Stop()
			stop()
			h := m.Snapshot()
			p99 = h.Quantile(0.99)
			point := func(series string, d time.Duration) {
				kit.Point(series, "sec", "busy goroutines", float64(busy), d.Seconds())
			}
			point("lag p99", p99)
			point("lag mean", h.Mean())
			point("lag max", h.Max())
		}
	}
	b.ReportMetric(p99.Seconds(), "sec/p99")
}
