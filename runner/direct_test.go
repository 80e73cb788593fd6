package runner

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/executor/gotool"
	"hotloop/runner/report"
)

// runWith runs the job with x, on a new runner.
func runWith(t *testing.T, x *gotool.Executor, job Job) *report.Report {
	t.Helper()
	r := newRunner(t)
	r.Executors = []executor.Executor{x}
	var rep *report.Report
	err := r.Run(t.Context(), job, report.HandlerFunc(func(e report.Event) error { rep = e.Report; return nil }))
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	return rep
}

// detour is why the build or vet went another way than the direct one; empty if they did not.
func detour(rep *report.Report) string {
	for _, s := range rep.Steps {
		if s.Phase == string(executor.Build) || s.Phase == string(executor.Vet) {
			if s.Note != "" {
				return s.Phase + ": " + s.Note
			}
		}
	}
	return ""
}

// indirect is an executor whose go command refuses to list packages, so that nothing can be built directly.
func indirect(t *testing.T) *gotool.Executor {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a Unix shell")
	}
	found, err := exec.LookPath("go")
	if err != nil {
		t.Skip(err)
	}
	script := filepath.Join(t.TempDir(), "go")
	text := "#!/bin/sh\nif [ \"$1\" = list ]; then echo there is no list today >&2; exit 1; fi\nexec '" + found + "' \"$@\"\n"
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return &gotool.Executor{Go: script, CacheDir: t.TempDir()}
}

func TestBuildIsDirect(t *testing.T) {
	rep := runWith(t, &gotool.Executor{CacheDir: cacheDir()}, solution(adderReference))
	if rep.Verdict != report.Accepted || detour(rep) != "" {
		t.Errorf("verdict %q, %s; detour %q; want it accepted without one", rep.Verdict, rep.Reason, detour(rep))
	}
}

func TestBuildFallsBackAndSaysSo(t *testing.T) {
	rep := runWith(t, indirect(t), solution(adderReference))
	if rep.Verdict != report.Accepted {
		t.Errorf("verdict %q, %s; want accepted", rep.Verdict, rep.Reason)
	}
	if why := detour(rep); !strings.Contains(why, "go test -c") || !strings.Contains(why, "there is no list today") {
		t.Errorf("the steps' notes say %q; want how it was built, and why so", why)
	}
}

func TestBuildAfterTheBuildCacheWasCleaned(t *testing.T) {
	cache := t.TempDir()
	runWith(t, &gotool.Executor{CacheDir: cache}, solution(adderReference))
	lists, err := filepath.Glob(filepath.Join(cache, "packages-*", "packages.json"))
	if err != nil || len(lists) != 1 {
		t.Fatalf("lists of packages in the cache: %v, %v; want one", lists, err)
	}
	content, err := os.ReadFile(lists[0])
	if err != nil {
		t.Fatal(err)
	}
	gone := regexp.MustCompile(`-d"`).ReplaceAll(content, []byte(`-gone"`))
	if err := os.WriteFile(lists[0], gone, 0o600); err != nil {
		t.Fatal(err)
	}
	rep := runWith(t, &gotool.Executor{CacheDir: cache}, solution(adderReference))
	if rep.Verdict != report.Accepted || detour(rep) != "" {
		t.Errorf("verdict %q, %s; detour %q; want it accepted without one", rep.Verdict, rep.Reason, detour(rep))
	}
	if again, _ := os.ReadFile(lists[0]); strings.Contains(string(again), "-gone") {
		t.Errorf("the list of packages still names files that are not there")
	}
}

