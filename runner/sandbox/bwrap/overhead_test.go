//go:build linux && (amd64 || arm64)

package bwrap

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

// drivers are the two to compare, without a sandbox and with it, each with the small program that hotloop starts for it.
func drivers(b *testing.B) (map[string]sandbox.Driver, []string) {
	working(b)
	child := filepath.Join(b.TempDir(), "child")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", child, "hotloop/cmd/child")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("building hotloop-child: %v\n%s", err, out)
	}
	return map[string]sandbox.Driver{"none": none.Driver{Supervisor: []string{child, "__supervise"}}, "bwrap": &Driver{Helper: []string{child, "__enter"}}},
		[]string{"none", "bwrap"}
}

const rounds = 30

// compare runs the hostile program rounds times under each driver in turns, and reports the median of what measure
// makes of each run, and how much more it is under bwrap.
func compare(b *testing.B, unit string, measure func(r sandbox.Result, wall time.Duration, stdout string) float64, args ...string) {
	by, names := drivers(b)
	command := append([]string{sandboxtest.Build(b)}, args...)
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
				all[name] = append(all[name], measure(r, wall, out.String()))
			}
		}
	}
	median := map[string]float64{}
	for name, values := range all {
		slices.Sort(values)
		median[name] = values[len(values)/2]
		b.ReportMetric(median[name], name+"-"+unit)
	}
	b.ReportMetric(median["bwrap"]-median["none"], "added-"+unit)
	b.ReportMetric(100*(median["bwrap"]/median["none"]-1), "added-%")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkStart is a program that does nothing: what a run costs beside what is run.
func BenchmarkStart(b *testing.B) {
	compare(b, "ms", func(_ sandbox.Result, wall time.Duration, _ string) float64 { return wall.Seconds() * 1000 }, "nothing")
}

// BenchmarkCompute is the CPU time that a program needs for a millisecond's work, by its own clock.
func BenchmarkCompute(b *testing.B) {
	compare(b, "cpu-ms", func(_ sandbox.Result, _ time.Duration, stdout string) float64 {
		ms, err := strconv.ParseFloat(strings.TrimSpace(stdout), 64)
		if err != nil {
			b.Fatalf("the program printed %q", stdout)
		}
		return ms
	}, "compute")
}
