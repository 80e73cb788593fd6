package measure

import (
	"math"
	"slices"

	"golang.org/x/perf/benchmath"
)

const confidence = 0.95

// Summarize is the median of values with its confidence interval, which assumes nothing about how they are distributed.

// of it unknown: leaving it out would be choosing the data.
func Summarize(values []float64) Interval {
	if len(values) == 0 || !allFinite(values) {
		return unknown()
	}
	sample := benchmath.NewSample(slices.Clone(values), &benchmath.DefaultThresholds)
	s := benchmath.AssumeNothing.Summary(sample, confidence)
	return Interval{Center: s.Center, Lo: s.Lo, Hi: s.Hi}
}

// Counted is the least, the median and the most of what was counted: bytes kept, goroutines left, allocations. Counts
// have no noise to average away, so one of them is enough and the ends of the interval are values that occurred.
func Counted(values []float64) Interval {
	if len(values) == 0 || !allFinite(values) {
		return unknown()
	}
	sorted := slices.Sorted(slices.Values(values))
	return Interval{Center: quantile(sorted, 0.5), Lo: sorted[0], Hi: sorted[len(sorted)-1]}
}

// CountedRatio is naive ÷ yours of two counted intervals: between the least and the most that any two counts give. When
// yours is zero and naive is not, the ratio is the largest number there is.
func CountedRatio(naive, yours Interval) Interval {
	if !naive.Known() || !yours.Known() || naive.Lo < 0 || yours.Lo < 0 {
		return unknown()
	}
	return Interval{
		Center: countedRatio(naive.Center, yours.Center),
		Lo:     countedRatio(naive.Lo, yours.Hi),
		Hi:     countedRatio(naive.Hi, yours.Lo),
	}
}

func countedRatio(naive, yours float64) float64 {
	switch {
	case naive == yours: // 0 ÷ 0, too: neither is better
		return 1
	case yours == 0:
		return math.MaxFloat64
	}
	return min(naive/yours, math.MaxFloat64)
}

// quantile interpolates between the two values around q, 0 … 1.
func quantile(sorted []float64, q float64) float64 {
	k, frac := position(len(sorted), q)
	if frac == 0 || sorted[k] == sorted[k+1] { // the second also keeps infinities from becoming NaN
		return sorted[k]
	}
	return sorted[k] + frac*(sorted[k+1]-sorted[k])
}

// position is where quantile q of n sorted values lies: frac of the way from value k to the next.
func position(n int, q float64) (k int, frac float64) {
	at := q * float64(n-1)
	k = int(at)
	return k, at - float64(k)
}
