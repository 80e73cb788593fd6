package measure

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// A machine makes rounds of two variants the way a laptop does: each time is log-normal, one in ten is hit by something
// else, a slow drift falls on both sides of a round alike, and each process has a speed of its own.
type machine struct {
	sd      float64 // of the logarithm of a time
	process float64 // of the logarithm of a process's mean
	spikes  float64 // share of times that are hit
	drift   float64 // of the logarithm, shared within a round
}

var machines = map[string]machine{
	"quiet":  {sd: 0.03, process: 0.005, spikes: 0.02, drift: 0.01},
	"laptop": {sd: 0.06, process: 0.03, spikes: 0.10, drift: 0.05},
	"noisy":  {sd: 0.10, process: 0.06, spikes: 0.15, drift: 0.15},
}

const perGeneration = 8 // rounds

// measure makes generations of rounds in which yours is speedup times better than naive.
func (m machine) measure(rng *rand.Rand, generations int, speedup float64) (naive, yours [][]float64) {
	cost := func(base, drift float64) float64 {
		t := base * math.Exp(drift+m.sd*rng.NormFloat64())
		if rng.Float64() < m.spikes {
			t *= 1 + 3*rng.Float64()
		}
		return t
	}
	for range generations {
		a, b := 1e-6*speedup*math.Exp(m.process*rng.NormFloat64()), 1e-6*math.Exp(m.process*rng.NormFloat64())
		var x, y []float64
		for range perGeneration {
			drift := m.drift * rng.NormFloat64()
			x, y = append(x, cost(a, drift)), append(y, cost(b, drift))
		}
		naive, yours = append(naive, x), append(yours, y)
	}
	return naive, yours
}

func TestRatioIntervalHoldsTheTruth(t *testing.T) {
	const trials, least, most = 2000, 0.935, 0.975
	for name, m := range machines {
		for _, n := range []int{MinGenerations, 6, 10, 20} {
			rng := rand.New(rand.NewPCG(1, uint64(n)))
			held := 0
			for range trials {
				if iv := Ratio(m.measure(rng, n, 4)); iv.Lo <= 4 && 4 <= iv.Hi {
					held++
				}
			}
			t.Logf("%s, %d generations: %.1f %%", name, n, 100*float64(held)/trials)
			if held < least*trials || held > most*trials {
				t.Errorf("%s machine, %d generations: %d of %d intervals hold the true ratio, want about 95 %%", name, n, held, trials)
			}
		}
	}
}

// decide does what a run does: measure, look at the interval after each generation, stop once it has said the same twice.
func decide(rng *rand.Rand, m machine, speedup, target float64) (d Decision, generations int) {
	const most = 15
	naive, yours := m.measure(rng, most, speedup)
	last := Inconclusive
	for n := 6; n <= most; n++ {
		d := Decide(Ratio(naive[:n], yours[:n]), target)
		if d != Inconclusive && d == last {
			return d, n
		}
		last = d
	}
	return Inconclusive, most
}

func TestHardlyAWrongDecisionTenPercentFromTheTarget(t *testing.T) {
	const trials, target = 1000, 5.0
	for name, m := range machines {
		rng := rand.New(rand.NewPCG(2, 2))
		var undecided, wrong int
		for trial := range trials {
			speedup, want := target*1.1, Yes
			if trial%2 == 1 {
				speedup, want = target*0.9, No
			}
			switch got, _ := decide(rng, m, speedup, target); got {
			case want:
			case Inconclusive:
				undecided++
			default:
				wrong++
			}
		}
		t.Logf("%s: of %d decisions %d are wrong, %d not made", name, trials, wrong, undecided)
		if wrong > 0 {
			t.Errorf("%s machine: %d of %d decisions are wrong", name, wrong, trials)
		}
		if name != "noisy" && undecided > trials/20 {
			t.Errorf("%s machine: %d of %d decisions were not made, want at most one in twenty", name, undecided, trials)
		}
	}
}

func TestSameCodeIsNeitherFasterNorSlower(t *testing.T) {
	for name, m := range machines {
		rng := rand.New(rand.NewPCG(3, 3))
		for trial := range 500 {
			if got, n := decide(rng, m, 1, 1.1); got == Yes {
				t.Errorf("%s machine, pair %d: the same code counts as 1.1 times better after %d generations", name, trial, n)
			}
			if got, n := decide(rng, m, 1, 0.9); got == No {
				t.Errorf("%s machine, pair %d: the same code counts as slower than 0.9 times after %d generations", name, trial, n)
			}
		}
	}
}

func TestStudentQuantile(t *testing.T) {
	for degrees, want := range map[int]float64{3: 3.1824, 4: 2.7764, 5: 2.5706, 9: 2.2622, 29: 2.0452, 1000: 1.9623} {
		if got := studentQuantile(degrees); math.Abs(got/want-1) > 0.0015 {
			t.Errorf("studentQuantile(%d) = %.4f, want %.4f", degrees, got, want)
		}
	}
}

func TestRatioCancelsWhatBothSuffer(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	var naive, yours [][]float64
	for range 8 {
		var x, y []float64
		for range perGeneration {
			load := 1 + 9*rng.Float64() // up to ten times slower, the same for both
			x, y = append(x, 8*load), append(y, 2*load)
		}
		naive, yours = append(naive, x), append(yours, y)
	}
	iv := Ratio(naive, yours)
	if iv.Lo < 3.999 || iv.Hi > 4.001 {
		t.Errorf("Ratio of rounds that differ by exactly 4 = %v", iv)
	}
}

func TestRatioOfBadInput(t *testing.T) {
	generations := func(v float64) (all [][]float64) {
		for range 6 {
			all = append(all, slices.Repeat([]float64{v}, perGeneration))
		}
		return all
	}
	good := generations(1)
	with := func(v float64) [][]float64 {
		bad := generations(1)
		bad[3][5] = v
		return bad
	}
	for name, tt := range map[string]struct{ naive, yours [][]float64 }{
		"nothing":    {nil, nil},
		"one side":   {good, nil},
		"no rounds":  {make([][]float64, 6), good},
		"few":        {good[:MinGenerations-1], good},
		"NaN":        {good, with(math.NaN())},
		"infinite":   {with(math.Inf(1)), good},
		"zero":       {good, with(0)},
		"negative":   {with(-1), good},
		"overflows":  {generations(math.MaxFloat64), generations(math.SmallestNonzeroFloat64)},
		"underflows": {generations(math.SmallestNonzeroFloat64), generations(math.MaxFloat64)},
	} {
		iv := Ratio(tt.naive, tt.yours)
		for _, target := range []float64{1e-9, 1, 1e9} {
			if got := Decide(iv, target); got != Inconclusive {
				t.Errorf("%s: Decide(%v, %g) = %q, want inconclusive", name, iv, target, got)
			}
		}
		if math.IsNaN(iv.Lo) || math.IsNaN(iv.Hi) {
			t.Errorf("%s: Ratio = %v: an end is NaN", name, iv)
		}
	}
}
