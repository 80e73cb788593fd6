package fanout

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hotloop/exercises/kit"
)

// What is left a moment after 1,000 calls of First, in each of which one replica answered at once and two are slow. Each
// call brings 256 bytes of its own.
func BenchmarkFirstOfThree(b *testing.B) {
	const calls, every = 1000, 200
	errSlow := errors.New("too slow")
	warmGoroutines(2 * calls)
	var left int
	var kept float64
	for b.Loop() {
		server, shutdown := context.WithCancel(context.Background())
		over := make(chan struct{})
		started := runtime.NumGoroutine()
		left = 0
		before := kit.HeapLive()
		for n := every; n <= calls; n += every {
			left += kit.Goroutines(func() {
				for range every {
					request := new([256]byte)
					slow := func(ctx context.Context) (int, error) {
						select {
						case <-ctx.Done():
						case <-over:
						}
						return int(request[0]), errSlow
					}
					if _, err := First(server, slow, func(context.Context) (int, error) { return int(request[1]), nil }, slow); err != nil {
						b.Fatal(err)
					}
				}
			})
			kept = float64(kit.HeapLive()) - float64(before)
			kit.Point("goroutines left", "1", "calls of First", float64(n), float64(left))
			kit.Point("heap left", "B", "calls of First", float64(n), max(0, kept))
		}
		close(over)
		shutdown()
		for look := 0; runtime.NumGoroutine() > started && look < 1000; look++ {
			time.Sleep(time.Millisecond)
		}
	}
	b.ReportMetric(float64(left)/calls, "goroutines/call")
	b.ReportMetric(max(0, kept), "kept-B")
}

// The goroutines that there are while Gather works on 10,000 functions, eight at a time.
func BenchmarkGatherTenThousand(b *testing.B) {
	const functions, limit, looks = 10_000, 8, 10
	var most int
	for b.Loop() {
		before := runtime.NumGoroutine()
		gate := make(chan struct{})
		var calls atomic.Int64
		fns := make([]func(context.Context) (int, error), functions)
		for i := range fns {
			fns[i] = func(context.Context) (int, error) {
				calls.Add(1)
				<-gate
				return i, nil
			}
		}
		most = 0
		fns[0] = func(context.Context) (int, error) {
			for same := 0; same < looks; same++ { // who starts more of them has the time for it
				time.Sleep(time.Millisecond)
				if n := runtime.NumGoroutine() - before; n > most {
					most, same = n, 0
				}
			}
			calls.Add(1)
			close(gate)
			return 0, nil
		}
		values, err := Gather(context.Background(), limit, fns...)
		if err != nil || len(values) != functions || values[functions-1] != functions-1 || calls.Load() != functions {
			b.Fatalf("Gather of %d functions: %d values, %v, %d calls", functions, len(values), err, calls.Load())
		}
	}
	b.ReportMetric(float64(most), "goroutines")
}

// warmGoroutines has n goroutines at a time once: the runtime keeps their descriptors for later ones, and that is not
// First's doing.
func warmGoroutines(n int) {
	gate := make(chan struct{})
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() { <-gate })
	}
	close(gate)
	wg.Wait()
}
