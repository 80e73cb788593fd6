package runner

import (
	"fmt"
	"slices"

	"hotloop/runner/measure"
	"hotloop/runner/report"
)

// A variant is CPU-bound if in its better rounds it used about as much CPU time as time went by. In the worse ones
// others had the processor. More than one and a half processors means that it works in parallel, and then the clock
// on the wall is what it wants to beat.
const (
	cpuBound = 0.9
	parallel = 1.5
)

func (s *samples) cpuBound() bool {
	if len(s.cpu) == 0 || len(s.cpu) != len(s.wall) {
		return false
	}
	share := slices.Sorted(slices.Values(s.cpuShare))[len(s.cpuShare)*3/4]
	return share > cpuBound && share < parallel
}

// timed is the time per operation of a benchmark, as far as it is measured.
func (m *measurement) timed(name string, all map[string]*samples, want *report.Target) report.Benchmark {
	b := report.Benchmark{Name: name, Unit: "sec/op", Rounds: len(all[yours].wall), Target: want, Note: "CPU time"}
	values := func(s *samples) []float64 { return s.cpu }
	for _, s := range all {
		if !s.cpuBound() {
			b.Note = "wall-clock time"
			values = func(s *samples) []float64 { return s.wall }
		}
	}
	m.intervals(&b, all, func(s *samples) measure.Interval { return measure.Summarize(values(s)) })
	if naive := all["naive"]; naive != nil {
		iv := measure.Ratio(values(naive), values(all[yours]), m.seed)
		b.Speedup = &iv
	}
	decide(&b)
	if b.Met == measure.Inconclusive {
		b.Note = fmt.Sprintf("after %d rounds the interval still holds values on both sides of the target; %s", b.Rounds, b.Note)
	}
	return b
}

// counted is a counted quantity of a benchmark. Counting needs no statistics: every round must be on the right side.
func (m *measurement) counted(name, unit string, all map[string]*samples) report.Benchmark {
	b := report.Benchmark{Name: name, Unit: unit, Rounds: len(all[yours].counted[unit]), Target: target(m.a.ex, name, unit)}
	m.intervals(&b, all, func(s *samples) measure.Interval { return measure.Counted(s.counted[unit]) })
	if b.Naive != nil {
		iv := measure.CountedRatio(*b.Naive, *b.Yours)
		b.Speedup = &iv
	}
	decide(&b)
	if b.Met == measure.Inconclusive {
		b.Note = fmt.Sprintf("of %d rounds some met the target and some did not", b.Rounds)
	}
	return b
}

func (m *measurement) intervals(b *report.Benchmark, all map[string]*samples, of func(*samples) measure.Interval) {
	for variant, field := range map[string]**measure.Interval{yours: &b.Yours, "naive": &b.Naive, "reference": &b.Reference} {
		if s := all[variant]; s != nil {
			iv := of(s)
			*field = &iv
		}
	}
}

func decide(b *report.Benchmark) {
	switch {
	case b.Target == nil:
	case b.Target.AtMost != nil:
		b.Met = measure.DecideAtMost(*b.Yours, *b.Target.AtMost)
	case b.Speedup != nil:
		b.Met = measure.Decide(*b.Speedup, b.Target.Speedup)
	default:
		b.Met = measure.Inconclusive
	}
}
