package runner

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/measure"
	"hotloop/runner/report"
	"hotloop/runner/sandbox"
)

// evidence is what judge goes by, beside the report. Nothing in it was printed by the learner's program.
type evidence struct {
	canceled bool
	refusal  *executor.Refusal // the code was not run

	ended     []ending // steps that ended badly
	buildText string   // what the compiler said that is no diagnostic: its first line
	diskText  string   // and the line in which it told of a full disk

	tested *sandbox.Result // of the test binary; nil: tests were not run
	limit  time.Duration   // after which the test binary was to end itself
	sealed bool            // the channel held records of the harness and nothing else
	exits  int             // how often it said that all tests ran; once is right

	race     string // where the race detector saw the first race, if it did
	repeated string // a test that reported more than once

	stuck string // a sentence on the benchmark in which the learner's process did not answer in time
	broke string // a sentence on the benchmark in which it ended or failed
	held  string // a sentence on the benchmark in which naive or reference did not answer in time
}

// judge is the verdict on a run, and the reason in a sentence. No evidence is never "accepted": every expected test must
// have reported a pass, once; the channel must be intact to its end; the process must have ended well.
func judge(ex *exercises.Exercise, rep *report.Report, ev *evidence) (report.Verdict, string) {
	if ev.canceled {
		return report.Canceled, "The run was stopped."
	}
	if ev.refusal != nil {
		if len(ev.refusal.Diagnostics) > 0 {
			return report.CompileError, ev.refusal.Reason
		}
		return report.Invalid, ev.refusal.Reason
	}
	if ex == nil || ev.tested == nil {
		return judgeSteps(rep, ev)
	}
	if verdict, reason := judgeTests(rep.Tests, ev); verdict != report.Accepted || !takesTurns(executor.Phase(rep.Goal)) {
		return verdict, reason
	}
	return judgeBenchmarks(ex, rep, ev)
}

// judgeSteps is for runs without tests: snippets, goals before the tests, and builds that failed.
func judgeSteps(rep *report.Report, ev *evidence) (report.Verdict, string) {
	if len(ev.ended) == 0 {
		if rep.Goal == string(executor.Build) || rep.Goal == string(executor.Run) {
			return report.Accepted, ""
		}
		return report.Invalid, "Nothing was run."
	}
	end := ev.ended[0]
	if end.phase == executor.Build || end.result.Status == sandbox.Exited && notCompiled(rep) {
		return report.CompileError, compileReason(rep, ev, end.result)
	}
	if verdict, ok := limitVerdicts[end.result.Status]; ok {
		return verdict, end.result.Reason
	}
	return report.RuntimeError, endReason(rep, end.result)
}

// notCompiled is whether a step that compiles and runs got no further than that.
func notCompiled(rep *report.Report) bool {
	return slices.ContainsFunc(rep.Diagnostics, func(d report.Diagnostic) bool { return d.Phase == string(executor.Build) })
}

func compileReason(rep *report.Report, ev *evidence, res sandbox.Result) string {
	if res.Status != sandbox.Exited {
		return ofCompiler.Replace(res.Reason)
	}
	errs := errorsOf(rep)
	if len(errs) == 0 {
		return strings.TrimSpace("The code does not compile. " + ev.buildText)
	}
	first, _, _ := strings.Cut(errs[0].Message, "\n")
	reason := fmt.Sprintf("%s:%d: %s", errs[0].File, errs[0].Line, first)
	if n := len(errs) - 1; n > 0 {
		reason += fmt.Sprintf(" (and %d more)", n)
	}
	return reason
}

// ofCompiler makes the sandbox's reason why a program ended one why the compiler did.
var ofCompiler = strings.NewReplacer("Stopped", "The compiler was stopped", "Your program", "The compiler")

// errorsOf are the diagnostics that are not mere remarks.
func errorsOf(rep *report.Report) []report.Diagnostic {
	return slices.DeleteFunc(slices.Clone(rep.Diagnostics), func(d report.Diagnostic) bool { return d.Severity == "warning" })
}

func endReason(rep *report.Report, res sandbox.Result) string {
	if errs := errorsOf(rep); len(errs) > 0 {
		return fmt.Sprintf("%s:%d: %s", errs[0].File, errs[0].Line, errs[0].Message)
	}
	if res.Status == sandbox.Signaled {
		return fmt.Sprintf("The program was ended by signal %s.", res.Signal)
	}
	return fmt.Sprintf("The program ended with exit status %d.", res.ExitCode)
}

var limitVerdicts = map[sandbox.Status]report.Verdict{
	sandbox.TimeLimit:    report.TimeLimitExceeded,
	sandbox.MemoryLimit:  report.MemoryLimitExceeded,
	sandbox.OutputLimit:  report.OutputLimitExceeded,
	sandbox.ProcessLimit: report.ProcessLimitExceeded,
	sandbox.Canceled:     report.Canceled,
}

