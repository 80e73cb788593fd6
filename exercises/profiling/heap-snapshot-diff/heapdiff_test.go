package heapdiff

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"hotloop/exercises/kit"
)

// A testStack is a sample: frames "function file:line" from the outermost on, inlined calls joined by " > " to their
// caller, and its values. "0x…" is a location without a function.
type testStack struct {
	stack  []string
	values []int64
}

var heapTypes = []string{"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"}

// inUse are a sample's values for heapTypes. What was allocated is more than what is in use, and would mislead.
func inUse(objects, bytes int64) []int64 {
	return []int64{7*objects + 5, 9*bytes + 1000, objects, bytes}
}

func profileOf(t *testing.T, types []string, samples ...testStack) *profile.Profile {
	t.Helper()
	p := &profile.Profile{PeriodType: &profile.ValueType{Type: "space", Unit: "bytes"}, Period: 1}
	for _, name := range types {
		p.SampleType = append(p.SampleType, &profile.ValueType{Type: name, Unit: "count"})
	}
	functions := map[string]*profile.Function{}
	for _, s := range samples {
		sample := &profile.Sample{Value: s.values}
		for _, words := range slices.Backward(s.stack) {
			loc := &profile.Location{ID: uint64(len(p.Location) + 1), Address: uint64(0x1000 + 16*len(p.Location))}
			for _, frame := range slices.Backward(strings.Split(words, " > ")) {
				var name, place string
				var line int64
				if fmt.Sscanf(frame, "%s %s", &name, &place); strings.HasPrefix(name, "0x") {
					continue
				}
				file, number, _ := strings.Cut(place, ":")
				fmt.Sscan(number, &line)
				if functions[name] == nil {
					functions[name] = &profile.Function{ID: uint64(len(functions) + 1), Name: name, Filename: file}
					p.Function = append(p.Function, functions[name])
				}
				loc.Line = append(loc.Line, profile.Line{Function: functions[name], Line: line})
			}
			p.Location = append(p.Location, loc)
			sample.Location = append(sample.Location, loc)
		}
		p.Sample = append(p.Sample, sample)
	}
	if err := p.CheckValid(); err != nil {
		t.Fatal(err)
	}
	return p
}

// deltaLines writes deltas as "function file:line bytes objects".
func deltaLines(deltas []Delta) []string {
	list := []string{}
	for _, d := range deltas {
		list = append(list, fmt.Sprintf("%s %s:%d %d %d", d.Func, d.File, d.Line, d.Bytes, d.Objects))
	}
	return list
}

func wantDiff(t *testing.T, before, after *profile.Profile, roots []string, why string, want ...string) {
	t.Helper()
	deltas, err := Diff(before, after, roots)
	if err != nil {
		t.Errorf("Diff of two heap profiles with the roots %q: %v", roots, err)
		return
	}
	if got := deltaLines(deltas); !slices.Equal(got, want) {
		t.Errorf("Diff with the roots %q\n got %s\nwant %s\n%s", roots, strings.Join(got, "\n     "), strings.Join(want, "\n     "), why)
	}
}

func TestDiffIsAfterMinusBefore(t *testing.T) {
	before := profileOf(t, heapTypes,
		testStack{[]string{"main main.go:1", "same s.go:1"}, inUse(5, 500)},
		testStack{[]string{"main main.go:1", "grew g.go:2"}, inUse(1, 100)},
		testStack{[]string{"main main.go:1", "gone o.go:3"}, inUse(4, 400)},
		testStack{[]string{"main main.go:1", "shrank r.go:4"}, inUse(9, 900)},
		testStack{[]string{"main main.go:1", "repacked p.go:5"}, inUse(9, 900)})
	after := profileOf(t, heapTypes,
		testStack{[]string{"main main.go:1", "shrank r.go:4"}, inUse(2, 200)},
		testStack{[]string{"main main.go:1", "grew g.go:2"}, inUse(2, 300)},
		testStack{[]string{"main main.go:9", "grew g.go:2"}, inUse(3, 300)},
		testStack{[]string{"main main.go:1", "grew g.go:3"}, inUse(1, 50)},
		testStack{[]string{"main main.go:1", "same s.go:1"}, inUse(5, 500)},
		testStack{[]string{"main main.go:1", "repacked p.go:5"}, inUse(3, 900)},
		testStack{[]string{"main main.go:1", "fresh f.go:6"}, inUse(1, 70)})
	wantDiff(t, before, after, nil, "what is in use after, minus what was in use before, by function, file and line, whoever called; the largest first, what shrank last, what did not change not at all",
		"grew g.go:2 500 4", "fresh f.go:6 70 1", "grew g.go:3 50 1", "repacked p.go:5 0 -6", "gone o.go:3 -400 -4", "shrank r.go:4 -700 -7")
	wantDiff(t, after, after, nil, "nothing changed")
	empty := profileOf(t, heapTypes)
	wantDiff(t, empty, empty, nil, "nothing is in use")
}

