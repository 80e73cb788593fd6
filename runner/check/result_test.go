package check

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/measure"
	"hotloop/runner/report"
)

func showing(t *testing.T, r *Result, variant string) Showing {
	t.Helper()
	i := slices.IndexFunc(r.Variants, func(s Showing) bool { return s.Variant == variant })
	if i < 0 {
		t.Fatalf("no variant %s in %+v", variant, r.Variants)
	}
	return r.Variants[i]
}

func TestResult(t *testing.T) {
	m := wellMade(map[string][]report.Report{"b": {tested(report.Accepted)}})
	r, err := Exercise(t.Context(), m.run, add(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Exercise != "add" || r.Mutants != 5 || r.Killed != 4 || len(r.Problems) != 1 || len(r.Variants) != 9 {
		t.Errorf("result %+v; want nine variants, one of five mutants with a problem", r)
	}
	for variant, want := range map[string]string{
		"starter":   "wrong answer by TestAdd, 1 of 1, 0 targets",
		"reference": "accepted by , 1 of 1, 1 targets",
		"other":     "accepted by , 1 of 1, 1 targets",
		"naive":     "target missed by Add/sec/op, 1 of 1, 1 targets",
		"subtracts": " by TestAdd, 1 of 1, 0 targets",
		"ignores-a": "accepted by , 0 of 1, 0 targets",
		"loops":     "time limit exceeded by TestAdd, 1 of 1, 0 targets",
		"slow":      "target missed by Add/sec/op, 1 of 1, 1 targets",
	} {
		s := showing(t, r, variant)
		if got := fmt.Sprintf("%s by %s, %d of %d, %d targets", s.Verdict, s.By, s.Right, s.Runs, len(s.Targets)); got != want {
			t.Errorf("%s: %s; want %s", variant, got, want)
		}
	}
	text, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(text), `"variant":"naive","role":"naive","runs":1,"right":1,"verdict":"target missed","by":"Add/sec/op","targets":[{"name":"Add"`) {
		t.Errorf("%v, as JSON %s", err, text)
	}
}

func TestRepeat(t *testing.T) {
	good, unsure := measured(report.Accepted, measure.Yes), measured(report.Inconclusive, measure.Inconclusive)
	m := wellMade(map[string][]report.Report{
		referenceBody: {good, unsure, good, measured(report.TargetMissed, measure.No), good},
		starterBody:   {wrong("TestAdd"), wrong("TestZero"), wrong("TestAdd"), measured(report.TargetMissed, measure.No)},
	})
	var lines []string
	r, err := Exercise(t.Context(), m.run, add(t), Options{Repeat: 4, Progress: func(line string) { lines = append(lines, line) }})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Problems) != 1 || r.Problems[0].String() != "add: reference was right 3 of 4 times: reference is not accepted: target missed: Reason." {
		t.Errorf("problems %v; want one, of the reference", r.Problems)
	}
	for variant, want := range map[string]string{
		"starter": "4 of 4, 0 could not tell", "reference": "3 of 4, 1 could not tell", "other": "4 of 4, 0 could not tell",
		"naive": "1 of 1, 0 could not tell", "subtracts": "1 of 1, 0 could not tell",
	} {
		s := showing(t, r, variant)
		if got := fmt.Sprintf("%d of %d, %d could not tell", s.Right, s.Runs, s.Undecided); got != want {
			t.Errorf("%s: %s; want %s", variant, got, want)
		}
	}
	if all := strings.Join(lines, "\n"); !strings.Contains(all, "alternative other: right in 3 of 3 runs, of 4") || !strings.Contains(all, "alternative other is accepted, 4 of 4 times") {
		t.Errorf("progress of repeated runs:\n%s", all)
	}
}

func TestMutantIsStoppedByItsTest(t *testing.T) {
	m := wellMade(nil)
	if _, err := Exercise(t.Context(), m.run, add(t), Options{}); err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]int{"a - b": 0, "b": 0, "loop(a + b)": 1, starterBody: 1} {
		if m.runs[body] != 1 || m.whole[body] != want {
			t.Errorf("%s: %d runs, %d of them to the end; want 1 and %d: what comes after the failed test of a mutant does not matter", body, m.runs[body], m.whole[body], want)
		}
	}
}

func TestJobsAskForNoMoreThanIsNeeded(t *testing.T) {
	m := wellMade(nil)
	if _, err := Exercise(t.Context(), m.run, add(t), Options{}); err != nil {
		t.Fatal(err)
	}
	for body, job := range m.jobs {
		bench := ""
		if body == "slowly(a + b)" {
			bench = "Add"
		}
		if !job.Brief || job.Bench != bench {
			t.Errorf("%s: brief %v, benchmark %q; want true, %q", body, job.Brief, job.Bench, bench)
		}
	}
}

func TestTestedBeforeMeasured(t *testing.T) {
	c := &checker{e: add(t)}
	for v, err := range c.e.Variants() {
		if err != nil {
			t.Fatal(err)
		}
		c.trials = append(c.trials, c.newTrial(v, 1))
	}
	unreadable := &trial{variant: exercises.Variant{Name: "gone"}, problem: &Problem{}}
	c.trials = append(c.trials, unreadable)
	var goals []string
	for _, trial := range c.inOrder() {
		goals = append(goals, string(trial.goal))
	}
	want := slices.Concat(slices.Repeat([]string{string(executor.Test)}, 5), slices.Repeat([]string{string(executor.Bench)}, 4))
	if !slices.Equal(goals, want) || c.done != 1 {
		t.Errorf("goals in order: %v, want %v; %d done without a run, want 1", goals, want, c.done)
	}
}
