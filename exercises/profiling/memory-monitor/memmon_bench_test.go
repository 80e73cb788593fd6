package memmon

import (
	"runtime"
	"testing"

	"hotloop/exercises/kit"
)

type node struct {
	next *node
	data [4]uint64
}

// One reading in a process whose heap holds 20,000 objects: about a megabyte, which is little.
func BenchmarkReadRuntime(b *testing.B) {
	var list *node
	for range 20_000 {
		list = &node{next: list}
	}
	runtime.GC()
	b.ReportAllocs()
	for b.Loop() {
		if s := ReadRuntime(); s.Live == 0 {
			b.Fatal("ReadRuntime: Live is 0 after a collection")
		}
	}
	runtime.KeepAlive(list)
}

// What the numbers do while a program fills 48 MiB, drops it, and starts again. It has no target.
func BenchmarkPicture(b *testing.B) {
	const steps, mib = 60, 1 << 20
	var peak uint64
	for b.Loop() {
		peak = 0
		var cache [][]byte
		for step := range steps {
			if step%40 == 24 {
				cache = nil
			}
			cache = append(cache, make([]byte, 2*mib))
			runtime.GC()
			s := ReadRuntime()
			peak = max(peak, s.Live)
			kit.Point("live", "B", "steps", float64(step), float64(s.Live))
			kit.Point("resident", "B", "steps", float64(step), float64(s.Resident))
			kit.Point("total", "B", "steps", float64(step), float64(s.Total))
		}
		runtime.KeepAlive(cache)
	}
	b.ReportMetric(float64(peak), "peak-B")
}
