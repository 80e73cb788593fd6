package connpool

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hotloop/exercises/kit"
)

// nothing is a connection to nowhere.
type nothing struct{ id int }

func (*nothing) Close() error               { return nil }
func (*nothing) Ping(context.Context) error { return nil }

func open(tb testing.TB, max int, dial func(context.Context) (*nothing, error)) *Pool[*nothing] {
	p, err := New(Config[*nothing]{Dial: dial, Max: max, AcquireTimeout: time.Minute})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// share lets n goroutines acquire, use and release a connection so many times each.
func share(tb testing.TB, p *Pool[*nothing], n, times int, use func()) {
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for range times {
				l, err := p.Acquire(context.Background())
				if err != nil {
					tb.Error(err)
					return
				}
				use()
				l.Release()
			}
		})
	}
	wg.Wait()
}

// Five hundred goroutines in line for four connections, once each.
func BenchmarkCrowd(b *testing.B) {
	p := open(b, 4, func(context.Context) (*nothing, error) { return new(nothing), nil })
	b.ReportAllocs()
	for b.Loop() {
		share(b, p, 500, 1, runtime.Gosched)
	}
	if err := p.Close(); err != nil {
		b.Fatal(err)
	}
}

// A connection that is there, for one who comes alone.
func BenchmarkAlone(b *testing.B) {
	p := open(b, 4, func(context.Context) (*nothing, error) { return new(nothing), nil })
	b.ReportAllocs()
	for b.Loop() {
		l, err := p.Acquire(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		l.Release()
	}
	if err := p.Close(); err != nil {
		b.Fatal(err)
	}
}

// Connections dialed for 1,000 leases by 50 goroutines, with a Max of 5.
func BenchmarkDials(b *testing.B) {
	var dials atomic.Int64
	for b.Loop() {
		dials.Store(0)
		p := open(b, 5, func(context.Context) (*nothing, error) {
			dials.Add(1)
			time.Sleep(2 * time.Millisecond)
			return new(nothing), nil
		})
		share(b, p, 50, 20, runtime.Gosched)
		if err := p.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(dials.Load()), "dials")
}

// Eighty clients, and a database of eight processors: alone, a query takes 1 ms there; when there are more queries than
// processors they share them, and each one more costs all of them 1 % for locks and switches. How many queries a second
// get through, and how long the slowest one in a hundred takes, waiting included, by the size of the pool.
func BenchmarkPoolSize(b *testing.B) {
	const clients, queries, processors, alone = 80, 2, 8, time.Millisecond
	var best float64
	for b.Loop() {
		best = 0
		for _, size := range []int{2, 4, 8, 12, 20, 40, 80} {
			var running atomic.Int64
			p := open(b, size, func(context.Context) (*nothing, error) { return new(nothing), nil })
			query := func() {
				n := float64(running.Add(1))
				time.Sleep(time.Duration(float64(alone) * max(1, n/processors) * (1 + max(0, n-processors)/100)))
				running.Add(-1)
			}
			var mu sync.Mutex
			var took []time.Duration
			begun := time.Now()
			var wg sync.WaitGroup
			for range clients {
				wg.Go(func() {
					for range queries {
						asked := time.Now()
						share(b, p, 1, 1, query)
						mu.Lock()
						took = append(took, time.Since(asked))
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			rate := float64(len(took)) / time.Since(begun).Seconds()
			slices.Sort(took)
			kit.Point("queries a second", "1/s", "connections", float64(size), rate)
			kit.Point("slowest in a hundred", "s", "connections", float64(size), took[len(took)*99/100].Seconds())
			best = max(best, rate)
			if err := p.Close(); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(best, "queries/s")
}
