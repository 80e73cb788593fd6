package retain

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"hotloop/exercises/kit"
)

// Fifty results, each of 256 KiB of input that nobody else holds. What remains should be the results.
const (
	results   = 50
	inputSize = 256 << 10
)

func BenchmarkHeaderKept(b *testing.B) {
	var kept int64
	for b.Loop() {
		headers := make([][]byte, results)
		kept = kit.HeapSeries("heap of 50 headers", 10, results/10, func(i int) {
			headers[i] = Header(bytes.Repeat([]byte("x"), inputSize))
		})
		runtime.KeepAlive(headers)
	}
	b.ReportMetric(float64(kept), "kept-B")
}

func BenchmarkFieldKept(b *testing.B) {
	var kept int64
	for b.Loop() {
		fields := make([]string, results)
		kept = kit.HeapSeries("heap of 50 fields", 10, results/10, func(i int) {
			fields[i], _ = Field("GET /cart "+strings.Repeat("x", inputSize), 1)
		})
		runtime.KeepAlive(fields)
	}
	b.ReportMetric(float64(kept), "kept-B")
}

func BenchmarkSizerKept(b *testing.B) {
	var kept int64
	for b.Loop() {
		sizers := make([]func() int, results)
		kept = kit.HeapSeries("heap of 50 sizers", 10, results/10, func(i int) {
			sizers[i] = Sizer(make([]byte, inputSize))
		})
		runtime.KeepAlive(sizers)
	}
	b.ReportMetric(float64(kept), "kept-B")
}

// Half of 2,000 pointers go.
func BenchmarkCompact(b *testing.B) {
	all := make([]*int, 2000)
	r := kit.Rand(b)
	for i := range all {
		all[i] = new(r.IntN(2))
	}
	work := make([]*int, len(all))
	b.ReportAllocs()
	for b.Loop() {
		copy(work, all)
		Compact(work, func(x *int) bool { return *x == 0 })
	}
}

// One in and one out, while 10,000 wait.
func BenchmarkQueue(b *testing.B) {
	var q Queue[int]
	for i := range 10_000 {
		q.Push(i)
	}
	b.ReportAllocs()
	i := 10_000
	for b.Loop() {
		q.Push(i)
		if v, ok := q.Pop(); !ok || v != i-10_000 {
			b.Fatalf("Pop() = %d, %v; want %d", v, ok, i-10_000)
		}
		i++
	}
}
