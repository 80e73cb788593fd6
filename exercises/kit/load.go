package kit

import (
	"sync"
	"testing"
	"time"
)

// A Report is what became of a load.
type Report struct {
	OK, Failed int
	Lat        Latencies     // of the calls that did not fail
	Took       time.Duration // from the first call's due time to the last call's end
	FirstErr   error
}

// Throughput is how many calls a second did not fail.
func (r *Report) Throughput() float64 {
	if r.Took <= 0 {
		return 0
	}
	return float64(r.OK) / r.Took.Seconds()
}

func (r *Report) add(latency time.Duration, err error) {
	if err != nil {
		r.Failed++
		if r.FirstErr == nil {
			r.FirstErr = err
		}
		return
	}
	r.OK++
	r.Lat.Record(latency)
}

// OpenLoop calls f rate times a second for d, as strangers would: each call when it is due, in a goroutine of its own,
// whether the ones before it have come back or not. A call's latency counts from when it was due. So a stall of a tenth of
// a second is seen by all who came in that time, and not by one: a load that waits for its answers leaves the others out
// (coordinated omission). It returns when all calls have.
func OpenLoop(tb testing.TB, rate int, d time.Duration, f func() error) Report {
	tb.Helper()
	if rate <= 0 || d <= 0 {
		tb.Fatalf("kit.OpenLoop: a rate of %d for %v is no load", rate, d)
	}
	var r Report
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := time.Now()
	for i := range int(float64(rate) * d.Seconds()) {
		due := start.Add(time.Duration(float64(i) / float64(rate) * float64(time.Second)))
		time.Sleep(time.Until(due))
		wg.Go(func() {
			err := f()
			latency := time.Since(due)
			mu.Lock()
			defer mu.Unlock()
			r.add(latency, err)
		})
	}
	wg.Wait()
	r.Took = time.Since(start)
	return r
}

// ClosedLoop keeps conc callers busy for d: each calls f again as soon as the last call has come back, so that a slow f is
// called less often. It shows the throughput at that concurrency; the latency that strangers see is OpenLoop's to show.
func ClosedLoop(tb testing.TB, conc int, d time.Duration, f func() error) Report {
	tb.Helper()
	if conc <= 0 || d <= 0 {
		tb.Fatalf("kit.ClosedLoop: %d callers for %v are no load", conc, d)
	}
	reports := make([]Report, conc)
	var wg sync.WaitGroup
	start := time.Now()
	for i := range reports {
		r := &reports[i]
		wg.Go(func() {
			for begun := time.Now(); begun.Sub(start) < d; begun = time.Now() {
				err := f()
				r.add(time.Since(begun), err)
			}
		})
	}
	wg.Wait()
	var all Report
	for i := range reports {
		r := &reports[i]
		all.OK += r.OK
		all.Failed += r.Failed
		all.Lat.Merge(&r.Lat)
		if all.FirstErr == nil {
			all.FirstErr = r.FirstErr
		}
	}
	all.Took = time.Since(start)
	return all
}
