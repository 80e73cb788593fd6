package measure

import (
	"math"
	"slices"
)

// MinGenerations is how many generations Ratio wants before it gives its interval ends.
const MinGenerations = 4

// Ratio is how many times better yours is than naive, with a confidence interval. naive[g][i] and yours[g][i] were
// measured side by side in round i of generation g, and each generation was a new process of each; of unequal lengths the
// rest is ignored. All are times or other costs above zero; anything else makes the ratio unknown.
//
// A generation's ratio is the interquartile mean of its rounds' ratios (of their logarithms): what both suffered together
// cancels out, and a round in which only one was disturbed is cut off. The interval comes from how far the generations
// lie apart, by Student's distribution: where a process has its memory changes its speed for as long as it lives, and
// more rounds of the same processes do not tell by how much (Kalibera and Jones, Rigorous Benchmarking in Reasonable
// Time, ISMM 2013).
func Ratio(naive, yours [][]float64) Interval {
	var logs []float64
	for g := range min(len(naive), len(yours)) {
		n := min(len(naive[g]), len(yours[g]))
		if n == 0 {
			continue
		}
		if !allCosts(naive[g][:n]) || !allCosts(yours[g][:n]) {
			return unknown()
		}
		rounds := make([]float64, n)
		for i := range rounds {
			rounds[i] = math.Log(naive[g][i]) - math.Log(yours[g][i])
		}
		logs = append(logs, interquartileMean(rounds))
	}
	if len(logs) == 0 {
		return unknown()
	}
	center, sd := meanAndSD(logs)
	if len(logs) < MinGenerations {
		return unbounded(math.Exp(center))
	}
	half := studentQuantile(len(logs)-1) * sd / math.Sqrt(float64(len(logs)))
	iv := Interval{Center: math.Exp(center), Lo: math.Exp(center - half), Hi: math.Exp(center + half)}
	if !iv.Known() || iv.Lo == 0 {
		return unbounded(iv.Center)
	}
	return iv
}

func allCosts(values []float64) bool {
	for _, v := range values {
		if !finite(v) || v <= 0 {
			return false
		}
	}
	return true
}

// interquartileMean is the mean without the lowest and the highest quarter. It sorts values.
func interquartileMean(values []float64) float64 {
	slices.Sort(values)
	cut := len(values) / 4
	mean, _ := meanAndSD(values[cut : len(values)-cut])
	return mean
}

func meanAndSD(values []float64) (mean, sd float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v / n
	}
	for _, v := range values {
		sd += (v - mean) * (v - mean) / max(1, n-1)
	}
	return mean, math.Sqrt(sd)
}

// studentQuantile is the 97.5 % quantile of Student's distribution with so many degrees of freedom, at least 3: the usual
// series (Abramowitz and Stegun, 26.7.5), which there is off by 0.1 %.
func studentQuantile(degrees int) float64 {
	const (
		z  = 1.959963984540054
		z3 = z * z * z
		z5 = z3 * z * z
		z7 = z5 * z * z
		z9 = z7 * z * z
	)
	n := float64(degrees)
	return z + (z3+z)/(4*n) + (5*z5+16*z3+3*z)/(96*n*n) + (3*z7+19*z5+17*z3-15*z)/(384*n*n*n) +
		(79*z9+776*z7+1482*z5-1920*z3-945*z)/(92160*n*n*n*n)
}
