package runner

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/measure"
	"hotloop/runner/report"
	"hotloop/runner/sandbox/none"
)

func briefJob(source string) Job {
	job := benchJob(source)
	job.Brief = true
	return job
}

func units(rep *report.Report) string {
	var all []string
	for _, b := range rep.Benchmarks {
		all = append(all, b.Name+" "+b.Unit)
	}
	return strings.Join(all, ", ")
}

func TestBriefDecidesEveryTargetOfWhatMeetsThem(t *testing.T) {
	rep, _ := run(t, briefJob(adderReference))
	busy := rep.Verdict == report.Inconclusive // with the machine as busy as that, Sum cannot be told from its target
	if find(t, rep, "Kept", "kept-B").Met != measure.Yes || rep.Verdict != report.Accepted && !busy {
		t.Errorf("verdict %q, %q of %s; want accepted, with both benchmarks", rep.Verdict, rep.Reason, units(rep))
	}
	if kept := find(t, rep, "Kept", "kept-B"); kept.Naive != nil || kept.Reference != nil || kept.Rounds != countedRounds {
		t.Errorf("Kept is %+v; want %d rounds of yours alone: its target compares with nobody", kept, countedRounds)
	}
	if sum := find(t, rep, "Sum", "sec/op"); sum.Naive == nil || sum.Rounds < minGenerations && !busy {
		t.Errorf("Sum was decided after %d rounds; want a round of each of %d generations at least, beside naive", sum.Rounds, minGenerations)
	}
}

func TestBriefEndsWithTheFirstMiss(t *testing.T) {
	rep, _ := run(t, briefJob(adderNaive))
	if rep.Verdict != report.TargetMissed || !strings.HasPrefix(units(rep), "Sum sec/op") || strings.Contains(units(rep), "Kept") {
		t.Errorf("verdict %q of %s; want that Sum misses its target, and Kept not measured", rep.Verdict, units(rep))
	}
}

func TestOneBenchmarkIsNoEvidenceForTheOthers(t *testing.T) {
	job := briefJob(adderReference)
	job.Bench = "Kept"
	rep, _ := run(t, job)
	if got := units(rep); got != "Kept kept-B" || rep.Verdict != report.Invalid || !strings.HasPrefix(rep.Reason, "Sum (sec/op)") {
		t.Errorf("verdict %q, %q of %q; want Kept only, and no verdict without Sum", rep.Verdict, rep.Reason, got)
	}
}

// A benchmark without a target is not measured, but one that fails is noticed.
func TestBriefRunsWhatHasNoTarget(t *testing.T) {
	broken := strings.Replace(adderReference, "(sum int) {\n", "(sum int) {\n\tif len(xs) == 100 {\n\t\tpanic(\"100\")\n\t}\n", 1)
	bench := strings.Replace(adderBench, "100)\n\tvar kept", "10)\n\tvar kept", 1) // so that only BenchmarkSum sums 100 numbers
	c := addersWith(t, adderReference, adderNaive, adderTest, bench, "  - {benchmark: Kept, unit: kept-B, at_most: 20000, why: w}\n")
	r := newRunner(t)
	r.Exercises = c
	rep := runOn(t, r, briefJob(adderReference))
	if got := units(rep); got != "Kept kept-B" || rep.Verdict != report.Accepted {
		t.Errorf("verdict %q, %q of %q; want accepted for Kept alone", rep.Verdict, rep.Reason, got)
	}
	rep = runOn(t, r, briefJob(broken))
	if rep.Verdict != report.RuntimeError || !strings.Contains(rep.Reason, "BenchmarkSum") {
		t.Errorf("verdict %q, %q; want that BenchmarkSum failed", rep.Verdict, rep.Reason)
	}
}

// A runner that measures alone waits for who builds and tests, and lets nobody in meanwhile; any other only keeps the
// second benchmark waiting.
func TestAlone(t *testing.T) {
	for _, alone := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := &Runner{Executors: []executor.Executor{planned{}}, Sandbox: none.Driver{}, Alone: alone}
			enter := func(ctx context.Context, phase executor.Phase) (entered chan func()) {
				a, err := r.newAttempt(Job{Executor: "planned", Files: exercises.Files{}, Goal: phase})
				if err != nil {
					t.Fatal(err)
				}
				a.tell = &teller{rep: a.rep, events: make(chan report.Event, 1)} // that it waits
				kinds := []chan struct{}{r.places}
				if phase == executor.Bench {
					kinds = a.toMeasure()
				}
				entered = make(chan func(), 1)
				go func() {
					if leave, ok := a.enter(ctx, phase, kinds...); ok {
						entered <- leave
					}
				}()
				synctest.Wait()
				return entered
			}
			in := func(entered chan func()) bool { synctest.Wait(); return len(entered) == 1 }
			ctx, cancel := context.WithCancel(t.Context())

			builds := enter(ctx, executor.Build)
			measures := enter(ctx, executor.Bench)
			if in(measures) == alone {
				t.Errorf("alone %v: measuring began beside a build: %v", alone, !alone)
			}
			(<-builds)()
			builds = enter(ctx, executor.Build)
			if !in(measures) || in(builds) == alone {
				t.Errorf("alone %v: measures %v, and then builds %v", alone, in(measures), in(builds))
			}
			second := enter(ctx, executor.Bench)
			if in(second) {
				t.Errorf("alone %v: two measure at once", alone)
			}
			cancel()
			synctest.Wait()
			(<-measures)()
			if len(builds) == 1 {
				(<-builds)()
			}
			if in(second) || len(r.places) != 0 || len(r.measuring) != 0 {
				t.Errorf("alone %v: after the end %d places and %d benchmarks are taken, want none", alone, len(r.places), len(r.measuring))
			}
		})
	}
}

// planned is an executor that is never asked for a plan.
type planned struct{ executor.Executor }

func (planned) Name() string     { return "planned" }
func (planned) Available() error { return nil }
