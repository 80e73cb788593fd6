package runner

import (
	"cmp"
	"context"
	"errors"
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
	passes  = 12                    // at most, until a number of iterations takes as long as it should
	slow    = 50 * time.Millisecond // a turn that takes longer is not tried again
	similar = 4                     // variants whose iterations differ by no more than this factor get the same number
	maxN    = 1 << 28

	// New processes take a while to start, and how far they lie apart is told by their number, so: many generations of
	// few rounds. Of slow rounds there are fewer yet.
	generationRounds = 8
	generationShare  = 12 // of the budget, one part is for the rounds of a generation

	plainGenerations = measure.MinGenerations // of what no target asks for
	minGenerations   = 6                      // before a target is decided
	maxGenerations   = 100
	precise          = 0.012
	openBudgets      = 2 // that a target is worth while it is not decided
	overtime         = 8 // budgets, for benchmarks whose processes take so long to start that there are too few generations
)

// A timing is a benchmark whose time is being measured.
type timing struct {
	name       string
	all        map[string]*samples
	generation []int          // of each round
	want       *report.Target // or nil
}

// time takes rounds until the target is decided and the number precise, or the budget is spent, which is twice as large
// while it is not decided.
func (m *measurement) time(ctx context.Context, name string, all map[string]*samples, first map[string]*harness.Record) error {
	t := &timing{name: name, all: all, want: target(m.a.ex, name, "sec/op")}
	begun, budget := time.Now(), cmp.Or(m.a.Budget, defaultBudget)
	alone, err := m.calibrate(ctx, t, first)
	if err != nil {
		return err
	}
	looks := looks{precise: precise}
	if m.a.job.Brief {
		looks.precise = math.Inf(1)
	}
	for done := 1; done <= maxGenerations; done++ {
		started := time.Now()
		if done > 1 {
			if err := m.next(ctx, t); err != nil {
				return err
			}
		}
		if err := m.rounds(ctx, t, alone, budget, time.Since(started)); err != nil {
			return err
		}
		spent := time.Since(begun)
		m.a.tell.progress(executor.Bench, int(min(spent, budget)/time.Millisecond), int(budget/time.Millisecond), "measuring %s: round %d", name, len(t.generation))
		if looks.enough(done, m.timed(t)) || looks.over(done, spent, budget) {
			break
		}
	}
	m.a.rep.Benchmarks = append(m.a.rep.Benchmarks, m.timed(t))
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

// over says whether the time for a benchmark is up after so many generations. Fewer than an interval needs are of no use,
// so a benchmark that first fills a database in each process gets more.
func (l *looks) over(done int, spent, budget time.Duration) bool {
	worth := budget
	if l.open { // a decision is worth more time than another digit
		worth *= openBudgets
	}
	return spent >= worth && (done >= measure.MinGenerations || spent >= overtime*budget)
}

// next has a new generation of players, each of which has warmed up with a part of a turn.
func (m *measurement) next(ctx context.Context, t *timing) error {
	err := m.renew(ctx)
	for _, p := range m.playing(t.all) {
		if err == nil {
			_, err = p.turn(ctx, harness.Turn{Bench: t.name, N: max(1, t.all[p.variant].n/4)}, func(*harness.Record) {})
		}
	}
	if failure, ok := errors.AsType[*turnFailure](err); ok {
		failure.benchmark = t.name
	}
	return err
}

// rounds takes the rounds of one generation, whose start took so long: no less time than that, so that most of the
// budget is for measuring. Each generation has a processor of its own: processors may differ, and all rounds of one
// are compared with each other only. What needs several threads is not kept on one.
func (m *measurement) rounds(ctx context.Context, t *timing, alone bool, budget, start time.Duration) error {
	processor := 0
	if alone {
		processor = 1 + m.generation
	}
	least, most := min(start, budget/(generationShare/2)), budget/generationShare
	for begun, round := time.Now(), 1; ; round++ {
		if err := m.round(ctx, t.name, len(t.generation), processor, t.all); err != nil {
			return err
		}
		t.generation = append(t.generation, m.generation)
		if spent := time.Since(begun); spent >= least && (round >= generationRounds || spent >= most) {
			return nil
		}
	}
}

// looks are what was seen so far of a benchmark that is being measured.
type looks struct {
	last    measure.Decision
	open    bool    // there is a target, and no decision yet
	precise float64 // the relative width at which a number is worth showing
}

// enough says whether no more generations are needed. A decision must be seen twice, because to look again and again is
// to see by chance what one hopes for; and the number it rests on should be worth showing.
func (l *looks) enough(done int, b report.Benchmark) bool {
	if b.Target == nil {
		return done >= plainGenerations
	}
	decided := done >= minGenerations && b.Met == l.last && (b.Met == measure.Yes || b.Met == measure.No)
	l.last, l.open = b.Met, !decided
	iv := b.Yours
	if b.Speedup != nil {
		iv = b.Speedup
	}
	return decided && iv.Spread() <= l.precise
}

// calibrate finds for each variant the number of iterations that takes about roundTime when nothing gets in between.
// Variants of similar speed get the same number: what the first pass through cold memory costs is in each round, and
// must be the same part of it for all: with numbers that differ by chance, the same code differs from itself by half.
// They are alone if each benchmark's own thread does most of the work.
func (m *measurement) calibrate(ctx context.Context, t *timing, first map[string]*harness.Record) (alone bool, err error) {
	alone = true
	for _, p := range m.playing(t.all) {
		rec := first[p.variant]
		if t.all[p.variant].n, err = p.iterations(ctx, t.name, &rec); err != nil {
			return false, err
		}
		alone = alone && !mostlyWaits(rec)
	}
	bySpeed := slices.SortedFunc(maps.Values(t.all), func(a, b *samples) int { return cmp.Compare(a.n, b.n) })
	least := bySpeed[0].n
	for _, s := range bySpeed {
		if s.n > similar*least {
			least = s.n
		}
		s.n = least
	}
	return alone, nil
}

// mostlyWaits says whether a turn's thread mostly waited for something.
func mostlyWaits(rec *harness.Record) bool { return rec.CPU < rec.Seconds/waits }

// took is how long a turn took, without the time for which it was kept from running as far as that is known: a
// benchmark that mostly waits uses little CPU time, and so does one on a machine where many want to run.
func took(rec *harness.Record) float64 {
	if mostlyWaits(rec) {
		return rec.Seconds
	}
	return rec.CPU
}

// iterations is how many iterations take about roundTime, after the turn *last, which becomes the last one that was
// taken. They are found by trying them, more than once: what an iteration costs depends on their number as long as the
// first ones have yet to bring memory into the caches, and two programs whose numbers differ from run to run by half have
// ratios that differ by 10 %.
func (p *player) iterations(ctx context.Context, name string, last **harness.Record) (int, error) {
	n, want := 1, roundTime.Seconds()
	if took(*last) > slow.Seconds() {
		return n, nil
	}
	for pass := 1; ; pass++ {
		seconds, err := p.quickest(ctx, name, n, last)
		if err != nil {
			return 0, err
		}
		next := int(max(1, min(float64(n)*want/max(seconds, 1e-10), 20*float64(n), maxN)))
		if pass == passes || 10*max(n-next, next-n) <= n {
			return next, nil
		}
		n = next
	}
}

// quickest is how long n iterations take in the quickest of several turns, the last of which is then *last: on a busy
// machine one turn alone says little. If n is much too small, one will do.
func (p *player) quickest(ctx context.Context, name string, n int, last **harness.Record) (seconds float64, err error) {
	seconds = math.Inf(1)
	for again := 0; again < tries && seconds > roundTime.Seconds()/2; again++ {
		rec, err := p.turn(ctx, harness.Turn{Bench: name, N: n}, func(*harness.Record) {})
		if err != nil {
			return 0, err
		}
		*last = rec
		seconds = min(seconds, took(rec))
	}
	return seconds, nil
}
