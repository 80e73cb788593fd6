//go:build unix

package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/executor/gotool"
	"hotloop/runner/report"
	"hotloop/runner/sandbox/none"
	"hotloop/runner/workspace"
)

// rounds is how often each side of a comparison is measured: 15 times, or HOTLOOP_ROUNDS (-short: 5). Medians of fewer say
// little.
func rounds(b *testing.B) int {
	text := os.Getenv("HOTLOOP_ROUNDS")
	switch {
	case text == "" && testing.Short():
		return 5
	case text == "":
		return 15
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		b.Fatalf("HOTLOOP_ROUNDS is %q, not a number of rounds", text)
	}
	return n
}

// A rival is an exercise in a folder of its own, as a learner has it, for the go command to test.
type rival struct {
	ex  *exercises.Exercise
	dir string
}

func newRival(b *testing.B, ex *exercises.Exercise) *rival {
	b.Helper()
	w, _, err := workspace.Init(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	if _, err := w.Start(ex); err != nil {
		b.Fatal(err)
	}
	starter, err := w.Solution(ex)
	if err != nil {
		b.Fatal(err)
	}
	r := &rival{ex: ex, dir: w.Path(ex.Slug)}
	r.remove(b, starter)
	return r
}

func (r *rival) write(b *testing.B, files exercises.Files) {
	b.Helper()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(r.dir, name), content, 0o600); err != nil {
			b.Fatal(err)
		}
	}
}

func (r *rival) remove(b *testing.B, files exercises.Files) {
	b.Helper()
	for name := range files {
		if err := os.Remove(filepath.Join(r.dir, name)); err != nil {
			b.Fatal(err)
		}
	}
}

// goCommand runs the go command in the rival's folder, with the race detector if the exercise asks for it.
func (r *rival) goCommand(ctx context.Context, verb string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{verb}, args...)...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	if r.ex.Race && verb == "test" {
		cmd.Args = slices.Insert(cmd.Args, 2, "-race")
		cmd.Env = append(cmd.Env, "CGO_ENABLED=1")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", verb, err, out)
	}
	return nil
}

// edited is the reference with a line more, another one each time, as a learner's next version would be.
func edited(b *testing.B, ex *exercises.Exercise) exercises.Files {
	b.Helper()
	v, err := ex.Variant(string(exercises.Reference))
	if err != nil {
		b.Fatal(err)
	}
	name := slices.Sorted(maps.Keys(v.Files))[0]
	edits++
	v.Files[name] = fmt.Appendf(slices.Clone(v.Files[name]), "\nvar edit%d = %d\n", edits, time.Now().UnixNano())
	return v.Files
}

var edits int

func embeddedRunner(b *testing.B) *Runner {
	b.Helper()
	c, err := exercises.Load(exercises.Embedded())
	if err != nil {
		b.Fatal(err)
	}
	x := &gotool.Executor{CacheDir: cacheDir()}
	if err := x.Available(); err != nil {
		b.Skip(err)
	}
	return &Runner{Exercises: c, Executors: []executor.Executor{x}, Sandbox: none.Driver{Supervisor: []string{childProgram(b), "__supervise"}}, Dir: b.TempDir()}
}

// accept runs the files and wants them to be accepted, built the direct way.
func accept(ctx context.Context, r *Runner, ex *exercises.Exercise, files exercises.Files) error {
	var rep *report.Report
	job := Job{Exercise: ex.Slug, Files: files, Goal: executor.Test}
	err := r.Run(ctx, job, report.HandlerFunc(func(e report.Event) error { rep = e.Report; return nil }))
	switch {
	case err != nil:
		return err
	case rep.Verdict != report.Accepted:
		return fmt.Errorf("%s: %s: %s", ex.Slug, rep.Verdict, rep.Reason)
	}
	for _, s := range rep.Steps {
		if strings.Contains(s.Note, "go test -c") {
			return fmt.Errorf("%s: %s: %s", ex.Slug, s.Phase, s.Note)
		}
	}
	return nil
}

// A cost is what something took: on the clock, and of all processors, with its processes.
type cost struct{ wall, cpu float64 }

func measureCost(b *testing.B, do func() error) cost {
	b.Helper()
	cpu, begun := cpuTime(), time.Now()
	if err := do(); err != nil {
		b.Fatal(err)
	}
	return cost{time.Since(begun).Seconds(), cpuTime() - cpu}
}

func cpuTime() (seconds float64) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if syscall.Getrusage(who, &u) == nil {
			seconds += float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
		}
	}
	return seconds
}

// compare measures two ways in turns and reports medians in ms and the medians of the ratios of each turn.
func compare(b *testing.B, ours, theirs func() error) {
	b.Helper()
	measureCost(b, ours) // whatever is done once
	measureCost(b, theirs)
	var o, t, wall, oCPU, tCPU, cpu []float64
	for i := range rounds(b) {
		var x, y cost
		if i%2 == 0 {
			x, y = measureCost(b, ours), measureCost(b, theirs)
		} else {
			y, x = measureCost(b, theirs), measureCost(b, ours)
		}
		o, t = append(o, x.wall), append(t, y.wall)
		oCPU, tCPU = append(oCPU, x.cpu), append(tCPU, y.cpu)
		wall, cpu = append(wall, x.wall/y.wall), append(cpu, x.cpu/y.cpu)
	}
	b.ReportMetric(0, "ns/op") // of one iteration, with all turns; says nothing
	b.ReportMetric(median(o)*1e3, "ours-ms")
	b.ReportMetric(median(t)*1e3, "theirs-ms")
	b.ReportMetric(median(wall), "ratio")
	b.ReportMetric(median(oCPU)*1e3, "ours-cpu-ms")
	b.ReportMetric(median(tCPU)*1e3, "theirs-cpu-ms")
	b.ReportMetric(median(cpu), "cpu-ratio")
}

