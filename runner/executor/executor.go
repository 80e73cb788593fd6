// Package executor is what runner asks of a language: turn code into commands, and what they printed into events. An
// executor hands commands over and never starts one itself, so it does not know sandboxes' drivers.
package executor

import (
	"io"
	"iter"

	"hotloop/runner/report"
	"hotloop/runner/sandbox"
)

// A Phase is a part of a run, and the goal of a job: everything up to it is done.
type Phase string

const (
	Build Phase = "build" // compile, vet
	Test  Phase = "test"
	Bench Phase = "bench"
	Run   Phase = "run" // a snippet: run its main function
)

// A Step is one command of a plan.
type Step struct {
	Phase   Phase
	Command sandbox.Command // Stdout, Stderr and Files are the runner's to set
}

// An Executor runs code of one kind.
type Executor interface {
	// Name is the word in jobs and reports: "go", "yaegi", "node".
	Name() string

	// Available is nil if the executor can work here; else it says what is missing and how to get it.
	Available() error

	// Plan lists the commands that take the files in dir to the goal.
	Plan(dir string, goal Phase) ([]Step, error)

	// Decode reads what a step printed. Text that is not of the executor's own protocol becomes Output.
	Decode(phase Phase, stdout io.Reader) iter.Seq2[report.Event, error]
}
