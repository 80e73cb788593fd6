package lru

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"hotloop/exercises/kit"
)

const entries = 10_000

// full is a cache of so many entries, made once: filling it is not what is measured.
var full = sync.OnceValue(func() *Cache[int, int] {
	c, err := New[int, int](entries, nil)
	if err != nil {
		panic(err)
	}
	for i := range entries {
		c.Set(i, i)
	}
	return c
})

// A hit at random in a full cache.
func BenchmarkGetHit(b *testing.B) {
	c, keys := full(), make([]int, 4096)
	r := kit.Rand(b)
	for i := range keys {
		keys[i] = r.IntN(entries)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if v, ok := c.Get(keys[i%len(keys)]); !ok || v < 0 {
			b.Fatalf("Get(%d) misses in a cache that was filled with it", keys[i%len(keys)])
		}
		i++
	}
}

// A new key in a full cache: each one evicts.
func BenchmarkSetNew(b *testing.B) {
	c, err := New[int, int](entries, nil)
	if err != nil {
		b.Fatal(err)
	}
	for i := range entries {
		c.Set(i, i)
	}
	b.ReportAllocs()
	i := entries
	for b.Loop() {
		c.Set(i, i)
		i++
	}
}

// The live heap that 200,000 different keys leave in a cache of 1,000.
func BenchmarkHeapKept(b *testing.B) {
	const points, perPoint = 20, 10_000
	var kept int64
	for b.Loop() {
		c, err := New[int, int](1000, nil)
		if err != nil {
			b.Fatal(err)
		}
		kept = kit.HeapSeries("live heap", points, perPoint, func(i int) { c.Set(i, i) })
		runtime.KeepAlive(c)
	}
	b.ReportMetric(float64(kept), "kept-B")
}

// The share of lookups that hit, over the size of the cache, on the same trace as FIFO and random eviction.
func BenchmarkHitRatio(b *testing.B) {
	trace := newTrace(kit.Rand(b))
	var ratio float64
	for b.Loop() {
		for _, size := range []int{50, 100, 200, 400, 800, 1600} {
			c, err := New[int, int](size, nil)
			if err != nil {
				b.Fatal(err)
			}
			yours := hitRatio(trace, func(k int) bool {
				_, ok := c.Get(k)
				if !ok {
					c.Set(k, k)
				}
				return ok
			})
			point := func(series string, y float64) { kit.Point(series, "1", "cache size", float64(size), y) }
			point("hit ratio", yours)
			point("hit ratio of FIFO", hitRatio(trace, fifo(size)))
			point("hit ratio of random eviction", hitRatio(trace, random(size)))
			if size == 400 {
				ratio = yours
			}
		}
	}
	b.ReportMetric(ratio, "hits/lookup")
}

// newTrace is what a web cache sees: few keys are very popular (Zipf, s = 1.07), and now and then somebody reads
// hundreds of cold ones in a row, once.
func newTrace(r *rand.Rand) []int {
	const lookups, keys, scan = 20_000, 20_000, 300
	zipf := rand.NewZipf(r, 1.07, 1, keys-1)
	trace := make([]int, 0, lookups)
	for cold := keys; len(trace) < lookups; {
		trace = append(trace, int(zipf.Uint64()))
		if r.IntN(4000) == 0 {
			for range scan {
				trace = append(trace, cold)
				cold++
			}
		}
	}
	return trace
}

// hitRatio counts after the first quarter of the trace, when the cache is warm.
func hitRatio(trace []int, lookup func(key int) (hit bool)) float64 {
	warm, hits := len(trace)/4, 0
	for i, k := range trace {
		if lookup(k) && i >= warm {
			hits++
		}
	}
	return float64(hits) / float64(len(trace)-warm)
}

// fifo evicts what came first, however often it was used since.
func fifo(size int) func(key int) bool {
	in, queue, next := make(map[int]bool, size), make([]int, 0, size), 0
	return func(k int) bool {
		if in[k] {
			return true
		}
		if len(queue) < size {
			queue = append(queue, k)
		} else {
			delete(in, queue[next])
			queue[next] = k
			next = (next + 1) % size
		}
		in[k] = true
		return false
	}
}

// random evicts any.
func random(size int) func(key int) bool {
	r := rand.New(rand.NewPCG(1, 2))
	in, keys := make(map[int]bool, size), make([]int, 0, size)
	return func(k int) bool {
		if in[k] {
			return true
		}
		if len(keys) < size {
			keys = append(keys, k)
		} else {
			i := r.IntN(size)
			delete(in, keys[i])
			keys[i] = k
		}
		in[k] = true
		return false
	}
}
