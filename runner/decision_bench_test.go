package runner

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"hotloop/exercises"
	"hotloop/exercises/kit/harness"
	"hotloop/runner/measure"
	"hotloop/runner/report"
	"hotloop/runner/sandbox"
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

// addersWith is the adder's exercise with other code and other targets, and with a time limit as those have that are
// there to be solved: 3 s are too little for a turn on a busy machine.
func addersWith(tb testing.TB, reference, naive, test, bench, targets string) *exercises.Catalog {
	tb.Helper()
	fsys := adder()
	const dir = "arithmetic/add/"
	head, _, _ := strings.Cut(strings.Replace(adderYAML, "time: 3s", "time: 20s", 1), "targets:")
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

// spinRig is naive and yours, of which naive computes 2.2 and 1.8 times as long, against a target of 2.
func spinRig(tb testing.TB) *rig {
	targets := "  - {benchmark: Above, unit: sec/op, speedup: 2, why: w}\n  - {benchmark: Below, unit: sec/op, speedup: 2, why: w}\n"
	c := addersWith(tb, spins(1000, 1000), spins(2200, 1800), spinTest, spinBench, targets)
	return newRig(tb, c, Job{Exercise: "add", Files: referenceFiles(tb, c, "add")}, "reference")
}

// The decisions that are right.
var rightly = map[string]measure.Decision{"Above": measure.Yes, "Below": measure.No}

// BenchmarkDecisions prints how many decisions at 10 % from the target are wrong or not made, beside two busy loops:
// first of measurements as a run makes them, and then of 1,000. To take so many would take most of an hour; instead,
// generations of real ones are recorded, and each decision is made on generations drawn from these at random, one by
// one, until a run would have decided or had no time left:
//
//	go test -run '^$' -bench Decisions -benchtime 1x ./runner        (-short: 20 measurements, not 100)
func BenchmarkDecisions(b *testing.B) {
	const recorded, decisions = 60, 1000
	measurements := 100
	if testing.Short() {
		measurements = 20
	}
	g := spinRig(b)
	for b.Loop() {
		stop := underLoad(b, "busy", 2)
		var taken, drawn tally
		for i := range measurements {
			taken.add(g.measure(nil, []string{"Above", "Below"}[i%2]).Benchmarks[0])
		}
		recordings := []*recording{g.record("Above", recorded), g.record("Below", recorded)}
		stop()
		rng := rand.New(rand.NewPCG(1, 1))
		for i := range decisions {
			drawn.add(recordings[i%2].decide(rng))
		}
		fmt.Printf("| decisions at 10 %% from the target, busy, measured | %s |\n", &taken)
		fmt.Printf("| decisions at 10 %% from the target, busy, drawn from %d recorded generations | %s |\n", 2*recorded, &drawn)
	}
}

// A tally counts decisions.
type tally struct{ made, wrong, undecided, rounds int }

func (t *tally) add(found report.Benchmark) {
	t.made++
	t.rounds += found.Rounds
	switch found.Met {
	case rightly[found.Name]:
	case measure.Inconclusive:
		t.undecided++
	default:
		t.wrong++
	}
}

func (t *tally) String() string {
	return fmt.Sprintf("%d: %d wrong, %d inconclusive (%.1f %%); %d rounds each", t.made, t.wrong, t.undecided,
		100*float64(t.undecided)/float64(t.made), t.rounds/t.made)
}

// A recording is a measurement that went on whether it was decided or not.
type recording struct {
	m    *measurement
	t    *timing
	took []time.Duration // of each generation, with its start
}

func (g *rig) record(name string, generations int) *recording {
	g.tb.Helper()
	ctx, cancel := context.WithCancel(g.tb.Context())
	defer cancel()
	a := g.attempt(nil)
	defer a.tell.finish()
	rec := &recording{m: &measurement{a: a, bench: g.bench, ended: map[string]sandbox.Result{}}}
	err := rec.take(ctx, name, generations)
	if err := errors.Join(err, rec.m.dismiss(err)); err != nil {
		g.tb.Fatal(err)
	}
	return rec
}

func (rec *recording) take(ctx context.Context, name string, generations int) error {
	if err := rec.m.begin(ctx); err != nil {
		return err
	}
	all, first := map[string]*samples{}, map[string]*harness.Record{}
	for _, p := range rec.m.players {
		var err error
		if first[p.variant], err = p.turn(ctx, harness.Turn{Bench: name, N: 1}, func(*harness.Record) {}); err != nil {
			return err
		}
		all[p.variant] = &samples{counted: map[string][]float64{}}
	}
	rec.t = &timing{name: name, all: all, want: target(rec.m.a.ex, name, "sec/op")}
	alone, err := rec.m.calibrate(ctx, rec.t, first)
	if err != nil {
		return err
	}
	for range generations {
		start := time.Now()
		if err := rec.m.next(ctx, rec.t); err != nil {
			return err
		}
		if err := rec.m.rounds(ctx, rec.t, alone, defaultBudget, time.Since(start)); err != nil {
			return err
		}
		rec.took = append(rec.took, time.Since(start))
	}
	return nil
}

// decide decides as a run would whose generations come in another order.
func (rec *recording) decide(rng *rand.Rand) report.Benchmark {
	part := &timing{name: rec.t.name, all: map[string]*samples{}, want: rec.t.want}
	for variant := range rec.t.all {
		part.all[variant] = &samples{}
	}
	var looks looks
	var spent time.Duration
	first := rec.t.generation[0]
	for done, g := range rng.Perm(len(rec.took)) {
		for round, of := range rec.t.generation {
			if of != first+g {
				continue
			}
			part.generation = append(part.generation, done)
			for variant, s := range rec.t.all {
				to := part.all[variant]
				to.wall, to.cpu, to.yard = append(to.wall, s.wall[round]), append(to.cpu, s.cpu[round]), append(to.yard, s.yard[round])
				if s.cpu[round] > 0 {
					to.cpuShare = append(to.cpuShare, s.cpu[round]/s.wall[round])
				}
			}
		}
		spent += rec.took[g]
		if found := rec.m.timed(part); looks.enough(done+1, found) || looks.over(done+1, spent, defaultBudget) {
			return found
		}
	}
	return rec.m.timed(part)
}
