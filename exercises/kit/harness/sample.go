package harness

import (
	"runtime/metrics"
	"time"
)

const (
	sampleEvery = 5 * time.Millisecond
	maxReadings = 4000 // 20 s
)

// A reading is the state of the process at one moment of a turn.
type reading struct {
	at               float64 // seconds since the turn began
	heap, goroutines float64
}

// sample reads heap and goroutines until the func that it returns is called. A reading costs under a microsecond, and
// nothing is written or allocated while the benchmark runs.
func sample() (stop func() []reading) {
	readings := make([]reading, 0, maxReadings)
	quit, done := make(chan struct{}), make(chan struct{})
	values := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/sched/goroutines:goroutines"}}
	metrics.Read(values) // the first call allocates
	start := time.Now()
	read := func() {
		metrics.Read(values)
		readings = append(readings, reading{
			at:         time.Since(start).Seconds(),
			heap:       float64(values[0].Value.Uint64()),
			goroutines: float64(values[1].Value.Uint64() - 1), // without the sampler
		})
	}
	go func() {
		defer close(done)
		tick := time.NewTicker(sampleEvery)
		defer tick.Stop()
		for len(readings) < maxReadings-1 {
			read()
			select {
			case <-quit:
				read()
				return
			case <-tick.C:
			}
		}
		<-quit
	}()
	return func() []reading {
		close(quit)
		<-done
		return readings
	}
}

// The series that sampling makes.
const (
	HeapSeries      = "heap"
	GoroutineSeries = "goroutines"
)

// tell writes readings as points.
func tell(readings []reading) {
	for _, r := range readings {
		Point(HeapSeries, "B", "", r.at, r.heap)
		Point(GoroutineSeries, "1", "", r.at, r.goroutines)
	}
}
