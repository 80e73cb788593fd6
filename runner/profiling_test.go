package runner

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/profile"
	"hotloop/runner/report"
)

func profileJob(source string) Job {
	job := solution(source)
	job.Goal = executor.Profile
	return job
}

func findProfile(t *testing.T, rep *report.Report, variant, kind string) report.Profile {
	t.Helper()
	i := slices.IndexFunc(rep.Profiles, func(p report.Profile) bool { return p.Variant == variant && p.Kind == kind })
	if i < 0 {
		t.Fatalf("no %s profile of %s; verdict %q, %q, profiles %+v", kind, variant, rep.Verdict, rep.Reason, rep.Profiles)
	}
	return rep.Profiles[i]
}

// lineWith is the one line of the profile's listing that has text in it.
func lineWith(t *testing.T, p report.Profile, text string) report.ProfileLine {
	t.Helper()
	var found []report.ProfileLine
	for _, l := range p.Lines {
		if strings.Contains(l.Text, text) {
			found = append(found, l)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d lines of %s have %q in them, want 1: %+v", len(found), p.Kind, text, p.Lines)
	}
	return found[0]
}

func TestProfile(t *testing.T) {
	rep, events := run(t, profileJob(adderNaive))
	if rep.Verdict != report.Accepted {
		t.Fatalf("verdict %q, %q; want accepted: a profile judges no speed", rep.Verdict, rep.Reason)
	}
	cpu := findProfile(t, rep, "yours", report.CPU)
	if !slices.Equal(cpu.Benchmarks, []string{"Sum"}) || cpu.Unit != "sec" || cpu.Total <= 0 || cpu.Samples == 0 {
		t.Errorf("CPU time of %v: %g %s in %d samples; want some of Sum alone: Kept is not timed", cpu.Benchmarks, cpu.Total, cpu.Unit, cpu.Samples)
	}
	hot := 0.0
	for _, l := range cpu.Lines {
		hot += l.Flat
		if want := strings.Split(adderNaive, "\n")[l.Line-1]; l.File != "add.go" || l.Text != want {
			t.Errorf("line %s:%d is %q, want %q", l.File, l.Line, l.Text, want)
		}
	}
	if hot < cpu.Total/2 {
		t.Errorf("the lines of Sum and Add have %g s of %g s; want most of it", hot, cpu.Total)
	}

	// Of allocations nothing is estimated: one slice of 100 ints, in the size class of 896 bytes, each time.
	alloc := findProfile(t, rep, "yours", report.Alloc)
	made := lineWith(t, alloc, "append([]int(nil), xs...)")
	if made.Objects == 0 || made.Cum < 896*float64(made.Objects)*0.5 || alloc.Objects < made.Objects {
		t.Errorf("%+v of %d objects in all; want each slice there, and the list that holds them", made, alloc.Objects)
	}

	// Kept reads the live heap after every 20 of 60 calls; all 60 slices are still there.
	kept := findProfile(t, rep, "yours", report.Kept)
	left := lineWith(t, kept, "append([]int(nil), xs...)")
	if !slices.Contains(kept.Benchmarks, "Kept") || left.Objects < 60 || left.Cum < 60*800 {
		t.Errorf("kept by %v: %+v; want 60 slices of 100 ints", kept.Benchmarks, left)
	}
	naive := findProfile(t, rep, "naive", report.CPU)
	if len(naive.Lines) > 0 || len(naive.Functions) == 0 {
		t.Errorf("naive: %d lines, %d functions; want no lines of code that is not the learner's", len(naive.Lines), len(naive.Functions))
	}
	if i := slices.IndexFunc(rep.Profiles, func(p report.Profile) bool { return p.Variant == "reference" }); i >= 0 {
		t.Errorf("the reference is profiled: its functions would tell the solution")
	}

	files := map[string]*report.Pprof{}
	for _, e := range events {
		if e.Pprof != nil {
			files[e.Pprof.Name()] = e.Pprof
		}
	}
	for _, p := range rep.Profiles {
		file := files[p.Variant+"-"+p.Kind+".pb.gz"]
		if file == nil {
			t.Errorf("the %s profile of %s was not told as a file", p.Kind, p.Variant)
			continue
		}
		read, err := profile.Read(p.Kind, file.Data)
		if err != nil {
			t.Fatalf("%s: %v", file.Name(), err)
		}
		again := read.Report(p.Variant, p.Benchmarks, nil, false)
		if math.Abs(again.Total-p.Total) > 1e-9*p.Total || again.Samples != p.Samples || again.Objects != p.Objects {
			t.Errorf("%s shows %g in %d, %d; the report %g in %d, %d", file.Name(), again.Total, again.Samples, again.Objects, p.Total, p.Samples, p.Objects)
		}
	}
}

func TestProfileOfReferenceHasNothingKept(t *testing.T) {
	job := profileJob(adderReference)
	rep, _ := run(t, job)
	if alloc := findProfile(t, rep, "yours", report.Alloc); alloc.Objects != 0 || alloc.Total != 0 {
		t.Errorf("a sum without allocations has %d objects, %g bytes: %+v", alloc.Objects, alloc.Total, alloc.Functions)
	}
	if kept := findProfile(t, rep, "yours", report.Kept); kept.Total >= 1000 {
		t.Errorf("%g bytes are kept; want next to none: %+v", kept.Total, kept.Functions)
	}
}

func TestProfileOfOneBenchmark(t *testing.T) {
	job := profileJob(adderNaive)
	job.Bench = "Kept"
	rep, _ := run(t, job)
	if cpu := findProfile(t, rep, "yours", report.CPU); !slices.Equal(cpu.Benchmarks, []string{"Kept"}) {
		t.Errorf("profiled %v, want Kept", cpu.Benchmarks)
	}
	job.Bench = "Gone"
	if err := newRunner(t).Run(t.Context(), job, report.Collect(new([]report.Event))); !errors.Is(err, ErrNoBenchmark) || !strings.Contains(err.Error(), "Sum") {
		t.Errorf("Run with a benchmark that is none: %v; want ErrNoBenchmark and those that there are", err)
	}
}

func TestProfileNeedsPassingTests(t *testing.T) {
	rep, _ := run(t, profileJob(wrong("", before)))
	if rep.Verdict != report.WrongAnswer || len(rep.Profiles) > 0 {
		t.Errorf("verdict %q, profiles %+v; want wrong answer and none", rep.Verdict, rep.Profiles)
	}
}

// A solution that makes a profile of its own all the time gets no CPU profile, and is told so.
func TestProfileOfAProfiler(t *testing.T) {
	rep, _ := run(t, profileJob(strings.Replace(adderReference, "package add\n", `package add

import (
	"io"
	"runtime/pprof"
)

func init() { pprof.StartCPUProfile(io.Discard) }
`, 1)))
	if rep.Verdict != report.Accepted {
		t.Errorf("verdict %q, %q; want accepted", rep.Verdict, rep.Reason)
	}
	if i := slices.IndexFunc(rep.Profiles, func(p report.Profile) bool { return p.Variant == "yours" && p.Kind == report.CPU && p.Samples > 0 }); i >= 0 {
		t.Errorf("there is a profile with samples: %+v", rep.Profiles[i])
	}
	findProfile(t, rep, "yours", report.Alloc)
}

// Functions and lines stand where the learner wrote them, whatever was inserted into the tests.
func TestProfileHasTheLearnersLines(t *testing.T) {
	source := adderNaive + "\n// A comment at the end.\n"
	rep, _ := run(t, Job{Exercise: "add", Goal: executor.Profile, Bench: "Sum", Files: exercises.Files{"add.go": []byte(source)}})
	cpu := findProfile(t, rep, "yours", report.CPU)
	i := slices.IndexFunc(cpu.Functions, func(f report.ProfileFunction) bool { return f.Name == "Sum" })
	if i < 0 || !cpu.Functions[i].Own || cpu.Functions[i].File != "add.go" || cpu.Functions[i].Cum < cpu.Functions[i].Flat {
		t.Errorf("functions %+v; want Sum of add.go", cpu.Functions)
	}
}

// A solution that leaks is one that is worth profiling: it must not run out of memory by that.
func TestProfileOfALeakFitsIntoTheMemory(t *testing.T) {
	leaky := strings.Replace(adderReference, "	for _, x := range xs {\n", "	kept = append(kept, make([]byte, 64<<10))\n	for _, x := range xs {\n", 1) + "\nvar kept [][]byte\n"
	job := profileJob(leaky)
	job.Bench = "Sum"
	rep, _ := run(t, job)
	if rep.Verdict != report.Accepted {
		t.Fatalf("verdict %q, %q; want accepted: 128 MiB are 2000 calls", rep.Verdict, rep.Reason)
	}
	if made := lineWith(t, findProfile(t, rep, "yours", report.Alloc), "64<<10"); made.Cum < 64<<10 {
		t.Errorf("allocated by the line: %+v; want 64 KiB a call", made)
	}
	findProfile(t, rep, "yours", report.CPU)
}
