package node

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/measure"
	"hotloop/runner/report"
	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/none"
)

// A told is what a run of a snippet told.
type told struct {
	result         sandbox.Result
	stdout, stderr string
	diagnostics    []report.Diagnostic
	points         []measure.Point
}

// run runs a snippet as the runner does: write, plan, driver, decode.
func run(t *testing.T, source string, limits sandbox.Limits, flags ...string) told {
	t.Helper()
	x := Executor{}
	if err := x.Available(); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.mjs"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	src := executor.Source{Files: exercises.Files{"main.mjs": []byte(source)}, Flags: flags, Goal: executor.Run}
	steps, err := x.Plan(dir, src)
	if err != nil || len(steps) != 1 {
		t.Fatalf("Plan = %d steps, %v; want one", len(steps), err)
	}
	var stdout, stderr bytes.Buffer
	cmd := steps[0].Command
	cmd.Stdout, cmd.Stderr, cmd.Limits = &stdout, &stderr, limits
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var got told
	if got.result, err = (none.Driver{Supervisor: []string{exe, "__supervise"}}).Run(t.Context(), &cmd); err != nil {
		t.Fatalf("Run: %v", err)
	}
	for stream, text := range map[string]*bytes.Buffer{executor.Stdout: &stdout, executor.Stderr: &stderr} {
		for e, err := range x.Decode(executor.Run, stream, text) {
			switch {
			case err != nil:
				t.Fatalf("Decode: %v", err)
			case e.Diagnostic != nil:
				got.diagnostics = append(got.diagnostics, *e.Diagnostic)
			case e.Point != nil:
				got.points = append(got.points, *e.Point)
			case e.Output.Stream == executor.Stdout:
				got.stdout += e.Output.Text
			default:
				got.stderr += e.Output.Text
			}
		}
	}
	return got
}

