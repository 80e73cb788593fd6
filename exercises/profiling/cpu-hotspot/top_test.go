package hotspot

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"regexp"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"hotloop/exercises/kit"
)

// A testStack is a sample: functions from the outermost on, inlined calls joined by " > " to their caller, and its values.
type testStack struct {
	stack  []string
	values []int64
}

// profileOf makes a profile. Equal words are one location, as in real profiles; "0x…" is a location without a function.
func profileOf(t *testing.T, types []string, samples ...testStack) *profile.Profile {
	t.Helper()
	p := &profile.Profile{PeriodType: &profile.ValueType{Type: "cpu", Unit: "nanoseconds"}, Period: 10_000_000}
	for _, name := range types {
		p.SampleType = append(p.SampleType, &profile.ValueType{Type: name, Unit: "count"})
	}
	functions, locations := map[string]*profile.Function{}, map[string]*profile.Location{}
	for _, s := range samples {
		sample := &profile.Sample{Value: s.values}
		for _, words := range slices.Backward(s.stack) {
			loc := locations[words]
			if loc == nil {
				loc = &profile.Location{ID: uint64(len(p.Location) + 1), Address: uint64(0x1000 + 16*len(p.Location))}
				if _, err := fmt.Sscanf(words, "0x%x", &loc.Address); err != nil {
					for _, name := range slices.Backward(strings.Split(words, " > ")) {
						if functions[name] == nil {
							functions[name] = &profile.Function{ID: uint64(len(functions) + 1), Name: name}
							p.Function = append(p.Function, functions[name])
						}
						loc.Line = append(loc.Line, profile.Line{Function: functions[name], Line: int64(len(words))})
					}
				}
				locations[words] = loc
				p.Location = append(p.Location, loc)
			}
			sample.Location = append(sample.Location, loc)
		}
		p.Sample = append(p.Sample, sample)
	}
	if err := p.CheckValid(); err != nil {
		t.Fatal(err)
	}
	return p
}

const allRows = 1000

// topRows is Top's answer as lines "function flat cum flat% cum%".
func topRows(t *testing.T, p *profile.Profile, sampleType string, n int) []string {
	t.Helper()
	frames, err := Top(p, sampleType, n)
	if err != nil {
		t.Fatalf("Top(a profile with %q, %d): %v", sampleType, n, err)
	}
	lines := []string{}
	for _, f := range frames {
		lines = append(lines, fmt.Sprintf("%s %d %d %.4g%% %.4g%%", f.Func, f.Flat, f.Cum, f.FlatPct, f.CumPct))
	}
	return lines
}

func wantRows(t *testing.T, got []string, why string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("Top:\n got %s\nwant %s\n%s", strings.Join(got, "\n     "), strings.Join(want, "\n     "), why)
	}
}

var cpuTypes = []string{"samples", "cpu"}

func TestTopFlatIsTheLeaf(t *testing.T) {
	p := profileOf(t, cpuTypes,
		testStack{[]string{"main", "Build", "sort"}, []int64{6, 60}},
		testStack{[]string{"main", "Build", "regexp"}, []int64{3, 30}},
		testStack{[]string{"main", "Build"}, []int64{1, 10}})
	wantRows(t, topRows(t, p, "cpu", allRows), "flat is of the innermost function only, which stands first in Location; cum is of all on the stack",
		"sort 60 60 60% 60%", "regexp 30 30 30% 30%", "Build 10 100 10% 100%", "main 0 100 0% 100%")
	wantRows(t, topRows(t, p, "samples", allRows), "the same profile counts samples, too",
		"sort 6 6 60% 60%", "regexp 3 3 30% 30%", "Build 1 10 10% 100%", "main 0 10 0% 100%")
}

func TestTopRecursionIsCountedOnce(t *testing.T) {
	p := profileOf(t, cpuTypes,
		testStack{[]string{"main", "walk", "visit", "walk", "visit", "walk"}, []int64{4, 40}},
		testStack{[]string{"main", "walk > walk", "walk > visit"}, []int64{1, 10}})
	wantRows(t, topRows(t, p, "cpu", allRows), "a function that stands on one stack five times was running once; more than 100 % of the time there is none",
		"walk 40 50 80% 100%", "visit 10 50 20% 100%", "main 0 50 0% 100%")
}

