package memwatch

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// A knownSeries is a known history: 120 collections of a process that leaks, or does not. The random ones are always the same, so
// that every detector that goes by the statement's rule gives the same answers.
type knownSeries struct {
	name string
	mib  []float64
}

const seriesPoints = 120

// fiveSeries makes five of a kind.
func fiveSeries(kind string, value func(random *rand.Rand, seed, i int) float64) (all []knownSeries) {
	for seed := range 5 {
		random := rand.New(rand.NewPCG(uint64(seed), 7))
		s := knownSeries{name: fmt.Sprintf("%s, seed %d", kind, seed)}
		for i := range seriesPoints {
			s.mib = append(s.mib, value(random, seed, i))
		}
		all = append(all, s)
	}
	return all
}

// randomShare is a random number between -share and share.
func randomShare(random *rand.Rand, share float64) float64 { return share * (2*random.Float64() - 1) }

func wantNoLeaks(t *testing.T, why string, all []knownSeries) {
	t.Helper()
	for _, s := range all {
		newHistory(Config{}).add(s.mib...).want(t, s.name, why)
	}
}

func wantLeaks(t *testing.T, from, within int, all []knownSeries) {
	t.Helper()
	for _, s := range all {
		h := newHistory(Config{}).add(s.mib...)
		if len(h.fired) == 0 || h.fired[0] <= from || h.fired[0] > within {
			t.Errorf("%s: the leak begins after point %d, and was told of after points %v; want a first alarm after that and not later than point %d", s.name, from, h.fired, within)
		}
	}
}

func TestSteadyHeapWithNoise(t *testing.T) {
	wantNoLeaks(t, "nothing grows; five times more than before in a row is chance", fiveSeries("80 MiB ±4%", func(random *rand.Rand, _, _ int) float64 {
		return 80 * (1 + randomShare(random, 0.04))
	}))
}

func TestSawtooth(t *testing.T) {
	wantNoLeaks(t, "it goes up five times and comes down again; the window holds a whole tooth", fiveSeries("a cache that fills over 6 collections and is emptied", func(random *rand.Rand, seed, i int) float64 {
		return 60 + float64(i%6)*float64(4+3*seed) + randomShare(random, 1)
	}))
}

func TestStepsWithNoise(t *testing.T) {
	wantNoLeaks(t, "one large allocation is no trend", fiveSeries("100 MiB, and 60 MiB or a multiple more at once after 40 collections, ±1%", func(random *rand.Rand, seed, i int) float64 {
		level := 100.0
		if i >= 40 {
			level += 60 * float64(1+seed)
		}
		return level * (1 + randomShare(random, 0.01))
	}))
}

func TestWarmupRamps(t *testing.T) {
	wantNoLeaks(t, "the ramp is over after the warm-up", fiveSeries("rises over 5 collections, then stays, ±2%", func(random *rand.Rand, seed, i int) float64 {
		return float64(10+20*seed) * float64(min(i+1, 5)) * (1 + randomShare(random, 0.02))
	}))
}

func TestSlowLeakUnderNoise(t *testing.T) {
	wantLeaks(t, 0, 100, fiveSeries("2.5% more at each collection, ±3%", func(random *rand.Rand, _, i int) float64 {
		return 80 * (1 + 0.025*float64(i)) * (1 + randomShare(random, 0.03))
	}))
}

func TestLeakAfterAQuietHour(t *testing.T) {
	wantLeaks(t, 60, 80, fiveSeries("60 collections at 50 MiB ±3%, then 2 to 6 MiB more at each", func(random *rand.Rand, seed, i int) float64 {
		return (50 + float64(max(0, i-59)*(2+seed))) * (1 + randomShare(random, 0.03))
	}))
}

func TestLeakInSteps(t *testing.T) {
	wantLeaks(t, 0, 60, fiveSeries("5 MiB more at each second collection, ±1 MiB", func(random *rand.Rand, _, i int) float64 {
		return 40 + float64(i/2*5) + randomShare(random, 1)
	}))
}

func TestLeakThatGathersSpeed(t *testing.T) {
	wantLeaks(t, 0, 60, fiveSeries("4% of what there is more at each collection, ±1%", func(random *rand.Rand, _, i int) float64 {
		level := 20.0
		for range i {
			level *= 1.04
		}
		return level * (1 + randomShare(random, 0.01))
	}))
}
