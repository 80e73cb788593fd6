package harness

import (
	"math"
	"runtime/metrics"
	"slices"
	"time"
)

const (
	sampleEvery = 5 * time.Millisecond
	maxReadings = 4000 // 20 s
)

// The series that sampling makes.
const (
	HeapSeries      = "heap"                  // what is allocated: alive, or not swept away yet
	LiveSeries      = "heap after collection" // what the last collection found alive
	HeldSeries      = "heap held"             // what the heap has of the machine's memory: with HeapSeries, what is free in it
	GoroutineSeries = "goroutines"
	PauseSeries     = "GC pauses" // the longest stop of the world for the collector since the last reading, to an eighth
)

// Sampled says whether a series is one of those.
func Sampled(series string) bool {
	return slices.Contains([]string{HeapSeries, LiveSeries, HeldSeries, GoroutineSeries, PauseSeries}, series)
}

// A reading is the state of the process at one moment of a turn.
type reading struct {
	at                           float64 // seconds since the turn began
	heap, live, held, goroutines float64
	pause                        float64 // 0: none since the last reading
}

// What a reading reads; the indexes are those of the fields' values.
var sampled = []metrics.Sample{
	{Name: "/memory/classes/heap/objects:bytes"},
	{Name: "/gc/heap/live:bytes"},
	{Name: "/memory/classes/heap/unused:bytes"},
	{Name: "/memory/classes/heap/free:bytes"},
	{Name: "/sched/goroutines:goroutines"},
	{Name: "/sched/pauses/total/gc:seconds"},
}

// A sampler reads the metrics. A reading costs a few microseconds, and nothing is written or allocated while the
// benchmark runs.
type sampler struct {
	start  time.Time
	pauses []uint64 // the histogram's counts at the last reading
}

func newSampler() *sampler {
	metrics.Read(sampled) // the first call allocates
	s := &sampler{start: time.Now(), pauses: slices.Clone(sampled[5].Value.Float64Histogram().Counts)}
	return s
}

func (s *sampler) read() reading {
	metrics.Read(sampled)
	value := func(i int) float64 { return float64(sampled[i].Value.Uint64()) }
	r := reading{at: time.Since(s.start).Seconds(), heap: value(0), live: value(1), held: value(0) + value(2) + value(3),
		goroutines: value(4) - 1} // without the sampler
	hist := sampled[5].Value.Float64Histogram()
	for i, n := range hist.Counts {
		if n > s.pauses[i] {
			r.pause = middle(hist.Buckets[i], hist.Buckets[i+1])
		}
		s.pauses[i] = n
	}
	return r
}

// middle stands for a bucket of a histogram, which may go on for ever at either end.
func middle(low, high float64) float64 {
	switch {
	case math.IsInf(high, 1):
		return low
	case math.IsInf(low, -1):
		return max(0, high)
	}
	return (low + high) / 2
}

// sample takes readings until the func that it returns is called.
func sample() (stop func() []reading) {
	readings := make([]reading, 0, maxReadings)
	quit, done := make(chan struct{}), make(chan struct{})
	s := newSampler()
	go func() {
		defer close(done)
		tick := time.NewTicker(sampleEvery)
		defer tick.Stop()
		for len(readings) < maxReadings-1 {
			readings = append(readings, s.read())
			select {
			case <-quit:
				readings = append(readings, s.read())
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

// tell writes readings as points: of what changes at collections only, the changes.
func tell(readings []reading) {
	for i, r := range readings {
		last := readings[max(0, i-1)]
		end := i == 0 || i == len(readings)-1
		Point(HeapSeries, "B", "", r.at, r.heap)
		if end || r.live != last.live {
			Point(LiveSeries, "B", "", r.at, r.live)
		}
		if end || r.held != last.held {
			Point(HeldSeries, "B", "", r.at, r.held)
		}
		Point(GoroutineSeries, "1", "", r.at, r.goroutines)
		if r.pause > 0 {
			Point(PauseSeries, "sec", "", r.at, r.pause)
		}
	}
}
