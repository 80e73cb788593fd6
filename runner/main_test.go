package runner

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/executor/gotool"
	"hotloop/runner/report"
	"hotloop/runner/sandbox/bwrap"
	"hotloop/runner/sandbox/cell"
	"hotloop/runner/sandbox/gvisor"
	"hotloop/runner/sandbox/none"
)

// TestMain also is the supervisor of the sandbox.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "__supervise" {
		none.Supervise()
	}
	code := m.Run()
	os.RemoveAll(cacheDir())
	os.Exit(code)
}

// adder is an exercise as small as one can be and still have all that a run can meet.
func adder() fstest.MapFS {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	const dir = "arithmetic/add/"
	return fstest.MapFS{
		dir + "README.md":         file("# Add\n\nWrite Add.\n"),
		dir + "exercise.yaml":     file(adderYAML),
		dir + "add.go":            file(adderReference),
		dir + "add_test.go":       file(adderTest),
		dir + "add_bench_test.go": file(adderBench),
		dir + "starter/add.go":    file("package add\n\nfunc Add(a, b int) int { return 0 }\n\nfunc Sum(xs []int) int { return 0 }\n"),
		dir + "naive/add.go":      file(adderNaive),
		dir + otherAdder:          file(adderReference),
	}
}

const otherAdder = "alternatives/other/add.go"

const adderYAML = `title: Add numbers
summary: The smallest exercise there is.
difficulty: 1
minutes: 10
lesson: arithmetic/adding
seed: [L1.1]
concepts: [sum]
allowed: [embed, go/doc, net, os, os/exec, path/filepath, runtime, syscall, testing, unsafe]
limits: {time: 3s, memory: 128MiB}
targets:
  - {benchmark: Sum, unit: sec/op, speedup: 2, why: A sum is one pass.}
  - {benchmark: Sum, unit: allocs/op, at_most: 0, why: Nothing is made.}
  - {benchmark: Kept, unit: kept-B, at_most: 1000, why: Nothing stays.}
charts:
  - {kind: bars, of: Sum, unit: sec/op, title: Time}
hints: [What?, How?, So.]
follow_ups: [And three?]
pitfalls: [Overflow.]
libraries:
  - {path: math/big, why: It has no overflow.}
mutants:
  - {name: subtracts, why: w, killed_by: TestAdd, file: add.go, find: a + b, replace: a - b}
  - {name: ignores-b, why: w, killed_by: TestAdd, file: add.go, find: a + b, replace: a}
  - {name: ignores-a, why: w, killed_by: TestAdd, file: add.go, find: a + b, replace: b}
  - {name: doubles, why: w, killed_by: TestAdd, file: add.go, find: a + b, replace: 2*a + b}
  - {name: halves, why: w, killed_by: TestAdd, file: add.go, find: a + b, replace: a/2 + b}
`

const adderReference = `package add

func Add(a, b int) int { return a + b }

func Sum(xs []int) (sum int) {
	for _, x := range xs {
		sum += x
	}
	return sum
}
`

const adderNaive = `package add

func Add(a, b int) int { return a + b }

var kept [][]int

func Sum(xs []int) (sum int) {
	for i := range xs {
		for _, x := range xs[:i+1] {
			sum = Add(sum, x)
		}
		for _, x := range xs[:i] {
			sum = Add(sum, -x)
		}
		if i > 0 {
			for _, x := range xs[:i] {
				sum = Add(Add(sum, x), -x)
			}
		}
	}
	kept = append(kept, append([]int(nil), xs...))
	return sum
}
`

const adderTest = `package add

import (
	"testing"

	"hotloop/exercises/kit"
)

func TestAdd(t *testing.T) {
	if got := Add(1, 2); got != 3 {
		t.Errorf("Add(1, 2) = %d, want 3", got)
	}
}

func TestSum(t *testing.T) {
	for _, n := range []int{0, 1, 7} {
		t.Run("", func(t *testing.T) {
			if got, want := Sum(make([]int, n)), 0; got != want {
				t.Errorf("Sum of %d zeros = %d, want 0", n, got)
			}
		})
	}
	r := kit.Rand(t)
	a, b := r.IntN(1000), r.IntN(1000)
	if got := Sum([]int{a, b}); got != a+b {
		t.Errorf("Sum([%d %d]) = %d, want %d", a, b, got, a+b)
	}
}
`

