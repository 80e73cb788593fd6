package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/measure"
	"hotloop/runner/report"
)

// An attempt is one run of one job while it lasts.
type attempt struct {
	*Runner
	job      Job
	ex       *exercises.Exercise // nil: a snippet
	executor executor.Executor

	rep      *report.Report
	tests    *tests
	evidence evidence
	tell     *teller
	dir      string
}

func newAttempt(r *Runner, job Job) *attempt {
	rep := &report.Report{
		Exercise:    job.Exercise,
		Executor:    cmp.Or(job.Executor, "go"),
		Sandbox:     r.Sandbox.Name(),
		Goal:        string(job.Goal),
		Started:     time.Now().UTC(),
		Seed:        cmp.Or(job.Seed, 1+uint64(rand.Uint32())), // short enough to be typed, and exact in JavaScript
		Steps:       []report.Step{},
		Tests:       []report.Test{},
		Benchmarks:  []report.Benchmark{},
		Series:      []report.Series{},
		Profiles:    []report.Profile{},
		Diagnostics: []report.Diagnostic{},
	}
	return &attempt{Runner: r, job: job, rep: rep}
}

// run is the run: plan, then each step in the sandbox, then measure, then judge.
func (a *attempt) run(ctx context.Context) error {
	a.tests = newTests(a.tell)
	before := cpuCounters()
	if err := a.planAndRun(ctx); err != nil {
		return a.diskFull(err)
	}
	a.evidence.canceled = ctx.Err() != nil
	a.rep.Tests = a.tests.settle()
	a.rep.Environment = a.environment(before)
	a.rep.Verdict, a.rep.Reason = judge(a.ex, a.rep, &a.evidence)
	a.rep.Seconds = time.Since(a.rep.Started).Seconds()
	return nil
}

func (a *attempt) planAndRun(ctx context.Context) error {
	leave, ok := a.enter(ctx, executor.Build, a.places)
	if !ok {
		return nil
	}
	var err error
	if a.dir, err = a.newFolder(); err != nil {
		leave()
		return err
	}
	defer removeAll(a.dir)
	bench, err := a.buildAndTest(ctx)
	leave()
	if err != nil || len(bench) == 0 {
		return err
	}
	if leave, ok = a.enter(ctx, a.job.Goal, a.toMeasure()...); !ok {
		return nil
	}
	defer leave()
	if a.job.Goal == executor.Profile {
		return a.profile(ctx, bench)
	}
	return a.measure(ctx, bench)
}

// buildAndTest takes the steps up to the tests, and returns those that are left to measure a solution that passed.
func (a *attempt) buildAndTest(ctx context.Context) (bench []executor.Step, err error) {
	steps, err := a.plan()
	if refusal, ok := errors.AsType[*executor.Refusal](err); ok {
		a.evidence.refusal = refusal
		for _, d := range refusal.Diagnostics {
			a.tell.diagnostic(d)
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	steps, bench = splitBench(steps)
	if ok, err := a.steps(ctx, steps); !ok || err != nil || len(bench) == 0 {
		return nil, err
	}
	if verdict, _ := judgeTests(a.tests.current(), &a.evidence); verdict != report.Accepted {
		return nil, nil // how fast a wrong answer is does not matter
	}
	return bench, nil
}

// toMeasure are the places that a run takes while it measures. Who has the first waits for those that build, and these
// never wait for the first, so nobody waits for ever.
func (a *attempt) toMeasure() []chan struct{} {
	n := 1
	if a.Alone {
		n = cap(a.places)
	}
	return append([]chan struct{}{a.measuring}, slices.Repeat([]chan struct{}{a.places}, n)...)
}

func (a *attempt) plan() ([]executor.Step, error) {
	if err := checkFiles(a.job.Files); err != nil {
		return nil, err
	}
	for name, content := range a.job.Files {
		if err := os.WriteFile(filepath.Join(a.dir, name), content, 0o644); err != nil {
			return nil, fmt.Errorf("writing %s for the run: %w", name, err)
		}
	}
	src := executor.Source{Exercise: a.ex, Files: a.job.Files, Flags: a.job.Flags, Goal: a.job.Goal}
	steps, err := a.executor.Plan(a.dir, src)
	if _, ok := errors.AsType[*executor.Refusal](err); err != nil && !ok {
		return nil, fmt.Errorf("planning the run: %w", err)
	}
	return steps, err
}

// takesTurns says whether what runs in a phase runs benchmarks when it is asked to.
func takesTurns(phase executor.Phase) bool {
	return phase == executor.Bench || phase == executor.Profile
}

func splitBench(steps []executor.Step) (before, bench []executor.Step) {
	for _, s := range steps {
		if takesTurns(s.Phase) {
			bench = append(bench, s)
		} else {
			before = append(before, s)
		}
	}
	return before, bench
}

// enter waits for a place of each kind, in order, and says so if it has to. If ctx ends before it has all, it has none
// and is not ok.
func (a *attempt) enter(ctx context.Context, phase executor.Phase, kinds ...chan struct{}) (leave func(), ok bool) {
	taken, told := 0, false
	leave = func() {
		for _, places := range kinds[:taken] {
			<-places
		}
	}
	for _, places := range kinds {
		select {
		case places <- struct{}{}:
			taken++
			continue
		default:
		}
		if !told {
			told = true
			a.tell.event(report.Event{Progress: &report.Progress{Phase: string(phase), Text: "waiting for another run to end"}})
		}
		select {
		case places <- struct{}{}:
			taken++
		case <-ctx.Done():
			leave()
			return nil, false
		}
	}
	return leave, true
}

// environment is where the run happened. How quiet it was, measuring has filled in; without that, the whole run counts.
func (a *attempt) environment(before measure.CPU) report.Environment {
	env := a.rep.Environment
	if env.Quiet == 0 {
		env.Quiet = measure.Quiet(before, cpuCounters())
	}
	env.OS, env.Arch, env.CPU, env.Procs = runtime.GOOS, runtime.GOARCH, cpuModel(), runtime.NumCPU()
	if x, ok := a.executor.(executor.Versioner); ok {
		env.Go = x.Version()
	}
	return env
}

// removeAll removes a run's folder, even if the learner's program has taken away its permissions.
func removeAll(dir string) {
	if os.RemoveAll(dir) == nil {
		return
	}
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			os.Chmod(path, 0o700)
		}
		return nil
	})
	os.RemoveAll(dir)
}
