package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"hotloop/exercises"
	"hotloop/runner"
	"hotloop/runner/executor"
	"hotloop/runner/measure"
	"hotloop/runner/report"
)

const addYAML = `title: Add two numbers
summary: The smallest exercise there is.
difficulty: 1
minutes: 10
lesson: arithmetic/adding
seed: [L1.1]
concepts: [sum]
limits: {time: 5s, memory: 64MiB}
targets:
  - {benchmark: Add, unit: sec/op, speedup: 2, why: A sum is one instruction.}
hints: [What?, How?, So.]
follow_ups: [And three?]
pitfalls: [Overflow.]
libraries:
  - {path: math/big, why: It has no overflow.}
mutants:
  - {name: subtracts, why: w, killed_by: TestAdd, file: add.go, find: a + b, replace: a - b}
  - {name: ignores-b, why: w, killed_by: TestAdd, file: add.go, find: a + b, replace: a}
  - {name: ignores-a, why: w, killed_by: TestZero, file: add.go, find: a + b, replace: b}
  - {name: loops, why: w, killed_by: TestAdd, file: add.go, find: a + b, replace: loop(a + b)}
  - {name: slow, why: w, killed_by: "target:Add/sec/op", file: add.go, find: a + b, replace: slowly(a + b)}
`

// add is the exercise; edit changes its exercise.yaml.
func add(t *testing.T, edit ...string) *exercises.Exercise {
	t.Helper()
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	const dir = "arithmetic/add/"
	catalog, err := exercises.Load(fstest.MapFS{
		"kit/kit.go":                      file("package kit\n"),
		dir + "README.md":                 file("# Add\n\nWrite Add.\n"),
		dir + "exercise.yaml":             file(strings.NewReplacer(edit...).Replace(addYAML)),
		dir + "add.go":                    file("package add\n\nfunc Add(a, b int) int { return a + b }\n"),
		dir + "add_test.go":               file("package add\n\nimport \"testing\"\n\nfunc TestAdd(t *testing.T) {}\n\nfunc TestZero(t *testing.T) {}\n"),
		dir + "add_bench_test.go":         file("package add\n\nimport \"testing\"\n\nfunc BenchmarkAdd(b *testing.B) {\n\tfor b.Loop() {\n\t\tAdd(1, 2)\n\t}\n}\n"),
		dir + "starter/add.go":            file("package add\n\nfunc Add(a, b int) int { return 0 }\n"),
		dir + "alternatives/other/add.go": file("package add\n\nfunc Add(a, b int) int { return a - -b }\n"),
		dir + "naive/add.go":              file("package add\n\nfunc Add(a, b int) int { return count(a, b) }\n\nfunc count(a, b int) int { return b + a }\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	e, err := catalog.Lookup("add")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// A machine is a runner.Func for the exercise above that answers from a table: body of Add → what each run comes to, the
// last one again and again.
type machine struct {
	mu      sync.Mutex
	answers map[string][]report.Report
	runs    map[string]int
	whole   map[string]int // runs that nobody ended
	jobs    map[string]runner.Job
	fails   error
	running int
	most    int // runs at once
}

func (m *machine) run(ctx context.Context, job runner.Job, h report.Handler) error {
	m.mu.Lock()
	if m.running++; m.running > m.most {
		m.most = m.running
	}
	_, body, _ := strings.Cut(string(job.Files["add.go"]), "{ return ")
	body, _, _ = strings.Cut(body, " }")
	rep, ok := m.next(body, job)
	m.jobs[body] = job
	m.mu.Unlock()
	defer func() { m.mu.Lock(); m.running--; m.mu.Unlock() }()

	if m.fails != nil {
		return m.fails
	}
	if !ok {
		return errors.New("the test knows no variant that returns " + body)
	}
	rep.Exercise, rep.Goal = job.Exercise, string(job.Goal)
	if err := h.Handle(report.Event{Output: &report.Output{Text: "go: no space left on device\n"}}); err != nil {
		return err
	}
	for _, test := range rep.Tests {
		for _, status := range []string{report.TestRun, test.Status} {
			test.Status = status
			if err := h.Handle(report.Event{Test: &test}); err != nil {
				return fmt.Errorf("telling what happened: %w", err)
			}
		}
	}
	m.mu.Lock()
	m.whole[body]++
	m.mu.Unlock()
	return h.Handle(report.Event{Report: &rep})
}

// next is the answer to the next run of body. Whoever asks for tests only gets no benchmarks.
func (m *machine) next(body string, job runner.Job) (report.Report, bool) {
	list := m.answers[body]
	if len(list) == 0 {
		return report.Report{}, false
	}
	rep := list[min(m.runs[body], len(list)-1)]
	m.runs[body]++
	if job.Goal == executor.Test && len(rep.Benchmarks) > 0 {
		rep.Benchmarks, rep.Verdict = nil, report.Accepted
	}
	return rep, true
}

const starterBody, referenceBody, otherBody, naiveBody = "0", "a + b", "a - -b", "count(a, b)"

// wellMade answers as an exercise without problems does; changes replace answers.
func wellMade(changes map[string][]report.Report) *machine {
	m := &machine{runs: map[string]int{}, whole: map[string]int{}, jobs: map[string]runner.Job{}, answers: map[string][]report.Report{
		starterBody:     {wrong("TestAdd")},
		referenceBody:   {measured(report.Accepted, measure.Yes)},
		otherBody:       {measured(report.Accepted, measure.Yes)},
		naiveBody:       {measured(report.TargetMissed, measure.No)},
		"a - b":         {wrong("TestAdd", "TestZero")},
		"a":             {wrong("TestAdd")},
		"b":             {wrong("TestZero")},
		"loop(a + b)":   {tested(report.TimeLimitExceeded, "TestAdd error")},
		"slowly(a + b)": {measured(report.TargetMissed, measure.No)},
	}}
	for body, answers := range changes {
		m.answers[body] = answers
	}
	return m
}

// tested is a report with tests: "TestAdd fail". What is not named passed.
func tested(v report.Verdict, tests ...string) report.Report {
	rep := report.Report{Verdict: v, Tests: []report.Test{{Name: "TestAdd", Status: "pass"}, {Name: "TestZero", Status: "pass"}}}
	for _, named := range tests {
		name, status, _ := strings.Cut(named, " ")
		i := slices.IndexFunc(rep.Tests, func(t report.Test) bool { return t.Name == name })
		if rep.Tests[i].Status = status; status == "gone" {
			rep.Tests = slices.Delete(rep.Tests, i, i+1)
		} else if status != "pass" {
			rep.Tests[i].Message = "add_test.go:5: Add(1, 2) = 0, want 3"
		}
	}
	if v != report.Accepted {
		rep.Reason = "Reason."
	}
	return rep
}

func wrong(tests ...string) report.Report {
	for i := range tests {
		tests[i] += " fail"
	}
	return tested(report.WrongAnswer, tests...)
}

func measured(v report.Verdict, met measure.Decision) report.Report {
	rep := tested(v)
	rep.Benchmarks = []report.Benchmark{
		{Name: "Add", Unit: "B/op"},
		{Name: "Add", Unit: "sec/op", Target: &report.Target{Speedup: 2}, Met: met},
	}
	return rep
}

func notCompiling() report.Report {
	return report.Report{Verdict: report.CompileError, Reason: "add.go:3: undefined: x",
		Diagnostics: []report.Diagnostic{{File: "add.go", Line: 3, Message: "undefined: x"}}}
}

func TestExercise(t *testing.T) {
	unsure := measured(report.Inconclusive, measure.Inconclusive)
	for _, tt := range []struct {
		name    string
		changes map[string][]report.Report
		edit    []string // of exercise.yaml: old, new
		want    string   // the one problem; "" if there is none
	}{
		{name: "well made"},
		{name: "well made without targets", edit: []string{
			"targets:\n  - {benchmark: Add, unit: sec/op, speedup: 2, why: A sum is one instruction.}\n", "",
			`"target:Add/sec/op"`, "TestAdd"},
			changes: map[string][]report.Report{naiveBody: {tested(report.Accepted)}, otherBody: {tested(report.Accepted)}, "slowly(a + b)": {wrong("TestAdd")}}},
		{name: "starter misses a target only", changes: map[string][]report.Report{starterBody: {measured(report.TargetMissed, measure.No)}}},
		{name: "starter panics", changes: map[string][]report.Report{starterBody: {tested(report.RuntimeError, "TestAdd error")}}},
		{name: "mutant panics", changes: map[string][]report.Report{"a": {tested(report.RuntimeError, "TestAdd error", "TestZero gone")}}},
		{name: "mutant hangs without an end record", changes: map[string][]report.Report{"a": {tested(report.TimeLimitExceeded, "TestAdd run")}}},
		{name: "reference is noisy at first", changes: map[string][]report.Report{referenceBody: {unsure, unsure, measured(report.Accepted, measure.Yes)}}},
		{name: "naive is noisy at first", changes: map[string][]report.Report{naiveBody: {unsure, measured(report.TargetMissed, measure.No)}}},
		{name: "naive misses one target for certain", changes: map[string][]report.Report{naiveBody: {measured(report.Inconclusive, measure.No)}}},

		{name: "starter solved", changes: map[string][]report.Report{starterBody: {measured(report.Accepted, measure.Yes)}},
			want: "starter is accepted: nobody should begin with a solved exercise"},
		{name: "starter nearly solved", changes: map[string][]report.Report{starterBody: {unsure}},
			want: "starter passes every test, and misses no target clearly, in 3 runs"},
		{name: "starter does not compile", changes: map[string][]report.Report{starterBody: {notCompiling()}},
			want: "starter does not compile: compile error: add.go:3: undefined: x"},
		{name: "starter hangs", changes: map[string][]report.Report{starterBody: {tested(report.TimeLimitExceeded, "TestZero error")}},
			want: "starter runs into the time limit: time limit exceeded: Reason. TestZero: add_test.go:5"},
		{name: "starter panics before its tests", changes: map[string][]report.Report{starterBody: {tested(report.RuntimeError)}},
			want: "starter ends without a failed test: runtime error: Reason."},
		{name: "starter eats memory", changes: map[string][]report.Report{starterBody: {tested(report.MemoryLimitExceeded, "TestAdd error")}},
			want: "starter: memory limit exceeded"},
		{name: "starter calls os.Exit", changes: map[string][]report.Report{starterBody: {tested(report.Invalid, "TestAdd gone")}},
			want: "starter: invalid: Reason."},

		{name: "reference broken", changes: map[string][]report.Report{referenceBody: {wrong("TestZero")}},
			want: "reference is not accepted: wrong answer: Reason. TestZero: add_test.go:5: Add(1, 2) = 0, want 3"},
		{name: "reference does not compile", changes: map[string][]report.Report{referenceBody: {notCompiling()}},
			want: "reference does not compile"},
		{name: "alternative fails a test", changes: map[string][]report.Report{otherBody: {wrong("TestZero")}},
			want: "alternative other is not accepted: wrong answer: Reason. TestZero: add_test.go:5: Add(1, 2) = 0, want 3"},
		{name: "alternative misses a target", changes: map[string][]report.Report{otherBody: {measured(report.TargetMissed, measure.No)}},
			want: "alternative other is not accepted: target missed: Reason."},
		{name: "alternative is noisy at first", changes: map[string][]report.Report{otherBody: {unsure, measured(report.Accepted, measure.Yes)}}},
		{name: "alternative never sure", changes: map[string][]report.Report{otherBody: {unsure}},
			want: "alternative other is not accepted: inconclusive"},
		{name: "alternative does not compile", changes: map[string][]report.Report{otherBody: {notCompiling()}},
			want: "alternative other does not compile"},
		{name: "the compiler fails", changes: map[string][]report.Report{referenceBody: {{Verdict: report.CompileError, Reason: "The code does not compile."}}},
			want: "reference does not compile: compile error: The code does not compile. go: no space left on device"},
		{name: "reference too slow", changes: map[string][]report.Report{referenceBody: {measured(report.TargetMissed, measure.No)}},
			want: "reference is not accepted: target missed"},
		{name: "reference never sure", changes: map[string][]report.Report{referenceBody: {unsure}},
			want: "reference is not accepted: inconclusive"},

		{name: "naive fast", changes: map[string][]report.Report{naiveBody: {measured(report.Accepted, measure.Yes)}},
			want: "naive meets every target"},
		{name: "naive wrong", changes: map[string][]report.Report{naiveBody: {wrong("TestAdd")}},
			want: "naive does not pass the tests: wrong answer: Reason. TestAdd"},
		{name: "naive never sure", changes: map[string][]report.Report{naiveBody: {unsure}},
			want: "naive misses no target clearly, in 3 runs"},
		{name: "naive does not compile", changes: map[string][]report.Report{naiveBody: {notCompiling()}},
			want: "naive does not compile"},

		{name: "mutant survives", changes: map[string][]report.Report{"a - b": {tested(report.Accepted)}},
			want: "mutant subtracts survived: TestAdd passed; tests that failed: none"},
		{name: "mutant killed by another test", changes: map[string][]report.Report{"a - b": {wrong("TestZero")}},
			want: "mutant subtracts survived: TestAdd passed; tests that failed: TestZero"},
		{name: "mutant ends before its test", changes: map[string][]report.Report{"b": {tested(report.RuntimeError, "TestAdd error", "TestZero gone")}},
			want: "mutant ignores-a survived: TestZero did not run; tests that failed: TestAdd"},
		{name: "its test is skipped", changes: map[string][]report.Report{"b": {tested(report.Invalid, "TestZero skip")}},
			want: "mutant ignores-a survived: TestZero was skipped: add_test.go:5: Add(1, 2) = 0, want 3; tests that failed: none"},
		{name: "its test is not in the report", changes: map[string][]report.Report{"b": {tested(report.Accepted, "TestZero gone")}},
			want: "mutant ignores-a survived: there is no TestZero; tests that failed: none"},
		{name: "mutant does not compile", changes: map[string][]report.Report{"b": {notCompiling()}},
			want: "mutant ignores-a does not compile"},

		{name: "slow mutant meets the target", changes: map[string][]report.Report{"slowly(a + b)": {measured(report.Accepted, measure.Yes)}},
			want: "mutant slow survived: it meets the target of Add/sec/op"},
		{name: "slow mutant is never sure", changes: map[string][]report.Report{"slowly(a + b)": {unsure}},
			want: "mutant slow misses Add/sec/op not clearly, in 3 runs"},
		{name: "slow mutant is wrong", changes: map[string][]report.Report{"slowly(a + b)": {wrong("TestAdd")}},
			want: "mutant slow was not measured: tests failed: TestAdd"},
		{name: "slow mutant does not compile", changes: map[string][]report.Report{"slowly(a + b)": {notCompiling()}},
			want: "mutant slow does not compile"},
		{name: "slow mutant was not measured", changes: map[string][]report.Report{"slowly(a + b)": {tested(report.Accepted)}},
			want: "mutant slow was not measured by target:Add/sec/op: accepted"},
	} {
		r, err := Exercise(t.Context(), wellMade(tt.changes).run, add(t, tt.edit...), Options{})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		problems := r.Problems
		if tt.want == "" && len(problems) > 0 {
			t.Errorf("%s: problems %v, want none", tt.name, problems)
		}
		if tt.want != "" && (len(problems) != 1 || !strings.HasPrefix(problems[0].String(), "add: "+tt.want)) {
			t.Errorf("%s: problems %v, want one that begins %q", tt.name, problems, "add: "+tt.want)
		}
		for _, p := range problems {
			if p.Hint == "" || p.Variant == "" || p.Exercise != "add" {
				t.Errorf("%s: %+v has no hint, variant or exercise", tt.name, p)
			}
		}
	}
}

func TestProblemsComeInOrder(t *testing.T) {
	m := wellMade(map[string][]report.Report{
		"b": {tested(report.Accepted)}, "a": {tested(report.Accepted)}, starterBody: {notCompiling()}, naiveBody: {wrong("TestAdd")},
	})
	r, err := Exercise(t.Context(), m.run, add(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var variants []string
	for _, p := range r.Problems {
		variants = append(variants, p.Variant)
	}
	if want := []string{"starter", "naive", "ignores-b", "ignores-a"}; !slices.Equal(variants, want) {
		t.Errorf("problems of %q, want %q", variants, want)
	}
}

func TestNotesOfTheRunAreTold(t *testing.T) {
	rep := tested(report.Accepted)
	rep.Steps = []report.Step{{Phase: "build", Status: "exited", Note: "without the race detector"}}
	r, err := Exercise(t.Context(), wellMade(map[string][]report.Report{"a": {rep}}).run, add(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Hint, "without the race detector") {
		t.Errorf("problems %+v; want one whose hint tells the note", r.Problems)
	}
}

func TestProgressTellsEachVariant(t *testing.T) {
	var lines []string
	m := wellMade(map[string][]report.Report{"a": {tested(report.Accepted)}})
	if _, err := Exercise(t.Context(), m.run, add(t), Options{Progress: func(line string) { lines = append(lines, line) }}); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(lines, "\n")
	if len(lines) != 9 || !strings.Contains(lines[8], "add: 9 of 9: ") || !strings.Contains(all, "alternative other is accepted") || !strings.Contains(all, "mutant subtracts is killed by TestAdd") ||
		!strings.Contains(all, "mutant ignores-b survived") {
		t.Errorf("progress of nine variants:\n%s", all)
	}
	if m.most > parallel {
		t.Errorf("%d runs at once, want at most %d", m.most, parallel)
	}
}

func TestOurFailureIsAnError(t *testing.T) {
	broken := errors.New("no space left on device")
	m := wellMade(nil)
	m.fails = broken
	r, err := Exercise(t.Context(), m.run, add(t), Options{})
	if !errors.Is(err, broken) || r != nil || !strings.Contains(err.Error(), "checking add") {
		t.Errorf("Exercise on a full disk = %v, %v; want no result and the error", r, err)
	}
	silent := func(context.Context, runner.Job, report.Handler) error { return nil }
	if _, err := Exercise(t.Context(), silent, add(t), Options{}); err == nil || !strings.Contains(err.Error(), "without a report") {
		t.Errorf("Exercise with a runner that reports nothing: %v", err)
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	runs := 0
	var mu sync.Mutex
	stopped := func(ctx context.Context, job runner.Job, h report.Handler) error {
		mu.Lock()
		defer mu.Unlock()
		runs++
		cancel()
		return h.Handle(report.Event{Report: &report.Report{Verdict: report.Canceled}})
	}
	if _, err := Exercise(ctx, stopped, add(t), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Exercise after Ctrl-C: %v, want context.Canceled", err)
	}
	if runs > parallel {
		t.Errorf("%d runs were started although the first one was stopped", runs)
	}
}
