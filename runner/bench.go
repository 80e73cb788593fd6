package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"hotloop/exercises"
	"hotloop/exercises/kit/harness"
	"hotloop/runner/executor"
	"hotloop/runner/measure"
	"hotloop/runner/report"
	"hotloop/runner/sandbox"
)

// turnLimit is how long one turn of a benchmark may take before its process counts as stuck.
func (a *attempt) turnLimit() time.Duration { return cmp.Or(a.ex.Limits.Time, 10*time.Second) }

// A player is one variant's process, which runs benchmarks when it is asked to. Each has a heap and a collector of its
// own, and waits without using CPU time while the others play. Players of a benchmark whose time matters are replaced
// by new ones several times: see measure.Ratio.
type player struct {
	variant string
	process *process
	stop    context.CancelFunc
	limit   time.Duration // of one turn
	follow  sync.WaitGroup
}

// The ways in which a turn fails.
var (
	errStuck = errors.New("the benchmark did not come to an end in time")
	errEnded = errors.New("the process ended")
	errBad   = errors.New("the benchmark failed")
)

// measure runs the benchmarks of the exercise that the job wants.
func (a *attempt) measure(ctx context.Context, bench []executor.Step) error {
	names, err := a.benchmarks()
	if err != nil {
		return err
	}
	return a.measureEach(ctx, bench, names)
}

// benchmarks are the names of the benchmarks that the job wants.
func (a *attempt) benchmarks() ([]string, error) {
	if a.job.Bench != "" {
		return []string{a.job.Bench}, nil
	}
	return a.ex.BenchmarkNames()
}

// measureEach runs benchmarks in the processes of bench, which take turns, and notes what came out.
func (a *attempt) measureEach(ctx context.Context, bench []executor.Step, names []string) error {
	return a.withPlayers(ctx, bench, func(ctx context.Context, m *measurement) error {
		for i, name := range names {
			a.tell.progress(executor.Bench, i, len(names), "measuring %s", name)
			if err := m.benchmark(ctx, name); err != nil || a.settled() {
				return err
			}
		}
		return nil
	})
}

// withPlayers calls play with players that are ready, and tells how their steps ended.
func (a *attempt) withPlayers(ctx context.Context, bench []executor.Step, play func(context.Context, *measurement) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	before := cpuCounters()
	for _, step := range bench {
		a.tell.step(report.Step{Phase: string(step.Phase), Note: cmp.Or(step.Variant, yours)})
	}
	m := &measurement{a: a, bench: bench, ended: map[string]sandbox.Result{}, sampled: firstCounted(a.ex)}
	playErr := m.begin(ctx)
	if playErr == nil {
		playErr = play(ctx, m)
	}
	err := m.dismiss(playErr)
	for _, step := range bench {
		if result, ended := m.ended[step.Variant]; ended {
			a.tellEnd(step, result)
		}
	}
	failure, ok := errors.AsType[*turnFailure](playErr)
	switch {
	case ctx.Err() != nil: // canceled
	case ok:
		err = errors.Join(err, a.benchFailure(failure, m.ended))
	default:
		err = errors.Join(err, playErr)
	}
	a.rep.Environment.Quiet = measure.Quiet(before, cpuCounters())
	return err
}

// begin starts a generation of players and waits until all are ready.
func (m *measurement) begin(ctx context.Context) error {
	for _, step := range m.bench {
		ctx, stop := context.WithCancel(ctx)
		p, err := m.a.start(ctx, step, m.generation)
		if err != nil {
			stop()
			return err
		}
		player := &player{variant: cmp.Or(step.Variant, yours), process: p, stop: stop, limit: m.a.turnLimit()}
		player.follow.Go(func() { m.a.follow(p) })
		m.players = append(m.players, player)
	}
	for _, p := range m.players {
		if _, err := p.await(ctx, harness.ReadyRecord, func(*harness.Record) {}); err != nil {
			return &turnFailure{p.variant, "", err}
		}
	}
	return nil
}

// renew replaces the players by a new generation.
func (m *measurement) renew(ctx context.Context) error {
	if err := m.dismiss(nil); err != nil {
		return err
	}
	m.generation++
	return m.begin(ctx)
}

