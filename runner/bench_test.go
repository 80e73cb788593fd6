package runner

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/measure"
	"hotloop/runner/report"
)

func benchJob(source string) Job {
	job := solution(source)
	job.Goal = executor.Bench
	return job
}

func find(t *testing.T, rep *report.Report, name, unit string) report.Benchmark {
	t.Helper()
	i := slices.IndexFunc(rep.Benchmarks, func(b report.Benchmark) bool { return b.Name == name && b.Unit == unit })
	if i < 0 {
		t.Fatalf("no benchmark %s in %s; verdict %q, %q, benchmarks %+v", name, unit, rep.Verdict, rep.Reason, rep.Benchmarks)
	}
	return rep.Benchmarks[i]
}

func TestBenchReference(t *testing.T) {
	rep, events := run(t, benchJob(adderReference))
	sum := find(t, rep, "Sum", "sec/op")
	if sum.Met != measure.Yes || sum.Rounds < minGenerations*minUsed || sum.Yours == nil || sum.Naive == nil || sum.Reference == nil {
		t.Errorf("Sum in sec/op is %+v; want it met in at least %d rounds, with three variants", sum, minGenerations*minUsed)
	}
	if allocs := find(t, rep, "Sum", "allocs/op"); allocs.Met != measure.Yes || allocs.Naive.Center < 1 {
		t.Errorf("Sum in allocs/op is %+v; want yours to make none, and naive at least one", allocs)
	}
	kept := find(t, rep, "Kept", "kept-B")
	if kept.Met != measure.Yes || kept.Rounds != countedRounds || kept.Naive.Lo < 20*60 {
		t.Errorf("Kept is %+v; want it met in %d rounds, and naive to keep 60 slices", kept, countedRounds)
	}
	if rep.Verdict != report.Accepted {
		t.Errorf("verdict %q, %q; want accepted", rep.Verdict, rep.Reason)
	}
	variants := map[string]int{}
	for _, s := range rep.Series {
		if len(s.Points) == 0 {
			t.Errorf("series %s of %s has no points", s.Name, s.Variant)
		}
		variants[s.Name]++
	}
	for _, name := range []string{"kept", "heap", "goroutines"} {
		if variants[name] != 3 {
			t.Errorf("series %s has %d variants, want 3; series: %v", name, variants[name], variants)
		}
	}
	samples := 0
	for _, e := range events {
		if e.Sample != nil {
			samples++
		}
	}
	if samples < 3*minGenerations*minUsed {
		t.Errorf("%d samples were told, want three a round", samples)
	}
	if q := rep.Environment.Quiet; q < 0 || q > 1 || rep.Environment.CPU == "" {
		t.Errorf("environment %+v; want a processor and a quiet of 0 to 1", rep.Environment)
	}
}

func TestBenchNaiveMissesTarget(t *testing.T) {
	rep, _ := run(t, benchJob(adderNaive))
	if rep.Verdict != report.TargetMissed || !strings.HasPrefix(rep.Reason, "Sum (sec/op) is ") {
		t.Errorf("verdict %q, %q; want that Sum misses its target", rep.Verdict, rep.Reason)
	}
	if kept := find(t, rep, "Kept", "kept-B"); kept.Met != measure.No {
		t.Errorf("Kept is %+v; want its target missed", kept)
	}
}

func TestBenchNeedsPassingTests(t *testing.T) {
	rep, events := run(t, benchJob(wrong("", before)))
	if rep.Verdict != report.WrongAnswer || len(rep.Benchmarks) > 0 {
		t.Errorf("verdict %q, benchmarks %+v; want wrong answer and none", rep.Verdict, rep.Benchmarks)
	}
	for _, e := range events {
		if e.Sample != nil {
			t.Fatalf("a wrong answer was measured: %+v", e.Sample)
		}
	}
}

// A version to compare with that does not come to an end says nothing about the learner's.
func TestBenchOtherIsHeldUp(t *testing.T) {
	content := adder()
	content["arithmetic/add/naive/add.go"].Data = []byte("package add\n\nfunc Add(a, b int) int { return a + b }\n\nfunc Sum([]int) int { select {} }\n")
	r := newRunner(t)
	var err error
	if r.Exercises, err = exercises.Load(content); err != nil {
		t.Fatal(err)
	}
	rep := runOn(t, r, benchJob(adderReference))
	if want := "BenchmarkSum of naive, which is measured beside yours, did not come to an end within"; rep.Verdict != report.Inconclusive || !strings.HasPrefix(rep.Reason, want) {
		t.Errorf("verdict %q, %q; want inconclusive, %q …", rep.Verdict, rep.Reason, want)
	}
}

