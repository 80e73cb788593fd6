package runner

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/executor/gotool"
	"hotloop/runner/report"
)

// profiler is the adder's exercise where the sum may be taken with the help of a module.
func profiler(t *testing.T) *exercises.Catalog {
	t.Helper()
	files := adder()
	file := files["arithmetic/add/exercise.yaml"]
	files["arithmetic/add/exercise.yaml"] = &fstest.MapFile{
		Data: []byte(strings.Replace(string(file.Data), "allowed: [", "allowed: [github.com/google/pprof/profile, ", 1)),
	}
	c, err := exercises.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// profiled sums the way of the adder's reference, over the samples of a profile.
const profiled = `package add

import "github.com/google/pprof/profile"

func Add(a, b int) int { return a + b }

func Sum(xs []int) (sum int) {
	if len(xs) == 2 { // not where it is measured
		p := &profile.Profile{Sample: []*profile.Sample{{Value: []int64{int64(xs[0])}}, {Value: []int64{int64(xs[1])}}}}
		for _, s := range p.Copy().Sample {
			sum += int(s.Value[0])
		}
		return sum
	}
	for _, x := range xs {
		sum += x
	}
	return sum
}
`

func TestAllowedModules(t *testing.T) {
	plain := newRunner(t)
	boxed := newRunner(t)
	for _, tt := range []struct {
		name, source string
		goal         executor.Phase
		verdict      report.Verdict
	}{
		{"allowed", profiled, executor.Test, report.Accepted},
		{"measured", profiled, executor.Bench, report.Accepted},
		{"built by the go command", profiled, executor.Test, report.Accepted},
		{"another package of the module", strings.Replace(profiled, "pprof/profile\"", "pprof/driver\"", 1), executor.Test, report.CompileError},
		{"without it", adderReference, executor.Test, report.Accepted},
	} {
		for name, r := range map[string]*Runner{"": plain, " in a sandbox": boxed} {
			t.Run(tt.name+name, func(t *testing.T) {
				if r == boxed {
					isolate(t, r)
				}
				r.Exercises = profiler(t)
				job := solution(tt.source)
				job.Goal = tt.goal
				if tt.name == "built by the go command" { // which knows for which machines a file of this name is
					job.Files = exercises.Files{"add_linux.go": job.Files["add.go"]}
				}
				var rep *report.Report
				if err := r.Run(t.Context(), job, report.HandlerFunc(func(e report.Event) error { rep = e.Report; return nil })); err != nil {
					t.Fatal(err)
				}
				// How fast it is does not matter here, and a busy machine may not tell.
				if tt.goal == executor.Bench && rep.Verdict == report.Inconclusive {
					return
				}
				if rep.Verdict != tt.verdict {
					t.Errorf("verdict %q, %s; want %q\nsteps: %+v\n%+v", rep.Verdict, rep.Reason, tt.verdict, rep.Steps, rep.Diagnostics)
				}
				for _, step := range rep.Steps {
					if strings.HasPrefix(tt.name, "allowed") && strings.Contains(step.Note, "takes longer") {
						t.Errorf("step %s: %s; want the direct way", step.Phase, step.Note)
					}
				}
			})
		}
	}
}

func TestMissingModule(t *testing.T) {
	t.Setenv("GOMODCACHE", t.TempDir())
	catalog := profiler(t)
	ex, err := catalog.Lookup("add")
	if err != nil {
		t.Fatal(err)
	}
	x := &gotool.Executor{CacheDir: cacheDir()}
	if err := x.Available(); err != nil {
		t.Skip(err)
	}
	r := &Runner{Exercises: catalog, Executors: []executor.Executor{x}, Sandbox: newRunner(t).Sandbox, Dir: t.TempDir()}
	want := `"go mod download ` + ex.Modules()[0].String() + `"`
	failure := r.Run(t.Context(), solution(profiled), report.HandlerFunc(func(report.Event) error { return nil }))
	_, diagnosed := x.Diagnose(t.Context(), ex, exercises.Files{"add.go": []byte(profiled)})
	for doing, err := range map[string]error{"Run": failure, "Diagnose": diagnosed, "Ready": x.Ready(ex), "Prepare": x.Prepare(t.Context(), ex)} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s without the module: %v; want %s in it", doing, err, want)
		}
	}
}

func TestDiagnoseAllowedModules(t *testing.T) {
	ex, err := profiler(t).Lookup("add")
	if err != nil {
		t.Fatal(err)
	}
	x := &gotool.Executor{CacheDir: cacheDir()}
	if err := x.Available(); err != nil {
		t.Skip(err)
	}
	for source, want := range map[string]string{
		profiled: "",
		strings.Replace(profiled, "p.Copy()", "p.Clone()", 1): "add.go:10: p.Clone undefined",
	} {
		found, err := x.Diagnose(t.Context(), ex, exercises.Files{"add.go": []byte(source)})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, d := range found {
			got += fmt.Sprintf("%s:%d: %s\n", d.File, d.Line, d.Message)
		}
		if want == "" && got != "" || !strings.HasPrefix(got, want) {
			t.Errorf("diagnostics %q, want %q", got, want)
		}
	}
}