func TestTopInlinedCalls(t *testing.T) {
	p := profileOf(t, cpuTypes,
		testStack{[]string{"main > run", "Build > normalise > isLetter"}, []int64{2, 20}},
		testStack{[]string{"main > run", "Build"}, []int64{1, 10}},
		testStack{[]string{"main > run", "Build > normalise", "memmove"}, []int64{1, 10}})
	wantRows(t, topRows(t, p, "cpu", allRows), "a location is one address; its lines are the calls that were inlined there, the innermost first, and each of them is on the stack",
		"isLetter 20 20 50% 50%", "Build 10 40 25% 100%", "memmove 10 10 25% 25%", "main 0 40 0% 100%", "normalise 0 30 0% 75%", "run 0 40 0% 100%")
}

func TestTopAddressForAName(t *testing.T) {
	p := profileOf(t, cpuTypes,
		testStack{[]string{"main", "0x4b1dcafe", "0xface"}, []int64{3, 30}},
		testStack{[]string{"main", "0xface"}, []int64{1, 10}})
	wantRows(t, topRows(t, p, "cpu", allRows), "code without symbols has an address, and takes time as any other",
		"0xface 40 40 100% 100%", "0x4b1dcafe 0 30 0% 75%", "main 0 40 0% 100%")
}

func TestTopUnknownType(t *testing.T) {
	p := profileOf(t, cpuTypes, testStack{[]string{"main"}, []int64{1, 10}})
	for _, name := range []string{"inuse_space", "", "CPU", "nanoseconds"} {
		frames, err := Top(p, name, allRows)
		if !errors.Is(err, ErrSampleType) || len(frames) > 0 {
			t.Errorf("Top(a profile of CPU time, %q) = %v, %v; want ErrSampleType: another type's numbers would look just as plausible", name, frames, err)
		}
	}
	heap := profileOf(t, []string{"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"}, testStack{[]string{"main"}, []int64{1, 2, 3, 4}})
	wantRows(t, topRows(t, heap, "inuse_space", allRows), "the value of a sample stands where its type stands in SampleType", "main 4 4 100% 100%")
	wantRows(t, topRows(t, heap, "alloc_objects", allRows), "the first type is a type, too", "main 1 1 100% 100%")
}

func TestTopPercentOfTheTotal(t *testing.T) {
	p := profileOf(t, cpuTypes,
		testStack{[]string{"main", "a"}, []int64{1, 10}},
		testStack{[]string{"main", "b"}, []int64{2, 20}},
		testStack{nil, []int64{1, 10}})
	why := "percentages are of all samples, of those that are not shown and of those without a stack, too"
	wantRows(t, topRows(t, p, "cpu", 1), why, "b 20 20 50% 50%")
	wantRows(t, topRows(t, p, "cpu", 2), why, "b 20 20 50% 50%", "a 10 10 25% 25%")
	wantRows(t, topRows(t, p, "cpu", 0), "none were asked for")
	wantRows(t, topRows(t, p, "cpu", -1), "none were asked for")
	empty := profileOf(t, cpuTypes)
	wantRows(t, topRows(t, empty, "cpu", allRows), "a profile may have no samples")
	diff := profileOf(t, cpuTypes, testStack{[]string{"before"}, []int64{-1, -10}}, testStack{[]string{"after"}, []int64{1, 10}})
	wantRows(t, topRows(t, diff, "cpu", allRows), "the difference of two profiles may have a total of zero, and there are no shares of nothing",
		"after 10 10 0% 0%", "before -10 -10 0% 0%")
}

func TestTopTies(t *testing.T) {
	var samples []testStack
	var want []string
	for i := range 20 {
		name := fmt.Sprintf("f%02d", i)
		samples = append(samples, testStack{[]string{"main", name}, []int64{1, 10}})
		want = append(want, name+" 10 10 5% 5%")
	}
	kit.Rand(t).Shuffle(len(samples), func(i, j int) { samples[i], samples[j] = samples[j], samples[i] })
	wantRows(t, topRows(t, profileOf(t, cpuTypes, samples...), "cpu", 10), "where flat is equal the names decide, or two looks at one profile differ", want[:10]...)
}

