package heapdiff

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"hotloop/exercises/kit"
)

const heapTypes = "alloc_objects alloc_space inuse_objects inuse_space"

// profileOf is a profile with values of the types, and with a sample for each line: the bytes and objects that are in
// use, then frames "function@file:line" from the outermost on, inlined calls joined by ">" to their caller. A frame
// without "@" is a location without a function. Each frame has a Function of its own.
func profileOf(t *testing.T, types, samples string) *profile.Profile {
	t.Helper()
	p := &profile.Profile{PeriodType: &profile.ValueType{Type: "space", Unit: "bytes"}, Period: 1}
	for _, name := range strings.Fields(types) {
		p.SampleType = append(p.SampleType, &profile.ValueType{Type: name, Unit: "count"})
	}
	for _, text := range strings.Split(samples, "\n") {
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		sample := &profile.Sample{}
		for _, typ := range p.SampleType {
			sample.Value = append(sample.Value, testValue(typ.Type, testNumber(t, words[0]), testNumber(t, words[1])))
		}
		for i := len(words) - 1; i > 1; i-- {
			loc := &profile.Location{ID: uint64(len(p.Location) + 1), Address: uint64(0x1000 + 16*len(p.Location))}
			frames := strings.Split(words[i], ">")
			for j := len(frames) - 1; j >= 0; j-- {
				name, place, ok := strings.Cut(frames[j], "@")
				if !ok {
					continue
				}
				file, line, _ := strings.Cut(place, ":")
				f := &profile.Function{ID: uint64(len(p.Function) + 1), Name: name, Filename: file}
				p.Function = append(p.Function, f)
				loc.Line = append(loc.Line, profile.Line{Function: f, Line: testNumber(t, line)})
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

// testValue is a sample's value of a type. What was allocated is more than what is in use, and would mislead.
func testValue(typ string, bytes, objects int64) int64 {
	switch typ {
	case "inuse_space":
		return bytes
	case "inuse_objects":
		return objects
	case "alloc_space":
		return 9*bytes + 1000
	case "alloc_objects":
		return 7*objects + 5
	}
	return 999
}

func testNumber(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// wantDeltas compares what call returned with want, "bytes objects function@file:line" for each row.
func wantDeltas(t *testing.T, call string, deltas []Delta, err error, want, why string) {
	t.Helper()
	got := ""
	for i, d := range deltas {
		if i > 0 {
			got += ", "
		}
		got += fmt.Sprintf("%d %d %s@%s:%d", d.Bytes, d.Objects, d.Func, d.File, d.Line)
	}
	if rows := strings.NewReplacer(", ", "\n     "); err != nil || got != want {
		t.Errorf("%s, error %v\n got %s\nwant %s\n%s", call, err, rows.Replace(got), rows.Replace(want), why)
	}
}

func wantDiff(t *testing.T, before, after *profile.Profile, roots, want, why string) {
	t.Helper()
	list := strings.Fields(roots)
	deltas, err := Diff(before, after, list)
	wantDeltas(t, fmt.Sprintf("Diff of two heap profiles with the roots %q", list), deltas, err, want, why)
}

func TestDiffIsAfterMinusBefore(t *testing.T) {
	before := profileOf(t, heapTypes, `
		500 5 main@main.go:1 same@s.go:1
		100 1 main@main.go:1 grew@g.go:2
		400 4 main@main.go:1 gone@o.go:3
		900 9 main@main.go:1 shrank@r.go:4
		900 9 main@main.go:1 repacked@p.go:5`)
	after := profileOf(t, heapTypes, `
		200 2 main@main.go:1 shrank@r.go:4
		300 2 main@main.go:1 grew@g.go:2
		300 3 main@main.go:9 grew@g.go:2
		 50 1 main@main.go:1 grew@g.go:3
		500 5 main@main.go:1 same@s.go:1
		900 3 main@main.go:1 repacked@p.go:5
		 70 1 main@main.go:1 fresh@f.go:6`)
	wantDiff(t, before, after, "", "500 4 grew@g.go:2, 70 1 fresh@f.go:6, 50 1 grew@g.go:3, 0 -6 repacked@p.go:5, -400 -4 gone@o.go:3, -700 -7 shrank@r.go:4",
		"what is in use after, minus what was in use before, by function, file and line, whoever called; the largest first, what shrank last, what did not change not at all")
	wantDiff(t, after, after, "", "", "nothing changed")
	empty := profileOf(t, heapTypes, "")
	wantDiff(t, empty, empty, "", "", "nothing is in use")
}

func TestDiffTies(t *testing.T) {
	frames, samples := strings.Fields("b@b.go:1 a@a.go:12 a@a.go:9 c@c.go:1"), ""
	for _, i := range kit.Rand(t).Perm(len(frames)) {
		samples += "64 1 " + frames[i] + "\n"
	}
	wantDiff(t, profileOf(t, heapTypes, ""), profileOf(t, heapTypes, samples), "", "64 1 a@a.go:9, 64 1 a@a.go:12, 64 1 b@b.go:1, 64 1 c@c.go:1",
		"where bytes are equal, the function and then the line decide, lines as numbers")
}

func TestDiffFindsTypesByName(t *testing.T) {
	before := profileOf(t, "inuse_space inuse_objects", "100 1 a@a.go:1")
	after := profileOf(t, "inuse_objects other inuse_space", "500 4 a@a.go:1")
	wantDiff(t, before, after, "", "400 3 a@a.go:1", "the value of a sample stands where its type stands in SampleType, in each profile for itself")
}

func TestDiffRoots(t *testing.T) {
	p := profileOf(t, heapTypes, `
		100 1 main.main@m.go:1 app/cart.Add@c.go:2 app/cart.store@c.go:3 bytes.(*Buffer).grow@b.go:4
		 80 2 main.main@m.go:1 app/cart.Add@c.go:2>app/cart.key@c.go:8>strings.Clone@s.go:5
		 60 3 main.main@m.go:1 net/http.serve@h.go:6 bufio.NewReader@b.go:7
		 40 4 main.main@m.go:1 vendor/app/cart.Add@v.go:2
		 20 5 main.main@m.go:1 0x4b1dcafe
		 10 6`)
	none := profileOf(t, heapTypes, "")
	wantDiff(t, none, p, "app/", "100 1 app/cart.store@c.go:3, 80 2 app/cart.key@c.go:8, 60 3 bufio.NewReader@b.go:7, 40 4 vendor/app/cart.Add@v.go:2, 20 5 main.main@m.go:1",
		"a sample belongs to the innermost of your own frames, inlined ones included: a library allocates for whoever calls it. Without one of yours it belongs to the innermost; what has no function at all, to nobody")
	wantDiff(t, none, p, "", "100 1 bytes.(*Buffer).grow@b.go:4, 80 2 strings.Clone@s.go:5, 60 3 bufio.NewReader@b.go:7, 40 4 vendor/app/cart.Add@v.go:2, 20 5 main.main@m.go:1",
		"without roots all belong to the innermost frame")
	wantDiff(t, none, p, "main. app/cart.Add", "180 3 app/cart.Add@c.go:2, 120 12 main.main@m.go:1",
		"of several roots, any will do: what counts is which frame is the innermost")
}

func TestProfilesAreLeftAlone(t *testing.T) {
	a := profileOf(t, heapTypes, "100 1 main@m.go:1 leak@l.go:1\n 0 0 main@m.go:1 other@o.go:1")
	b := profileOf(t, heapTypes, "300 3 main@m.go:1 leak@l.go:1")
	before := a.String() + b.String()
	unchanged := func(call string, err error) {
		if err != nil {
			t.Errorf("%s: %v", call, err)
		}
		if after := a.String() + b.String(); after != before {
			t.Fatalf("%s changed a profile that it was given\nbefore\n%s\nafter\n%s\nyou compare a snapshot with more than one other; Scale works in place", call, before, after)
		}
	}
	_, err := Diff(a, b, []string{"main"})
	unchanged("Diff", err)
	_, err = Growing([]*profile.Profile{a, b}, []string{"main"}, 1)
	unchanged("Growing", err)
}

func wantIncompatible(t *testing.T, types, call string, deltas []Delta, err error) {
	t.Helper()
	if !errors.Is(err, ErrIncompatible) || len(deltas) > 0 {
		t.Errorf("a profile with the types %s: %s = %v, %v; want ErrIncompatible: what was allocated, or took time, is not what is in use", types, call, deltas, err)
	}
}

func TestIncompatible(t *testing.T) {
	heap := profileOf(t, heapTypes, "100 1 main@m.go:1")
	for _, types := range []string{"samples cpu", "alloc_objects alloc_space", "inuse_space x", "x inuse_objects"} {
		other := profileOf(t, types, "100 1 main@m.go:1")
		deltas, err := Diff(other, heap, nil)
		wantIncompatible(t, types, "Diff(it, a heap profile)", deltas, err)
		deltas, err = Diff(heap, other, nil)
		wantIncompatible(t, types, "Diff(a heap profile, it)", deltas, err)
		deltas, err = Growing([]*profile.Profile{heap, other, heap}, nil, 1)
		wantIncompatible(t, types, "Growing(a heap profile, it, a heap profile)", deltas, err)
		deltas, err = Growing([]*profile.Profile{other}, nil, 1)
		wantIncompatible(t, types, "Growing(it)", deltas, err)
	}
}

// testHistory is a program's: a function, and the bytes that it has in use at four moments. 0 is no sample.
const testHistory = `
	leak      1000  2000  3000  3100
	newLeak      0   500  1000  9000
	cache        0 50000 50000 50000
	sawtooth  1000  9000  2000 99000
	pause     1000  2000  2000  3000
	shrinks   4000  3000  2000  1000
	little     100   200   300   400
	freed     1000  2000  3000     0`

// historyProfile is the profile at a moment, with as many objects as there are hundreds of bytes.
func historyProfile(t *testing.T, moment int) *profile.Profile {
	t.Helper()
	samples := ""
	words := strings.Fields(testHistory)
	for ; len(words) > 0; words = words[5:] {
		if bytes := words[1+moment]; bytes != "0" {
			samples += bytes + " " + strings.TrimSuffix(bytes, "00") + " main@m.go:1 " + words[0] + "@f.go:1\n"
		}
	}
	return profileOf(t, heapTypes, samples)
}

var growingTests = []struct {
	n         int
	min       int64
	want, why string
}{
	{4, 1000, "9000 90 newLeak@f.go:1, 2100 21 leak@f.go:1", "a leak grows in every step; a cache fills once, a saw-tooth falls, and what is little is below min"},
	{4, 2100, "9000 90 newLeak@f.go:1, 2100 21 leak@f.go:1", "a total of min is enough"},
	{4, 2101, "9000 90 newLeak@f.go:1", "a total below min is too little"},
	{4, 0, "9000 90 newLeak@f.go:1, 2100 21 leak@f.go:1, 300 3 little@f.go:1", "without min, little grows too"},
	{3, 1, "2000 20 freed@f.go:1, 2000 20 leak@f.go:1, 1000 10 newLeak@f.go:1, 200 2 little@f.go:1", "equal totals are in the order of their names"},
	{2, 1, "50000 500 cache@f.go:1, 8000 80 sawtooth@f.go:1, 1000 10 freed@f.go:1, 1000 10 leak@f.go:1, 1000 10 pause@f.go:1, 500 5 newLeak@f.go:1, 100 1 little@f.go:1",
		"two snapshots have one step, and cannot tell a leak from a cache"},
	{1, 0, "", "one snapshot has no step"},
	{0, 0, "", "none has no step either"},
}

func TestGrowing(t *testing.T) {
	snaps := []*profile.Profile{historyProfile(t, 0), historyProfile(t, 1), historyProfile(t, 2), historyProfile(t, 3)}
	for _, tt := range growingTests {
		deltas, err := Growing(snaps[:tt.n], nil, tt.min)
		wantDeltas(t, fmt.Sprintf("Growing(%d snapshots, min %d)", tt.n, tt.min), deltas, err, tt.want, tt.why)
	}
	deltas, err := Growing(snaps, []string{"main"}, math.MinInt64)
	wantDeltas(t, "Growing with the root main", deltas, err, "", "together the sites grow, fall and grow")
}
