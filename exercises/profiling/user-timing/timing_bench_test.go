package usertiming

import (
	"runtime"
	"testing"

	"hotloop/exercises/kit"
)

// One span in a timeline that is full: each one drops another.
func BenchmarkSpan(b *testing.B) {
	const entries = 10_000
	tl := New(Options{MaxEntries: entries})
	for range entries {
		tl.Start("query").End()
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := tl.Start("query").End(); !ok {
			b.Fatal("End of a span that was just begun returns false")
		}
	}
}

// The live heap that 1,000,000 spans leave in a timeline of 1,000.
func BenchmarkHeapKept(b *testing.B) {
	const points, perPoint, entries = 20, 50_000, 1000
	var kept int64
	for b.Loop() {
		tl := New(Options{MaxEntries: entries})
		kept = kit.HeapSeries("live heap", points, perPoint, func(int) { tl.Start("query").End() })
		if n := len(tl.Entries(Measure, "")); n != entries {
			b.Fatalf("a timeline of %d holds %d measures", entries, n)
		}
		runtime.KeepAlive(tl)
	}
	b.ReportMetric(float64(kept), "kept-B")
}