// expectedTop asks each function for its samples.
func expectedTop(p *profile.Profile, value int) []Frame {
	var names []string
	for _, f := range p.Function {
		names = append(names, f.Name)
	}
	var total int64
	for _, s := range p.Sample {
		total += s.Value[value]
	}
	var list []Frame
	for _, name := range names {
		f, seen := Frame{Func: name}, false
		for _, s := range p.Sample {
			var stack []string
			for _, loc := range s.Location {
				for _, line := range loc.Line {
					stack = append(stack, line.Function.Name)
				}
			}
			if slices.Contains(stack, name) {
				f.Cum += s.Value[value]
				seen = true
			}
			if len(stack) > 0 && stack[0] == name {
				f.Flat += s.Value[value]
			}
		}
		f.FlatPct, f.CumPct = 100*float64(f.Flat)/float64(total), 100*float64(f.Cum)/float64(total)
		if seen {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b Frame) int {
		return cmp.Or(cmp.Compare(b.Flat, a.Flat), strings.Compare(a.Func, b.Func))
	})
	return list
}

func TestTopRandomProfiles(t *testing.T) {
	r := kit.Rand(t)
	for range 100 {
		var samples []testStack
		for range 1 + r.IntN(30) {
			var s testStack
			for range 1 + r.IntN(6) {
				words := fmt.Sprint("f", r.IntN(9))
				for range r.IntN(3) {
					words += fmt.Sprint(" > f", r.IntN(9))
				}
				s.stack = append(s.stack, words)
			}
			n := int64(1 + r.IntN(50))
			s.values = []int64{n, n * 10_000_000}
			samples = append(samples, s)
		}
		p := profileOf(t, cpuTypes, samples...)
		before, want := p.String(), expectedTop(p, 1)
		got, err := Top(p, "cpu", len(want))
		if err != nil || !slices.EqualFunc(got, want, closeFrames) {
			t.Fatalf("Top of\n%s\n got %v, %v\nwant %v", p, got, err, want)
		}
		if after := p.String(); after != before {
			t.Fatalf("Top changed the profile that it was given\n was %s\n  is %s\nwho looks at a profile twice wants to see the same", before, after)
		}
	}
}

func closeFrames(a, b Frame) bool {
	return a.Func == b.Func && a.Flat == b.Flat && a.Cum == b.Cum && math.Abs(a.FlatPct-b.FlatPct) < 1e-9 && math.Abs(a.CumPct-b.CumPct) < 1e-9
}

// liveSpin keeps the processor busy until then, nearly always in liveStep.
//
//go:noinline
func liveSpin(until time.Time) (n int) {
	for time.Now().Before(until) {
		n += liveStep(n)
	}
	return n
}

//go:noinline
func liveStep(n int) int {
	for i := range 200_000 {
		n ^= n<<3 + i
	}
	return n
}

// A profile of this process: what runtime/pprof writes, read by what reads it everywhere. It has a hundred samples of a
// second of CPU time; they are of very few stacks.
func TestTopOfARealProfile(t *testing.T) {
	var p *profile.Profile
	var samples int64
	for try := 0; try < 20 && samples < 10; try++ { // a busy machine may leave little time to be profiled
		var b bytes.Buffer
		if err := pprof.StartCPUProfile(&b); err != nil {
			t.Skip("somebody else is profiling this process:", err)
		}
		liveSpin(time.Now().Add(150 * time.Millisecond))
		pprof.StopCPUProfile()
		one, err := profile.Parse(&b)
		if err != nil {
			t.Fatal(err)
		}
		if p == nil {
			p = one
		} else if p, err = profile.Merge([]*profile.Profile{p, one}); err != nil {
			t.Fatal(err)
		}
		for _, s := range one.Sample {
			samples += s.Value[0]
		}
	}
	if samples == 0 {
		t.Fatal("20 profiles of 150 ms have no sample: this process gets no CPU time, or no signals")
	}
	// On a busy machine the signal that asks liveStep to make room often comes together with the profiler's.
	p.Prune(regexp.MustCompile(`^runtime\.asyncPreempt`), nil)
	frames, err := Top(p, "cpu", math.MaxInt)
	if err != nil {
		t.Fatalf("Top of a profile of this process: %v", err)
	}
	named := func(suffix string) (found Frame) {
		for _, f := range frames {
			if strings.HasSuffix(f.Func, suffix) {
				found = f
			}
		}
		return found
	}
	spin, step := named(".liveSpin"), named(".liveStep")
	if len(frames) == 0 || frames[0] != step || step.FlatPct < 50 || spin.CumPct < step.CumPct || spin.FlatPct > 25 {
		t.Errorf("a process that calls liveStep from liveSpin and does nothing else:\n liveStep %+v\n liveSpin %+v\n first %v\nwant liveStep first with most of the flat time, and liveSpin with all of that as cum and hardly any as flat", step, spin, frames[:min(1, len(frames))])
	}
}
