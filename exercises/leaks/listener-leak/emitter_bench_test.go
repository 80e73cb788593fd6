package emitter

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"hotloop/exercises/kit"
)

// An Emit to ten listeners.
func BenchmarkEmitTen(b *testing.B) {
	e := New[int](Options{})
	sum := 0
	for range 10 {
		e.On("tick", func(v int) { sum += v })
	}
	b.ReportAllocs()
	for b.Loop() {
		if e.Emit("tick", 1) != 10 {
			b.Fatal("Emit did not call the ten listeners")
		}
	}
}

// What 20,000 requests leave behind that each listen to an event of their own, and take their listener off.
func BenchmarkNamesKept(b *testing.B) {
	const points, perPoint = 20, 1000
	var kept int64
	for b.Loop() {
		e := New[int](Options{})
		kept = kit.HeapSeries("live heap", points, perPoint, func(i int) {
			name := fmt.Sprintf("response %d", i)
			off := e.On(name, func(int) {})
			e.Emit(name, i)
			off()
		})
		runtime.KeepAlive(e)
	}
	b.ReportMetric(float64(kept), "kept-B")
}

// The goroutines that it takes to wait for the end of a server's context, on behalf of 1,000 listeners.
func BenchmarkContextListeners(b *testing.B) {
	const listeners, every = 1000, 200
	var n int
	for b.Loop() {
		n = 0
		ctx, cancel := context.WithCancel(context.Background())
		e := New[int](Options{MaxListeners: -1})
		for i := every; i <= listeners; i += every {
			n += kit.Goroutines(func() {
				for range every {
					e.OnContext(ctx, "shutdown", func(int) {})
				}
			})
			kit.Point("goroutines waiting", "1", "listeners", float64(i), float64(n))
		}
		cancel()
	}
	b.ReportMetric(float64(n), "goroutines")
}
