// Package check proves that an exercise is well made, by running its variants as a learner's code would be run: nobody
// begins with a solved exercise, the reference is accepted and so is another correct solution, the benchmarks tell the
// naive version from them, and every mutant is noticed by the test that it names.
package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"hotloop/exercises"
	"hotloop/runner"
	"hotloop/runner/executor"
	"hotloop/runner/report"
)

const (
	parallel = 2 // variants that run at once, as far as the runner lets them
	attempts = 3 // runs after which a measurement that cannot decide is a problem itself
)

// Options are for more than one quick check of an exercise. The zero value is that.
type Options struct {
	Repeat   int          // runs of the starter, the reference and the alternatives, each of which must be right; 0: 1
	Progress func(string) // is told a line for each variant, and for each of several runs; nil: nobody is
}

// Exercise runs all variants of e. An error means that hotloop itself failed, or that ctx ended.
func Exercise(ctx context.Context, run runner.Func, e *exercises.Exercise, o Options) (*Result, error) {
	begun := time.Now()
	c := &checker{run: run, e: e, progress: o.Progress}
	for v, err := range e.Variants() {
		if err != nil {
			c.trials = append(c.trials, &trial{variant: v, problem: &Problem{Variant: v.Name, Message: err.Error(), Hint: "the variant's files cannot be read"}})
			continue
		}
		c.trials = append(c.trials, c.newTrial(v, max(1, o.Repeat)))
	}
	if err := c.runAll(ctx); err != nil {
		return nil, fmt.Errorf("checking %s: %w", e.Slug, err)
	}
	r := c.result()
	r.Seconds = time.Since(begun).Seconds()
	return r, nil
}

type checker struct {
	run      runner.Func
	e        *exercises.Exercise
	progress func(string)
	trials   []*trial

	mu   sync.Mutex
	done int // trials
}

// A trial is one variant with what it must show.
type trial struct {
	variant exercises.Variant
	goal    executor.Phase
	judge   func(context.Context, *checker, *trial) (*Problem, error) // nil if there is nothing to run
	times   int                                                       // to be run

	runs, right int
	undecided   int      // runs that could not tell
	last        *outcome // nil if there is none
	problem     *Problem // the first one
}

// newTrial picks what the variant's role asks for.
func (c *checker) newTrial(v exercises.Variant, repeat int) *trial {
	t := &trial{variant: v, goal: executor.Test, times: repeat}
	measured := len(c.e.Targets) > 0
	switch v.Role {
	case exercises.Starter:
		t.judge = starter
	case exercises.Reference, exercises.Alternative:
		t.judge = correct
		if measured {
			t.goal = executor.Bench
		}
	case exercises.Naive:
		t.judge, t.times = naive, 1
		if measured {
			t.goal = executor.Bench
		}
	case exercises.MutantRole:
		t.judge, t.times = mutant, 1
		if _, _, ok := killingTarget(v); ok {
			t.goal = executor.Bench
			t.judge = measuredMutant
		}
	}
	return t
}

// runAll tries the variants side by side: first those that are tested, then those that are measured, too. A runner that
// measures alone sees to it that the one that is measured has the machine for itself; the next one may wait, built and
// tested, for its turn.
func (c *checker) runAll(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	slots := make(chan struct{}, parallel)
	for _, t := range c.inOrder() {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := c.try(ctx, t); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// inOrder are the trials with something to run, in the order in which they are tried. It tells of the others.
func (c *checker) inOrder() []*trial {
	var tested, measured []*trial
	for _, t := range c.trials {
		switch {
		case t.judge == nil:
			c.tell(t)
		case t.goal == executor.Test:
			tested = append(tested, t)
		default:
			measured = append(measured, t)
		}
	}
	return slices.Concat(tested, measured)
}

// try runs the variant as often as it is to be run.
func (c *checker) try(ctx context.Context, t *trial) error {
	for t.runs < t.times && ctx.Err() == nil {
		problem, err := t.judge(ctx, c, t)
		if err != nil {
			return fmt.Errorf("running %s: %w", title(t.variant), err)
		}
		t.runs++
		switch {
		case problem == nil:
			t.right++
		case t.problem == nil:
			problem.Variant = t.variant.Name
			t.problem = problem
		}
		if t.runs < t.times {
			c.say("%s: right in %d of %d runs, of %d", title(t.variant), t.right, t.runs, t.times)
		}
	}
	if ctx.Err() == nil {
		if t.problem != nil && t.times > 1 {
			t.problem.Message = fmt.Sprintf("%s was right %s: %s", title(t.variant), t.count(), t.problem.Message)
		}
		c.tell(t)
	}
	return nil
}

func (c *checker) tell(t *trial) {
	said := achieved(t)
	switch {
	case t.problem != nil:
		said = t.problem.Message
	case t.times > 1:
		said += ", " + t.count()
	}
	c.mu.Lock()
	c.done++
	c.mu.Unlock()
	c.say("%s", said)
}

// say tells how many trials are done, and what there is to say.
func (c *checker) say(format string, args ...any) {
	if c.progress == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.progress(fmt.Sprintf("%s: %d of %d: ", c.e.Slug, c.done, len(c.trials)) + fmt.Sprintf(format, args...))
}

// An outcome is a run's report with the head of what the run printed, for when the report alone does not explain itself.
type outcome struct {
	*report.Report
	output report.Head
}

const maxOutput = 400 // bytes of a run's output in a problem

// errKilled ends the run of a mutant whose test has failed: what comes after it does not matter.
var errKilled = errors.New("the mutant is killed")

// test runs the variant to the goal. A run that somebody stopped is an error here; a mutant that the test it names has
// killed is errKilled.
func (c *checker) test(ctx context.Context, t *trial, goal executor.Phase) (*outcome, error) {
	v := t.variant
	t.last = nil
	out := &outcome{output: report.Head{Limit: maxOutput}}
	bench, _, _ := killingTarget(v)
	job := runner.Job{Exercise: c.e.Slug, Files: v.Files, Goal: goal, Bench: bench, Brief: true}
	err := c.run(ctx, job, report.HandlerFunc(func(e report.Event) error {
		if e.Output != nil {
			fmt.Fprint(&out.output, e.Output.Text)
		}
		if e.Report != nil {
			out.Report = e.Report
		}
		if e.Test != nil && e.Test.Name == v.KilledBy && e.Test.Status == report.TestFail {
			return errKilled
		}
		return nil
	}))
	switch {
	case errors.Is(err, errKilled):
		return nil, errKilled
	case err != nil:
		return nil, err
	case out.Report == nil:
		return nil, errors.New("the run ended without a report")
	case out.Verdict == report.Canceled && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case out.Verdict == report.Canceled:
		return nil, errors.New("the run was canceled")
	}
	t.last = out
	return out, nil
}

// measure repeats a measurement while it cannot tell.
func (c *checker) measure(ctx context.Context, t *trial, told func(*outcome) bool) (rep *outcome, err error) {
	for range attempts {
		rep, err = c.test(ctx, t, executor.Bench)
		if err != nil || told(rep) {
			return rep, err
		}
		t.undecided++
	}
	return rep, nil
}

// failed are the names of the tests that did not pass, in order.
func failed(rep *outcome) []string {
	var names []string
	for _, t := range rep.Tests {
		if notices(t) && !slices.Contains(names, t.Name) {
			names = append(names, t.Name)
		}
	}
	return names
}

// notices says whether the test found fault. One that never ended did, too: it ran into a deadlock, a panic or a limit.
func notices(t report.Test) bool {
	return t.Status == report.TestFail || t.Status == report.TestError || t.Status == report.TestRun
}
