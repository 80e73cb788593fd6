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

	"hotloop/exercises"
	"hotloop/runner"
	"hotloop/runner/executor"
	"hotloop/runner/report"
)

// A Problem is one thing that is wrong with an exercise.
type Problem struct {
	Exercise string `json:"exercise"`
	Variant  string `json:"variant"`
	Message  string `json:"message"` // "mutant evicts-newest survived: TestEvictsLeastRecent passed; …"
	Hint     string `json:"hint"`    // what an author may do about it
}

func (p Problem) String() string { return p.Exercise + ": " + p.Message }

const (
	parallel = 2 // variants that run at once, as far as the runner lets them
	attempts = 3 // runs after which a measurement that cannot decide is a problem itself
)

// Exercise runs all variants of e and returns what is wrong, in the order of variants; nothing is wrong if there are no
// problems. It tells progress a line for each variant; nil is allowed. An error means that hotloop itself failed, or
// that ctx ended.
func Exercise(ctx context.Context, run runner.Func, e *exercises.Exercise, progress func(string)) ([]Problem, error) {
	c := &checker{run: run, e: e, progress: progress}
	for v, err := range e.Variants() {
		if err != nil {
			c.trials = append(c.trials, &trial{problem: &Problem{Variant: v.Name, Message: err.Error(), Hint: "the variant's files cannot be read"}})
			continue
		}
		c.trials = append(c.trials, c.newTrial(v))
	}
	if err := c.runAll(ctx); err != nil {
		return nil, fmt.Errorf("checking %s: %w", e.Slug, err)
	}
	var problems []Problem
	for _, t := range c.trials {
		if t.problem != nil {
			t.problem.Exercise = e.Slug
			problems = append(problems, *t.problem)
		}
	}
	return problems, nil
}

type checker struct {
	run      runner.Func
	e        *exercises.Exercise
	progress func(string)

	mu     sync.Mutex
	trials []*trial
	done   int
}

// A trial is one variant with what it must show.
type trial struct {
	variant exercises.Variant
	goal    executor.Phase
	judge   func(context.Context, *checker, *trial) (*Problem, error) // nil if there is nothing to run

	problem *Problem
}

// newTrial picks what the variant's role asks for.
func (c *checker) newTrial(v exercises.Variant) *trial {
	t := &trial{variant: v, goal: executor.Test}
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
		t.judge = naive
		if measured {
			t.goal = executor.Bench
		}
	case exercises.MutantRole:
		t.judge = mutant
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

func (c *checker) try(ctx context.Context, t *trial) error {
	if ctx.Err() != nil {
		return nil
	}
	problem, err := t.judge(ctx, c, t)
	if err != nil {
		return fmt.Errorf("running %s: %w", title(t.variant), err)
	}
	if problem != nil {
		problem.Variant = t.variant.Name
	}
	t.problem = problem
	c.tell(t)
	return nil
}

func (c *checker) tell(t *trial) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done++
	if c.progress == nil {
		return
	}
	said := achieved(t)
	if t.problem != nil {
		said = t.problem.Message
	}
	c.progress(fmt.Sprintf("%s: %d of %d: %s", c.e.Slug, c.done, len(c.trials), said))
}

// achieved is what the variant showed when there is no problem.
func achieved(t *trial) string {
	switch t.variant.Role {
	case exercises.Starter:
		return "starter fails, as it should"
	case exercises.Reference, exercises.Alternative:
		return title(t.variant) + " is accepted"
	case exercises.Naive:
		if t.goal == executor.Bench {
			return "naive passes the tests and misses a target"
		}
		return "naive passes the tests"
	}
	return title(t.variant) + " is killed by " + t.variant.KilledBy
}

// title names a variant in messages: "starter", "mutant evicts-newest".
func title(v exercises.Variant) string {
	if v.Role == exercises.MutantRole || v.Role == exercises.Alternative {
		return string(v.Role) + " " + v.Name
	}
	return v.Name
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
func (c *checker) test(ctx context.Context, v exercises.Variant, goal executor.Phase) (*outcome, error) {
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
	return out, nil
}

// measure repeats a measurement while it cannot tell.
func (c *checker) measure(ctx context.Context, v exercises.Variant, told func(*outcome) bool) (rep *outcome, err error) {
	for range attempts {
		rep, err = c.test(ctx, v, executor.Bench)
		if err != nil || told(rep) {
			return rep, err
		}
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