func TestDiffTies(t *testing.T) {
	var samples []testStack
	for _, frame := range []string{"b b.go:1", "a a.go:12", "a a.go:9", "c c.go:1"} {
		samples = append(samples, testStack{[]string{frame}, inUse(1, 64)})
	}
	kit.Rand(t).Shuffle(len(samples), func(i, j int) { samples[i], samples[j] = samples[j], samples[i] })
	wantDiff(t, profileOf(t, heapTypes), profileOf(t, heapTypes, samples...), nil, "where bytes are equal, the function and then the line decide, lines as numbers",
		"a a.go:9 64 1", "a a.go:12 64 1", "b b.go:1 64 1", "c c.go:1 64 1")
}

func TestDiffFindsTypesByName(t *testing.T) {
	before := profileOf(t, []string{"inuse_space", "inuse_objects"}, testStack{[]string{"a a.go:1"}, []int64{100, 1}})
	after := profileOf(t, []string{"inuse_objects", "other", "inuse_space"}, testStack{[]string{"a a.go:1"}, []int64{4, 999, 500}})
	wantDiff(t, before, after, nil, "the value of a sample stands where its type stands in SampleType, in each profile for itself", "a a.go:1 400 3")
}

func TestDiffRoots(t *testing.T) {
	p := profileOf(t, heapTypes,
		testStack{[]string{"main.main m.go:1", "app/cart.Add c.go:2", "app/cart.store c.go:3", "bytes.(*Buffer).grow b.go:4"}, inUse(1, 100)},
		testStack{[]string{"main.main m.go:1", "app/cart.Add c.go:2 > app/cart.key c.go:8 > strings.Clone s.go:5"}, inUse(2, 80)},
		testStack{[]string{"main.main m.go:1", "net/http.serve h.go:6", "bufio.NewReader b.go:7"}, inUse(3, 60)},
		testStack{[]string{"main.main m.go:1", "vendor/app/cart.Add v.go:2"}, inUse(4, 40)},
		testStack{[]string{"main.main m.go:1", "0x4b1dcafe"}, inUse(5, 20)},
		testStack{nil, inUse(6, 10)})
	none := profileOf(t, heapTypes)
	wantDiff(t, none, p, []string{"app/"}, "a sample belongs to the innermost of your own frames, inlined ones included: a library allocates for whoever calls it. Without one of yours it belongs to the innermost; what has no function at all, to nobody",
		"app/cart.store c.go:3 100 1", "app/cart.key c.go:8 80 2", "bufio.NewReader b.go:7 60 3", "vendor/app/cart.Add v.go:2 40 4", "main.main m.go:1 20 5")
	wantDiff(t, none, p, nil, "without roots all belong to the innermost frame",
		"bytes.(*Buffer).grow b.go:4 100 1", "strings.Clone s.go:5 80 2", "bufio.NewReader b.go:7 60 3", "vendor/app/cart.Add v.go:2 40 4", "main.main m.go:1 20 5")
	wantDiff(t, none, p, []string{"main.", "app/cart.Add"}, "of several roots, any will do: what counts is which frame is the innermost",
		"app/cart.Add c.go:2 180 3", "main.main m.go:1 120 12")
}

func TestProfilesAreLeftAlone(t *testing.T) {
	a := profileOf(t, heapTypes, testStack{[]string{"main m.go:1", "leak l.go:1"}, inUse(1, 100)}, testStack{[]string{"main m.go:1", "other o.go:1"}, inUse(0, 0)})
	b := profileOf(t, heapTypes, testStack{[]string{"main m.go:1", "leak l.go:1"}, inUse(3, 300)})
	beforeA, beforeB := a.String(), b.String()
	for _, call := range []struct {
		name string
		f    func() ([]Delta, error)
	}{
		{"Diff", func() ([]Delta, error) { return Diff(a, b, []string{"main"}) }},
		{"Growing", func() ([]Delta, error) { return Growing([]*profile.Profile{a, b}, []string{"main"}, 1) }},
	} {
		if _, err := call.f(); err != nil {
			t.Errorf("%s: %v", call.name, err)
		}
		if a.String() != beforeA || b.String() != beforeB {
			t.Fatalf("%s changed a profile that it was given\nbefore\n%s\n%s\nafter\n%s\n%s\nyou compare a snapshot with more than one other; Scale works in place", call.name, beforeA, beforeB, a, b)
		}
	}
}

