package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/measure"
	"hotloop/runner/report"
)

// starter must compile and then fail a test, or miss a target where the bad code is what one begins with; and it must
// not run into a limit, or everybody's first run is a long wait.
func starter(ctx context.Context, c *checker, t *trial) (*Problem, error) {
	rep, err := c.test(ctx, t, executor.Test)
	if err != nil {
		return nil, err
	}
	if rep.Verdict == report.Accepted && len(c.e.Targets) > 0 {
		rep, err = c.measure(ctx, t, func(rep *outcome) bool { return rep.Verdict != report.Inconclusive })
		if err != nil {
			return nil, err
		}
	}
	switch rep.Verdict {
	case report.WrongAnswer, report.RuntimeError, report.TargetMissed:
		if rep.Verdict != report.TargetMissed && len(failed(rep)) == 0 {
			return problem("take out what ends the program before its tests report",
				"starter ends without a failed test: %s", because(rep)), nil
		}
		return nil, nil
	case report.Accepted:
		return problem("leave a TODO in it that at least one test notices",
			"starter is accepted: nobody should begin with a solved exercise"), nil
	case report.Inconclusive:
		return problem("leave a TODO in it that at least one test notices",
			"starter passes every test, and misses no target clearly, in %d runs", attempts), nil
	case report.CompileError:
		return compileProblem("starter", rep), nil
	case report.TimeLimitExceeded:
		return problem("let it fail at once: a wrong result instead of a loop or lock without end",
			"starter runs into the time limit: %s", because(rep)), nil
	}
	return problem("a starter compiles, runs and fails a test", "starter: %s", because(rep)), nil
}

// correct must be accepted: the reference, and what does it another way.
func correct(ctx context.Context, c *checker, t *trial) (*Problem, error) {
	var rep *outcome
	var err error
	if t.goal == executor.Test {
		rep, err = c.test(ctx, t, t.goal)
	} else {
		rep, err = c.measure(ctx, t, func(rep *outcome) bool { return rep.Verdict != report.Inconclusive })
	}
	if err != nil || rep.Verdict == report.Accepted {
		return nil, err
	}
	name := title(t.variant)
	if rep.Verdict == report.CompileError {
		return compileProblem(name, rep), nil
	}
	hint := "the reference must pass its own tests within the limits"
	switch isTarget := rep.Verdict == report.TargetMissed || rep.Verdict == report.Inconclusive; {
	case isTarget && t.variant.Role == exercises.Alternative:
		hint = "make the target easier to reach: it asks for the reference's way, or let the alternative do better if its way is no good one"
	case isTarget:
		hint = "make the target easier to reach than what was measured here, with room for a slower machine"
	case t.variant.Role == exercises.Alternative:
		hint = "let the tests ask for what the statement promises and nothing else, or correct the alternative"
	}
	return problem(hint, "%s is not accepted: %s", name, because(rep)), nil
}

// naive must pass every test and miss a target, if there are targets.
func naive(ctx context.Context, c *checker, t *trial) (*Problem, error) {
	var rep *outcome
	var err error
	if t.goal == executor.Bench {
		rep, err = c.measure(ctx, t, func(rep *outcome) bool { return missed(rep) || rep.Verdict != report.Inconclusive })
	} else {
		rep, err = c.test(ctx, t, executor.Test)
	}
	if err != nil {
		return nil, err
	}
	switch rep.Verdict {
	case report.Accepted:
		if t.goal == executor.Bench {
			return problem("measure what it does badly, with enough input that it shows",
				"naive meets every target: the benchmarks do not tell it from the reference"), nil
		}
	case report.TargetMissed:
	case report.Inconclusive:
		if !missed(rep) {
			return problem("take more input, or a target that is further from what naive does",
				"naive misses no target clearly, in %d runs: %s", attempts, because(rep)), nil
		}
	case report.CompileError:
		return compileProblem("naive", rep), nil
	default:
		return problem("the naive version is correct; what it does badly is for a benchmark to show, not for a test",
			"naive does not pass the tests: %s", because(rep)), nil
	}
	return nil, nil
}

