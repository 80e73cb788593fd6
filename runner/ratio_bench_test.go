package runner

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"hotloop/exercises"
)

// BenchmarkRatio measures the same two programs again and again, each time in new processes and with new inputs, and
// prints how far apart the ratios are, with the machine as it is, beside two busy loops, and beside bursts of them:
//
//	go test -run '^$' -bench Ratio -benchtime 1x -timeout 30m ./runner        (-short: 8 repetitions, not 30)
func BenchmarkRatio(b *testing.B) {
	repetitions := 30
	if testing.Short() {
		repetitions = 8
	}
	c, err := exercises.Load(exercises.Embedded())
	if err != nil {
		b.Fatal(err)
	}
	const slug = "lru-cache"
	g := newRig(b, c, Job{Exercise: slug, Files: referenceFiles(b, c, slug)})
	for b.Loop() {
		for _, load := range loads {
			stop := underLoad(b, load.name, load.processes)
			speedups, same := map[string][]float64{}, map[string][]float64{}
			names := []string{"GetHit", "SetNew"}
			for range repetitions {
				for _, found := range g.measure(nil, names...).Benchmarks {
					if found.Unit == "sec/op" {
						speedups[found.Name] = append(speedups[found.Name], found.Speedup.Center)
						same[found.Name] = append(same[found.Name], found.Reference.Center/found.Yours.Center)
					}
				}
			}
			stop()
			for _, name := range names {
				fmt.Printf("%-6s %s: naive ÷ yours %s; the same code twice %s\n", load.name, name, spread(speedups[name]), spread(same[name]))
			}
		}
	}
}

// spread tells how far repeated measurements of the same lie apart.
func spread(values []float64) string {
	var sum, squares, worst float64
	median := slices.Sorted(slices.Values(values))[len(values)/2]
	for _, v := range values {
		d := math.Log(v / median)
		sum, squares = sum+d, squares+d*d
		worst = max(worst, math.Abs(v/median-1))
	}
	n := float64(len(values))
	sd := math.Sqrt(max(0, squares/n-(sum/n)*(sum/n)))
	return fmt.Sprintf("%.3g, sd %.1f %%, worst %.1f %%", median, 100*sd, 100*worst)
}

func referenceFiles(tb testing.TB, c *exercises.Catalog, slug string) exercises.Files {
	tb.Helper()
	ex, err := c.Lookup(slug)
	if err != nil {
		tb.Fatal(err)
	}
	for v, err := range ex.Variants() {
		if err != nil {
			tb.Fatal(err)
		}
		if v.Role == exercises.Reference {
			return v.Files
		}
	}
	tb.Fatalf("%s has no reference", slug)
	return nil
}