func TestIncompatible(t *testing.T) {
	heap := profileOf(t, heapTypes, testStack{[]string{"main m.go:1"}, inUse(1, 100)})
	for name, types := range map[string][]string{"CPU time": {"samples", "cpu"}, "allocations": {"alloc_objects", "alloc_space"}, "bytes without objects": {"inuse_space", "x"}, "objects without bytes": {"x", "inuse_objects"}} {
		other := profileOf(t, types, testStack{[]string{"main m.go:1"}, []int64{1, 100}})
		for _, call := range []struct {
			name string
			f    func() ([]Delta, error)
		}{
			{"Diff(it, a heap profile)", func() ([]Delta, error) { return Diff(other, heap, nil) }},
			{"Diff(a heap profile, it)", func() ([]Delta, error) { return Diff(heap, other, nil) }},
			{"Growing(a heap profile, it, a heap profile)", func() ([]Delta, error) { return Growing([]*profile.Profile{heap, other, heap}, nil, 1) }},
			{"Growing(it)", func() ([]Delta, error) { return Growing([]*profile.Profile{other}, nil, 1) }},
		} {
			if deltas, err := call.f(); !errors.Is(err, ErrIncompatible) || len(deltas) > 0 {
				t.Errorf("a profile of %s: %s = %v, %v; want ErrIncompatible: what was allocated, or took time, is not what is in use", name, call.name, deltas, err)
			}
		}
	}
}

// history are profiles of a program at successive moments: the bytes of each function, as many objects as there are
// hundreds of bytes. 0 is no sample.
func history(t *testing.T, moments int, bytes map[string][]int64) (snaps []*profile.Profile) {
	t.Helper()
	for i := range moments {
		var samples []testStack
		for name, values := range bytes {
			if values[i] > 0 {
				samples = append(samples, testStack{[]string{"main m.go:1", name + " f.go:1"}, inUse(values[i]/100, values[i])})
			}
		}
		snaps = append(snaps, profileOf(t, heapTypes, samples...))
	}
	return snaps
}

func TestGrowing(t *testing.T) {
	snaps := history(t, 4, map[string][]int64{
		"leak":     {1000, 2000, 3000, 3100},
		"newLeak":  {0, 500, 1000, 9000},
		"cache":    {0, 50000, 50000, 50000},
		"sawtooth": {1000, 9000, 2000, 99000},
		"pause":    {1000, 2000, 2000, 3000},
		"shrinks":  {4000, 3000, 2000, 1000},
		"little":   {100, 200, 300, 400},
		"freed":    {1000, 2000, 3000, 0},
	})
	for _, tt := range []struct {
		n    int
		min  int64
		want []string
		why  string
	}{
		{4, 1000, []string{"newLeak f.go:1 9000 90", "leak f.go:1 2100 21"}, "a leak grows in every step; a cache fills once, a saw-tooth falls, and what is little is below min"},
		{4, 2100, []string{"newLeak f.go:1 9000 90", "leak f.go:1 2100 21"}, "a total of min is enough"},
		{4, 2101, []string{"newLeak f.go:1 9000 90"}, "a total below min is too little"},
		{4, 0, []string{"newLeak f.go:1 9000 90", "leak f.go:1 2100 21", "little f.go:1 300 3"}, "without min, little grows too"},
		{3, 1, []string{"freed f.go:1 2000 20", "leak f.go:1 2000 20", "newLeak f.go:1 1000 10", "little f.go:1 200 2"}, "equal totals are in the order of their names"},
		{2, 1, []string{"cache f.go:1 50000 500", "sawtooth f.go:1 8000 80", "freed f.go:1 1000 10", "leak f.go:1 1000 10", "pause f.go:1 1000 10", "newLeak f.go:1 500 5", "little f.go:1 100 1"},
			"two snapshots have one step, and cannot tell a leak from a cache"},
		{1, 0, nil, "one snapshot has no step"},
		{0, 0, nil, "none has no step either"},
	} {
		deltas, err := Growing(snaps[:tt.n], nil, tt.min)
		if err != nil {
			t.Errorf("Growing of %d snapshots: %v", tt.n, err)
		}
		if got := deltaLines(deltas); !slices.Equal(got, tt.want) {
			t.Errorf("Growing(%d snapshots, min %d)\n got %s\nwant %s\n%s", tt.n, tt.min, strings.Join(got, "\n     "), strings.Join(tt.want, "\n     "), tt.why)
		}
	}
	deltas, err := Growing(snaps, []string{"main"}, math.MinInt64)
	if got := deltaLines(deltas); err != nil || len(got) > 0 {
		t.Errorf("Growing with the root main: %v, %v; want none: together the sites grow, fall and grow", got, err)
	}
}
