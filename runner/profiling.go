package runner

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"hotloop/exercises"
	"hotloop/exercises/kit/harness"
	"hotloop/runner/executor"
	"hotloop/runner/measure"
	"hotloop/runner/profile"
	"hotloop/runner/report"
)

const (
	// Of a hundred samples a second, a tenth is seen as 10 ± 3 in a second. Several benchmarks share profileTotal.
	profileTime  = time.Second
	profileTotal = 4 * time.Second
	minProfile   = 300 * time.Millisecond

	// Each allocation is written down, which takes a microsecond or two.
	countedAllocs = 200_000
	maxCounted    = 1000
	countedTime   = 50 * time.Millisecond // of undisturbed running

	paceTime = 40 * time.Millisecond // of running tells how long one iteration takes

	// Making a profile takes time of its own, and a machine may become busier than it was when the pace was taken.
	patience = 3
)

// ErrNoBenchmark is returned for a job that names a benchmark that its exercise does not have.
var ErrNoBenchmark = errors.New("no such benchmark")

// checkBench says whether the exercise has the benchmark that the job names.
func checkBench(ex *exercises.Exercise, name string) error {
	if name == "" {
		return nil
	}
	names, err := ex.BenchmarkNames()
	if err == nil && !slices.Contains(names, name) {
		err = fmt.Errorf("%w: %q; %s has %s", ErrNoBenchmark, name, ex.Slug, strings.Join(names, ", "))
	}
	return err
}

