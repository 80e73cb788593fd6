// Package executor is what runner asks of a language: turn code into commands, and what they printed into events. An
// executor hands commands over and never starts the learner's code itself, so it does not know sandboxes' drivers.
package executor

import (
	"context"
	"io"
	"iter"

	"hotloop/exercises"
	"hotloop/runner/report"
	"hotloop/runner/sandbox"
)

// A Phase is a part of a run, and the goal of a job: everything up to it is done.
type Phase string

const (
	Build Phase = "build" // compile
	Vet   Phase = "vet"   // remarks on code that compiles; runs beside the tests
	Test  Phase = "test"
	Bench Phase = "bench"
	Run   Phase = "run" // a snippet: run its main function

	// Profile follows Test, as Bench does: it shows where the learner's code spends time and memory, not how fast it is.
	Profile Phase = "profile"
)

// The two streams of a command, as Decode and report.Output name them.
const (
	Stdout = "stdout"
	Stderr = "stderr"
)

// A Source is what Plan turns into commands.
type Source struct {
	Exercise *exercises.Exercise // nil: Files is a snippet of its own
	Files    exercises.Files     // the learner's; the runner has written them to the plan's folder
	Flags    []string            // snippets only: flags of the runtime, to be checked by the executor
	Goal     Phase
}

// A Step is one command of a plan.
type Step struct {
	Phase   Phase
	Variant string          // whose code it builds or runs; empty means the learner's
	Command sandbox.Command // Stdout, Stderr and Files are the runner's to set; unset Limits, too
	Note    string          // for people: what is done otherwise than expected, and why

	Harness bool         // the command is a test binary with exercises/kit/harness in it
	Tests   []string     // with Phase Test: the top-level tests that must report
	Beside  bool         // runs beside the steps that follow; how it ends decides nothing
	Done    func() error // if not nil, called when the command has exited with status 0
	Waits   bool         // the command reads its standard input before all else: a step of Waiting will do for it

	// The following are for steps that are quick if all is as it should be, and have another way if it is not.
	Prepare func(ctx context.Context) error // if not nil, called before the command starts
	Next    *Step                           // a second command of the step, run after the first has exited with status 0
	Else    *Step                           // done instead if Prepare, the command or Next fails without a word on the source
}

// A Refusal is the error of Plan for code that cannot be run because of what it is: the learner's failure, not ours.
type Refusal struct {
	Reason      string // one sentence for people
	Diagnostics []report.Diagnostic
}

func (r *Refusal) Error() string { return r.Reason }

// An Executor runs code of one kind.
type Executor interface {
	// Name is the word in jobs and reports: "go", "yaegi", "node".
	Name() string

	// Available is nil if the executor can work here; else it says what is missing and how to get it.
	Available() error

	// Plan lists the commands that take the source to its goal. They run in dir, where the runner has written the
	// learner's files; Plan adds what else they need. Code that cannot be run at all is a *Refusal.
	Plan(dir string, src Source) ([]Step, error)

	// Decode reads one stream of a step, Stdout or Stderr. Text that is not of the executor's own protocol becomes Output.
	// The two streams of a step are decoded at the same time.
	Decode(phase Phase, stream string, r io.Reader) iter.Seq2[report.Event, error]
}

// A Waiter is an Executor whose commands can be started ahead, to wait for the source on their standard input.
type Waiter interface {
	Executor

	// Waiting is a step that runs in dir whatever it will be given to read. It has no Stdin, and differs from those steps
	// of Plan that have Waits set in its folder only.
	Waiting(dir string) (Step, error)
}

// A Preparer is an Executor that can do ahead what is done once on a machine.
type Preparer interface {
	// Prepare does what runs of the exercises would have to wait for, and returns when it is done or ctx has ended.
	Prepare(ctx context.Context, all ...*exercises.Exercise) error
}

// A Diagnoser is an Executor that can say what is wrong with a solution without building it.
type Diagnoser interface {
	Diagnose(ctx context.Context, ex *exercises.Exercise, files exercises.Files) ([]report.Diagnostic, error)
}

// A Versioner is an Executor that knows the version of what it runs code with, "go1.26.8". It is asked after Available.
type Versioner interface{ Version() string }
