package sandboxtest_test

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/sandboxtest"
)

// BenchmarkMemoryCap is a program, or a tree of five, that takes more than the 64 MiB it may: over-ms is from the moment
// at which all of it had been taken until the driver said that nothing of it lives any more.
func BenchmarkMemoryCap(b *testing.B) {
	const limit = 64
	for _, d := range drivers(b) {
		for _, program := range []string{"hog-stamps", "hog-stamps-children"} {
			b.Run(d.driver.Name()+"/"+program, func(b *testing.B) {
				if err := d.driver.Available(b.Context()); err != nil {
					b.Skip(err)
				}
				var worst time.Duration
				for b.Loop() {
					mark := sandboxtest.NewMark()
					var out bytes.Buffer
					result, err := d.driver.Run(b.Context(), &sandbox.Command{Args: []string{sandboxtest.Build(b), program}, Env: []string{mark},
						Dir: b.TempDir(), Scratch: true, Stdout: &out, Limits: sandbox.Limits{Memory: limit << 20}})
					ended := time.Now()
					if left := sandboxtest.Survivors(b, mark); len(left) > 0 {
						b.Fatalf("processes %v outlived the run", left)
					}
					if want := fmt.Sprintf("memory limit %d MiB exceeded", limit); err != nil || !strings.Contains(result.Reason, want) {
						b.Fatalf("Run = %+v, %v; want a reason with %q", result, err, want)
					}
					if full := stamp(b, &out, limit); !full.IsZero() {
						worst = max(worst, ended.Sub(full))
					}
				}
				b.ReportMetric(float64(worst.Microseconds())/1000, "over-ms")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// stamp is when the program, with all its children, had taken limit MiB, by what it printed; or when it last printed, if
// it did not get so far.
func stamp(b *testing.B, out *bytes.Buffer, limit int) (at time.Time) {
	taken := 0
	for lines := bufio.NewScanner(out); lines.Scan() && taken < limit; taken++ {
		var ns int64
		if _, err := fmt.Sscan(lines.Text(), &ns); err != nil {
			b.Fatalf("the program printed %q", lines.Text())
		}
		at = time.Unix(0, ns)
	}
	return at
}
