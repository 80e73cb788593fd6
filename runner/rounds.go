package runner

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"hotloop/exercises/kit/harness"
	"hotloop/runner/executor"
	"hotloop/runner/measure"
	"hotloop/runner/report"
	"hotloop/runner/sandbox"
)

const countedRounds = 3

// A measurement is the benchmarks' part of a run.
type measurement struct {
	a          *attempt
	bench      []executor.Step
	players    []*player
	generation int                       // of the players, from 0
	ended      map[string]sandbox.Result // by a step's variant: of all its processes together
	yards      []float64                 // of all rounds so far, see shared
	sampled    string                    // the benchmark whose heap and goroutines are told while it runs
}

// A variant's samples of one benchmark, a value a round.
type samples struct {
	n         int
	wall, cpu []float64            // seconds per operation; CPU time is 0 in rounds where it is not known
	yard      []float64            // CPU seconds of what is the same in all rounds; 0 where it is not known
	counted   map[string][]float64 // by unit: "B/op", "allocs/op" and what the benchmark reports itself
	cpuShare  []float64            // CPU time per wall time of each round in which it is known
}

// benchmark measures one benchmark. The first round shows which kind it is: a benchmark that reports a metric of its own
// counts something, and is run a few times with one iteration each; any other is timed.
func (m *measurement) benchmark(ctx context.Context, name string) error {
	all := map[string]*samples{}
	for _, p := range m.players {
		if p.variant == yours || m.a.compared(name) {
			all[p.variant] = &samples{n: 1, counted: map[string][]float64{}}
		}
	}
	var points []measure.Point
	first := map[string]*harness.Record{}
	for _, p := range m.playing(all) {
		rec, err := p.turn(ctx, harness.Turn{Bench: name, N: 1, Sample: true}, func(rec *harness.Record) {
			points = append(points, recordPoint(rec, p.variant))
		})
		if err != nil {
			return err
		}
		first[p.variant] = rec
	}
	if m.a.job.Brief && !m.a.wanted(name) {
		return nil // that it runs is seen
	}
	if m.counts(name, first[yours]) {
		m.tell(name, points)
		return m.count(ctx, name, all, first, growth(points))
	}
	return m.time(ctx, name, all, first)
}

// counts is whether a benchmark, with the record of its first turn, counts something and is not timed.
func (m *measurement) counts(name string, first *harness.Record) bool {
	return len(first.Extra) > 0 && target(m.a.ex, name, "sec/op") == nil
}

// tell tells the points of the first round of a benchmark that counts: its own, and what was sampled if it is the one that
// stands for the exercise. Those of two benchmarks would be one zigzag.
func (m *measurement) tell(name string, points []measure.Point) {
	m.sampled = cmp.Or(m.sampled, name)
	for _, p := range points {
		if m.sampled == name || !harness.Sampled(p.Series) {
			m.a.tell.point(p)
		}
	}
}

// count takes the few rounds of a benchmark that counts.
func (m *measurement) count(ctx context.Context, name string, all map[string]*samples, first map[string]*harness.Record, growth string) error {
	for variant, rec := range first {
		m.take(name, variant, 0, all[variant], rec)
	}
	for round := 1; round < countedRounds; round++ {
		if err := m.round(ctx, name, round, 0, all); err != nil {
			return err
		}
	}
	for _, unit := range slices.Sorted(maps.Keys(first[yours].Extra)) {
		b := m.counted(name, unit, all)
		if b.Note == "" && measure.KindOf(unit) == measure.Bytes {
			b.Note = growth
		}
		m.a.rep.Benchmarks = append(m.a.rep.Benchmarks, b)
	}
	return nil
}

// growth tells by how much the learner's live heap grows, as its readings over calls show it; empty if there are none.
func growth(points []measure.Point) string {
	var heap [][2]float64
	for _, p := range points {
		if p.Variant == yours && p.Unit == "B" && p.Axis == "calls" {
			heap = append(heap, [2]float64{p.X, p.Y})
		}
	}
	iv := measure.Slope(heap)
	switch {
	case !iv.Known():
		return ""
	case iv.Lo < 1:
		return "the live heap does not grow by a byte for each call"
	}
	return fmt.Sprintf("the live heap grows by %s for each call (95 %%: %s to %s)", measure.Format(iv.Center, "B"),
		measure.Format(iv.Lo, "B"), measure.Format(iv.Hi, "B"))
}

// playing are the players that take part: those with samples to fill.
func (m *measurement) playing(all map[string]*samples) []*player {
	return slices.DeleteFunc(slices.Clone(m.players), func(p *player) bool { return all[p.variant] == nil })
}

// round lets every player take one turn, in alternating order: A B C, C B A; all on one processor unless that is 0.
func (m *measurement) round(ctx context.Context, name string, round, processor int, all map[string]*samples) error {
	order := m.playing(all)
	if round%2 == 1 {
		slices.Reverse(order)
	}
	for _, p := range order {
		s := all[p.variant]
		rec, err := p.turn(ctx, harness.Turn{Bench: name, N: s.n, CPU: processor}, func(*harness.Record) {})
		if err != nil {
			return err
		}
		m.take(name, p.variant, round, s, rec)
	}
	return nil
}

// take notes one turn's values and tells them.
func (m *measurement) take(name, variant string, round int, s *samples, rec *harness.Record) {
	n := float64(rec.N)
	tell := func(unit string, v float64) {
		m.a.tell.event(report.Event{Sample: &measure.Sample{Benchmark: name, Variant: variant, Unit: unit, Value: v, Round: round, N: rec.N}})
	}
	s.wall = append(s.wall, rec.Seconds/n)
	tell("sec/op", rec.Seconds/n)
	s.cpu = append(s.cpu, rec.CPU/n)
	s.yard = append(s.yard, rec.Yard)
	if rec.Yard > 0 {
		m.yards = append(m.yards, rec.Yard)
	}
	if rec.CPU > 0 {
		s.cpuShare = append(s.cpuShare, rec.CPU/max(rec.Seconds, 1e-9))
		tell("cpu-sec/op", rec.CPU/n)
	}
	// As package testing does it: a part of an allocation is none.
	values := map[string]float64{"B/op": float64(rec.Bytes / uint64(rec.N)), "allocs/op": float64(rec.Allocs / uint64(rec.N))}
	maps.Copy(values, rec.Extra)
	for _, unit := range slices.Sorted(maps.Keys(values)) {
		s.counted[unit] = append(s.counted[unit], values[unit])
		tell(unit, values[unit])
	}
}
