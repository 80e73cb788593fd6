package runner

import (
	"fmt"
	"maps"
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

// times are each variant's times per operation, round by round: CPU time in the rounds in which it is known of all, if
// all are CPU-bound; else the time on the wall.
func times(all map[string]*samples) (values map[string][]float64, clock string) {
	values = map[string][]float64{}
	for variant, s := range all {
		if !s.cpuBound() {
			for variant, s := range all {
				values[variant] = s.wall
			}
			return values, "wall-clock time"
		}
		values[variant] = nil
	}
	for round := range all[yours].cpu {
		if slices.ContainsFunc(slices.Collect(maps.Values(all)), func(s *samples) bool { return s.cpu[round] <= 0 }) {
			continue
		}
		for variant, s := range all {
			values[variant] = append(values[variant], s.cpu[round])
		}
	}
	return values, "CPU time"
}

// timed is the time per operation of a benchmark, as far as it is measured.
func (m *measurement) timed(name string, all map[string]*samples, want *report.Target) report.Benchmark {
	values, clock := times(all)
	b := report.Benchmark{Name: name, Unit: "sec/op", Rounds: len(values[yours]), Target: want, Note: clock}
	m.intervals(&b, all, func(variant string) measure.Interval { return measure.Summarize(values[variant]) })
	if naive := values["naive"]; naive != nil {
		iv := measure.Ratio(naive, values[yours], m.seed)
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
