package runner

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"hotloop/exercises"
	"hotloop/exercises/kit/harness"
	"hotloop/runner/measure"
	"hotloop/runner/report"
)

// Naive takes 2.2 and 1.8 times as many steps as yours, of which each waits for the one before: so much longer it takes.
const (
	spinTarget = 2.0
	spin       = `package add

var sum uint64

func spin(n int) {
	x := sum
	for range n {
		x = x*6364136223846793005 + 1442695040888963407
	}
	sum = x
}

func Above() { spin(ABOVE) }
func Below() { spin(BELOW) }
`
	spinBench = `package add

import "testing"

func BenchmarkAbove(b *testing.B) {
	for b.Loop() {
		Above()
	}
}

func BenchmarkBelow(b *testing.B) {
	for b.Loop() {
		Below()
	}
}
`
	spinTest = `package add

import "testing"

func TestAdd(t *testing.T) { Above() }
`
)

// addersWith is the adder's exercise with other code and other targets.
func addersWith(tb testing.TB, reference, naive, test, bench, targets string) *exercises.Catalog {
	tb.Helper()
	fsys := adder()
	const dir = "arithmetic/add/"
	head, _, _ := strings.Cut(adderYAML, "targets:")
	_, tail, _ := strings.Cut(adderYAML, "hints:")
	tail, _, _ = strings.Cut(tail, "mutants:")
	tail += "mutants:\n"
	for i := range 5 { // an exercise has some; none of them is built here
		tail += fmt.Sprintf("  - {name: m%d, why: w, killed_by: TestAdd, file: add.go, find: package add, replace: package no%d}\n", i, i)
	}
	for name, text := range map[string]string{
		"add.go": reference, "starter/add.go": reference, "naive/add.go": naive, "add_test.go": test, "add_bench_test.go": bench, otherAdder: reference,
		"exercise.yaml": head + "targets:\n" + targets + "hints:" + tail,
	} {
		fsys[dir+name] = &fstest.MapFile{Data: []byte(text)}
	}
	c, err := exercises.Load(fsys)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func spins(above, below int) string {
	return strings.NewReplacer("ABOVE", fmt.Sprint(above), "BELOW", fmt.Sprint(below)).Replace(spin)
}

// BenchmarkDecisions prints how many of 1,000 decisions at 10 % from the target are wrong or not made, beside two busy
// loops. To take 1,000 measurements would take half an hour; instead real ones are recorded, in new processes each, and
// each decision is made on rounds that follow each other in one of them, from a random one on, as a run would make it:
//
//	go test -run '^$' -bench Decisions -benchtime 1x ./runner
func BenchmarkDecisions(b *testing.B) {
	const recordings, length, decisions = 6, 240, 1000
	targets := "  - {benchmark: Above, unit: sec/op, speedup: 2, why: w}\n  - {benchmark: Below, unit: sec/op, speedup: 2, why: w}\n"
	c := addersWith(b, spins(1000, 1000), spins(2200, 1800), spinTest, spinBench, targets)
	g := newRig(b, c, Job{Exercise: "add", Files: referenceFiles(b, c, "add")}, "reference")
	for b.Loop() {
		stop := underLoad(b, "busy", 2)
		var recorded []*recording
		for i := range recordings {
			name := []string{"Above", "Below"}[i%2]
			recorded = append(recorded, g.record(name, length))
		}
		stop()
		count, rounds := map[measure.Decision]int{}, 0
		rng := rand.New(rand.NewPCG(1, 1))
		wrong := 0
		for range decisions {
			rec := recorded[rng.IntN(len(recorded))]
			found := rec.decide(rng)
			count[found.Met]++
			rounds += found.Rounds
			if want := map[string]measure.Decision{"Above": measure.Yes, "Below": measure.No}[rec.name]; found.Met != want && found.Met != measure.Inconclusive {
				wrong++
			}
		}
		fmt.Printf("busy   %d decisions at 10 %% from the target, on %d recordings of %d rounds: %d wrong, %d inconclusive (%.1f %%); %d rounds each\n",
			decisions, recordings, length, wrong, count[measure.Inconclusive], 100*float64(count[measure.Inconclusive])/decisions, rounds/decisions)
	}
}

// A recording is a measurement that went on whether it was decided or not.
type recording struct {
	name string
	m    *measurement
	all  map[string]*samples
	took []time.Duration // of each round
}

func (g *rig) record(name string, rounds int) *recording {
	g.tb.Helper()
	ctx, cancel := context.WithCancel(g.tb.Context())
	defer cancel()
	a := g.attempt(nil)
	defer a.tell.finish()
	players, err := a.players(ctx, g.bench)
	if err != nil {
		g.tb.Fatal(err)
	}
	rec := &recording{name: name, m: &measurement{a: a, players: players, seed: a.rep.Seed}, all: map[string]*samples{}}
	err = rec.take(ctx, rounds)
	if err := a.dismiss(players, err); err != nil {
		g.tb.Fatal(err)
	}
	if err != nil {
		g.tb.Fatal(err)
	}
	return rec
}

func (rec *recording) take(ctx context.Context, rounds int) error {
	if err := rec.m.begin(ctx); err != nil {
		return err
	}
	first := map[string]*harness.Record{}
	for _, p := range rec.m.players {
		var err error
		if first[p.variant], err = p.turn(ctx, harness.Turn{Bench: rec.name, N: 1}, func(*harness.Record) {}); err != nil {
			return err
		}
		rec.all[p.variant] = &samples{counted: map[string][]float64{}}
	}
	if err := rec.m.calibrate(ctx, rec.name, rec.all, first); err != nil {
		return err
	}
	for round := range rounds {
		start := time.Now()
		if err := rec.m.round(ctx, rec.name, round, rec.all); err != nil {
			return err
		}
		rec.took = append(rec.took, time.Since(start))
	}
	return nil
}

// decide decides as a run would that began at a random round of the recording.
func (rec *recording) decide(rng *rand.Rand) report.Benchmark {
	from := rng.IntN(len(rec.took) / 2)
	m := *rec.m
	m.seed = rng.Uint64()
	var looks looks
	var spent time.Duration
	for done := 1; ; done++ {
		part := map[string]*samples{}
		for variant, s := range maps.All(rec.all) {
			part[variant] = &samples{n: s.n, wall: s.wall[from : from+done], cpu: s.cpu[from : from+done], cpuShare: s.cpuShare}
		}
		spent += rec.took[from+done-1]
		over := spent >= defaultBudget || from+done == len(rec.took)
		if done%decideEvery != 0 && !over {
			continue
		}
		found := m.timed(rec.name, part, target(m.a.ex, rec.name, "sec/op"))
		if over || looks.enough(done, found) {
			return found
		}
	}
}
