package measure

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

const (
	// MinRounds is how many rounds Ratio wants before it gives its interval ends. Below it the lower quartile rests on
	// two or three measurements, and an interval from resampling them promises more than it holds.
	MinRounds = 12

	resamples = 1500
	location  = 0.25 // see Ratio
)

// Ratio is how many times better yours is than naive: the ratio of their lower quartiles with a confidence interval.
// naive[i] and yours[i] were measured side by side in round i; of unequal lengths the rest is ignored. Both are times
// or other costs above zero; anything else makes the ratio unknown.
//
// The quartile, because noise only ever adds time: of the usual estimates it varies least from run to run, on a quiet
// machine and on a busy one. The interval comes from resampling whole rounds, so that what both suffered together
// cancels out, and is the same for the same seed.
func Ratio(naive, yours []float64, seed uint64) Interval {
	n := min(len(naive), len(yours))
	naive, yours = naive[:n], yours[:n]
	if n == 0 || !allCosts(naive) || !allCosts(yours) {
		return unknown()
	}
	a, b := newRounds(naive), newRounds(yours)
	center := a.quartile(nil) / b.quartile(nil)
	if n < MinRounds || !finite(center) || center == 0 {
		return unbounded(center)
	}

	rng := rand.NewPCG(seed, 0x5851f42d4c957f2d)
	times := make([]uint16, n) // how often each round is in the resample
	ratios := make([]float64, resamples)
	for i := range ratios {
		clear(times)
		draw(rng, times)
		ratios[i] = a.quartile(times) / b.quartile(times)
	}
	slices.Sort(ratios)
	tail := expandedTail(n)
	return Interval{
		Center: center,
		Lo:     min(center, quantile(ratios, tail)),
		Hi:     max(center, quantile(ratios, 1-tail)),
	}
}

func allCosts(values []float64) bool {
	for _, v := range values {
		if !finite(v) || v <= 0 {
			return false
		}
	}
	return true
}

// draw picks len(times) rounds with replacement. One 64-bit number picks two; the bias of scaling 32 bits is below
// n ÷ 2³².
func draw(rng *rand.PCG, times []uint16) {
	n := uint64(len(times))
	for i := 0; i < len(times); i += 2 {
		u := rng.Uint64()
		times[(u>>32)*n>>32]++
		if i+1 < len(times) {
			times[(u&math.MaxUint32)*n>>32]++
		}
	}
}

// rounds are one variant's measurements in ascending order, each with its round, so that the quartile of a resample is
// a walk over a quarter of them and needs no sorting.
type rounds struct {
	value []float64
	round []int
}

func newRounds(values []float64) rounds {
	r := rounds{round: make([]int, len(values)), value: make([]float64, len(values))}
	for i := range r.round {
		r.round[i] = i
	}
	slices.SortFunc(r.round, func(i, j int) int { return cmp.Compare(values[i], values[j]) })
	for i, round := range r.round {
		r.value[i] = values[round]
	}
	return r
}

// quartile is the lower quartile of the resample that holds round i times[i] times; nil is the sample itself.
func (r rounds) quartile(times []uint16) float64 {
	if times == nil {
		return quantile(r.value, location)
	}
	k, frac := position(len(r.value), location)
	i, seen := -1, 0
	for seen <= k {
		i++
		seen += int(times[r.round[i]])
	}
	v := r.value[i]
	if frac == 0 {
		return v
	}
	for seen <= k+1 {
		i++
		seen += int(times[r.round[i]])
	}
	return v + frac*(r.value[i]-v)
}

// expandedTail is the share of resamples to cut at each end. Cutting 2.5 % gives too narrow an interval for few rounds;
// this is the correction by Student's distribution and √(n ÷ (n−1)) (Hesterberg, What Teachers Should Know about the
// Bootstrap, 2015, section 5.3), with the first terms of the usual series for the quantile of Student's distribution.
func expandedTail(n int) float64 {
	const z = 1.959963984540054
	nu := float64(n - 1)
	t := z + (z*z*z+z)/(4*nu) + (5*math.Pow(z, 5)+16*z*z*z+3*z)/(96*nu*nu)
	return math.Erfc(t*math.Sqrt(float64(n)/nu)/math.Sqrt2) / 2
}
