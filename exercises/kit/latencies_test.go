package kit

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// nearestRank is the quantile of sorted values by definition.
func nearestRank(sorted []time.Duration, q float64) time.Duration {
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

func TestQuantilesAreWithinAPercent(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var l Latencies
	var all []time.Duration
	for range 100_000 {
		d := time.Duration(math.Exp(r.Float64() * math.Log(float64(time.Hour)))) // from 1 ns to 1 h, as many in each decade
		l.Record(d)
		all = append(all, d)
	}
	slices.Sort(all)
	for _, q := range []float64{0, 1e-9, 0.001, 0.01, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.99999, 1} {
		got, want := l.Quantile(q), nearestRank(all, q)
		if got < want || float64(got-want) > float64(want)/128 {
			t.Errorf("Quantile(%g) = %v, want %v or up to 1/128 more", q, got, want)
		}
	}
	if l.Min() != all[0] || l.Max() != all[len(all)-1] || l.Quantile(0) != all[0] || l.Quantile(1) != l.Max() {
		t.Errorf("from %v to %v, want %v to %v exactly", l.Min(), l.Max(), all[0], all[len(all)-1])
	}
}

func TestBucketsHoldTheirValues(t *testing.T) {
	for shift := range 63 {
		for _, v := range []time.Duration{1<<shift - 1, 1 << shift, 1<<shift + 1, 3<<shift/2 + 1} {
			i := bucket(v)
			if top(i) < v || i > 0 && top(i-1) >= v {
				t.Errorf("%d is in bucket %d, which ends at %d and begins behind %d", v, i, top(i), top(i-1))
			}
		}
	}
	if i := bucket(math.MaxInt64); top(i) != math.MaxInt64 {
		t.Errorf("the largest value's bucket ends at %d", top(i))
	}
}

func TestLatenciesAtTheEdges(t *testing.T) {
	var l Latencies
	if l.Quantile(0.5) != 0 || l.Mean() != 0 || l.Max() != 0 || l.Count() != 0 {
		t.Errorf("empty: p50 %v, mean %v, max %v; want 0", l.Quantile(0.5), l.Mean(), l.Max())
	}
	l.Record(-time.Second)
	l.Record(math.MaxInt64)
	if l.Min() != 0 || l.Max() != math.MaxInt64 || l.Quantile(0.5) != 0 || l.Quantile(math.NaN()) != 0 || l.Quantile(7) != math.MaxInt64 {
		t.Errorf("from %v to %v, p50 %v; want 0 and the largest there is", l.Min(), l.Max(), l.Quantile(0.5))
	}
	if n := testing.AllocsPerRun(100, func() { l.Record(time.Millisecond) }); n > 0 {
		t.Errorf("Record allocates %g times", n)
	}
}

func TestMergeIsTheUnion(t *testing.T) {
	var a, b, both, empty Latencies
	for i := range 1000 {
		d := time.Duration(i*i) * time.Microsecond
		both.Record(d)
		if i%3 == 0 {
			a.Record(d)
		} else {
			b.Record(d)
		}
	}
	a.Merge(&empty)
	a.Merge(&b)
	empty.Merge(&a)
	for _, l := range []*Latencies{&a, &empty} {
		for _, q := range []float64{0, 0.1, 0.5, 0.99, 1} {
			if l.Quantile(q) != both.Quantile(q) {
				t.Errorf("merged, Quantile(%g) = %v, want %v", q, l.Quantile(q), both.Quantile(q))
			}
		}
		if l.Count() != both.Count() || l.Mean() != both.Mean() {
			t.Errorf("merged, %d values with a mean of %v; want %d, %v", l.Count(), l.Mean(), both.Count(), both.Mean())
		}
	}
}
