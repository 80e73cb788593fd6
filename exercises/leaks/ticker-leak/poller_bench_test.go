package poller

import (
	"context"
	"sync"
	"testing"
	"time"

	"hotloop/exercises/kit"
)

// What is left of 1,000 pollers, each holding 256 bytes of its own, after each one was started and stopped: goroutines
// and live heap.
func BenchmarkLeftBehind(b *testing.B) {
	const pollers, every = 1000, 200
	warmGoroutines(pollers)
	var left int
	var kept float64
	for b.Loop() {
		left = 0
		before := kit.HeapLive()
		for n := every; n <= pollers; n += every {
			left += kit.Goroutines(func() { openAndClose(b, every) })
			kept = float64(kit.HeapLive()) - float64(before)
			kit.Point("goroutines left", "1", "pollers started and stopped", float64(n), float64(left))
			kit.Point("heap left", "B", "pollers started and stopped", float64(n), max(0, kept))
		}
	}
	b.ReportMetric(float64(left), "goroutines")
	b.ReportMetric(max(0, kept), "kept-B")
}

// openAndClose does what n visitors do who open a dashboard and leave at once.
func openAndClose(b *testing.B, n int) {
	for range n {
		page := new([256]byte)
		p, err := Start(context.Background(), func(context.Context) error {
			page[0]++
			return nil
		}, Options{Every: time.Hour})
		if err != nil {
			b.Fatal(err)
		}
		p.Stop()
	}
}

// warmGoroutines has n goroutines at a time once: the runtime keeps their descriptors for later ones, and that is not
// the poller's doing.
func warmGoroutines(n int) {
	gate := make(chan struct{})
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() { <-gate })
	}
	close(gate)
	wg.Wait()
}