// dismiss ends the players. They end by themselves when they notice that nobody asks any more; after a turn that failed
// they are stopped, but for the one that is ending already: how it ends is worth knowing.
func (m *measurement) dismiss(turnErr error) error {
	failure, _ := errors.AsType[*turnFailure](turnErr)
	var errs []error
	var wg sync.WaitGroup
	for _, p := range m.players {
		switch ending := failure != nil && failure.variant == p.variant && failure.err == errEnded; {
		case ending:
			late := time.AfterFunc(hardGrace, p.stop)
			defer late.Stop()
		case turnErr != nil:
			p.stop()
		}
		p.process.turns.Close()
		wg.Go(func() {
			for range p.process.records {
			}
		})
	}
	wg.Wait()
	for _, p := range m.players {
		p.follow.Wait()
		end, err := m.a.settle(p.process)
		p.stop()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if p.variant == yours && !end.ok() {
			m.a.evidence.ended = append(m.a.evidence.ended, end)
		}
		before := m.ended[end.variant]
		end.result.Wall += before.Wall
		end.result.MaxRSS = max(end.result.MaxRSS, before.MaxRSS)
		m.ended[end.variant] = end.result
	}
	m.players = nil
	return errors.Join(errs...)
}

// A turnFailure is a turn that brought no measurement.
type turnFailure struct {
	variant, benchmark string
	err                error
}

func (f *turnFailure) Error() string {
	return fmt.Sprintf("measuring %s of %s: %v", f.benchmark, f.variant, f.err)
}

// benchFailure notes what the learner's code did. Of naive or reference it is an error, unless they took too long: that may
// be the machine's doing.
func (a *attempt) benchFailure(f *turnFailure, ended map[string]sandbox.Result) error {
	limit := a.turnLimit()
	switch {
	case f.variant != yours && f.err == errStuck:
		a.evidence.held = fmt.Sprintf("Benchmark%s of %s, which is measured beside yours, did not come to an end within %v: the machine does too much else.",
			f.benchmark, f.variant, limit)
	case f.variant != yours:
		return fmt.Errorf("%w; the exercise is broken", f)
	case f.err == errStuck:
		a.evidence.stuck = fmt.Sprintf("Benchmark%s did not come to an end within %v.", f.benchmark, limit)
		if used := ended[""].CPU; used < limit/10 {
			a.evidence.stuck += fmt.Sprintf(" It used %v of processor time: it waits for what does not come, or the machine does too much else.",
				used.Round(time.Millisecond))
		}
	default:
		a.evidence.broke = fmt.Sprintf("Benchmark%s failed, although the tests pass.", f.benchmark)
	}
	return nil
}

// turn asks the player for one run of a benchmark and waits for its record. The points and profiles that come with it go to
// more.
func (p *player) turn(ctx context.Context, turn harness.Turn, more func(*harness.Record)) (*harness.Record, error) {
	fail := func(err error) error { return &turnFailure{p.variant, turn.Bench, err} }
	if _, err := p.process.turns.Write(turn.Line()); err != nil {
		return nil, fail(errEnded)
	}
	rec, err := p.await(ctx, harness.BenchRecord, more)
	switch {
	case err != nil:
		return nil, fail(err)
	case rec.Name != turn.Bench || rec.Status != harness.Pass || rec.N <= 0:
		return nil, fail(errBad)
	}
	return rec, nil
}

// await takes records until one of the kind comes.
func (p *player) await(ctx context.Context, kind string, more func(*harness.Record)) (*harness.Record, error) {
	late := time.NewTimer(p.limit)
	defer late.Stop()
	for {
		select {
		case rec, ok := <-p.process.records:
			switch {
			case !ok:
				return nil, errEnded
			case rec.Kind == kind:
				return rec, nil
			case rec.Kind == harness.PointRecord, rec.Kind == harness.ProfileRecord:
				more(rec)
			}
		case <-late.C:
			return nil, errStuck
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// firstCounted is the benchmark of the first target that is neither time nor allocations; empty if there is none.
func firstCounted(ex *exercises.Exercise) string {
	for _, t := range ex.Targets {
		if t.Unit != "sec/op" && t.Unit != "B/op" && t.Unit != "allocs/op" {
			return t.Benchmark
		}
	}
	return ""
}

// target is what the exercise asks of a benchmark's quantity, or nil.
func target(ex *exercises.Exercise, benchmark, unit string) *report.Target {
	for _, t := range ex.Targets {
		if t.Benchmark == benchmark && t.Unit == unit {
			return &report.Target{Speedup: t.Speedup, AtMost: t.AtMost}
		}
	}
	return nil
}
