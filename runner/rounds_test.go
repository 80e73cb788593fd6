package runner

import (
	"slices"
	"strings"
	"testing"
	"time"

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
		{"seen twice, precise", measure.Yes, minGenerations, found(measure.Yes, 0.01), true},
		{"seen once", measure.Inconclusive, minGenerations, found(measure.Yes, 0.01), false},
		{"too early", measure.No, minGenerations - 1, found(measure.No, 0.01), false},
		{"not precise", measure.No, minGenerations, found(measure.No, 0.2), false},
		{"undecided for long", measure.Inconclusive, maxGenerations, found(measure.Inconclusive, 0.01), false},
		{"changed its mind", measure.No, maxGenerations, found(measure.Yes, 0.01), false},
		{"no target", "", plainGenerations, report.Benchmark{}, true},
	} {
		looks := looks{last: tt.before, precise: precise}
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

// A timing with a round for each pair of yards, of yours and naive, in generations of four.
func timingOf(yards ...[2]float64) (*measurement, *timing) {
	m, t := &measurement{}, &timing{all: map[string]*samples{yours: {}, "naive": {}}}
	for round, pair := range yards {
		t.generation = append(t.generation, round/4)
		for i, variant := range []string{yours, "naive"} {
			s := t.all[variant]
			s.cpu, s.wall, s.cpuShare = append(s.cpu, float64(round+1)), append(s.wall, 100), append(s.cpuShare, 1)
			s.yard = append(s.yard, pair[i])
			m.yards = append(m.yards, pair[i])
		}
	}
	return m, t
}

func TestSharedRoundsAreLeftOut(t *testing.T) {
	var yards [][2]float64
	for round := range 4 * (minGenerations + 2) {
		pair := [2]float64{1, 1.02}
		switch round {
		case 1:
			pair[0] = 1.5 // the first generation loses a round
		case 4, 5:
			pair[1] = 1.6 // the second keeps only two
		}
		yards = append(yards, pair)
	}
	m, timing := timingOf(yards...)
	values, clock := m.times(timing)
	if got := values[yours]; clock != "CPU time" || len(got) != minGenerations+1 || !slices.Equal(got[0], []float64{1, 3, 4}) || got[1][0] != 9 {
		t.Errorf("%s of %d generations: %v; want the first without its second round, and the second left out", clock, len(got), got)
	}
}

func TestSharedRoundsAreTakenIfThereAreNoOthers(t *testing.T) {
	yards := slices.Repeat([][2]float64{{1, 1}}, 8)
	for range 4 * minGenerations {
		yards = append(yards, [2]float64{1.5, 1.5})
	}
	m, timing := timingOf(yards...)
	if values, _ := m.times(timing); len(slices.Concat(values[yours]...)) != len(yards) {
		t.Errorf("%v of %d rounds are taken; want all", values[yours], len(yards))
	}
}

// A benchmark that takes its budget to start needs the generations of an interval all the same, and not for ever; and one
// whose target is not decided is worth more time.
func TestOver(t *testing.T) {
	const budget = 3 * time.Second
	for _, tt := range []struct {
		done  int
		spent time.Duration
		open  bool
		want  bool
	}{
		{1, time.Second, false, false},
		{20, budget - 1, false, false},
		{1, budget, false, false},
		{measure.MinGenerations - 1, 3 * budget, false, false},
		{measure.MinGenerations, budget, false, true},
		{20, openBudgets*budget - 1, true, false},
		{20, openBudgets * budget, true, true},
		{1, overtime * budget, false, true},
		{1, overtime * budget, true, true},
	} {
		l := looks{open: tt.open}
		if got := l.over(tt.done, tt.spent, budget); got != tt.want {
			t.Errorf("over(%d generations, %v of %v), target open %v: %v, want %v", tt.done, tt.spent, budget, tt.open, got, tt.want)
		}
	}
}

// A target is open until it was decided twice in a row, and again when that is no longer so; without one, nothing is.
func TestLooksOpen(t *testing.T) {
	target := &report.Target{}
	tight := &measure.Interval{Center: 1, Lo: 1, Hi: 1}
	l := looks{precise: precise}
	for i, tt := range []struct {
		done         int
		met          measure.Decision
		open, enough bool
	}{
		{minGenerations - 1, measure.Yes, true, false},
		{minGenerations, measure.Yes, false, true},
		{minGenerations + 1, measure.Inconclusive, true, false},
		{minGenerations + 2, measure.No, true, false},
		{minGenerations + 3, measure.No, false, true},
	} {
		if got := l.enough(tt.done, report.Benchmark{Target: target, Met: tt.met, Yours: tight}); got != tt.enough || l.open != tt.open {
			t.Errorf("look %d, %v after %d generations: enough %v, open %v; want %v, %v", i+1, tt.met, tt.done, got, l.open, tt.enough, tt.open)
		}
	}
	if l = (looks{}); l.enough(1, report.Benchmark{Yours: tight}) || l.open {
		t.Error("a benchmark without a target is open")
	}
}