const adderBench = `package add

import (
	"testing"

	"hotloop/exercises/kit"
)

func BenchmarkSum(b *testing.B) {
	xs := make([]int, 100)
	for b.Loop() {
		Sum(xs)
	}
}

func BenchmarkKept(b *testing.B) {
	xs := make([]int, 100)
	var kept int64
	for b.Loop() {
		kept = kit.HeapSeries("kept", 3, 20, func(int) { Sum(xs) })
	}
	b.ReportMetric(float64(kept), "kept-B")
}
`

// The cache of built binaries is shared by all tests of this package: naive and reference are built once.
var cacheDir = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "hotloop-runner-test-")
	if err != nil {
		panic(err)
	}
	return dir
})

var catalog = sync.OnceValues(func() (*exercises.Catalog, error) { return exercises.Load(adder()) })

func newRunner(t testing.TB) *Runner {
	t.Helper()
	c, err := catalog()
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := &Runner{
		Exercises: c,
		Sandbox:   none.Driver{Supervisor: []string{exe, "__supervise"}},
		Dir:       filepath.Join(t.TempDir(), "runs"),
	}
	// The tests of the package also hold in a sandbox, but for those that bring a go command of their own:
	// HOTLOOP_SANDBOX=bwrap go test ./runner, and the same with gvisor
	if inSandbox() {
		isolateIn(t, r, os.Getenv("HOTLOOP_SANDBOX"))
		return r
	}
	x := &gotool.Executor{CacheDir: cacheDir()}
	if err := x.Available(); err != nil {
		t.Skip(err)
	}
	r.Executors = []executor.Executor{x}
	return r
}

func inSandbox() bool { return isolating[os.Getenv("HOTLOOP_SANDBOX")] != nil }

// isolating are the sandboxes that isolate.
var isolating = map[string]func(helper []string) *cell.Driver{"bwrap": bwrap.New, "gvisor": gvisor.New}

// isolatingDriver is that sandbox, or skips the test and says what is missing.
func isolatingDriver(tb testing.TB, name string) *cell.Driver {
	tb.Helper()
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	d := isolating[name]([]string{exe, "__enter"})
	if err := d.Available(tb.Context()); err != nil {
		tb.Skip(err)
	}
	return d
}

// isolate makes r one that runs all in the sandbox bwrap.
func isolate(t testing.TB, r *Runner) {
	t.Helper()
	isolateIn(t, r, "bwrap")
}

// isolateIn makes r one that runs all in that sandbox.
func isolateIn(t testing.TB, r *Runner, name string) {
	t.Helper()
	d := isolatingDriver(t, name)
	x := &gotool.Executor{CacheDir: cacheDir(), Isolated: true}
	if err := x.Available(); err != nil {
		t.Skip(err)
	}
	r.Sandbox, r.Executors = d, []executor.Executor{x}
}

// run runs a job on a new runner, and checks what holds for every run: the report comes last, once, and nothing stays.
func run(t *testing.T, job Job) (*report.Report, []report.Event) {
	t.Helper()
	r := newRunner(t)
	var events []report.Event
	err := r.Run(t.Context(), job, report.HandlerFunc(func(e report.Event) error {
		events = append(events, e)
		return nil
	}))
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	for i, e := range events {
		if last := i == len(events)-1; last != (e.Report != nil) {
			t.Fatalf("event %d of %d: %+v; a report must come last, and once", i, len(events), e)
		}
	}
	if left, _ := os.ReadDir(r.Dir); len(left) > 0 {
		t.Errorf("the run left %s behind", left[0])
	}
	return events[len(events)-1].Report, events
}

// runOn runs a job on r.
func runOn(t testing.TB, r *Runner, job Job) (rep *report.Report) {
	t.Helper()
	if err := r.Run(t.Context(), job, report.HandlerFunc(func(e report.Event) error { rep = e.Report; return nil })); err != nil {
		t.Fatalf("Run: %v", err)
	}
	return rep
}

func solution(source string) Job {
	return Job{Exercise: "add", Goal: executor.Test, Files: exercises.Files{"add.go": []byte(source)}}
}
