// Package yaegi is the executor "yaegi": it interprets a lesson's Go snippets, which saves the time to compile them. The
// interpreter knows Go 1.21 without all of its generics and is some hundred times slower than compiled code, so it never
// measures anything.
//
// A snippet runs in a process of its own, a child of this program with [Child] as its main function. The child reads the
// source from standard input after it has loaded the symbols of the standard library, so that children can be started
// ahead and wait there, ready. One child runs one snippet.
//
// Snippets have the standard library without os/exec, plugin, syscall, unsafe and os.StartProcess. That keeps them
// honest, not locked up: files and the network are there, so that lessons can show servers, and only the sandbox's
// driver decides what can be reached.
package yaegi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"hotloop/runner/executor"
	"hotloop/runner/report"
	"hotloop/runner/sandbox"
)

// MainFile is the one file of a snippet.
const MainFile = "main.go"

// An Executor interprets snippets.
type Executor struct {
	// Child is the command line of a process that calls Child: []string{exe, "__yaegi"}.
	Child []string
}

// Name is "yaegi".
func (Executor) Name() string { return "yaegi" }

// Version is that of the interpreter and of the language it knows.
func (Executor) Version() string { return "yaegi v0.16.1, " + language }

// Available is nil: the interpreter is part of this program.
func (x Executor) Available() error {
	if len(x.Child) == 0 {
		return errors.New("no command line for the interpreter's process was given")
	}
	return nil
}

// Plan is one step, the interpreter. Code that can be seen to be wrong or out of the interpreter's reach is refused.
func (x Executor) Plan(dir string, src executor.Source) ([]executor.Step, error) {
	if src.Exercise != nil || src.Goal != executor.Run {
		return nil, errors.New("the interpreter only runs snippets; tests and benchmarks are for executor go")
	}
	if err := x.Available(); err != nil {
		return nil, err
	}
	source, ok := src.Files[MainFile]
	if !ok || len(src.Files) > 1 {
		return nil, fmt.Errorf("a snippet for the interpreter is one file, %s", MainFile)
	}
	if len(src.Flags) > 0 {
		return nil, &executor.Refusal{Reason: "The interpreter takes no flags; run the block compiled instead."}
	}
	if faults := inspect(source).faults; len(faults) > 0 {
		return nil, &executor.Refusal{Reason: faults[0].Message, Diagnostics: faults}
	}
	step, err := x.Waiting(dir)
	if err != nil {
		return nil, err
	}
	step.Command.Stdin = bytes.NewReader(source)
	return []executor.Step{step}, nil
}

// Waiting is an interpreter that has loaded what it needs, and waits for a snippet.
func (x Executor) Waiting(dir string) (executor.Step, error) {
	run, err := executor.RunDir(dir)
	if err != nil {
		return executor.Step{}, err
	}
	return executor.Step{
		Phase: executor.Run,
		Waits: true,
		Command: sandbox.Command{
			Args:    x.Child,
			Env:     executor.SnippetEnv(run),
			Dir:     run,
			Scratch: true,
		},
	}, nil
}

// Decode turns the child's standard error into remarks and text, and standard output into chart points and text.
func (Executor) Decode(_ executor.Phase, stream string, r io.Reader) iter.Seq2[report.Event, error] {
	if stream != executor.Stderr {
		return executor.DecodeSnippet(stream, r)
	}
	var d stderrDecoder
	return executor.DecodeLines(stream, r, d.line)
}