func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// BenchmarkVerdict is the time from a saved edit to the verdict, against go test -count=1 (-race where the exercise asks
// for it) on the same files. What a database takes that outlives go test is missing from its CPU time.
func BenchmarkVerdict(b *testing.B) {
	r := embeddedRunner(b)
	for ex := range r.Exercises.All() {
		b.Run(ex.Slug, func(b *testing.B) {
			rival := newRival(b, ex)
			for range b.N {
				compare(b,
					func() error { return accept(b.Context(), r, ex, edited(b, ex)) },
					func() error {
						rival.write(b, edited(b, ex))
						return rival.goCommand(b.Context(), "test", "-count=1", ".")
					})
			}
		})
	}
}

// BenchmarkDiagnose is what an editor marks after an edit, against go vet on the same package.
func BenchmarkDiagnose(b *testing.B) {
	r := embeddedRunner(b)
	for ex := range r.Exercises.All() {
		b.Run(ex.Slug, func(b *testing.B) {
			rival := newRival(b, ex)
			for range b.N {
				compare(b,
					func() error {
						found, err := r.Diagnose(b.Context(), ex.Slug, edited(b, ex))
						if len(found) > 0 {
							err = fmt.Errorf("the reference has faults: %v", found)
						}
						return err
					},
					func() error {
						rival.write(b, edited(b, ex))
						return rival.goCommand(b.Context(), "vet", ".")
					})
			}
		})
	}
}

// BenchmarkThroughput is 40 queued submissions, which come one by one from 40 people, against go test -p 2 on each of
// them, two at a time: of one exercise without the race detector, of one with it, and of all exercises in turn. Of one
// exercise, "batch" is against one go test -p 2 that is told of all 40 at once, and so has to find its way through the
// packages only once.
func BenchmarkThroughput(b *testing.B) {
	const submissions = 40
	r := embeddedRunner(b)
	all := slices.Collect(r.Exercises.All())
	for _, name := range []string{"slice-retention", "lru-cache", "all"} {
		queue := all
		if ex, err := r.Exercises.Lookup(name); err == nil {
			queue = []*exercises.Exercise{ex}
		}
		b.Run(name, func(b *testing.B) {
			var rivals []*rival
			for i := range submissions {
				rivals = append(rivals, newRival(b, queue[i%len(queue)]))
			}
			ways := []func() error{func() error { return acceptAll(b, r, rivals) }, func() error { return testAll(b, rivals) }}
			if len(queue) == 1 {
				batch := newBatch(b, queue[0], submissions)
				ways = append(ways, func() error { return batch.test(b) })
			}
			for b.Loop() {
				reportThroughput(b, submissions, ways)
			}
		})
	}
}

func reportThroughput(b *testing.B, submissions int, ways []func() error) {
	var first, times, cpuTimes, batchTimes []float64
	for i := range 1 + max(1, rounds(b)/5) {
		var costs []cost
		for _, way := range ways {
			costs = append(costs, measureCost(b, way))
		}
		if i == 0 {
			continue // what is done once
		}
		ours, theirs := costs[0], costs[1]
		first, times, cpuTimes = append(first, ours.wall), append(times, theirs.wall/ours.wall), append(cpuTimes, theirs.cpu/ours.cpu)
		for _, batch := range costs[2:] {
			batchTimes = append(batchTimes, batch.wall/ours.wall)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(submissions)/median(first)*60, "verdicts/min")
	b.ReportMetric(median(times), "times")
	b.ReportMetric(median(cpuTimes), "cpu-times")
	if len(batchTimes) > 0 {
		b.ReportMetric(median(batchTimes), "batch-times")
	}
}

// testAll tests the rivals with the go command, two at a time.
func testAll(b *testing.B, rivals []*rival) error {
	errs := make([]error, len(rivals))
	places := make(chan struct{}, runsAtATime)
	var wg sync.WaitGroup
	for i, rival := range rivals {
		rival.write(b, edited(b, rival.ex))
		wg.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			errs[i] = rival.goCommand(b.Context(), "test", "-count=1", "-p=2", ".")
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// A batch is one module with a package for each submission.
type batch struct {
	module   *rival
	packages []*rival
}

func newBatch(b *testing.B, ex *exercises.Exercise, n int) *batch {
	b.Helper()
	module := newRival(b, ex)
	tests, err := ex.Tests()
	if err != nil {
		b.Fatal(err)
	}
	module.remove(b, tests)
	all := &batch{module: module}
	for i := range n {
		r := &rival{ex: ex, dir: filepath.Join(module.dir, fmt.Sprintf("s%d", i))}
		if err := os.Mkdir(r.dir, 0o700); err != nil {
			b.Fatal(err)
		}
		r.write(b, tests)
		all.packages = append(all.packages, r)
	}
	return all
}

func (all *batch) test(b *testing.B) error {
	for _, r := range all.packages {
		r.write(b, edited(b, r.ex))
	}
	return all.module.goCommand(b.Context(), "test", "-count=1", "-p=2", "./...")
}

// acceptAll has the runner accept a submission for each of the rivals.
func acceptAll(b *testing.B, r *Runner, rivals []*rival) error {
	errs := make([]error, len(rivals))
	var wg sync.WaitGroup
	for i, rival := range rivals {
		files := edited(b, rival.ex)
		wg.Go(func() { errs[i] = accept(b.Context(), r, rival.ex, files) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
