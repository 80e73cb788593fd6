package runner

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"hotloop/exercises"
	"hotloop/runner/measure"
)

// BenchmarkRatio measures the same two programs again and again, each time in new processes and with new inputs, and
// prints how far apart the ratios are, with the machine as it is, beside two busy loops, and beside bursts of them. The
// two programs are naive and reference, or the same one twice; of those, the ratio is 1, and of the 95 % intervals that
// come with it about 95 % should hold that. GetHit and SetNew of lru-cache walk through a megabyte of memory; Above
// computes and needs none:
//
//	go test -run '^$' -bench Ratio -benchtime 1x -timeout 60m ./runner        (-short: 6 repetitions, not 30)
func BenchmarkRatio(b *testing.B) {
	repetitions := 30
	if testing.Short() {
		repetitions = 6
	}
	c, err := exercises.Load(exercises.Embedded())
	if err != nil {
		b.Fatal(err)
	}
	const slug = "lru-cache"
	lru := newRig(b, c, Job{Exercise: slug, Files: referenceFiles(b, c, slug)}, "reference")
	spins := spinRig(b)
	pairs := []struct {
		name  string
		rig   *rig
		bench string
		truth float64 // 0: not known
	}{
		{"GetHit, naive ÷ yours", lru, "GetHit", 0},
		{"GetHit, the same code twice", lru.twice(), "GetHit", 1},
		{"SetNew, naive ÷ yours", lru, "SetNew", 0},
		{"SetNew, the same code twice", lru.twice(), "SetNew", 1},
		{"Above, naive ÷ yours", spins, "Above", 0},
		{"Above, the same code twice", spins.twice(), "Above", 1},
	}
	for _, load := range loads {
		b.Run(load.name, func(b *testing.B) {
			for b.Loop() {
				stop := underLoad(b, load.name, load.processes)
				begun := time.Now()
				found := make([][]measure.Interval, len(pairs))
				for range repetitions {
					for i, p := range pairs {
						found[i] = append(found[i], *p.rig.measure(nil, p.bench).Benchmarks[0].Speedup)
					}
				}
				stop()
				for i, p := range pairs {
					fmt.Printf("| ratio, %s, %s | %s |\n", load.name, p.name, spread(found[i], p.truth))
				}
				b.ReportMetric(time.Since(begun).Seconds()/float64(repetitions*len(pairs)), "s/measurement")
			}
		})
	}
}

// twice is the rig with yours in naive's place.
func (g *rig) twice() *rig {
	twice := *g
	twice.bench = slices.Clone(g.bench)
	for i := range twice.bench {
		twice.bench[i].Command = g.bench[len(g.bench)-1].Command // yours is the last one
	}
	return &twice
}

// spread tells how far repeated measurements lie from the truth, or from their median if nobody knows that; how wide
// their intervals are, and how many of those hold it.
func spread(found []measure.Interval, truth float64) string {
	var centers, halves []float64
	for _, iv := range found {
		centers, halves = append(centers, iv.Center), append(halves, iv.Spread())
	}
	if truth == 0 {
		truth = median(centers)
	}
	var sum, squares, worst, held float64
	for _, iv := range found {
		d := math.Log(iv.Center / truth)
		sum, squares = sum+d, squares+d*d
		worst = max(worst, math.Abs(iv.Center/truth-1))
		if iv.Lo <= truth && truth <= iv.Hi {
			held++
		}
	}
	n := float64(len(found))
	sd := math.Sqrt(max(0, squares/n-(sum/n)*(sum/n)))
	return fmt.Sprintf("%.3g: worst %.1f %%, sd %.1f %% of %.0f; intervals ±%.1f %%, %.0f %% hold it", truth, 100*worst, 100*sd, n, 100*median(halves), 100*held/n)
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