func TestBuildWithADamagedCache(t *testing.T) {
	cache := t.TempDir()
	runWith(t, &gotool.Executor{CacheDir: cache}, solution(adderReference))
	kept, err := filepath.Glob(filepath.Join(cache, "packages-*", "*"))
	if err != nil || len(kept) < 2 {
		t.Fatalf("in the cache: %v, %v", kept, err)
	}
	for _, name := range kept {
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
			if err := os.WriteFile(name, []byte("{damaged"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	rep := runWith(t, &gotool.Executor{CacheDir: cache}, solution(adderReference))
	if rep.Verdict != report.Accepted {
		t.Errorf("verdict %q, %s; detour %q; want accepted", rep.Verdict, rep.Reason, detour(rep))
	}
}

// TestBuildAfterGoWasUpgraded runs, replaces the go command, and runs again with the same executor: nothing that the old
// one compiled is used with the new one, and the build does not need a detour.
func TestBuildAfterGoWasUpgraded(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a Unix shell")
	}
	found, err := exec.LookPath("go")
	if err != nil {
		t.Skip(err)
	}
	command := filepath.Join(t.TempDir(), "go")
	install := func(version string) {
		t.Helper()
		text := "#!/bin/sh\nif [ \"$1\" = env ]; then '" + found + "' \"$@\" | sed 's/\"GOVERSION\": \"[^\"]*\"/\"GOVERSION\": \"" + version + "\"/'; exit; fi\n" +
			"exec '" + found + "' \"$@\"\n"
		if err := errors.Join(os.RemoveAll(command), os.WriteFile(command, []byte(text), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	x := &gotool.Executor{Go: command, CacheDir: t.TempDir()}
	var made [2]int
	for i, version := range []string{"go1.98.1", "go1.99.2"} {
		install(version)
		job := solution(adderReference)
		job.Goal = executor.Bench // builds naive and reference, too, which are kept
		rep := runWith(t, x, job)
		// What a busy machine leaves open of the targets is not the question here.
		decided := rep.Verdict == report.Accepted || rep.Verdict == report.Inconclusive
		if !decided || strings.Contains(detour(rep), "go test -c") || rep.Environment.Go != version {
			t.Errorf("with %s: verdict %q, %s; detour %q; told of %s", version, rep.Verdict, rep.Reason, detour(rep), rep.Environment.Go)
		}
		for _, kept := range []string{"bin/*", "packages-*"} {
			names, err := filepath.Glob(filepath.Join(x.CacheDir, filepath.FromSlash(kept)))
			if err != nil {
				t.Fatal(err)
			}
			made[i] += len(names)
		}
	}
	if made[0] == 0 || made[1] != 2*made[0] {
		t.Errorf("the old go command left %d things in the cache, and there are %d after the new one; want none used again", made[0], made[1])
	}
}

func TestBuildWithNewImports(t *testing.T) {
	source := strings.Replace(adderReference, "package add\n", `package add

import (
	"container/ring"
	"text/tabwriter"
	"io"
	_ "unsafe"
)

var _ = tabwriter.NewWriter(io.Discard, ring.New(3).Len(), 1, 1, ' ', 0)
`, 1)
	x := &gotool.Executor{CacheDir: cacheDir()}
	for range 2 {
		rep := runWith(t, x, solution(source))
		if rep.Verdict != report.Accepted || detour(rep) != "" {
			t.Fatalf("verdict %q, %s; detour %q; want it accepted without one", rep.Verdict, rep.Reason, detour(rep))
		}
	}
}

// TestDiagnosticsAreTheGoCommands compares what is told of broken code with and without the go command.
func TestDiagnosticsAreTheGoCommands(t *testing.T) {
	direct, plain := &gotool.Executor{CacheDir: cacheDir()}, indirect(t)
	for _, tt := range []struct{ name, source, want string }{
		{"type error", "package add\n\nfunc Add(a, b int) int { return a + \"b\" }\n\nfunc Sum(xs []int) int { return 0 }\n", "add.go:3:"},
		{"syntax error", "package add\n\nfunc Add(a, b int int { return 0 }\n", "add.go:3:"},
		{"missing function", "package add\n\nfunc Add(a, b int) int { return a + b }\n", "the tests use Sum"},
		{"function without body", "package add\n\nfunc Add(a, b int) int\n\nfunc Sum(xs []int) int { return 0 }\n", "missing function body"},
		{"unused import", "package add\n\nimport \"container/heap\"\n\nfunc Add(a, b int) int { return a + b }\n\nfunc Sum(xs []int) int { return 0 }\n", "imported and not used"},
		{"no such package", "package add\n\nimport _ \"no/such/package\"\n\n" + adderReference[len("package add\n"):], "no/such/package is not in std"},
		{"internal package", "package add\n\nimport _ \"internal/abi\"\n\n" + adderReference[len("package add\n"):], "internal"},
		{"newer language", "//go:build go1.99\n\n" + adderReference, ""},
		{"other type", strings.Replace(adderReference, "[]int", "[]int64", 1), "int64"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, want := runWith(t, direct, solution(tt.source)), runWith(t, plain, solution(tt.source))
			if got.Verdict != want.Verdict {
				t.Errorf("verdict %q, %q; the go command: %q, %q", got.Verdict, got.Reason, want.Verdict, want.Reason)
			}
			for _, rep := range []*report.Report{got, want} { // directly, benchmarks are not compiled to be tested
				rep.Diagnostics = slices.DeleteFunc(rep.Diagnostics, func(d report.Diagnostic) bool { return d.File == "add_bench_test.go" })
			}
			if diff := cmp.Diff(want.Diagnostics, got.Diagnostics); diff != "" {
				t.Errorf("diagnostics (-go command +direct):\n%s", diff)
			}
			all := got.Reason
			for _, d := range got.Diagnostics {
				all += "\n" + d.File + ":" + strconv.Itoa(d.Line) + ":" + d.Message
			}
			if !strings.Contains(all, tt.want) {
				t.Errorf("%q does not say %q", all, tt.want)
			}
		})
	}
}

// TestBenchmarksThatDoNotCompile: tests pass without the benchmarks, but that they don't fit does not go unsaid.
func TestBenchmarksThatDoNotCompile(t *testing.T) {
	files := adder()
	bench := files["arithmetic/add/add_bench_test.go"]
	bench.Data = bytes.Replace(bench.Data, []byte("\t\tSum(xs)\n"), []byte("\t\tTotal(xs)\n"), 1)
	const total = "\nfunc Total(xs []int) int { return Sum(xs) }\n"
	for _, name := range []string{"add.go", "naive/add.go", "starter/add.go", otherAdder} {
		files["arithmetic/add/"+name].Data = append(files["arithmetic/add/"+name].Data, total...)
	}
	c, err := exercises.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	r := newRunner(t)
	r.Exercises = c
	for goal, want := range map[executor.Phase]report.Verdict{executor.Test: report.Accepted, executor.Bench: report.CompileError} {
		job := solution(adderReference)
		job.Goal = goal
		var rep *report.Report
		if err := r.Run(t.Context(), job, report.HandlerFunc(func(e report.Event) error { rep = e.Report; return nil })); err != nil {
			t.Fatal(err)
		}
		if rep.Verdict != want {
			t.Errorf("%s: verdict %q, %s; want %q", goal, rep.Verdict, rep.Reason, want)
		}
		if len(rep.Diagnostics) != 1 || !strings.Contains(rep.Diagnostics[0].Message, "the tests use Total") {
			t.Errorf("%s: diagnostics %v; want one that tells that Total is missing", goal, rep.Diagnostics)
		}
	}
}

func TestBuildLeavesWhatIsForOthersToTheGoCommand(t *testing.T) {
	job := solution(adderReference)
	job.Files["other_plan9.go"] = []byte("package add\n\nfunc init() { undefined() }\n")
	job.Files["never.go"] = []byte("//go:build never\n\npackage add\n\nfunc Add() {}\n")
	rep := runWith(t, &gotool.Executor{CacheDir: cacheDir()}, job)
	if rep.Verdict != report.Accepted {
		t.Errorf("verdict %q, %s; want accepted: the files are for other systems", rep.Verdict, rep.Reason)
	}
}

func TestBuildsShareANewCache(t *testing.T) {
	x := &gotool.Executor{CacheDir: t.TempDir()}
	other := &gotool.Executor{CacheDir: x.CacheDir} // as another process
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			rep := runWith(t, []*gotool.Executor{x, other}[i%2], solution(adderReference))
			if rep.Verdict != report.Accepted || detour(rep) != "" {
				t.Errorf("verdict %q, %s; detour %q; want it accepted without one", rep.Verdict, rep.Reason, detour(rep))
			}
		})
	}
	wg.Wait()
}

func TestRaceIsFoundDirectly(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("the race detector needs a C compiler; install gcc")
	}
	files := adder()
	yaml := files["arithmetic/add/exercise.yaml"]
	yaml.Data = []byte(strings.Replace(string(yaml.Data), "minutes: 10\n", "minutes: 10\nrace: true\n", 1))
	c, err := exercises.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	r := newRunner(t)
	r.Exercises = c
	for _, tt := range []struct {
		source string
		want   report.Verdict
	}{
		{adderReference, report.Accepted},
		{strings.Replace(adderReference, "return a + b", "done := make(chan bool)\n\tgo func() { last = a; done <- true }()\n\tlast = b\n\t<-done\n\treturn a + b", 1) +
			"\nvar last int\n", report.WrongAnswer},
		{adderReference + "\nvar last int\n\nfunc init() {\n\tdone := make(chan bool)\n\tgo func() { last = 1; done <- true }()\n\tlast = 2\n\t<-done\n}\n", report.WrongAnswer},
	} {
		var rep *report.Report
		err := r.Run(t.Context(), solution(tt.source), report.HandlerFunc(func(e report.Event) error { rep = e.Report; return nil }))
		if err != nil {
			t.Fatal(err)
		}
		if rep.Verdict != tt.want || detour(rep) != "" {
			t.Errorf("verdict %q, %s; detour %q; want %q without one", rep.Verdict, rep.Reason, detour(rep), tt.want)
		}
	}
}

// TestCancelWhilePreparing ends a run that is compiling the standard library, or is about to.
func TestCancelWhilePreparing(t *testing.T) {
	x := &gotool.Executor{CacheDir: t.TempDir()}
	r := newRunner(t)
	r.Executors = []executor.Executor{x}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var rep *report.Report
	err := r.Run(ctx, solution(adderReference), report.HandlerFunc(func(e report.Event) error {
		if e.Step != nil && e.Step.Phase == string(executor.Build) {
			cancel()
		}
		rep = e.Report
		return nil
	}))
	if err != nil || rep.Verdict != report.Canceled {
		t.Errorf("Run = %v, verdict %q; want canceled", err, rep.Verdict)
	}
}
