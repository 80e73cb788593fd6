package registry

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"hotloop/exercises/kit"
)

const (
	benchKeys   = 1000
	benchRecent = 100
)

// busy is a registry with as many keys as it may have, made once, and the keys.
var busy = sync.OnceValues(func() (*Registry, []string) {
	r, names := New(benchRecent, benchKeys), make([]string, benchKeys)
	for i := range names {
		names[i] = fmt.Sprintf("GET /orders/%d", i)
		r.Observe(names[i], 1)
	}
	return r, names
})

// An event of a key that is known.
func BenchmarkObserveKnown(b *testing.B) {
	_, names := busy()
	r := New(benchRecent, benchKeys)
	for _, name := range names {
		r.Observe(name, 1)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		r.Observe(names[i%benchKeys], 1)
		i++
	}
}

// The sum of a key that is known.
func BenchmarkCount(b *testing.B) {
	r, names := busy()
	i := 0
	for b.Loop() {
		if r.Count(names[i%benchKeys]) != 1 {
			b.Fatalf("Count(%q) = %d after one event of 1", names[i%benchKeys], r.Count(names[i%benchKeys]))
		}
		i++
	}
}

// The live heap that 200,000 events of different keys leave, while it grows and after Reset.
func BenchmarkHeapKept(b *testing.B) {
	const points, perPoint = 20, 10_000
	seed := kit.Rand(b).Uint64()
	var kept int64
	for b.Loop() {
		r := New(benchRecent, benchKeys)
		kept = kit.HeapSeries("live heap", points, perPoint, func(i int) {
			r.Observe(fmt.Sprintf("GET /orders/%x", seed+uint64(i)), 1)
		})
		r.Reset()
		kit.Point("live heap", "B", "calls", points*perPoint+1, float64(kit.HeapLive()))
		runtime.KeepAlive(r)
	}
	b.ReportMetric(float64(kept), "kept-B")
}
