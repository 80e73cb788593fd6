package measure

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// A machine makes rounds of two variants the way a laptop does: each time is log-normal, one in ten is hit by
// something else, and a slow drift falls on both sides of a round alike.
type machine struct {
	sd     float64 // of the logarithm of a time
	spikes float64 // share of times that are hit
	drift  float64 // of the logarithm, shared within a round
}

var machines = map[string]machine{
	"quiet":  {sd: 0.03, spikes: 0.02, drift: 0.01},
	"laptop": {sd: 0.08, spikes: 0.10, drift: 0.05},
	"noisy":  {sd: 0.12, spikes: 0.15, drift: 0.15},
}

// measure makes n rounds in which yours is speedup times better than naive.
func (m machine) measure(rng *rand.Rand, n int, speedup float64) (naive, yours []float64) {
	cost := func(base, drift float64) float64 {
		t := base * math.Exp(drift+m.sd*rng.NormFloat64())
		if rng.Float64() < m.spikes {
			t *= 1 + 3*rng.Float64()
		}
		return t
	}
	for range n {
		drift := m.drift * rng.NormFloat64()
		naive = append(naive, cost(speedup*1e-6, drift))
		yours = append(yours, cost(1e-6, drift))
	}
	return naive, yours
}

func TestRatioIntervalHoldsTheTruth(t *testing.T) {
	const trials, want = 1000, 0.93
	for name, m := range machines {
		for _, n := range []int{MinRounds, 20, 50, 100} {
			rng := rand.New(rand.NewPCG(1, uint64(n)))
			held := 0
			for trial := range trials {
				naive, yours := m.measure(rng, n, 4)
				if iv := Ratio(naive, yours, uint64(trial)); iv.Lo <= 4 && 4 <= iv.Hi {
					held++
				}
			}
			t.Logf("%s, %d rounds: %.1f %%", name, n, 100*float64(held)/trials)
			if held < want*trials {
				t.Errorf("%s machine, %d rounds: %d of %d intervals hold the true ratio, want at least %.0f %%", name, n, held, trials, 100*want)
			}
		}
	}
}

// decide does what a run does: measure, look at the interval after each ten rounds, stop once it says something.
func decide(rng *rand.Rand, m machine, speedup, target float64, seed uint64) (d Decision, rounds int) {
	naive, yours := m.measure(rng, 100, speedup)
	for n := 20; n <= 100; n += 10 {
		if d := Decide(Ratio(naive[:n], yours[:n], seed), target); d != Inconclusive {
			return d, n
		}
	}
	return Inconclusive, 100
}

func TestNoWrongDecisionTenPercentFromTheTarget(t *testing.T) {
	const trials, target = 1000, 5.0
	for name, m := range machines {
		rng := rand.New(rand.NewPCG(2, 2))
		var undecided int
		for trial := range trials {
			speedup, want := target*1.1, Yes
			if trial%2 == 1 {
				speedup, want = target*0.9, No
			}
			switch got, rounds := decide(rng, m, speedup, target, uint64(trial)); got {
			case want:
			case Inconclusive:
				undecided++
			default:
				t.Errorf("%s machine, trial %d: %.1f× against a target of %.0f× was decided %q after %d rounds", name, trial, speedup, target, got, rounds)
			}
		}
		t.Logf("%s: %d of %d undecided after 100 rounds", name, undecided, trials)
		if name != "noisy" && undecided > trials/20 {
			t.Errorf("%s machine: %d of %d decisions were not made in 100 rounds, want at most one in twenty", name, undecided, trials)
		}
	}
}

func TestSameCodeIsNeitherFasterNorSlower(t *testing.T) {
	for name, m := range machines {
		rng := rand.New(rand.NewPCG(3, 3))
		for trial := range 500 {
			if got, n := decide(rng, m, 1, 1.1, uint64(trial)); got == Yes {
				t.Errorf("%s machine, pair %d: the same code counts as 1.1 times better after %d rounds", name, trial, n)
			}
			if got, n := decide(rng, m, 1, 0.9, uint64(trial)); got == No {
				t.Errorf("%s machine, pair %d: the same code counts as slower than 0.9 times after %d rounds", name, trial, n)
			}
		}
	}
}

func TestRatioIsRepeatable(t *testing.T) {
	naive, yours := machines["noisy"].measure(rand.New(rand.NewPCG(4, 4)), 60, 3)
	a, b := Ratio(naive, yours, 7), Ratio(naive, yours, 7)
	if a != b {
		t.Errorf("Ratio with one seed = %v, then %v", a, b)
	}
	if c := Ratio(naive, yours, 8); c == a {
		t.Errorf("Ratio with another seed = %v as well; the seed is not used", c)
	}
}

func TestRatioCancelsWhatBothSuffer(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	var naive, yours []float64
	for range 60 {
		load := 1 + 9*rng.Float64() // up to ten times slower, the same for both
		naive, yours = append(naive, 8*load), append(yours, 2*load)
	}
	iv := Ratio(naive, yours, 1)
	if iv.Lo < 3.999 || iv.Hi > 4.001 {
		t.Errorf("Ratio of rounds that differ by exactly 4 = %v", iv)
	}
}

func TestRatioOfBadInput(t *testing.T) {
	good := make([]float64, 50)
	for i := range good {
		good[i] = 1 + float64(i)/100
	}
	with := func(v float64) []float64 {
		bad := append([]float64(nil), good...)
		bad[20] = v
		return bad
	}
	same := func(v float64) []float64 { return slices.Repeat([]float64{v}, 50) }
	for name, tt := range map[string]struct{ naive, yours []float64 }{
		"nothing":   {nil, nil},
		"one side":  {good, nil},
		"few":       {good[:MinRounds-1], good},
		"NaN":       {good, with(math.NaN())},
		"infinite":  {with(math.Inf(1)), good},
		"zero":      {good, with(0)},
		"negative":  {with(-1), good},
		"overflows": {same(math.MaxFloat64), same(math.SmallestNonzeroFloat64)},
	} {
		iv := Ratio(tt.naive, tt.yours, 1)
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

// The runner calls Ratio between two rounds of 2 ms; it has to stay well below that.
func BenchmarkRatio(b *testing.B) {
	naive, yours := machines["laptop"].measure(rand.New(rand.NewPCG(6, 6)), 100, 4)
	for b.Loop() {
		Ratio(naive, yours, 1)
	}
}
