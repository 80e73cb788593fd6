//go:build linux && (amd64 || arm64)

package cell_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/none"
	"hotloop/runner/sandbox/sandboxtest"
)

// rivals are the drivers to compare, no sandbox first, each with the small program that hotloop starts for it.
func rivals(b *testing.B, isolating []string) (by map[string]sandbox.Driver, names []string) {
	child := filepath.Join(b.TempDir(), "child")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", child, "hotloop/cmd/child")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("building hotloop-child: %v\n%s", err, out)
	}
	by = map[string]sandbox.Driver{"none": none.Driver{Supervisor: []string{child, "__supervise"}}}
	names = []string{"none"}
	for _, name := range isolating {
		d := drivers[name]([]string{child, "__enter"})
		if err := d.Available(b.Context()); err != nil {
			b.Log(err)
			continue
		}
		by[name], names = d, append(names, name)
	}
	if len(names) == 1 {
		b.Skip("no sandbox works here")
	}
	return by, names
}

const rounds = 30

// compare runs the hostile program rounds times under each driver in turns, and reports the median of what measure makes
// of each run, and how much more it is than without a sandbox.
func compare(b *testing.B, isolating []string, unit string, measure func(wall time.Duration, stdout string) float64, program string) {
	by, names := rivals(b, isolating)
	command := []string{sandboxtest.Build(b), program}
	var all map[string][]float64
	for b.Loop() {
		all = map[string][]float64{}
		for round := range rounds {
			for i := range names {
				name := names[(i+round)%len(names)]
				var out bytes.Buffer
				begun := time.Now()
				r, err := by[name].Run(b.Context(), &sandbox.Command{Args: command, Dir: b.TempDir(), Scratch: true, Stdout: &out})
				wall := time.Since(begun)
				if err != nil || r.Status != sandbox.Exited || r.ExitCode != 0 {
					b.Fatalf("%s: %+v, %v", name, r, err)
				}
				all[name] = append(all[name], measure(wall, out.String()))
			}
		}
	}
	median := map[string]float64{}
	for name, values := range all {
		slices.Sort(values)
		median[name] = values[len(values)/2]
		b.ReportMetric(median[name], name+"-"+unit)
	}
	for _, name := range names[1:] {
		b.ReportMetric(median[name]/median["none"], name+"/none")
	}
	b.ReportMetric(0, "ns/op")
}

// printed is what the program says of itself.
func printed(b *testing.B) func(time.Duration, string) float64 {
	return func(_ time.Duration, stdout string) float64 {
		n, err := strconv.ParseFloat(strings.TrimSpace(stdout), 64)
		if err != nil {
			b.Fatalf("the program printed %q", stdout)
		}
		return n
	}
}

var both = []string{"bwrap", "gvisor"}

// BenchmarkStart is a program that does nothing: what a run costs beside what is run.
func BenchmarkStart(b *testing.B) {
	compare(b, both, "ms", func(wall time.Duration, _ string) float64 { return wall.Seconds() * 1000 }, "nothing")
}

// BenchmarkCompute is the CPU time that a program needs for a millisecond's work, by its own clock. In gVisor, that one
// goes in steps of ten milliseconds.
func BenchmarkCompute(b *testing.B) { compare(b, both[:1], "cpu-ms", printed(b), "compute") }

// BenchmarkWork is the time that programs need, by their own clocks, to sort some numbers, to get memory, to pass a value
// to another goroutine and back, to look at a file, to send a byte over the loopback and back.
func BenchmarkWork(b *testing.B) {
	for _, program := range []string{"sorts", "allocates", "hands-over", "looks-up", "round-trip"} {
		b.Run(program, func(b *testing.B) { compare(b, both, "ns", printed(b), program) })
	}
}
