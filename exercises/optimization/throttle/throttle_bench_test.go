package throttle

import (
	"sync"
	"testing"
	"time"

	"hotloop/exercises/kit"
)

// One Call within an interval: what nearly every scroll event and every changed row costs.
func BenchmarkCall(b *testing.B) {
	th := New(func(int) {}, Options{Interval: time.Hour})
	defer th.Close()
	th.Call(0)
	b.ReportAllocs()
	v := 1
	for b.Loop() {
		if th.Call(v) {
			b.Fatal("Call within an interval of an hour = true, want false")
		}
		v++
	}
	if !th.Flush() {
		b.Fatal("nothing is pending in the middle of an interval")
	}
}

// What becomes of 30 events with and without a trailing edge. It has no target: it draws.
func BenchmarkTimeline(b *testing.B) {
	const interval = 8 * time.Millisecond
	var mu sync.Mutex
	runs := 0
	for b.Loop() {
		runs = 0
		begun := time.Now()
		at := func() float64 { return time.Since(begun).Seconds() * 1000 }
		draw := func(series string) func(int) {
			return func(event int) {
				mu.Lock()
				defer mu.Unlock()
				runs++
				kit.Point(series, "1", "ms", at(), float64(event))
			}
		}
		kept := New(draw("with a trailing edge"), Options{Interval: interval})
		lost := New(draw("without: the last value is lost"), Options{Interval: interval, NoTrailing: true})
		for event := 1; event <= 30; event++ {
			kit.Point("events", "1", "ms", at(), float64(event))
			kept.Call(event)
			lost.Call(event)
			time.Sleep(time.Millisecond)
		}
		time.Sleep(interval)
		kept.Close()
		lost.Close()
	}
	b.ReportMetric(float64(runs), "runs")
}
