package memwatch

import (
	"math/rand/v2"
	"testing"
	"time"

	"hotloop/exercises/kit"
)

// A point of a process that is well, to a detector with a window of 64.
func BenchmarkObserve(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	live := make([]uint64, 1024)
	for i := range live {
		live[i] = 80*oneMiB + random.Uint64N(4*oneMiB)
	}
	d := NewDetector(Config{Window: 64})
	at := time.Unix(0, 0)
	p := Point{}
	observe := func() {
		p.GC++
		p.At = at.Add(time.Duration(p.GC) * time.Second)
		p.Live = live[p.GC%1024]
		if _, found := d.Observe(p); found {
			b.Fatal("80 MiB ±2.5%: told of a leak")
		}
	}
	for range 100 {
		observe()
	}
	b.ReportAllocs()
	for b.Loop() {
		observe()
	}
}

// What a detector keeps of 20,000 points: a few weeks of a quiet process.
func BenchmarkObserveForWeeks(b *testing.B) {
	const points, perPoint = 5, 4000
	var kept int64
	for b.Loop() {
		d := NewDetector(Config{})
		at := time.Unix(0, 0)
		told := 0
		kept = kit.HeapSeries("live heap", points, perPoint, func(i int) {
			p := Point{GC: uint32(i + 1), At: at.Add(time.Duration(i) * time.Minute), Live: 80 * oneMiB}
			if _, found := d.Observe(p); found {
				told++
			}
		})
		for i := range 20 {
			if _, found := d.Observe(Point{GC: points*perPoint + uint32(i) + 1, At: at.Add(points * perPoint * time.Minute).Add(time.Duration(i) * time.Minute), Live: uint64(80+10*i) * oneMiB}); found {
				told++
			}
		}
		if told != 1 {
			b.Fatalf("a leak after 20,000 flat points was told of %d times, want once", told)
		}
	}
	b.ReportMetric(float64(kept), "kept-B")
}

// What three processes have in use after each collection, and which of it was told of. It has no target.
func BenchmarkPicture(b *testing.B) {
	var alarms int
	for b.Loop() {
		random := rand.New(rand.NewPCG(1, 2))
		alarms = 0
		told := map[string]float64{}
		histories := map[string]*toldHistory{"leak": newHistory(Config{}), "saw-tooth": newHistory(Config{}), "step": newHistory(Config{})}
		for i := range 80 {
			values := map[string]float64{
				"leak":      60 + 0.02*60*float64(i) + randomShare(random, 2),
				"saw-tooth": 50 + 8*float64(i%6) + randomShare(random, 1),
				"step":      40 + randomShare(random, 0.5),
			}
			if i > 40 {
				values["step"] += 60
			}
			for name, h := range histories {
				before := len(h.fired)
				h.add(values[name])
				kit.Point(name, "B", "collections", float64(i), values[name]*oneMiB)
				if n := len(h.fired) - before; n > 0 {
					alarms += n
					told[name] = values[name] * oneMiB
				}
			}
			kit.Point("told of", "B", "collections", float64(i), told["leak"]+told["saw-tooth"]+told["step"])
		}
	}
	b.ReportMetric(float64(alarms), "alarms")
}
