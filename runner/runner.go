// Package runner runs a solution and says how it did: plan, build, run, measure, judge. The learner's failure is data in
// the Report; an error means that hotloop itself failed.
package runner

import (
	"context"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/report"
)

// A Job is what to run. It travels as JSON.
type Job struct {
	Exercise string           `json:"exercise,omitempty"` // slug; empty: Files is a snippet of its own
	Files    exercises.Files  `json:"files"`              // the learner's files; for a snippet main.go or main.mjs
	Executor string           `json:"executor,omitempty"` // "go" if empty
	Goal     executor.Phase   `json:"goal"`
	Flags    []string         `json:"flags,omitempty"` // snippets only: flags of the runtime, "--expose-gc"
	Limits   exercises.Limits `json:"limits,omitzero"` // snippets only: tighter than the default
}

// A Func runs a job and tells h what happens. On this machine or on a worker far away, it has the same type. The error
// is ours, never the learner's; the last event holds the Report unless there was an error.
type Func func(ctx context.Context, job Job, h report.Handler) error