func TestRuns(t *testing.T) {
	tests := []struct {
		name, source, stdout, stderr string
		flags                        []string
		exit                         int
	}{
		{"module", "import { EOL } from 'node:os';\nconsole.log(await Promise.resolve(EOL === '\\n'));", "true\n", "", nil, 0},
		{"script", "const os = require('node:os');\nconsole.log(os.EOL === '\\n', typeof __dirname);", "true string\n", "", nil, 0},
		{"streams", "console.log('out'); console.error('err');", "out\n", "err\n", nil, 0},
		{"exit", "process.exit(7)", "", "", nil, 7},
		{"flag", "console.log(typeof gc)", "function\n", "", []string{"--expose-gc"}, 0},
		{"worker", "import { Worker } from 'node:worker_threads';\nnew Worker('console.log(1)', { eval: true });", "1\n", "", nil, 0},
		{"no colours", "console.log({ a: 1 })", "{ a: 1 }\n", "", nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := run(t, tt.source, sandbox.Limits{}, tt.flags...)
			if got.result.Status != sandbox.Exited || got.result.ExitCode != tt.exit {
				t.Errorf("%+v, want exit status %d", got.result, tt.exit)
			}
			if got.stdout != tt.stdout || got.stderr != tt.stderr || len(got.diagnostics) > 0 {
				t.Errorf("printed %q and %q with remarks %v, want %q and %q", got.stdout, got.stderr, got.diagnostics, tt.stdout, tt.stderr)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	at := func(file string, line, column int, message string) *report.Diagnostic {
		return &report.Diagnostic{File: file, Line: line, Column: column, Message: message, Severity: "error"}
	}
	before := func(d *report.Diagnostic) *report.Diagnostic {
		d.Phase = string(executor.Build)
		return d
	}
	tests := []struct {
		name, source string
		want         *report.Diagnostic
	}{
		{"thrown", "\nfunction f() {\n  throw new Error('boom');\n}\nf();", at("main.mjs", 3, 9, "Error: boom")},
		{"syntax", "const a = 1;\nconst b = ;", before(at("main.mjs", 2, 11, "SyntaxError: Unexpected token ';'"))},
		{"syntax of a script", "const fs = require('node:fs');\nlet a; let a;",
			before(at("main.cjs", 2, 12, "SyntaxError: Identifier 'a' has already been declared"))},
		{"no such export", "import { nothing } from 'node:fs';",
			before(at("main.mjs", 1, 10, "SyntaxError: The requested module 'node:fs' does not provide an export named 'nothing'"))},
		{"syntax of what is read while it runs", "console.log(1);\nnew Function('(');", at("main.mjs", 2, 1, "SyntaxError: Unexpected token '}'")},
		{"a syntax error that is thrown", "throw new SyntaxError('mine');", at("main.mjs", 1, 7, "SyntaxError: mine")},
		{"undeclared", "\n\n  foo();", at("main.mjs", 3, 3, "ReferenceError: foo is not defined")},
		{"rejected", "await Promise.reject(new TypeError('t'));", at("main.mjs", 1, 22, "TypeError: t")},
		{"in a script", "const fs = require('node:fs');\nnull.x;", at("main.cjs", 2, 6, "TypeError: Cannot read properties of null (reading 'x')")},
		{"below node", "import { readFileSync } from 'node:fs';\nreadFileSync('/nowhere');",
			at("main.mjs", 2, 1, "Error: ENOENT: no such file or directory, open '/nowhere'")},
		{"without a place", "import x from 'nowhere';", nil},
		{"caught", "try { foo(); } catch (e) { console.error(e); process.exitCode = 1; }", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := run(t, tt.source, sandbox.Limits{})
			if got.result.Status != sandbox.Exited || got.result.ExitCode != 1 {
				t.Errorf("%+v, want exit status 1", got.result)
			}
			var want []report.Diagnostic
			if tt.want != nil {
				want = []report.Diagnostic{*tt.want}
			}
			if diff := cmp.Diff(want, got.diagnostics); diff != "" {
				t.Errorf("remarks (-want +got):\n%s\nstderr:\n%s", diff, got.stderr)
			}
			if strings.Contains(got.stderr, os.TempDir()) || got.stderr == "" {
				t.Errorf("stderr names the folder of the run, or says nothing:\n%s", got.stderr)
			}
		})
	}
}

func TestLimitsHold(t *testing.T) {
	if got := run(t, "for (;;);", sandbox.Limits{Wall: time.Second}); got.result.Status != sandbox.TimeLimit {
		t.Errorf("an endless loop: %+v, want %q", got.result, sandbox.TimeLimit)
	}
	hog := "const all = []; for (;;) all.push(Buffer.alloc(1 << 20, 1));"
	if got := run(t, hog, sandbox.Limits{Memory: 192 << 20, Wall: time.Minute}); got.result.Status != sandbox.MemoryLimit {
		t.Errorf("endless allocation: %+v, want %q", got.result, sandbox.MemoryLimit)
	}
}

func TestChartPoints(t *testing.T) {
	got := run(t, `console.log("a"); console.log(JSON.stringify({ chart: { series: "heap", unit: "B", axis: "n", x: 1, y: 2 } }));`, sandbox.Limits{})
	want := []measure.Point{{Series: "heap", Unit: "B", Variant: "yours", Axis: "n", X: 1, Y: 2}}
	if diff := cmp.Diff(want, got.points); diff != "" || got.stdout != "a\n" {
		t.Errorf("stdout %q, points (-want +got):\n%s", got.stdout, diff)
	}
}

func TestFileName(t *testing.T) {
	tests := []struct{ source, want string }{
		{"console.log(1)", "main.mjs"},
		{"const fs = require('fs');", "main.cjs"},
		{"module.exports = 1;", "main.cjs"},
		{"import fs from 'fs';", "main.mjs"},
		{"import 'node:test';", "main.mjs"},
		{"import { createRequire } from 'module';\nconst require = createRequire(import.meta.url);\nrequire('fs');", "main.mjs"},
		{"export const a = 1; // require('fs') would not work here", "main.mjs"},
		{"// do not use require('fs')\nawait 1;", "main.mjs"},
		{"const x = await fetch(1);\n", "main.mjs"},
		{"async function f() {\n  await 1;\n}\nrequire('fs');", "main.cjs"},
	}
	for _, tt := range tests {
		if got := FileName([]byte(tt.source)); got != tt.want {
			t.Errorf("FileName(%q) = %q, want %q", tt.source, got, tt.want)
		}
	}
}

func TestFlags(t *testing.T) {
	good := []string{"--expose-gc", "--expose_gc", "--trace-gc", "--max-old-space-size=64", "--stack-size=500"}
	bad := []string{"--max-old-space-size", "--max-old-space-size=x", "--max-old-space-size=-1", "--max-old-space-size=99999999",
		"--require=/etc/passwd", "-r", "--eval", "-e", "--inspect=0.0.0.0:1", "--cpu-prof", "main.mjs", "", "--expose-gc=1", "--env-file=x"}
	if refusal := checkFlags(good); refusal != nil {
		t.Errorf("%v are refused: %v", good, refusal)
	}
	for _, flag := range bad {
		if checkFlags([]string{"--expose-gc", flag}) == nil {
			t.Errorf("flag %q is allowed", flag)
		}
	}
}

func TestPlan(t *testing.T) {
	if err := (Executor{}).Available(); err != nil {
		t.Skip(err)
	}
	files := exercises.Files{"main.mjs": []byte("1")}
	tests := []struct {
		name string
		src  executor.Source
		want string
	}{
		{"tests", executor.Source{Files: files, Goal: executor.Test}, "only runs snippets"},
		{"an exercise", executor.Source{Exercise: &exercises.Exercise{}, Files: files, Goal: executor.Run}, "only runs snippets"},
		{"no file", executor.Source{Goal: executor.Run}, "main.mjs"},
		{"a flag", executor.Source{Files: files, Goal: executor.Run, Flags: []string{"--inspect"}}, "not for snippets"},
	}
	for _, tt := range tests {
		if _, err := (Executor{}).Plan(t.TempDir(), tt.src); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Plan = %v, want an error with %q", tt.name, err, tt.want)
		}
	}
	_, err := (Executor{}).Plan(t.TempDir(), tests[3].src)
	if _, ok := errors.AsType[*executor.Refusal](err); !ok {
		t.Errorf("a flag that is not allowed: %T, want a refusal", err)
	}

	t.Setenv("HOTLOOP_TEST_SECRET", "x")
	steps, err := (Executor{}).Plan(t.TempDir(), executor.Source{Files: files, Goal: executor.Run})
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(steps[0].Command.Env, func(kv string) bool { return strings.Contains(kv, "SECRET") }) {
		t.Errorf("the snippet has our environment: %q", steps[0].Command.Env)
	}
}

func TestAvailable(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	if err := (Executor{}).Available(); err == nil || !strings.Contains(err.Error(), "install Node.js") {
		t.Errorf("without node: %v, want how to get it", err)
	}
	old := "#!/bin/sh\necho v16.20.0\n"
	if err := os.WriteFile(filepath.Join(dir, "node"), []byte(old), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := (Executor{}).Available(); err == nil || !strings.Contains(err.Error(), "v16.20.0") {
		t.Errorf("with an old node: %v, want its version and how to get a newer one", err)
	}
}