// mutant must compile and be noticed by the test it names. A hang, panic or deadlock in that test counts.
func mutant(ctx context.Context, c *checker, t *trial) (*Problem, error) {
	rep, err := c.test(ctx, t, executor.Test)
	if errors.Is(err, errKilled) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if rep.Verdict == report.CompileError {
		return compileProblem(title(t.variant), rep), nil
	}
	killer := t.variant.KilledBy
	i := slices.IndexFunc(rep.Tests, func(test report.Test) bool { return test.Name == killer })
	switch {
	case i >= 0 && notices(rep.Tests[i]):
		return nil, nil
	case i >= 0 && rep.Tests[i].Status == report.TestPass:
		return survived(t.variant, killer+" passed", rep), nil
	case i >= 0:
		return survived(t.variant, strings.TrimSuffix(killer+" was skipped: "+rep.Tests[i].Message, ": "), rep), nil
	case len(failed(rep)) > 0 || rep.Verdict != report.Accepted:
		return survived(t.variant, killer+" did not run", rep), nil
	}
	return survived(t.variant, "there is no "+killer, rep), nil
}

func survived(v exercises.Variant, what string, rep *outcome) *Problem {
	others := strings.Join(failed(rep), ", ")
	if others == "" {
		others = "none"
	}
	hint := "let " + v.KilledBy + " notice the mistake, or take the mutant out if the statement allows it"
	if others != "none" {
		hint = "name in killed_by a test that notices, or let " + v.KilledBy + " do so"
	}
	if notes := notes(rep); notes != "" {
		hint += "; mind that the run says: " + notes
	}
	return problem(hint, "mutant %s survived: %s; tests that failed: %s", v.Name, what, others)
}

// notes are what the run says of its own steps: that it had to do without the race detector, say.
func notes(rep *outcome) string {
	var said []string
	for _, s := range rep.Steps {
		if s.Variant == "" && s.Note != "" {
			said = append(said, s.Note)
		}
	}
	return strings.Join(said, "; ")
}

// killingTarget is the benchmark and unit of "target:GetHit/sec/op".
func killingTarget(v exercises.Variant) (benchmark, unit string, ok bool) {
	target, ok := strings.CutPrefix(v.KilledBy, "target:")
	if !ok {
		return "", "", false
	}
	benchmark, unit, _ = strings.Cut(target, "/")
	return benchmark, unit, true
}

// measuredMutant must pass the tests and miss the target it names.
func measuredMutant(ctx context.Context, c *checker, t *trial) (*Problem, error) {
	benchmark, unit, _ := killingTarget(t.variant)
	find := func(rep *outcome) *report.Benchmark {
		i := slices.IndexFunc(rep.Benchmarks, func(b report.Benchmark) bool {
			return b.Name == benchmark && b.Unit == unit && b.Target != nil
		})
		if i < 0 {
			return nil
		}
		return &rep.Benchmarks[i]
	}
	rep, err := c.measure(ctx, t, func(rep *outcome) bool {
		b := find(rep)
		return b == nil || b.Met != measure.Inconclusive
	})
	if err != nil {
		return nil, err
	}
	name := title(t.variant)
	b := find(rep)
	switch {
	case rep.Verdict == report.CompileError:
		return compileProblem(name, rep), nil
	case b == nil && len(failed(rep)) > 0:
		return problem("name that test in killed_by", "%s was not measured: tests failed: %s", name, strings.Join(failed(rep), ", ")), nil
	case b == nil:
		return problem("killed_by names a benchmark and unit with a target", "%s was not measured by %s: %s", name, t.variant.KilledBy, because(rep)), nil
	case b.Met == measure.No:
		return nil, nil
	case b.Met == measure.Inconclusive:
		return problem("let the mutant do more harm, or move the target", "%s misses %s/%s not clearly, in %d runs", name, benchmark, unit, attempts), nil
	}
	return problem("let the benchmark show the mistake, or move the target", "mutant %s survived: it meets the target of %s/%s", t.variant.Name, benchmark, unit), nil
}

// missed says whether a target is missed for certain.
func missed(rep *outcome) bool {
	return slices.ContainsFunc(rep.Benchmarks, func(b report.Benchmark) bool { return b.Met == measure.No })
}

func problem(hint, format string, args ...any) *Problem {
	return &Problem{Message: fmt.Sprintf(format, args...), Hint: hint}
}

func compileProblem(name string, rep *outcome) *Problem {
	said := because(rep)
	if output := strings.TrimSpace(rep.output.String()); len(rep.Diagnostics) == 0 && output != "" {
		said += " " + output
	}
	return problem("a variant that does not compile shows nothing", "%s does not compile: %s", name, said)
}

// because is why a run was judged as it was: the reason, and the message of the first failed test that has one.
func because(rep *outcome) string {
	said := strings.TrimSuffix(fmt.Sprintf("%s: %s", rep.Verdict, rep.Reason), ": ")
	for _, t := range rep.Tests {
		if notices(t) && t.Message != "" {
			return said + " " + t.Name + ": " + strings.TrimSpace(t.Message)
		}
	}
	return said
}