// profile shows where benchmarks of yours and of naive spend time and memory: the timed ones, or all if none is, or the
// one that the job names; what is still in use when they read their live heap, of all.
func (a *attempt) profile(ctx context.Context, bench []executor.Step) error {
	names, err := a.benchmarks()
	if err != nil {
		return err
	}
	return a.withPlayers(ctx, bench, func(ctx context.Context, m *measurement) error {
		for _, player := range slices.Backward(m.players) { // the learner's comes last in charts, and first here
			p := &profiling{m: m, player: player, names: names, parts: map[string][]profile.Part{}}
			err := p.run(ctx)
			p.report() // of a program that runs out of memory, what came before is worth seeing
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// profiling is the profiling of one variant.
type profiling struct {
	m      *measurement
	player *player
	names  []string
	parts  map[string][]profile.Part // by kind
}

func (p *profiling) run(ctx context.Context) error {
	first, err := p.look(ctx)
	if err != nil {
		return err
	}
	timed := slices.DeleteFunc(slices.Clone(p.names), func(name string) bool { return p.m.counts(name, first[name]) })
	if len(timed) == 0 {
		timed = p.names
	}
	budget := max(minProfile, min(profileTime, profileTotal/time.Duration(len(timed))))
	budget = min(budget, p.player.limit/3)
	p.player.limit *= patience
	for _, name := range p.names {
		p.m.a.tell.progress(executor.Profile, 0, 0, "profiling %s of %s", name, p.player.variant)
		if !slices.Contains(timed, name) {
			if err := p.heap(ctx, name, 1, report.Kept); err != nil {
				return err
			}
			continue
		}
		counted := 1
		if !p.m.counts(name, first[name]) {
			counted = countable(first[name])
		}
		if err := p.heap(ctx, name, counted, report.Alloc, report.Kept); err != nil {
			return err
		}
		perOp, room, err := p.pace(ctx, name, counted, p.room(counted))
		if err != nil {
			return err
		}
		if err := p.cpu(ctx, name, max(1, min(iterationsIn(budget, perOp), room))); err != nil {
			return err
		}
	}
	return nil
}

// countable is how many iterations may have each allocation written down, where the first was like that.
func countable(first *harness.Record) int {
	n := iterationsIn(countedTime, first.Seconds)
	if first.Allocs > 0 {
		n = min(n, countedAllocs/int(min(first.Allocs, countedAllocs)))
	}
	return min(n, maxCounted)
}

// room is how many iterations of the benchmark whose heap was just profiled fit into a quarter of the memory, if each leaves
// behind what those have: a leaking solution is one that is worth profiling, and must live long enough.
func (p *profiling) room(counted int) int {
	limit := p.player.process.step.Command.Limits.Memory
	parts := p.parts[report.Alloc]
	if limit <= 0 || len(parts) == 0 {
		return maxN
	}
	left, err := profile.Join(report.Kept, parts[len(parts)-1:])
	if err != nil {
		return maxN
	}
	perOp := left.Total() / float64(counted)
	return max(1, int(min(maxN, float64(limit)/4/max(perOp, 1e-9))))
}

// pace is how long one iteration takes, undisturbed, on the wall: beginning with n of them, more and more are run until
// that is known, or the room for them is half used. It returns how many there is still room for.
func (p *profiling) pace(ctx context.Context, name string, n, room int) (perOp float64, left int, err error) {
	left = room
	for n = min(n, max(1, room/4)); ; {
		rec, err := p.player.turn(ctx, harness.Turn{Bench: name, N: n}, func(*harness.Record) {})
		if err != nil {
			return 0, 0, err
		}
		left -= n
		perOp = rec.Seconds / float64(n)
		next := min(20*n, max(n+1, int(float64(n)*paceTime.Seconds()/max(rec.Seconds, 1e-9))))
		if rec.Seconds >= paceTime.Seconds()/2 || next > maxN || left-next < room/2 {
			return perOp, left, nil
		}
		n = next
	}
}

// look lets each benchmark have one iteration: how long that takes, what it allocates, whether it counts something, and
// what becomes of its memory meanwhile.
func (p *profiling) look(ctx context.Context) (map[string]*harness.Record, error) {
	first := map[string]*harness.Record{}
	for _, name := range p.names {
		var points []measure.Point
		rec, err := p.player.turn(ctx, harness.Turn{Bench: name, N: 1, Sample: true}, func(rec *harness.Record) {
			if rec.Unit == "B" || harness.Sampled(rec.Name) { // what else a benchmark draws, bench shows
				points = append(points, recordPoint(rec, p.player.variant))
			}
		})
		if err != nil {
			return nil, err
		}
		if p.m.counts(name, rec) {
			p.m.tell(name, points)
		}
		first[name] = rec
	}
	return first, nil
}

func iterationsIn(d time.Duration, perOp float64) int {
	return max(1, min(maxN, int(d.Seconds()/max(perOp, 1e-10))))
}

func (p *profiling) cpu(ctx context.Context, name string, n int) error {
	got, err := p.turn(ctx, harness.Turn{Bench: name, N: n, Profile: harness.CPUProfile})
	if err != nil {
		return err
	}
	for _, data := range got[harness.CPUProfile] {
		p.parts[report.CPU] = append(p.parts[report.CPU], profile.Part{Benchmark: name, End: data})
	}
	return nil
}

func (p *profiling) heap(ctx context.Context, name string, n int, kinds ...string) error {
	got, err := p.turn(ctx, harness.Turn{Bench: name, N: n, Profile: harness.HeapProfile})
	if err != nil {
		return err
	}
	for _, kind := range kinds {
		from := map[string]string{report.Alloc: harness.AllocProfile, report.Kept: harness.KeptProfile}[kind]
		if base, end := got[harness.BaseProfile], got[from]; len(base) > 0 && len(end) > 0 {
			p.parts[kind] = append(p.parts[kind], profile.Part{Benchmark: name, Start: base[len(base)-1], End: end[len(end)-1]})
		}
	}
	return nil
}

// turn asks for one profile and gathers what comes of it, by name. Of what is too large the first part is kept, which
// then cannot be read.
func (p *profiling) turn(ctx context.Context, turn harness.Turn) (map[string][][]byte, error) {
	got, text := map[string][][]byte{}, map[string]string{}
	_, err := p.player.turn(ctx, turn, func(rec *harness.Record) {
		if rec.Kind != harness.ProfileRecord || !slices.Contains(pieces, rec.Name) {
			return
		}
		if len(text[rec.Name]) <= base64.StdEncoding.EncodedLen(profile.MaxSize) {
			text[rec.Name] += rec.Data
		}
		if rec.Status == harness.Pass && len(got[rec.Name]) < maxPieces {
			if data, err := base64.StdEncoding.DecodeString(text[rec.Name]); err == nil {
				got[rec.Name] = append(got[rec.Name], data)
			}
			delete(text, rec.Name)
		}
	})
	return got, err
}

// pieces are the names under which profiles come; maxPieces is how many of one name may come in a turn: one for each loop.
var pieces = []string{harness.CPUProfile, harness.BaseProfile, harness.AllocProfile, harness.KeptProfile}

const maxPieces = 8

// report puts what was seen into the report, and tells it as files.
func (p *profiling) report() {
	variant := p.player.variant
	files := p.m.a.job.Files
	if variant != yours {
		v, err := p.m.a.ex.Variant(variant)
		if err != nil {
			return // it was built from these files a moment ago
		}
		files = v.Files
	}
	for _, kind := range []string{report.CPU, report.Alloc, report.Kept} {
		parts := p.parts[kind]
		if len(parts) == 0 {
			continue
		}
		prof, err := profile.Join(kind, parts)
		if err != nil {
			p.m.a.rep.Profiles = append(p.m.a.rep.Profiles, unreadable(variant, kind, err))
			continue
		}
		r := prof.Report(variant, benchmarksOf(parts), files, variant == yours)
		r.Note = note(r)
		data, err := prof.Bytes()
		if err != nil {
			r.Note = upper(err.Error()) + "."
		} else {
			p.m.a.tell.event(report.Event{Pprof: &report.Pprof{Variant: variant, Kind: kind, Data: data}})
		}
		p.m.a.rep.Profiles = append(p.m.a.rep.Profiles, r)
	}
}

func benchmarksOf(parts []profile.Part) []string {
	names := map[string]bool{}
	for _, part := range parts {
		names[part.Benchmark] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// unreadable stands for a profile that the process has told and that is none: the learner's program has meddled with it.
func unreadable(variant, kind string, err error) report.Profile {
	return report.Profile{Variant: variant, Kind: kind, Unit: "B", Benchmarks: []string{}, Functions: []report.ProfileFunction{},
		Lines: []report.ProfileLine{}, Note: "There is no profile to show: " + report.Clean(err.Error()) + "."}
}

// fewSamples is when a profile of CPU time says little.
const fewSamples = 20

func note(r report.Profile) string {
	switch {
	case r.Kind == report.CPU && r.Samples < fewSamples:
		return fmt.Sprintf("Only %d samples: the loops mostly wait, which a profile of CPU time does not show.", r.Samples)
	case r.Kind == report.Alloc && r.Objects == 0:
		return "The loops allocate nothing."
	case r.Kind == report.Kept && r.Objects == 0:
		return "Nothing that the loops allocated was still in use."
	}
	return ""
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
