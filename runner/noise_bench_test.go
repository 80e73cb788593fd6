package runner

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"hotloop/runner/report"
)

// BenchmarkHeapNoise prints how many bytes of live heap the adder's reference, which keeps nothing, is said to keep, as a
// histogram of the single rounds, with the machine as it is, beside two busy loops, and beside bursts of them:
//
//	go test -run '^$' -bench HeapNoise -benchtime 1x -timeout 20m ./runner        (-short: 20 processes of each, not 100)
func BenchmarkHeapNoise(b *testing.B) {
	processes := 100
	if testing.Short() {
		processes = 20
	}
	for b.Loop() {
		c, err := catalog()
		if err != nil {
			b.Fatal(err)
		}
		g := newRig(b, c, Job{Exercise: "add", Files: referenceFiles(b, c, "add")}, "naive", "reference")
		for _, load := range loads {
			stop := underLoad(b, load.name, load.processes)
			var kept []float64
			for range processes {
				g.measure(func(e report.Event) {
					if s := e.Sample; s != nil && s.Unit == "kept-B" {
						kept = append(kept, s.Value)
					}
				}, "Kept")
			}
			stop()
			fmt.Printf("%-7s %d rounds in %d processes: %s\n", load.name, len(kept), processes, histogram(kept))
		}
	}
}

// histogram is how often each value is there, the smallest first.
func histogram(values []float64) string {
	slices.Sort(values)
	var parts []string
	for len(values) > 0 {
		n := 1
		for n < len(values) && values[n] == values[0] {
			n++
		}
		parts = append(parts, fmt.Sprintf("%g B × %d", values[0], n))
		values = values[n:]
	}
	return strings.Join(parts, ", ")
}
