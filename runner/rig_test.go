package runner

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/executor/gotool"
	"hotloop/runner/report"
	"hotloop/runner/sandbox/none"
)

// A rig holds the built variants of an exercise, so that they can be measured again and again, each time in new
// processes and with new random inputs.
type rig struct {
	tb    testing.TB
	r     *Runner
	job   Job
	bench []executor.Step
}

// newRig builds what job asks for, without testing it. The variants without are not measured.
func newRig(tb testing.TB, c *exercises.Catalog, job Job, without ...string) *rig {
	tb.Helper()
	x := &gotool.Executor{CacheDir: cacheDir()}
	if err := x.Available(); err != nil {
		tb.Skip(err)
	}
	r := &Runner{
		Exercises: c,
		Executors: []executor.Executor{x},
		Sandbox:   none.Driver{Supervisor: []string{childProgram(tb), "__supervise"}},
		Dir:       filepath.Join(tb.TempDir(), "runs"),
	}
	job.Goal = executor.Bench
	g := &rig{tb: tb, r: r, job: job}
	a := g.attempt(nil)
	var err error
	if a.dir, err = r.newFolder(); err != nil {
		tb.Fatal(err)
	}
	steps, err := a.plan()
	if err != nil {
		tb.Fatal(err)
	}
	steps, g.bench = splitBench(steps)
	for _, step := range steps {
		if step.Phase != executor.Build {
			continue
		}
		if ok, err := a.steps(tb.Context(), []executor.Step{step}); err != nil || !ok {
			tb.Fatalf("building %s of %s: %v; %v", step.Variant, job.Exercise, err, a.rep.Diagnostics)
		}
	}
	a.tell.finish()
	g.bench = slices.DeleteFunc(g.bench, func(s executor.Step) bool { return slices.Contains(without, s.Variant) })
	return g
}

// attempt is a new attempt at the rig's job that tells its events to h.
func (g *rig) attempt(h func(report.Event)) *attempt {
	g.tb.Helper()
	a, err := g.r.newAttempt(g.job)
	if err != nil {
		g.tb.Fatal(err)
	}
	a.tell = &teller{rep: a.rep, events: make(chan report.Event, 64)}
	a.tests = newTests(a.tell)
	told := make(chan struct{})
	go func() {
		defer close(told)
		for e := range a.tell.events {
			if h != nil {
				h(e)
			}
		}
	}()
	g.tb.Cleanup(func() { <-told })
	return a
}

// measure measures the named benchmarks once.
func (g *rig) measure(h func(report.Event), names ...string) *report.Report {
	g.tb.Helper()
	a := g.attempt(h)
	err := a.measureEach(g.tb.Context(), g.bench, names)
	a.tell.finish()
	if err != nil || a.evidence.stuck+a.evidence.broke != "" || len(a.rep.Benchmarks) == 0 {
		g.tb.Fatalf("measuring %s of %s: %v, %s%s", names, g.job.Exercise, err, a.evidence.stuck, a.evidence.broke)
	}
	return a.rep
}

// childProgram builds the program that supervises runs, as the Makefile does.
func childProgram(tb testing.TB) string {
	tb.Helper()
	bin := filepath.Join(tb.TempDir(), "hotloop-child")
	if out, err := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", bin, "hotloop/cmd/child").CombinedOutput(); err != nil {
		tb.Fatalf("building hotloop-child: %v\n%s", err, out)
	}
	return bin
}

const loadWord = "__load"

// The loads under which measuring is measured, and the number of processes each is made of.
var loads = []struct {
	name      string
	processes int
}{{"idle", 0}, {"busy", 2}, {"bursts", 2}}

func init() {
	if len(os.Args) > 2 && os.Args[1] == loadWord {
		load(os.Args[2])
	}
}

// load is the main function of a process that is nothing but load. It ends with its standard input.
func load(name string) {
	go func() {
		os.Stdin.Read(make([]byte, 1))
		os.Exit(0)
	}()
	part := func() time.Duration { return 100*time.Millisecond + rand.N(200*time.Millisecond) }
	for {
		for until := time.Now().Add(part()); time.Now().Before(until); {
			for i := range 10_000 {
				sink += i
			}
		}
		if name == "bursts" {
			time.Sleep(part())
		}
	}
}

var sink int

// underLoad has processes keep the machine busy until tb, or the func that is returned, ends.
func underLoad(tb testing.TB, name string, processes int) (stop func()) {
	tb.Helper()
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	var ends []func()
	for range processes {
		cmd := exec.Command(exe, loadWord, name)
		in, err := cmd.StdinPipe()
		if err != nil {
			tb.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			tb.Fatal(err)
		}
		ends = append(ends, func() { in.Close(); cmd.Wait() })
	}
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			for _, end := range ends {
				end()
			}
		}
	}
	tb.Cleanup(stop)
	return stop
}
