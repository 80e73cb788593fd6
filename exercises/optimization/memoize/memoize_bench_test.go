package memoize

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"hotloop/exercises/kit"
)

// newDouble is a memo of a function that takes no time.
func newDouble(o Options) *Memo[int, int, int] {
	return New(func(n int) (int, error) { return n, nil }, func(_ context.Context, n int) (int, error) { return 2 * n, nil }, o)
}

const values = 5000

// full is a memo of so many values, made once: computing them is not what is measured.
var full = sync.OnceValue(func() *Memo[int, int, int] {
	m := newDouble(Options{Max: values})
	for n := range values {
		if _, err := m.Call(context.Background(), n); err != nil {
			panic(err)
		}
	}
	return m
})

// A hit at random among 5,000 values.
func BenchmarkHit(b *testing.B) {
	m, ctx := full(), context.Background()
	args, r := make([]int, 4096), kit.Rand(b)
	for i := range args {
		args[i] = r.IntN(values)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		n := args[i%len(args)]
		if v, err := m.Call(ctx, n); v != 2*n || err != nil {
			b.Fatalf("Call(%d) = %d, %v; want %d", n, v, err, 2*n)
		}
		i++
	}
	if got := m.Stats().Misses; got != values {
		b.Fatalf("%d computations for %d values", got, values)
	}
}

// The live heap that 100,000 different keys leave in a memo of 1,000.
func BenchmarkHeapKept(b *testing.B) {
	const points, perPoint = 20, 5000
	var kept int64
	for b.Loop() {
		m, ctx := newDouble(Options{Max: 1000}), context.Background()
		kept = kit.HeapSeries("live heap", points, perPoint, func(i int) {
			if _, err := m.Call(ctx, i); err != nil {
				b.Fatal(err)
			}
		})
		runtime.KeepAlive(m)
	}
	b.ReportMetric(float64(kept), "kept-B")
}

// How many computations 100 callers at once cost, of a value that nobody has yet. The function waits until all of them
// have called.
func BenchmarkStampede(b *testing.B) {
	const callers = 100
	var calls atomic.Int64
	for b.Loop() {
		calls.Store(0)
		gate := make(chan struct{})
		m := New(func(n int) (int, error) { return n, nil }, func(context.Context, int) (int, error) {
			<-gate
			return int(calls.Add(1)), nil
		}, Options{})
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() { m.Call(context.Background(), 1) })
		}
		for s := m.Stats(); s.Misses+s.Shared < callers; s = m.Stats() {
			runtime.Gosched()
		}
		close(gate)
		wg.Wait()
	}
	b.ReportMetric(float64(calls.Load()), "computations")
}
