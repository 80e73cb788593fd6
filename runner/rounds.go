package runner

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"hotloop/exercises/kit/harness"
	"hotloop/runner/executor"
	"hotloop/runner/measure"
	"hotloop/runner/report"
)

const (
	roundTime     = 2 * time.Millisecond // longer rounds straddle the scheduler's ticks, and vary more
	countedRounds = 3
	plainRounds   = 20 // of what no target asks for
	minRounds     = 20 // before a target is decided
	decideEvery   = 5  // rounds
	maxRounds     = 400
	maxN          = 1 << 28
)

// A measurement is the benchmarks' part of a run.
type measurement struct {
	a       *attempt
	players []*player
	seed    uint64
	sampled string // the benchmark whose heap and goroutines are told while it runs
}

// A variant's samples of one benchmark, a value a round.
type samples struct {
	n         int
	wall, cpu []float64            // seconds per operation; CPU time is 0 in rounds where it is not known
	counted   map[string][]float64 // by unit: "B/op", "allocs/op" and what the benchmark reports itself
	cpuShare  []float64            // CPU time per wall time of each round in which it is known
}

// begin waits until all processes are ready.
func (m *measurement) begin(ctx context.Context) error {
	for _, p := range m.players {
		if _, err := p.await(ctx, harness.ReadyRecord, func(*harness.Record) {}); err != nil {
			return &turnFailure{p.variant, "", err}
		}
	}
	return nil
}

// benchmark measures one benchmark. The first round shows which kind it is: a benchmark that reports a metric of its own
// counts something, and is run a few times with one iteration each; any other is timed.
func (m *measurement) benchmark(ctx context.Context, name string) error {
	all := map[string]*samples{}
	for _, p := range m.players {
		all[p.variant] = &samples{n: 1, counted: map[string][]float64{}}
	}
	var points []measure.Point
	first := map[string]*harness.Record{}
	for _, p := range m.players {
		rec, err := p.turn(ctx, harness.Turn{Bench: name, N: 1, Sample: true}, func(rec *harness.Record) {
			points = append(points, recordPoint(rec, p.variant))
		})
		if err != nil {
			return err
		}
		first[p.variant] = rec
	}
	if len(first[yours].Extra) > 0 && target(m.a.ex, name, "sec/op") == nil {
		m.tell(name, points)
		return m.count(ctx, name, all, first)
	}
	return m.time(ctx, name, all, first)
}

// tell tells the points of the first round of a benchmark that counts: its own, and heap and goroutines if it is the one
// that stands for the exercise. Those of two benchmarks would be one zigzag.
func (m *measurement) tell(name string, points []measure.Point) {
	m.sampled = cmp.Or(m.sampled, name)
	for _, p := range points {
		if m.sampled == name || p.Series != harness.HeapSeries && p.Series != harness.GoroutineSeries {
			m.a.tell.point(p)
		}
	}
}

// count takes the few rounds of a benchmark that counts.
func (m *measurement) count(ctx context.Context, name string, all map[string]*samples, first map[string]*harness.Record) error {
	for variant, rec := range first {
		m.take(name, variant, 0, all[variant], rec)
	}
	for round := 1; round < countedRounds; round++ {
		if err := m.round(ctx, name, round, all); err != nil {
			return err
		}
	}
	for _, unit := range slices.Sorted(maps.Keys(first[yours].Extra)) {
		m.a.rep.Benchmarks = append(m.a.rep.Benchmarks, m.counted(name, unit, all))
	}
	return nil
}

// time takes rounds until the target is decided, or the budget is spent.
func (m *measurement) time(ctx context.Context, name string, all map[string]*samples, first map[string]*harness.Record) error {
	start := time.Now()
	budget := cmp.Or(m.a.Budget, defaultBudget)
	if err := m.calibrate(ctx, name, all, first); err != nil {
		return err
	}
	want := target(m.a.ex, name, "sec/op")
	var last measure.Decision
	for round := range maxRounds {
		if err := m.round(ctx, name, round, all); err != nil {
			return err
		}
		if done := round + 1; done%decideEvery == 0 {
			m.a.tell.progress(executor.Bench, done, maxRounds, "measuring %s: round %d of at most %d", name, done, maxRounds)
			now := m.timed(name, all, want).Met
			// Twice, because to look again and again is to see by chance what one hopes for.
			decided := done >= minRounds && now == last && (now == measure.Yes || now == measure.No)
			last = now
			if decided || want == nil && done >= plainRounds {
				break
			}
		}
		if time.Since(start) >= budget {
			break
		}
	}
	m.a.rep.Benchmarks = append(m.a.rep.Benchmarks, m.timed(name, all, want))
	units := []string{"B/op", "allocs/op"}
	for unit := range all[yours].counted {
		if !slices.Contains(units, unit) {
			units = append(units, unit)
		}
	}
	slices.Sort(units[2:])
	for _, unit := range units {
		m.a.rep.Benchmarks = append(m.a.rep.Benchmarks, m.counted(name, unit, all))
	}
	return nil
}

// calibrate finds for each variant the number of iterations that takes about roundTime. Variants of similar speed get
// the same number, so that what depends on it is the same for all.
func (m *measurement) calibrate(ctx context.Context, name string, all map[string]*samples, first map[string]*harness.Record) error {
	least, most := maxN, 1
	for _, p := range m.players {
		rec, n := first[p.variant], 1
		for rec.Seconds < roundTime.Seconds()/2 && n < maxN {
			per := max(rec.Seconds/float64(n), 1e-10)
			n = min(max(n+1, int(roundTime.Seconds()/per)), 100*n, maxN)
			var err error
			if rec, err = p.turn(ctx, harness.Turn{Bench: name, N: n}, func(*harness.Record) {}); err != nil {
				return err
			}
		}
		all[p.variant].n = n
		least, most = min(least, n), max(most, n)
	}
	if most > 4*least {
		return nil
	}
	for _, s := range all {
		s.n = (least + most) / 2
	}
	return nil
}

// round lets every player take one turn, in alternating order: A B C, C B A.
func (m *measurement) round(ctx context.Context, name string, round int, all map[string]*samples) error {
	order := slices.Clone(m.players)
	if round%2 == 1 {
		slices.Reverse(order)
	}
	for _, p := range order {
		s := all[p.variant]
		rec, err := p.turn(ctx, harness.Turn{Bench: name, N: s.n}, func(*harness.Record) {})
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
