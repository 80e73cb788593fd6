package workpool

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"hotloop/exercises/kit"
)

// A burst of 10,000 jobs for four workers that are all stuck: what the jobs that wait cost, in goroutines and in memory
// of heap and stacks.
func BenchmarkBurst(b *testing.B) {
	const jobs, every = 10_000, 2000
	var waiting int
	var kept float64
	for b.Loop() {
		gate := make(chan struct{})
		p := New(4, jobs, func(context.Context, int) (int, error) { <-gate; return 0, nil })
		results := make([]<-chan Result[int], 0, jobs)
		before := memory()
		waiting = 0
		for n := every; n <= jobs; n += every {
			waiting += kit.Goroutines(func() {
				for range every {
					c, err := p.Try(context.Background(), len(results))
					if err != nil {
						b.Fatalf("Try of job %d, with room for %d in the queue: %v", len(results), jobs, err)
					}
					results = append(results, c)
				}
			})
			kept = memory() - before
			kit.Point("goroutines of a burst", "1", "jobs accepted", float64(n), float64(waiting))
			kit.Point("memory of a burst", "B", "jobs accepted", float64(n), max(0, kept))
		}
		close(gate)
		for _, c := range results {
			<-c
		}
		if err := p.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(waiting), "goroutines")
	b.ReportMetric(max(0, kept), "kept-B")
}

// memory is the live heap and what goroutines use as stacks, in bytes.
func memory() float64 {
	live := kit.HeapLive()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(live + m.StackInuse)
}

// A thousand jobs of about a microsecond for two workers, sent by four goroutines.
func BenchmarkThousandJobs(b *testing.B) {
	const jobs, senders = 1000, 4
	p := New(2, 100, func(_ context.Context, n int) (int, error) {
		x := uint64(n)
		for range 1000 {
			x = x*6364136223846793005 + 1442695040888963407
		}
		return int(x >> 33), nil
	})
	b.ReportAllocs()
	for b.Loop() {
		var wg sync.WaitGroup
		for range senders {
			wg.Go(func() {
				for n := range jobs / senders {
					if _, err := p.Do(context.Background(), n); err != nil {
						b.Error(err)
					}
				}
			})
		}
		wg.Wait()
	}
	if err := p.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}