// judgeTests goes from what ended the process, over what failed, to what is missing.
func judgeTests(all []report.Test, ev *evidence) (report.Verdict, string) {
	tests := slices.DeleteFunc(slices.Clone(all), func(t report.Test) bool { return strings.Contains(t.Name, "/") })
	failed := withStatus(tests, report.TestFail)
	died := withStatus(tests, report.TestError)
	res := ev.tested
	switch {
	case limitVerdicts[res.Status] != "":
		return limitVerdicts[res.Status], during(died) + res.Reason
	case ev.exits == 0 && res.Wall >= ev.limit && ev.limit > 0:
		return report.TimeLimitExceeded, fmt.Sprintf("%sStopped after %v: time limit.", during(died), ev.limit)
	case !ev.sealed:
		return report.Invalid, "The result could not be verified: something wrote to the channel of the tests."
	case len(died) > 0 && (res.Status != sandbox.Exited || res.ExitCode != 0):
		return report.RuntimeError, during(died) + diedOf(died[0], res)
	case ev.exits == 0 && res.ExitCode == 0:
		return report.Invalid, "The program ended before the tests had finished, with exit status 0. os.Exit is no way out of a test."
	case ev.exits == 0:
		return report.RuntimeError, "The program ended before the tests could begin: " + diedOf(report.Test{}, res)
	case len(failed) > 0:
		return report.WrongAnswer, failedReason(failed, len(tests))
	case ev.exits > 1 || ev.repeated != "":
		return report.Invalid, "The result could not be verified: tests reported more than once."
	}
	for _, t := range tests {
		if t.Status != report.TestPass {
			return report.Invalid, fmt.Sprintf("There is no result of %s: it did not run to its end.", t.Name)
		}
	}
	if ev.race != "" && res.ExitCode != 0 {
		return report.WrongAnswer, "Between the tests, or after them: " + ev.race
	}
	if len(tests) == 0 || res.Status != sandbox.Exited || res.ExitCode != 0 {
		return report.Invalid, fmt.Sprintf("The result could not be verified: all tests passed, and yet the exit status was %d.", res.ExitCode)
	}
	return report.Accepted, ""
}

func withStatus(tests []report.Test, status string) (found []report.Test) {
	for _, t := range tests {
		if t.Status == status {
			found = append(found, t)
		}
	}
	return found
}

// during names the tests that had begun and not ended.
func during(died []report.Test) string {
	if len(died) == 0 {
		return ""
	}
	names := make([]string, len(died))
	for i, t := range died {
		names[i] = t.Name
	}
	return "In " + strings.Join(names, ", ") + ": "
}

func diedOf(t report.Test, res *sandbox.Result) string {
	first, _, _ := strings.Cut(t.Message, "\n")
	switch {
	case first != "":
		return first
	case res.Status == sandbox.Signaled:
		return "the program was ended by signal " + res.Signal + "."
	}
	return fmt.Sprintf("the program ended with exit status %d.", res.ExitCode)
}

func failedReason(failed []report.Test, of int) string {
	if len(failed) == 1 {
		return failed[0].Name + " failed."
	}
	return fmt.Sprintf("%d of %d tests failed, %s first.", len(failed), of, failed[0].Name)
}

// judgeBenchmarks is for solutions whose tests all passed.
func judgeBenchmarks(ex *exercises.Exercise, rep *report.Report, ev *evidence) (report.Verdict, string) {
	for _, end := range ev.ended { // Canceled is what measure does to those that are stuck
		if verdict, ok := limitVerdicts[end.result.Status]; ok && verdict != report.Canceled && takesTurns(end.phase) {
			return verdict, end.result.Reason
		}
	}
	switch {
	case ev.stuck != "":
		return report.TimeLimitExceeded, ev.stuck
	case ev.broke != "":
		return report.RuntimeError, ev.broke
	}
	if rep.Goal == string(executor.Profile) {
		if len(rep.Profiles) == 0 {
			return report.Invalid, "Nothing was profiled."
		}
		return report.Accepted, ""
	}
	if b := firstTarget(rep, measure.No); b != nil {
		return report.TargetMissed, missedReason(b)
	}
	if ev.held != "" {
		return report.Inconclusive, ev.held
	}
	for _, t := range ex.Targets {
		if !slices.ContainsFunc(rep.Benchmarks, func(b report.Benchmark) bool { return b.Name == t.Benchmark && b.Unit == t.Unit && b.Target != nil }) {
			return report.Invalid, fmt.Sprintf("%s (%s), which has a target, was not measured.", t.Benchmark, t.Unit)
		}
	}
	if b := firstTarget(rep, measure.Inconclusive); b != nil {
		return report.Inconclusive, fmt.Sprintf("%s (%s) cannot be told from its target: %s.", b.Name, b.Unit, b.Note)
	}
	return report.Accepted, ""
}

func firstTarget(rep *report.Report, met measure.Decision) *report.Benchmark {
	for i, b := range rep.Benchmarks {
		if b.Target != nil && b.Met == met {
			return &rep.Benchmarks[i]
		}
	}
	return nil
}

func missedReason(b *report.Benchmark) string {
	if b.Target.AtMost != nil {
		return fmt.Sprintf("%s: %s; at most %s is wanted.", b.Name, measure.Format(b.Yours.Center, b.Unit), measure.Format(*b.Target.AtMost, b.Unit))
	}
	return fmt.Sprintf("%s (%s) is %.3g times as good as naive; %g times is wanted.", b.Name, b.Unit, b.Speedup.Center, b.Target.Speedup)
}
