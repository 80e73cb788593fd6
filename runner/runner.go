// Package runner runs a solution and says how it did: plan, build, run, measure, judge. The learner's failure is data in
// the Report; an error means that hotloop itself failed.
//
// What a solution prints is shown and never believed: tests and benchmarks report through hotloop/exercises/kit/harness,
// over a channel of their own (process.go), and judge goes by that alone (judge.go).
package runner

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/report"
	"hotloop/runner/sandbox"
)

// A Job is what to run. It travels as JSON.
type Job struct {
	Exercise string           `json:"exercise,omitempty"` // slug; empty: Files is a snippet of its own
	Files    exercises.Files  `json:"files"`              // the learner's files; for a snippet main.go or main.mjs
	Executor string           `json:"executor,omitempty"` // "go" if empty
	Goal     executor.Phase   `json:"goal"`
	Flags    []string         `json:"flags,omitempty"` // snippets only: flags of the runtime, "--expose-gc"
	Limits   exercises.Limits `json:"limits,omitzero"` // snippets only: tighter than the default
	Seed     uint64           `json:"seed,omitempty"`  // of the random inputs; 0: another one in each run
	Bench    string           `json:"bench,omitempty"` // with executor.Bench or Profile: only this benchmark
	Brief    bool             `json:"brief,omitempty"` // with executor.Bench: measure what the verdict needs, see brief.go
}

// A Func runs a job and tells h what happens. On this machine or on a worker far away, it has the same type. The error
// is ours, never the learner's; the last event holds the Report unless there was an error.
type Func func(ctx context.Context, job Job, h report.Handler) error

// A Runner runs jobs on this machine. It must not be copied.
type Runner struct {
	Exercises *exercises.Catalog
	Executors []executor.Executor
	Sandbox   sandbox.Driver

	Dir    string        // each run makes its folder in it, and removes it; the system's folder for such things if empty
	Budget time.Duration // of measuring what one target asks for, all variants together; 3 s if zero
	Alone  bool          // no run builds or tests while another measures: for those who run many and can wait

	once      sync.Once
	places    chan struct{} // runs at a time
	measuring chan struct{} // only one at a time: two would measure each other
	warm      warm
}

const (
	defaultBudget = 3 * time.Second
	runsAtATime   = 2
)

// Run is a Func. When ctx ends, so does the run, and its report says Canceled.
func (r *Runner) Run(ctx context.Context, job Job, h report.Handler) error {
	a, err := r.newAttempt(job)
	if err != nil {
		return err
	}
	return stream(ctx, h, a)
}

func (r *Runner) newAttempt(job Job) (*attempt, error) {
	r.once.Do(func() {
		r.places, r.measuring = make(chan struct{}, runsAtATime), make(chan struct{}, 1)
	})
	a := newAttempt(r, job)
	var err error
	if a.executor, err = r.executor(a.rep.Executor); err != nil {
		return nil, err
	}
	if job.Exercise != "" {
		if a.ex, err = r.Exercises.Lookup(job.Exercise); err != nil {
			return nil, fmt.Errorf("looking up exercise %q: %w", job.Exercise, err)
		}
		if err := checkBench(a.ex, job.Bench); err != nil {
			return nil, err
		}
	}
	if err := a.executor.Available(); err != nil {
		return nil, fmt.Errorf("executor %s: %w", a.rep.Executor, err)
	}
	return a, nil
}

func (r *Runner) executor(name string) (executor.Executor, error) {
	var known []string
	for _, x := range r.Executors {
		if x.Name() == name {
			return x, nil
		}
		known = append(known, x.Name())
	}
	return nil, fmt.Errorf("no executor %q; there are: %s", name, strings.Join(known, ", "))
}

func (r *Runner) newFolder() (string, error) {
	if r.Dir != "" {
		if err := os.MkdirAll(r.Dir, 0o700); err != nil {
			return "", fmt.Errorf("making a folder for runs: %w", err)
		}
	}
	dir, err := os.MkdirTemp(r.Dir, "hotloop-run-")
	if err != nil {
		return "", fmt.Errorf("making a folder for the run: %w", err)
	}
	return dir, nil
}
