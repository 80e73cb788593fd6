package profile

import (
	"bytes"
	"compress/gzip"
	"slices"
	"strings"
	"testing"

	pprof "github.com/google/pprof/profile"

	"hotloop/runner/report"
)

// A stackOf is a sample for making profiles: functions from the outermost on, "name file:line", inlined ones joined by " < ".
type stackOf struct {
	stack  []string
	values []int64
}

func build(t *testing.T, types []string, samples ...stackOf) []byte {
	t.Helper()
	p := &pprof.Profile{PeriodType: &pprof.ValueType{Type: "space", Unit: "bytes"}, Period: 1, Comments: []string{"of no use"}}
	for _, name := range types {
		p.SampleType = append(p.SampleType, &pprof.ValueType{Type: name, Unit: "count"})
	}
	m := &pprof.Mapping{ID: 1, Start: 1, Limit: 1 << 40, File: "/tmp/somewhere/bin/test", HasFunctions: true}
	p.Mapping = []*pprof.Mapping{m}
	functions := map[string]*pprof.Function{}
	for _, s := range samples {
		sample := &pprof.Sample{Value: s.values}
		for _, words := range slices.Backward(s.stack) {
			loc := &pprof.Location{ID: uint64(len(p.Location) + 1), Mapping: m, Address: uint64(len(p.Location) + 1)}
			for _, one := range slices.Backward(strings.Split(words, " < ")) {
				name, place, _ := strings.Cut(one, " ")
				file, line, _ := strings.Cut(place, ":")
				if functions[name] == nil {
					functions[name] = &pprof.Function{ID: uint64(len(functions) + 1), Name: name, Filename: file}
					p.Function = append(p.Function, functions[name])
				}
				n := int64(0)
				for _, c := range line {
					n = 10*n + int64(c-'0')
				}
				loc.Line = append(loc.Line, pprof.Line{Function: functions[name], Line: n})
			}
			p.Location = append(p.Location, loc)
			sample.Location = append(sample.Location, loc)
		}
		p.Sample = append(p.Sample, sample)
	}
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const source = `package lru

// Get finds.
func Get() int {
	return find(1) +
		find(2)
}

func find(n int) int { return n }

func Unused() {}
`

var solutionFiles = map[string][]byte{"lru.go": []byte(source)}

var launch = []string{"testing.(*B).launch testing/benchmark.go:1", "solution.BenchmarkGet solution/lru_bench_test.go:9"}

func under(frames ...string) []string { return slices.Concat(launch, frames) }

func TestReport(t *testing.T) {
	data := build(t, []string{"samples", "cpu"},
		stackOf{under("solution.Get solution/lru.go:5 < solution.find solution/lru.go:9"), []int64{6, 60_000_000}},
		stackOf{under("solution.Get solution/lru.go:6 < solution.find solution/lru.go:9"), []int64{2, 20_000_000}},
		stackOf{under("solution.Get solution/lru.go:5"), []int64{1, 10_000_000}},
		stackOf{[]string{"runtime.gcBgMarkWorker runtime/mgc.go:1"}, []int64{1, 10_000_000}},
		stackOf{[]string{"runtime/pprof.profileWriter runtime/pprof/pprof.go:1"}, []int64{3, 30_000_000}},
		stackOf{under("hotloop/exercises/kit/harness.End hotloop/exercises/kit/harness/bench.go:1"), []int64{3, 30_000_000}})
	p, err := Read(report.CPU, data)
	if err != nil {
		t.Fatal(err)
	}
	r := p.Report("yours", []string{"Get"}, solutionFiles, true)
	if r.Samples != 10 || r.Total < 0.0999 || r.Total > 0.1001 {
		t.Errorf("%d samples, %g s; want 10, 0.1 s: hotloop's own work does not count", r.Samples, r.Total)
	}
	type part struct{ flat, cum float64 }
	ms := func(v float64) float64 { return float64(int(v*1000 + 0.5)) }
	functions := map[string]part{}
	for _, f := range r.Functions {
		functions[f.Name] = part{ms(f.Flat), ms(f.Cum)}
		if own := f.Name == "Get" || f.Name == "find"; f.Own != own {
			t.Errorf("%s is own: %v", f.Name, f.Own)
		}
	}
	for name, want := range map[string]part{"find": {80, 80}, "Get": {10, 90}, "BenchmarkGet": {0, 90}, "runtime.gcBgMarkWorker": {10, 10}} {
		if functions[name] != want {
			t.Errorf("%s has %v ms, want %v", name, functions[name], want)
		}
	}
	if _, ok := functions["testing.(*B).launch"]; ok {
		t.Error("the callers of a benchmark are in the profile")
	}
	lines := map[int]part{}
	for _, l := range r.Lines {
		lines[l.Line] = part{ms(l.Flat), ms(l.Cum)}
		if want := strings.Split(source, "\n")[l.Line-1]; l.Text != want {
			t.Errorf("line %d is %q, want %q", l.Line, l.Text, want)
		}
	}
	for line, want := range map[int]part{4: {}, 5: {10, 70}, 6: {0, 20}, 9: {80, 80}} {
		if got, ok := lines[line]; !ok || got != want {
			t.Errorf("line %d has %v ms, %v; want %v", line, got, ok, want)
		}
	}
	if _, ok := lines[11]; ok || len(lines) != 5 {
		t.Errorf("%d lines are listed; want those of Get and find", len(lines))
	}
}

// What was there before the loop does not count, nor what is gone again; benchmarks are added up.
func TestJoin(t *testing.T) {
	types := []string{"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"}
	get, other := under("solution.Get solution/lru.go:5"), under("solution.find solution/lru.go:9")
	part := func(name string) Part {
		return Part{name, build(t, types, stackOf{get, []int64{10, 1000, 10, 1000}}, stackOf{other, []int64{5, 50, 5, 50}}),
			build(t, types, stackOf{get, []int64{13, 1300, 12, 1200}}, stackOf{other, []int64{5, 50, 0, 0}},
				stackOf{[]string{"runtime.gcBgMarkWorker runtime/mgc.go:1", "runtime.newobject runtime/malloc.go:1"}, []int64{1, 10, 1, 10}})}
	}
	for kind, want := range map[string][2]float64{report.Alloc: {600, 6}, report.Kept: {400, 4}} {
		p, err := Join(kind, []Part{part("A"), part("B")})
		if err != nil {
			t.Fatal(err)
		}
		data, err := p.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if p, err = Read(kind, data); err != nil {
			t.Fatal(err)
		}
		r := p.Report("yours", nil, solutionFiles, true)
		if r.Total != want[0] || float64(r.Objects) != want[1] || len(r.Functions) != 2 {
			t.Errorf("%s: %g bytes in %d objects by %+v; want %g in %g by Get", kind, r.Total, r.Objects, r.Functions, want[0], want[1])
		}
		raw, err := pprof.ParseData(data)
		if err != nil {
			t.Fatal(err)
		}
		if raw.DefaultSampleType != types[map[string]int{report.Alloc: 1, report.Kept: 3}[kind]] || len(raw.Comments) > 0 || raw.Mapping[0].File != "solution" {
			t.Errorf("%s as a file: shows %s first, comments %q, binary %s", kind, raw.DefaultSampleType, raw.Comments, raw.Mapping[0].File)
		}
	}
}

func TestTree(t *testing.T) {
	data := build(t, []string{"samples", "cpu"},
		stackOf{under("solution.Get solution/lru.go:5", "runtime.makeslice runtime/slice.go:1", "runtime.mallocgc runtime/malloc.go:1"), []int64{3, 30}},
		stackOf{under("solution.Get solution/lru.go:5", "runtime.mallocgc runtime/malloc.go:1", "runtime.gcAssistAlloc runtime/mgcmark.go:1", "runtime.scanobject runtime/mgcmark.go:2"), []int64{2, 20}},
		stackOf{under("solution.Get solution/lru.go:5", "slices.Index[go.shape.[]int,go.shape.int] slices/slices.go:1"), []int64{1, 10}},
		stackOf{[]string{"runtime.gcBgMarkWorker runtime/mgc.go:1"}, []int64{4, 40}})
	p, err := Read(report.CPU, data)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	var walk func(n *Node, depth int)
	walk = func(n *Node, depth int) {
		got = append(got, strings.Repeat(" ", depth)+n.Name+" "+n.Class+" "+report.Clean(strings.Repeat("#", int(n.Value*1e8+0.5))))
		for _, c := range n.Children {
			walk(c, depth+1)
		}
	}
	walk(p.Tree(func(file string) bool { return file == "lru.go" }), 0)
	want := []string{"all  ##########",
		" BenchmarkGet tests ######",
		"  Get own ######",
		"   runtime.makeslice alloc ###",
		"    runtime.mallocgc alloc ###",
		"   runtime.mallocgc alloc ##",
		"    runtime.gcAssistAlloc collector ##",
		"     runtime.scanobject collector ##",
		"   slices.Index[...] other #",
		" runtime.gcBgMarkWorker collector ####"}
	if !slices.Equal(got, want) {
		t.Errorf("tree:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A process can tell anything.
func TestNoProfile(t *testing.T) {
	pack := func(plain []byte) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write(plain)
		w.Close()
		return b.Bytes()
	}
	cpu := build(t, []string{"samples", "cpu"}, stackOf{under(), []int64{1, 1}})
	for name, data := range map[string][]byte{
		"nothing": nil, "no gzip": []byte("hello"), "no profile": pack([]byte("hello")), "cut off": cpu[:len(cpu)/2],
		"a bomb": pack(make([]byte, maxPlain+1)), "too large": make([]byte, MaxSize+1),
	} {
		if _, err := Read(report.CPU, data); err == nil {
			t.Errorf("%s is read as a profile", name)
		}
	}
	if _, err := Read(report.Alloc, cpu); err == nil {
		t.Error("CPU time is read as memory")
	}
	if _, err := Join(report.CPU, nil); err == nil {
		t.Error("no profile at all is joined to one")
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("\x1f\x8b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := Read(report.CPU, data); err == nil {
			p.Report("yours", nil, solutionFiles, true)
			p.Tree(func(string) bool { return true })
		}
	})
}