// Solutions that pass the tests and misbehave when they are measured: Sum of 100 zeros.
func TestBenchMisbehaves(t *testing.T) {
	only := func(code string) string {
		return strings.Replace(adderReference, "(sum int) {\n", "(sum int) {\n\tif len(xs) == 100 {\n"+code+"\n\t}\n", 1)
	}
	withOS := func(s string) string { return strings.Replace(s, "package add\n", "package add\n\nimport \"os\"\n", 1) }
	for _, tt := range []struct {
		name, source string
		verdict      report.Verdict
		reason       string
	}{
		{"panics", only(`panic("no")`), report.RuntimeError, "BenchmarkSum failed"},
		{"exits", withOS(only(`os.Exit(0)`)), report.RuntimeError, "BenchmarkSum failed"},
		{"hangs", only("for {\n}"), report.TimeLimitExceeded, "BenchmarkSum did not come to an end within"},
		{"waits", only("select {}"), report.TimeLimitExceeded, "it waits for what does not come"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rep, _ := run(t, benchJob(tt.source))
			if rep.Verdict != tt.verdict || !strings.Contains(rep.Reason, tt.reason) {
				t.Errorf("verdict %q, %q; want %q, … %q …", rep.Verdict, rep.Reason, tt.verdict, tt.reason)
			}
		})
	}
}

func TestBenchCancel(t *testing.T) {
	r := newRunner(t)
	r.Budget = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	var last report.Event
	err := r.Run(ctx, benchJob(adderReference), report.HandlerFunc(func(e report.Event) error {
		if e.Sample != nil {
			cancel()
		}
		last = e
		return nil
	}))
	if err != nil || last.Report == nil || last.Report.Verdict != report.Canceled {
		t.Errorf("Run = %v, last event %+v; want a report that says canceled", err, last)
	}
}

func TestSnippet(t *testing.T) {
	for _, tt := range []struct {
		name, source string
		verdict      report.Verdict
		output       string
	}{
		{"prints", "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hello\", min(2, 1)) }\n", report.Accepted, "hello 1\n"},
		{"panics", "package main\n\nfunc main() { panic(\"boom\") }\n", report.RuntimeError, "panic: boom"},
		{"does not compile", "package main\n\nfunc main() { x }\n", report.CompileError, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rep, events := run(t, Job{Goal: executor.Run, Files: exercises.Files{"main.go": []byte(tt.source)}})
			if rep.Verdict != tt.verdict {
				t.Errorf("verdict %q, %q; want %q", rep.Verdict, rep.Reason, tt.verdict)
			}
			var text strings.Builder
			for _, e := range events {
				if e.Output != nil {
					text.WriteString(e.Output.Text)
				}
			}
			if !strings.Contains(text.String(), tt.output) {
				t.Errorf("output %q, want %q in it", text.String(), tt.output)
			}
			if tt.verdict != report.Accepted && (len(rep.Diagnostics) == 0 || rep.Diagnostics[0].File != "main.go" || rep.Diagnostics[0].Line != 3) {
				t.Errorf("diagnostics %+v; want one on main.go:3", rep.Diagnostics)
			}
		})
	}
}

// Of runs at the same time each has its own folder, its own report and its own tests.
func TestRunsAtTheSameTime(t *testing.T) {
	r := newRunner(t)
	verdicts := make([]report.Verdict, 4)
	var wg sync.WaitGroup
	for i := range verdicts {
		source, want := adderReference, report.Accepted
		if i%2 == 1 {
			source, want = wrong("", before), report.WrongAnswer
		}
		wg.Go(func() {
			err := r.Run(t.Context(), solution(source), report.HandlerFunc(func(e report.Event) error {
				if e.Report != nil {
					verdicts[i] = e.Report.Verdict
				}
				return nil
			}))
			if err != nil || verdicts[i] != want {
				t.Errorf("run %d: %q, %v; want %q", i, verdicts[i], err, want)
			}
		})
	}
	wg.Wait()
	if left, _ := os.ReadDir(r.Dir); len(left) > 0 {
		t.Errorf("the runs left %s behind", left[0])
	}
}
