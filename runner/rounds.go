package runner

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"hotloop/exercises/kit/harness"
	"hotloop/runner/executor"
	"hotloop/runner/measure"
	"hotloop/runner/report"
)

const (
	// Of much shorter rounds a large part is the first pass through memory that others have used since the last round,
	// much longer ones straddle the scheduler's ticks. Both vary more.
	roundTime = 5 * time.Millisecond

	waits   = 4                     // a turn whose wall time is more than so many times its CPU time waits for something
	tries   = 6                     // turns of which the quickest tells how long so many iterations take
	slow    = 50 * time.Millisecond // a turn that takes longer is not tried again
	similar = 4                     // variants whose iterations differ by no more than this factor get the same number

	countedRounds = 3
	plainRounds   = 20 // of what no target asks for
	minRounds     = 20 // before a target is decided
	manyRounds    = 60 // after which a decision is enough, even if the number is not precise
	precise       = 0.03
	decideEvery   = 5 // rounds
	maxRounds     = 400
	maxN          = 1 << 28
)

// A measurement is the benchmarks' part of a run.
type measurement struct {
	a       *attempt
	players []*player
	seed    uint64
	sampled string // the benchmark whose heap, goroutines and collections are told
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
		return m.count(ctx, name, all, first, growth(points))
	}
	return m.time(ctx, name, all, first)
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
		if err := m.round(ctx, name, round, all); err != nil {
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

// time takes rounds until the target is decided, or the budget is spent.
func (m *measurement) time(ctx context.Context, name string, all map[string]*samples, first map[string]*harness.Record) error {
	start := time.Now()
	budget := cmp.Or(m.a.Budget, defaultBudget)
	if err := m.calibrate(ctx, name, all, first); err != nil {
		return err
	}
	want := target(m.a.ex, name, "sec/op")
	var looks looks
	for round := range maxRounds {
		if err := m.round(ctx, name, round, all); err != nil {
			return err
		}
		if done := round + 1; done%decideEvery == 0 {
			m.a.tell.progress(executor.Bench, done, maxRounds, "measuring %s: round %d of at most %d", name, done, maxRounds)
			if looks.enough(done, m.timed(name, all, want)) {
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

// looks are what was seen so far of a benchmark that is being measured.
type looks struct{ last measure.Decision }

// enough says whether no more rounds are needed. A decision must be seen twice, because to look again and again is to
// see by chance what one hopes for; and the number it rests on should be worth showing.
func (l *looks) enough(done int, b report.Benchmark) bool {
	if b.Target == nil {
		return done >= plainRounds
	}
	decided := done >= minRounds && b.Met == l.last && (b.Met == measure.Yes || b.Met == measure.No)
	l.last = b.Met
	iv := b.Yours
	if b.Speedup != nil {
		iv = b.Speedup
	}
	return decided && (done >= manyRounds || iv.Spread() <= precise)
}

// calibrate finds for each variant the number of iterations that takes about roundTime when nothing gets in between.
// Variants of similar speed get the same number: what the first pass through cold memory costs is in each round, and
// must be the same part of it for all: with numbers that differ by chance, the same code differs from itself by half.
func (m *measurement) calibrate(ctx context.Context, name string, all map[string]*samples, first map[string]*harness.Record) error {
	for _, p := range m.players {
		n, err := p.iterations(ctx, name, took(first[p.variant]))
		if err != nil {
			return err
		}
		all[p.variant].n = n
	}
	bySpeed := slices.SortedFunc(maps.Values(all), func(a, b *samples) int { return cmp.Compare(a.n, b.n) })
	least := bySpeed[0].n
	for _, s := range bySpeed {
		if s.n > similar*least {
			least = s.n
		}
		s.n = least
	}
	return nil
}

// took is how long a turn took, without the time for which it was kept from running as far as that is known: a
// benchmark that mostly waits uses little CPU time, and so does one on a machine where many want to run.
func took(rec *harness.Record) float64 {
	if rec.CPU >= rec.Seconds/waits {
		return rec.CPU
	}
	return rec.Seconds
}

// iterations is how many iterations take about roundTime, where one took so many seconds. Of several turns the quickest
// counts: on a busy machine one turn alone says little.
func (p *player) iterations(ctx context.Context, name string, seconds float64) (int, error) {
	n, want := 1, roundTime.Seconds()
	for again := 0; n < maxN && again < tries && (seconds < slow.Seconds() || n > 1); {
		if seconds < want/2 {
			n, again, seconds = min(max(n+1, int(want/max(seconds/float64(n), 1e-10))), 20*n, maxN), 0, math.Inf(1)
		}
		rec, err := p.turn(ctx, harness.Turn{Bench: name, N: n}, func(*harness.Record) {})
		if err != nil {
			return 0, err
		}
		seconds = min(seconds, took(rec))
		again++
	}
	return max(1, int(float64(n)*min(1, want/seconds))), nil
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
