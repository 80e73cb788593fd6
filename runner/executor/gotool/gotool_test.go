package gotool

import (
	"bytes"
	"errors"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"hotloop/exercises"
	"hotloop/runner/executor"
)

func TestInstrumentKeepsLines(t *testing.T) {
	const src = `package add

import "testing"

func TestAdd(tt *testing.T) { tt.Parallel() }

func Testing(t *testing.T) {}

func TestEmpty(t *testing.T) {
}

func helper(t *testing.T) {}

func BenchmarkAdd(b *testing.B) {
	for range 3 {
		_ = b
	}
	for b.Loop() {
		add()
	}
	b.ReportMetric(1, "x")
}
`
	var tests testFiles
	out, err := tests.instrument("add_test.go", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.ParseFile(token.NewFileSet(), "add_test.go", out, 0); err != nil {
		t.Fatalf("the result does not parse: %v\n%s", err, out)
	}
	if got, want := bytes.Count(out, []byte("\n")), strings.Count(src, "\n"); got != want {
		t.Errorf("%d lines, want %d", got, want)
	}
	for _, want := range []string{
		"func TestAdd(tt *testing.T) { hotloop_track(tt); tt.Parallel() }",
		"func Testing(t *testing.T) {}",
		"func TestEmpty(t *testing.T) { hotloop_track(t);\n}",
		"func helper(t *testing.T) {}",
		"\tfor range 3 {",
		"\thotloop_begin(b); for b.Loop() {\n\t\tadd()\n\t}; hotloop_end(b)\n",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is missing in:\n%s", want, out)
		}
	}
	if !slices.Equal(tests.tests, []string{"TestAdd", "TestEmpty"}) || !slices.Equal(tests.benchmarks, []string{"BenchmarkAdd"}) {
		t.Errorf("found tests %v and benchmarks %v", tests.tests, tests.benchmarks)
	}
}

func TestInstrumentRefuses(t *testing.T) {
	for _, src := range []string{
		"package add\nfunc TestMain(m *testing.M) {}\n",
		"package add\nfunc TestA(*testing.T) {}\n",
		"package add\nfunc TestA(_ *testing.T) {}\n",
		"package other\nfunc TestA(t *testing.T) {}\n",
		"package add\nfunc TestA(t *testing.T) {\n",
	} {
		tests := testFiles{pkg: "add"}
		if out, err := tests.instrument("a_test.go", []byte(src)); err == nil {
			t.Errorf("instrument(%q) = %q, want an error", src, out)
		}
	}
}

// script makes a go command of a shell script.
func script(t *testing.T, body string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a Unix shell")
	}
	path := filepath.Join(t.TempDir(), "go")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAvailable(t *testing.T) {
	for _, tt := range []struct{ name, command, want string }{
		{"missing", filepath.Join(t.TempDir(), "no-such-go"), "https://go.dev/dl/"},
		{"too old", script(t, `echo '{"GOVERSION":"go1.21.3"}'`), "go1.21.3, too old"},
		{"broken", script(t, "echo it is broken >&2; exit 1"), "it is broken"},
		{"talks nonsense", script(t, "echo hello"), `it answered "hello"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := (&Executor{Go: tt.command}).Available()
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), install) {
				t.Errorf("Available = %v; want %q in it, and what to do", err, tt.want)
			}
		})
	}
}

func TestAvailableAsksOnce(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	x := &Executor{Go: script(t, "echo asked >>"+log+"\n"+`echo '{"GOVERSION":"go1.99.1"}'`)}
	for range 3 {
		if err := x.Available(); err != nil {
			t.Fatal(err)
		}
	}
	if asked, _ := os.ReadFile(log); string(asked) != "asked\n" {
		t.Errorf("the go command was asked for its version %d times, want once", bytes.Count(asked, []byte("\n")))
	}
	if got := x.Version(); got != "go1.99.1" {
		t.Errorf("Version = %q", got)
	}
}

func TestPlanSnippetRefuses(t *testing.T) {
	x := &Executor{Go: script(t, `echo '{"GOVERSION":"go1.99.1"}'`)}
	for _, src := range []executor.Source{
		{Files: exercises.Files{"other.go": nil}},
		{Files: exercises.Files{"main.go": {}, "b.go": {}}},
		{Files: exercises.Files{"main.go": {}}, Flags: []string{"-toolexec=/bin/sh"}},
	} {
		_, err := x.Plan(t.TempDir(), src)
		if _, ok := errors.AsType[*executor.Refusal](err); !ok {
			t.Errorf("Plan(%v) = %v, want a refusal", src, err)
		}
	}
}
