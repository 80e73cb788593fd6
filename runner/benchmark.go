package runner

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"hotloop/runner/measure"
	"hotloop/runner/report"
)

// A variant is CPU-bound if in its best rounds its thread used about as much CPU time as time went by: in the others
// somebody else had the processor, and one that waits, for others of its goroutines too, never comes near.
const cpuBound = 0.9

// known is the share of rounds in which the CPU time must be known for it to be what is compared.
const known = 0.75

func (s *samples) cpuBound() bool {
	if len(s.cpuShare) == 0 || float64(len(s.cpuShare)) < known*float64(len(s.cpu)) {
		return false
	}
	return slices.Sorted(slices.Values(s.cpuShare))[len(s.cpuShare)*19/20] > cpuBound
}

// times are each variant's times per operation by generation, round by round: CPU time in the rounds in which it is known
// of all, if all are CPU-bound; else the time on the wall. Of CPU times those are left out that a core took while it
// worked for others, too, as far as that can be told and enough others are left.
func (m *measurement) times(t *timing) (values map[string][][]float64, clock string) {
	for _, s := range t.all {
		if !s.cpuBound() {
			return t.values(func(s *samples) []float64 { return s.wall }, func(*samples, int) bool { return true }), "wall-clock time"
		}
	}
	cpu, limit := func(s *samples) []float64 { return s.cpu }, m.shared()
	values = t.values(cpu, func(s *samples, round int) bool { return s.cpu[round] > 0 && s.yard[round] <= limit })
	if len(values[yours]) >= minGenerations {
		return values, "CPU time"
	}
	values = t.values(cpu, func(s *samples, round int) bool { return s.cpu[round] > 0 })
	if len(values[yours]) >= minGenerations {
		return values, "CPU time, of a core that others used, too, in nearly all rounds"
	}
	return values, "CPU time"
}

// values are each variant's values by generation, of the rounds that are good for all variants. Of a generation with
// hardly any such round none is taken.
func (t *timing) values(of func(*samples) []float64, good func(s *samples, round int) bool) map[string][][]float64 {
	values := map[string][][]float64{}
	for from := 0; from < len(t.generation); {
		to := from
		var used []int
		for ; to < len(t.generation) && t.generation[to] == t.generation[from]; to++ {
			if !slices.ContainsFunc(slices.Collect(maps.Values(t.all)), func(s *samples) bool { return !good(s, to) }) {
				used = append(used, to)
			}
		}
		if len(used) >= min(minUsed, to-from) {
			for variant, s := range t.all {
				part := make([]float64, len(used))
				for i, round := range used {
					part[i] = of(s)[round]
				}
				values[variant] = append(values[variant], part)
			}
		}
		from = to
	}
	return values
}

const (
	minUsed = 3 // rounds of a generation

	// The yardstick takes half as long again on a core whose other thread is busy, and within 3 % the same on one whose
	// other is not.
	sharedFrom = 1.1
)

// shared is how long the yardstick takes at least on a core that is shared with others.
func (m *measurement) shared() float64 {
	if len(m.yards) == 0 {
		return math.Inf(1)
	}
	sorted := slices.Sorted(slices.Values(m.yards))
	return sharedFrom * sorted[len(sorted)/20] // the very shortest may be a fluke
}

// timed is the time per operation of a benchmark, as far as it is measured.
func (m *measurement) timed(t *timing) report.Benchmark {
	values, clock := m.times(t)
	b := report.Benchmark{Name: t.name, Unit: "sec/op", Rounds: len(slices.Concat(values[yours]...)), Target: t.want, Note: clock}
	m.intervals(&b, t.all, func(variant string) measure.Interval { return measure.Summarize(slices.Concat(values[variant]...)) })
	if naive := values["naive"]; naive != nil {
		iv := measure.Ratio(naive, values[yours])
		b.Speedup = &iv
	}
	if odd := tooFast(b.Yours, b.Reference); odd != "" {
		b.Note = odd + "; " + b.Note
	}
	decide(&b)
	if b.Met == measure.Inconclusive {
		b.Note = fmt.Sprintf("after %d rounds the interval still holds values on both sides of the target; %s", b.Rounds, b.Note)
	}
	return b
}

// What beats the reference by more than this factor, or takes less time than a processor needs for one instruction, is
// rarely a discovery.
const (
	incredible  = 20
	instruction = 0.1e-9 // seconds
)

// tooFast is what is odd about a time that is too good to be true; empty if nothing is. It does not change the verdict:
// whether the work was done is for the tests to find out, and a person to look at.
func tooFast(yours, reference *measure.Interval) string {
	switch {
	case yours == nil || !yours.Known():
		return ""
	case yours.Hi < instruction:
		return "less than one instruction for each operation: the compiler seems to have removed the work, so this is no measurement of it"
	case reference != nil && reference.Known() && reference.Lo > incredible*yours.Hi:
		return fmt.Sprintf("%s as fast as the reference, which is too good to be true: is the work done each time, or remembered from the time before",
			measure.Multiple(reference.Center/yours.Center))
	}
	return ""
}

// counted is a counted quantity of a benchmark. Counting needs no statistics: every round must be on the right side.
func (m *measurement) counted(name, unit string, all map[string]*samples) report.Benchmark {
	b := report.Benchmark{Name: name, Unit: unit, Rounds: len(all[yours].counted[unit]), Target: target(m.a.ex, name, unit)}
	m.intervals(&b, all, func(variant string) measure.Interval { return measure.Counted(all[variant].counted[unit]) })
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

func (m *measurement) intervals(b *report.Benchmark, all map[string]*samples, of func(variant string) measure.Interval) {
	for variant, field := range map[string]**measure.Interval{yours: &b.Yours, "naive": &b.Naive, "reference": &b.Reference} {
		if all[variant] != nil {
			iv := of(variant)
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
