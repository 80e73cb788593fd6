package debounce

import (
	"sync"
	"testing"
	"time"

	"hotloop/exercises/kit"
)

// One Call of a burst that goes on: what each keystroke, each scroll event and each changed row costs.
func BenchmarkCall(b *testing.B) {
	d := New(func(int) {}, Options{Wait: time.Hour, MaxWait: 2 * time.Hour})
	defer d.Close()
	b.ReportAllocs()
	v := 0
	for b.Loop() {
		d.Call(v)
		v++
	}
	if !d.Pending() {
		b.Fatal("nothing is pending in the middle of a burst")
	}
}

// What becomes of events that come in two bursts, under each set of options. It has no target: it draws.
func BenchmarkTimeline(b *testing.B) {
	kinds := []struct {
		series string
		o      Options
	}{
		{"trailing", Options{Wait: 4 * time.Millisecond}},
		{"leading and trailing", Options{Wait: 4 * time.Millisecond, Leading: true}},
		{"trailing, with MaxWait", Options{Wait: 4 * time.Millisecond, MaxWait: 10 * time.Millisecond}},
	}
	var mu sync.Mutex
	runs := 0
	for b.Loop() {
		runs = 0
		begun := time.Now()
		at := func() float64 { return time.Since(begun).Seconds() * 1000 }
		var all []*Debounced[int]
		for _, k := range kinds {
			all = append(all, New(func(event int) {
				mu.Lock()
				defer mu.Unlock()
				runs++
				kit.Point(k.series, "1", "ms", at(), float64(event))
			}, k.o))
		}
		for event := 1; event <= 40; event++ {
			kit.Point("events", "1", "ms", at(), float64(event))
			for _, d := range all {
				d.Call(event)
			}
			time.Sleep(time.Millisecond)
			if event == 25 {
				time.Sleep(8 * time.Millisecond)
			}
		}
		for _, d := range all {
			d.Flush()
			d.Close()
		}
	}
	b.ReportMetric(float64(runs), "runs")
}
