package runner

import (
	"strings"
	"testing"
	"time"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/measure"
	"hotloop/runner/report"
	"hotloop/runner/sandbox"
)

// Each row changes one thing of a run that would be accepted.
func TestJudge(t *testing.T) {
	atMost := 0.0
	exited := func(code int) *sandbox.Result { return &sandbox.Result{Status: sandbox.Exited, ExitCode: code} }
	stopped := func(status sandbox.Status, reason string) *sandbox.Result {
		return &sandbox.Result{Status: status, ExitCode: -1, Reason: reason}
	}
	test := func(status string) func(*report.Report, *evidence) {
		return func(rep *report.Report, ev *evidence) { rep.Tests[1].Status = status }
	}
	speed := func(met measure.Decision) func(*report.Report, *evidence) {
		return func(rep *report.Report, _ *evidence) {
			rep.Goal = string(executor.Bench)
			rep.Benchmarks = []report.Benchmark{{Name: "Get", Unit: "sec/op", Speedup: &measure.Interval{Center: 2.5}, Met: met,
				Target: &report.Target{Speedup: 5}, Note: "too noisy"}}
		}
	}
	ended := func(phase executor.Phase, res *sandbox.Result) func(*report.Report, *evidence) {
		return func(rep *report.Report, ev *evidence) {
			rep.Tests, ev.tested, ev.sealed, ev.exits = nil, nil, false, 0
			ev.ended = []ending{{phase: phase, result: *res}}
		}
	}
	for _, tt := range []struct {
		name    string
		change  func(rep *report.Report, ev *evidence)
		verdict report.Verdict
		reason  string
	}{
		{"nothing", func(*report.Report, *evidence) {}, report.Accepted, ""},
		{"canceled", func(_ *report.Report, ev *evidence) { ev.canceled = true }, report.Canceled, "The run was stopped."},
		{"refused for its name", func(_ *report.Report, ev *evidence) { ev.refusal = &executor.Refusal{Reason: "No."} }, report.Invalid, "No."},
		{"refused for a line", func(_ *report.Report, ev *evidence) {
			ev.refusal = &executor.Refusal{Reason: "No.", Diagnostics: []report.Diagnostic{{}}}
		}, report.CompileError, "No."},

		{"does not compile", func(rep *report.Report, ev *evidence) {
			ended(executor.Build, exited(1))(rep, ev)
			rep.Diagnostics = []report.Diagnostic{{File: "a.go", Line: 3, Message: "odd", Severity: "warning"},
				{File: "a.go", Line: 4, Message: "undefined: x\n\tmore"}, {File: "a.go", Line: 9}}
		}, report.CompileError, "a.go:4: undefined: x (and 1 more)"},
		{"compiler stopped", ended(executor.Build, stopped(sandbox.MemoryLimit, "Stopped: memory limit.")), report.CompileError, "The compiler was stopped: memory limit."},
		{"compiler killed", ended(executor.Build, stopped(sandbox.Signaled, "Your program was ended by signal killed.")), report.CompileError, "The compiler was ended by signal killed."},
		{"not run", func(rep *report.Report, ev *evidence) { rep.Tests, ev.tested = nil, nil }, report.Invalid, "Nothing was run."},

		{"a test fails", test(report.TestFail), report.WrongAnswer, "TestB failed."},
		{"two tests fail", func(rep *report.Report, ev *evidence) {
			rep.Tests[0].Status, rep.Tests[1].Status, ev.tested = report.TestFail, report.TestFail, exited(1)
		}, report.WrongAnswer, "2 of 2 tests failed, TestA first."},
		{"a test is skipped", test(report.TestSkip), report.Invalid, "There is no result of TestB: it did not run to its end."},
		{"a test has no status", test(""), report.Invalid, "There is no result of TestB: it did not run to its end."},
		{"no tests", func(rep *report.Report, _ *evidence) { rep.Tests = nil }, report.Invalid, "The result could not be verified"},
		{"a test that reports twice", func(_ *report.Report, ev *evidence) { ev.repeated = "TestA" }, report.Invalid, "more than once"},
		{"two ends", func(_ *report.Report, ev *evidence) { ev.exits = 2 }, report.Invalid, "more than once"},
		{"broken channel", func(_ *report.Report, ev *evidence) { ev.sealed = false }, report.Invalid, "could not be verified"},
		{"all pass and exit status 1", func(_ *report.Report, ev *evidence) { ev.tested = exited(1) }, report.Invalid, "the exit status was 1"},
		{"no end, exit status 0", func(_ *report.Report, ev *evidence) { ev.exits = 0 }, report.Invalid, "before the tests had finished"},
		{"no end, exit status 2", func(_ *report.Report, ev *evidence) { ev.exits, ev.tested = 0, exited(2) }, report.RuntimeError, "exit status 2"},

		{"panic", func(rep *report.Report, ev *evidence) {
			test(report.TestError)(rep, ev)
			rep.Tests[1].Message = "a.go:3: panic: no\nmore"
			ev.exits, ev.tested = 0, exited(2)
		}, report.RuntimeError, "In TestB: a.go:3: panic: no"},
		{"killed", func(rep *report.Report, ev *evidence) {
			test(report.TestError)(rep, ev)
			ev.exits, ev.tested = 0, &sandbox.Result{Status: sandbox.Signaled, Signal: "SIGSEGV"}
		}, report.RuntimeError, "In TestB: the program was ended by signal SIGSEGV."},
		{"ended itself at its limit", func(rep *report.Report, ev *evidence) {
			test(report.TestError)(rep, ev)
			ev.exits, ev.tested = 0, &sandbox.Result{Status: sandbox.Exited, ExitCode: 2, Wall: 5001 * time.Millisecond}
		}, report.TimeLimitExceeded, "In TestB: Stopped after 5s: time limit."},
		{"time", func(rep *report.Report, ev *evidence) {
			test(report.TestError)(rep, ev)
			ev.tested = stopped(sandbox.TimeLimit, "Stopped after 6 s.")
		}, report.TimeLimitExceeded, "In TestB: Stopped after 6 s."},
		{"memory", func(_ *report.Report, ev *evidence) { ev.tested = stopped(sandbox.MemoryLimit, "Too much.") }, report.MemoryLimitExceeded, "Too much."},
		{"output", func(_ *report.Report, ev *evidence) { ev.tested = stopped(sandbox.OutputLimit, "Too much.") }, report.OutputLimitExceeded, "Too much."},
		{"processes", func(_ *report.Report, ev *evidence) { ev.tested = stopped(sandbox.ProcessLimit, "Too many.") }, report.ProcessLimitExceeded, "Too many."},

		{"target met", speed(measure.Yes), report.Accepted, ""},
		{"target missed", speed(measure.No), report.TargetMissed, "Get (sec/op) is 2.5 times as good as naive; 5 times is wanted."},
		{"target open", speed(measure.Inconclusive), report.Inconclusive, "Get (sec/op) cannot be told from its target: too noisy."},
		{"missed and open", func(rep *report.Report, ev *evidence) {
			speed(measure.Inconclusive)(rep, ev)
			rep.Benchmarks = append(rep.Benchmarks, report.Benchmark{Name: "Kept", Unit: "B", Yours: &measure.Interval{Center: 12},
				Met: measure.No, Target: &report.Target{AtMost: &atMost}})
		}, report.TargetMissed, "Kept: 12 B; at most 0 B is wanted."},
		{"benchmark stuck", func(rep *report.Report, ev *evidence) {
			speed(measure.Yes)(rep, ev)
			ev.stuck = "BenchmarkGet hangs."
		}, report.TimeLimitExceeded, "BenchmarkGet hangs."},
		{"benchmark fails", func(rep *report.Report, ev *evidence) {
			speed(measure.Yes)(rep, ev)
			ev.broke = "BenchmarkGet failed."
		}, report.RuntimeError, "BenchmarkGet failed."},
		{"naive held up", func(rep *report.Report, ev *evidence) {
			rep.Goal = string(executor.Bench) // and Get was not measured
			ev.held = "BenchmarkGet of naive did not come to an end."
		}, report.Inconclusive, "BenchmarkGet of naive did not come to an end."},
		{"target missed, and then naive held up", func(rep *report.Report, ev *evidence) {
			speed(measure.No)(rep, ev)
			ev.held = "BenchmarkGet of naive did not come to an end."
		}, report.TargetMissed, "5 times is wanted."},
		{"benchmark needs too much memory", func(rep *report.Report, ev *evidence) {
			speed(measure.Yes)(rep, ev)
			ev.ended = []ending{{phase: executor.Bench, result: *stopped(sandbox.MemoryLimit, "Too much.")}}
			ev.broke = "BenchmarkGet failed."
		}, report.MemoryLimitExceeded, "Too much."},
		{"no benchmark at all", func(rep *report.Report, _ *evidence) { rep.Goal = string(executor.Bench) }, report.Invalid, "Get (sec/op), which has a target, was not measured."},
		{"another unit measured", func(rep *report.Report, ev *evidence) {
			speed(measure.Yes)(rep, ev)
			rep.Benchmarks[0].Unit = "B/op"
		}, report.Invalid, "Get (sec/op), which has a target, was not measured."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rep := &report.Report{Goal: string(executor.Test), Tests: []report.Test{
				{Name: "TestA", Status: report.TestPass}, {Name: "TestB", Status: report.TestPass}, {Name: "TestB/sub", Status: report.TestFail}}}
			ev := &evidence{tested: exited(0), limit: 5 * time.Second, sealed: true, exits: 1}
			tt.change(rep, ev)
			verdict, reason := judge(&exercises.Exercise{Targets: []exercises.Target{{Benchmark: "Get", Unit: "sec/op"}}}, rep, ev)
			if verdict != tt.verdict || !strings.Contains(reason, tt.reason) || (reason == "") != (verdict == report.Accepted) {
				t.Errorf("judge = %q, %q; want %q, … %q …", verdict, reason, tt.verdict, tt.reason)
			}
		})
	}
}

func TestJudgeSnippet(t *testing.T) {
	for _, tt := range []struct {
		name    string
		ended   []ending
		verdict report.Verdict
	}{
		{"ends well", nil, report.Accepted},
		{"panics", []ending{{phase: executor.Run, result: sandbox.Result{Status: sandbox.Exited, ExitCode: 2}}}, report.RuntimeError},
		{"crashes", []ending{{phase: executor.Run, result: sandbox.Result{Status: sandbox.Signaled, Signal: "SIGSEGV"}}}, report.RuntimeError},
		{"takes too long", []ending{{phase: executor.Run, result: sandbox.Result{Status: sandbox.TimeLimit, Reason: "Stopped."}}}, report.TimeLimitExceeded},
	} {
		verdict, reason := judge(nil, &report.Report{Goal: string(executor.Run)}, &evidence{ended: tt.ended})
		if verdict != tt.verdict || (reason == "") != (verdict == report.Accepted) {
			t.Errorf("%s: judge = %q, %q; want %q", tt.name, verdict, reason, tt.verdict)
		}
	}
}
