package runner

import (
	"strings"
	"testing"

	"hotloop/runner/measure"
	"hotloop/runner/report"
)

func TestTooFast(t *testing.T) {
	about := func(sec float64) *measure.Interval {
		return &measure.Interval{Center: sec, Lo: 0.99 * sec, Hi: 1.01 * sec}
	}
	for _, tt := range []struct {
		name             string
		yours, reference *measure.Interval
		want             string // part of it; empty: nothing is odd
	}{
		{"as fast as the reference", about(1e-6), about(1e-6), ""},
		{"ten times as fast", about(1e-7), about(1e-6), ""},
		{"thirty times as fast", about(1e-6), about(30e-6), "30× as fast as the reference"},
		{"no reference", about(1e-6), nil, ""},
		{"no work at all", about(1e-12), about(1e-12), "removed the work"},
		{"nothing took any time", &measure.Interval{}, about(1), "removed the work"},
		{"nothing measured", nil, about(1), ""},
	} {
		got := tooFast(tt.yours, tt.reference)
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q in it", tt.name, got, tt.want)
		}
	}
}

func TestEnough(t *testing.T) {
	found := func(met measure.Decision, spread float64) report.Benchmark {
		return report.Benchmark{Target: &report.Target{Speedup: 2}, Met: met, Yours: &measure.Interval{Center: 1, Lo: 1, Hi: 1},
			Speedup: &measure.Interval{Center: 3, Lo: 3 - 3*spread, Hi: 3 + 3*spread}}
	}
	for _, tt := range []struct {
		name   string
		before measure.Decision
		done   int
		now    report.Benchmark
		want   bool
	}{
		{"seen twice, precise", measure.Yes, minRounds, found(measure.Yes, 0.01), true},
		{"seen once", measure.Inconclusive, minRounds, found(measure.Yes, 0.01), false},
		{"too early", measure.No, minRounds - 1, found(measure.No, 0.01), false},
		{"not precise", measure.No, minRounds, found(measure.No, 0.2), false},
		{"not precise for long", measure.No, manyRounds, found(measure.No, 0.2), true},
		{"undecided for long", measure.Inconclusive, manyRounds, found(measure.Inconclusive, 0.01), false},
		{"changed its mind", measure.No, manyRounds, found(measure.Yes, 0.01), false},
		{"no target", "", plainRounds, report.Benchmark{}, true},
	} {
		looks := looks{last: tt.before}
		if got := looks.enough(tt.done, tt.now); got != tt.want {
			t.Errorf("%s: enough = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestGrowth(t *testing.T) {
	series := func(perCall float64) (points []measure.Point) {
		for i := range 12 {
			points = append(points, measure.Point{Variant: yours, Unit: "B", Axis: "calls", X: float64(100 * i), Y: 1e6 + perCall*float64(100*i)})
		}
		return points
	}
	for perCall, want := range map[float64]string{0: "does not grow", 64: "grows by 64 B for each call", -3: "does not grow"} {
		if got := growth(series(perCall)); !strings.Contains(got, want) {
			t.Errorf("%g bytes for each call: %q, want %q in it", perCall, got, want)
		}
	}
	if got := growth(series(64)[:3]); got != "" {
		t.Errorf("three readings: %q, want nothing said", got)
	}
}
