// Package gotool is the executor "go": it builds and runs solutions and snippets with the machine's own Go toolchain.
//
// A solution becomes a module of its own: the learner's files, the exercise's test files with calls of
// hotloop/exercises/kit/harness inserted, and generated files that list them. What the test binary prints is for showing only;
// the runner believes what the harness tells it.
package gotool

import (
	"io"
	"iter"
	"sync"
	"time"

	"hotloop/runner/executor"
	"hotloop/runner/report"
)

// Executor is the executor "go". It is safe for concurrent use and must not be copied.
type Executor struct {
	Go       string // the go command; "go", looked up in PATH, if empty
	CacheDir string // holds the kit and the binaries of naive and reference; hotloop's folder in the user's cache if empty

	// Isolated says that solutions may be strangers' and run in a sandbox: commands will see only what they name, must not
	// write to the build cache, and the source is held to strict rules (solution.go).
	Isolated bool

	// Programs says where programs are that exercises need, by the word in their needs. What it does not know is not
	// looked after here. Tests find the place of "sqlite" in HOTLOOP_SQLITE.
	Programs map[string]func() (path string, err error)

	mu        sync.Mutex
	found     *toolchain
	libraries map[string]*library // by their folders
	trimming  sync.Once
}

// Name is "go".
func (x *Executor) Name() string { return "go" }

// Available says whether there is a Go toolchain that is new enough.
func (x *Executor) Available() error {
	_, err := x.toolchain()
	return err
}

// Plan builds and runs a snippet, or builds and tests a solution; with the goal executor.Bench it also measures it beside
// naive and reference, which are built once and kept.
func (x *Executor) Plan(dir string, src executor.Source) ([]executor.Step, error) {
	tc, err := x.toolchain()
	if err != nil {
		return nil, err
	}
	if _, err := executor.RunDir(dir); err != nil {
		return nil, err
	}
	steps, err := x.plan(tc, dir, src)
	if err == nil && x.Isolated {
		err = x.isolate(tc, src, steps)
	}
	return steps, err
}

func (x *Executor) plan(tc *toolchain, dir string, src executor.Source) ([]executor.Step, error) {
	if src.Exercise == nil {
		return x.planSnippet(tc, dir, src)
	}
	cache, err := x.cacheDir()
	if err != nil {
		return nil, err
	}
	x.trimming.Do(func() { trim(cache, time.Now()) })
	p := &plan{x: x, tc: tc, dir: dir, cache: cache, ex: src.Exercise}
	return p.steps(src)
}

// Decode reads compile errors, the remarks of vet, and what tests and programs print.
func (x *Executor) Decode(phase executor.Phase, stream string, r io.Reader) iter.Seq2[report.Event, error] {
	switch {
	case phase == executor.Build:
		return decodeCompiler(r, "error")
	case phase == executor.Vet:
		return decodeCompiler(r, "warning")
	case stream == executor.Stderr:
		return decodeCrash(r)
	case phase == executor.Test:
		return decodeTests(r)
	case phase == executor.Run:
		return executor.DecodeSnippet(stream, r)
	}
	return decodeText(r, stream)
}
