package exercises

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const goodYAML = `title: Add two numbers
summary: The smallest exercise there is.
difficulty: 1
minutes: 10
lesson: arithmetic/adding
seed: [L1.1]
concepts: [sum]
limits: {time: 5s, memory: 64MiB}
targets:
  - {benchmark: Add, unit: sec/op, speedup: 2, why: A sum is one instruction.}
  - {benchmark: Kept, unit: kept-B, at_most: 0, why: Nothing stays.}
charts:
  - {kind: bars, of: Add, unit: sec/op, title: Time}
  - {kind: lines, of: growth, unit: B, title: Growth, x: calls, y: bytes}
hints: [What?, How?, So.]
follow_ups: [And three?]
pitfalls: [Overflow.]
libraries:
  - {path: math/big, why: It has no overflow.}
mutants:
  - {name: subtracts, why: w, killed_by: TestAdd, file: add.go, find: a + b, replace: a - b}
  - {name: ignores-b, why: w, killed_by: TestAdd, file: add.go, find: a + b, replace: a}
  - {name: ignores-a, why: w, killed_by: TestAdd, file: add.go, find: a + b, replace: b}
  - {name: doubles, why: w, killed_by: "target:Add/sec/op", file: add.go, find: a + b, replace: 2*a + b}
  - {name: another-program, why: w, killed_by: TestAdd}
`

const goodBench = `package add

import (
	"testing"

	"hotloop/exercises/kit"
)

func BenchmarkAdd(b *testing.B) {
	for b.Loop() {
		Add(1, 2)
	}
}

func BenchmarkKept(b *testing.B) {
	for b.Loop() {
		kit.Point("growth", "B", "calls", 1, 2)
	}
	b.ReportMetric(0, "kept-B")
}
`

// good is a content tree without a fault.
func good() fstest.MapFS {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	const dir = "arithmetic/add/"
	return fstest.MapFS{
		"kit/kit.go":                           file("package kit\n"),
		dir + "README.md":                      file("# Add\n\nWrite Add.\n"),
		dir + "exercise.yaml":                  file(goodYAML),
		dir + "add.go":                         file("package add\n\nfunc Add(a, b int) int { return a + b }\n"),
		dir + "add_test.go":                    file("package add\n\nimport \"testing\"\n\nfunc TestAdd(t *testing.T) {}\n\nfunc Testable() {}\n"),
		dir + "add_bench_test.go":              file(goodBench),
		dir + "starter/add.go":                 file("package add\n\nfunc Add(a, b int) int { return 0 }\n"),
		dir + "alternatives/by-one/add.go":     file("package add\n\nfunc Add(a, b int) int { return a - -b }\n"),
		dir + "naive/add.go":                   file("package add\n\nfunc Add(a, b int) int { return b + a }\n"),
		dir + "mutants/another-program/add.go": file("package add\n\nfunc Add(a, b int) int { return 3 }\n"),
	}
}

// replace changes text of a file of the good tree, which must be there once.
func replace(t *testing.T, fsys fstest.MapFS, name, old, new string) {
	t.Helper()
	data := string(fsys[name].Data)
	if strings.Count(data, old) != 1 {
		t.Fatalf("%q occurs %d times in %s; the test needs it once", old, strings.Count(data, old), name)
	}
	fsys[name] = &fstest.MapFile{Data: []byte(strings.Replace(data, old, new, 1))}
}

func TestLoadGood(t *testing.T) {
	c, err := Load(good())
	if err != nil {
		t.Fatal(err)
	}
	e, err := c.Lookup("add")
	if err != nil {
		t.Fatal(err)
	}
	if e.Topic != "arithmetic" || e.Limits.Time != 5*time.Second || e.Limits.Memory != 64<<20 || *e.Targets[1].AtMost != 0 {
		t.Errorf("Load read topic %q, limits %+v, at_most %v", e.Topic, e.Limits, *e.Targets[1].AtMost)
	}
	tests, err := e.TestNames()
	if want := []string{"TestAdd"}; err != nil || !slices.Equal(tests, want) {
		t.Errorf("TestNames() = %q, %v; want %q", tests, err, want)
	}
	benchmarks, err := e.BenchmarkNames()
	if want := []string{"Add", "Kept"}; err != nil || !slices.Equal(benchmarks, want) {
		t.Errorf("BenchmarkNames() = %q, %v; want %q", benchmarks, err, want)
	}
	if all := slices.Collect(c.All()); len(all) != 1 || all[0] != e {
		t.Errorf("All() yields %v; want the one exercise", all)
	}
}

// Each row breaks one thing; the fault must be told, at its place, and be the only one.
func TestLoadFaults(t *testing.T) {
	const dir, yaml = "arithmetic/add/", "arithmetic/add/exercise.yaml"
	edit := func(file, old, new string) func(*testing.T, fstest.MapFS) {
		return func(t *testing.T, fsys fstest.MapFS) { replace(t, fsys, dir+file, old, new) }
	}
	remove := func(file string) func(*testing.T, fstest.MapFS) {
		return func(t *testing.T, fsys fstest.MapFS) { delete(fsys, dir+file) }
	}
	write := func(file, content string) func(*testing.T, fstest.MapFS) {
		return func(t *testing.T, fsys fstest.MapFS) { fsys[dir+file] = &fstest.MapFile{Data: []byte(content)} }
	}
	tests := []struct {
		name  string
		do    func(*testing.T, fstest.MapFS)
		want  string // in the fault, after "exercises/"
		among bool   // others may come with it
	}{
		{"difficulty out of range", edit("exercise.yaml", "difficulty: 1", "difficulty: 7"), yaml + ":3: difficulty is 7; expected 1 to 4", false},
		{"minutes out of range", edit("exercise.yaml", "minutes: 10", "minutes: 1000"), yaml + ":4: minutes is 1000", false},
		{"unknown field", edit("exercise.yaml", "minutes: 10", "minutes: 10\nminuets: 3"), yaml + ":5: unknown field minuets; expected one of title, summary", false},
		{"unknown field of a mutant", edit("exercise.yaml", "name: doubles, why: w", "name: doubles, why: w, wy: x"), yaml + ":24: unknown field wy", false},
		{"missing field", edit("exercise.yaml", "summary: The smallest exercise there is.\n", ""), yaml + ":1: summary is missing", false},
		{"empty field", edit("exercise.yaml", "The smallest exercise there is.", `""`), yaml + ":2: summary is empty", false},
		{"wrong type", edit("exercise.yaml", "difficulty: 1", "difficulty: easy"), yaml + ":3: got easy; expected a number", false},
		{"field twice", edit("exercise.yaml", "minutes: 10", "minutes: 10\nminutes: 12"), yaml + ":5: ", true},
		{"bad size", edit("exercise.yaml", "64MiB", "64 megs"), yaml + `:8: size is "64 megs"; expected a number of bytes such as`, false},
		{"bad duration", edit("exercise.yaml", "time: 5s", "time: long"), yaml + `:8: got long; expected a duration such as "10s"`, false},
		{"time too long", edit("exercise.yaml", "time: 5s", "time: 5h"), yaml + ":8: time is 5h0m0s; expected at most 1m0s", false},
		{"bad lesson", edit("exercise.yaml", "arithmetic/adding", "adding"), yaml + `:5: lesson is "adding"`, false},
		{"bad seed", edit("exercise.yaml", "[L1.1]", "[seven]"), yaml + `:6: seed is "seven"`, false},
		{"too few hints", edit("exercise.yaml", "[What?, How?, So.]", "[What?]"), yaml + ":15: hints has 1 entries; expected at least 3", false},
		{"empty hint", edit("exercise.yaml", "[What?, How?, So.]", `[What?, "", So.]`), yaml + ":15: hints has an empty entry", false},
		{"too few mutants", edit("exercise.yaml", "  - {name: doubles, why: w, killed_by: \"target:Add/sec/op\", file: add.go, find: a + b, replace: 2*a + b}\n", ""), yaml + ":20: mutants has 4 entries; expected at least 5", false},
		{"killed by nobody", edit("exercise.yaml", "{name: doubles, why: w, killed_by: \"target:Add/sec/op\"", "{name: doubles, why: w, killed_by: TestDouble"), yaml + `:24: no test "TestDouble"; expected one of TestAdd`, false},
		{"killed by no target", edit("exercise.yaml", "target:Add/sec/op", "target:Add/B/op"), yaml + `:24: no target "Add/B/op"; expected one of Add/sec/op, Kept/kept-B`, false},
		{"text not found", edit("exercise.yaml", "find: a + b, replace: a - b", "find: a * b, replace: a - b"), yaml + ":21: the text occurs 0 times in add.go", false},
		{"text found twice", edit("exercise.yaml", "find: a + b, replace: a - b", "find: a, replace: z"), yaml + ":21: the text occurs 5 times in add.go; expected once", false},
		{"edit of no file", edit("exercise.yaml", "file: add.go, find: a + b, replace: a - b", "file: sub.go, find: a + b, replace: a - b"), yaml + `:21: the reference has no file "sub.go"; expected one of add.go`, false},
		{"edit that changes nothing", edit("exercise.yaml", "replace: a - b", "replace: a + b"), yaml + ":21: replaces the text by itself", false},
		{"edit that does not parse", edit("exercise.yaml", "replace: a - b", "replace: a -- b"), yaml + ":21: mutant subtracts does not parse", false},
		{"mutant twice", edit("exercise.yaml", "name: doubles", "name: subtracts"), yaml + ":24: mutant subtracts stands twice", false},
		{"mutant with a bad name", edit("exercise.yaml", "name: doubles", "name: Mutant 3"), yaml + `:24: name is "Mutant 3"`, false},
		{"mutant without folder", remove("mutants/another-program/add.go"), yaml + ":25: mutant another-program has no edit and no folder", false},
		{"folder without mutant", write("mutants/forgotten/add.go", "package add\n\nfunc Add(a, b int) int { return 4 }\n"), dir + "mutants/forgotten: no mutant of exercise.yaml", false},
		{"target of no benchmark", edit("exercise.yaml", "benchmark: Kept", "benchmark: Keeps"), yaml + `:11: no benchmark "Keeps"; expected one of Add, Kept`, false},
		{"target in no unit", edit("exercise.yaml", "unit: kept-B", "unit: kept-kB"), yaml + `:11: unit "kept-kB" is reported by no benchmark`, false},
		{"target with both", edit("exercise.yaml", "speedup: 2", "speedup: 2, at_most: 3"), yaml + ":10: target Add has both or neither", false},
		{"target with neither", edit("exercise.yaml", "speedup: 2, ", ""), yaml + ":10: target Add has both or neither", false},
		{"target without why", edit("exercise.yaml", ", why: Nothing stays.", ""), yaml + ":11: why is missing", false},
		{"target not a number", edit("exercise.yaml", "at_most: 0", "at_most: .nan"), yaml + ":11: target Kept is below zero", false},
		{"chart of unknown kind", edit("exercise.yaml", "kind: bars", "kind: pie"), yaml + `:13: kind is "pie"; expected bars, lines or latency`, false},
		{"chart of no series", edit("exercise.yaml", "of: growth", "of: shrinking"), yaml + `:14: no test draws the series "shrinking"`, false},
		{"does not parse as YAML", edit("exercise.yaml", "[L1.1]", "[L1.1"), yaml + ":7: ", false},
		{"empty YAML", write("exercise.yaml", ""), yaml + ": ", true},
		{"YAML not UTF-8", write("exercise.yaml", "title: \xff\n"), yaml + ": is not UTF-8 text", false},
		{"YAML that is a list", write("exercise.yaml", "- title\n"), yaml + ":1: got a list; expected a mapping of fields", true},
		{"no exercise.yaml", remove("exercise.yaml"), yaml + ": is missing", false},
		{"no README", remove("README.md"), dir + "README.md: is missing", false},
		{"README without heading", write("README.md", "Write Add.\n"), dir + "README.md:1: begins with \"Write Add.\"; expected a first heading", false},
		{"README empty", write("README.md", "\n"), dir + "README.md:1: begins with", false},
		{"README not UTF-8", write("README.md", "# Add\n\xff\xfe\n"), dir + "README.md: is not UTF-8 text", false},
		{"no starter", remove("starter/add.go"), dir + "starter/*.go: is missing", false},
		{"no naive", remove("naive/add.go"), dir + "naive/*.go: is missing", false},
		{"no alternative", remove("alternatives/by-one/add.go"), dir + "alternatives: is missing; expected at least one alternatives/<name>/", false},
		{"alternative lacks a name", edit("alternatives/by-one/add.go", "Add", "add"), dir + "alternatives/by-one: Add is not declared", false},
		{"alternative with a foreign import", write("alternatives/by-one/add.go", "package add\n\nimport _ \"example.com/x\"\n\nfunc Add(a, b int) int { return a + b }\n"), dir + `alternatives/by-one/add.go:3: imports "example.com/x"`, false},
		{"alternative without code", write("alternatives/other/README.md", ""), dir + "alternatives/other/*.go: is missing; expected another correct solution", false},
		{"alternative with a bad name", write("alternatives/Other_Way/add.go", "package add\n\nfunc Add(a, b int) int { return b + a }\n"), dir + `alternatives/Other_Way: folder name "Other_Way"`, false},
		{"alternative that is a file", write("alternatives/add.go", "package add\n"), dir + "alternatives/add.go: a file among the alternatives", false},
		{"mutant with an alternative's name", edit("exercise.yaml", "name: doubles", "name: by-one"), yaml + ":24: an alternative is named by-one, too", false},
		{"no reference", remove("add.go"), dir + "*.go: is missing; expected the reference solution", true},
		{"no tests", remove("add_test.go"), dir + "*_test.go: no function is named Test", true},
		{"starter of another name", func(t *testing.T, fsys fstest.MapFS) {
			fsys[dir+"starter/sum.go"] = fsys[dir+"starter/add.go"]
			delete(fsys, dir+"starter/add.go")
		}, dir + "starter/sum.go: has no counterpart in the reference", true},
		{"starter lacks a name", edit("starter/add.go", "Add", "add"), dir + "starter: Add is not declared", false},
		{"starter with a name too many", write("starter/add.go", "package add\n\ntype T struct{}\n\nfunc Add(a, b int) int { return 0 }\n"), dir + "starter: T is declared, but the reference has none", false},
		{"starter of another package", edit("starter/add.go", "package add", "package sum"), dir + "starter/add.go:1: package sum; expected add", false},
		{"tests of another package", edit("add_test.go", "package add", "package add_test"), dir + "add_test.go:1: package add_test; expected add", false},
		{"naive does not parse", edit("naive/add.go", "return", "retrun a"), dir + "naive/add.go:3: does not parse", true},
		{"reference not UTF-8", write("add.go", "package add\n\n// \xff\n"), dir + "add.go: is not UTF-8 text", true},
		{"allowed of no known module", edit("exercise.yaml", "seed:", "allowed: [example.com/x]\nseed:"), yaml + `:6: no module for the import "example.com/x"`, false},
		{"import beside what is allowed", func(t *testing.T, fsys fstest.MapFS) {
			edit("exercise.yaml", "seed:", "allowed: [github.com/google/pprof/profile]\nseed:")(t, fsys)
			write("naive/add.go", "package add\n\nimport _ \"github.com/google/pprof/profile/x\"\n\nfunc Add(a, b int) int { return a + b }\n")(t, fsys)
		}, dir + `naive/add.go:3: imports "github.com/google/pprof/profile/x"`, false},
		{"equivalent without a line", edit("exercise.yaml", "hints:", "equivalent:\n  - {file: add.go, line: return a, mutation: removed, reason: r}\nhints:"), yaml + `:16: the reference's file "add.go" has no line "return a"`, false},
		{"equivalent without a reason", edit("exercise.yaml", "hints:", "equivalent:\n  - {file: add.go, line: package add, mutation: removed}\nhints:"), yaml + ":16: reason is missing", false},
		{"foreign import", write("naive/add.go", "package add\n\nimport _ \"example.com/x\"\n\nfunc Add(a, b int) int { return a + b }\n"), dir + `naive/add.go:3: imports "example.com/x"`, false},
		{"restricted import", write("naive/add.go", "package add\n\nimport _ \"os/exec\"\n\nfunc Add(a, b int) int { return a + b }\n"), dir + `naive/add.go:3: imports "os/exec", which reaches files, processes and the channel of the tests; expected allowed`, false},
		{"restricted import below an allowed one", func(t *testing.T, fsys fstest.MapFS) {
			replace(t, fsys, yaml, "concepts: [sum]", "concepts: [sum]\nallowed: [os, runtime]")
			replace(t, fsys, dir+"add.go", "package add\n", "package add\n\nimport _ \"os\"\nimport _ \"runtime/debug\"\n")
		}, dir + `add.go:4: imports "runtime/debug", which reaches into the runtime`, false},
		{"cgo", func(t *testing.T, fsys fstest.MapFS) {
			replace(t, fsys, yaml, "concepts: [sum]", "concepts: [sum]\nallowed: [C]")
			replace(t, fsys, dir+"starter/add.go", "package add\n", "package add\n\nimport \"C\"\n")
		}, dir + `starter/add.go:3: imports "C"`, false},
		{"test that imports too much", edit("add_bench_test.go", "hotloop/exercises/kit", "hotloop/exercises"), dir + `add_bench_test.go:6: imports "hotloop/exercises"`, false},
		{"sub-benchmark", edit("add_bench_test.go", "b.ReportMetric", "b.Run(\"x\", func(b *testing.B) {})\n\tb.ReportMetric"), dir + "add_bench_test.go:19: BenchmarkKept has a sub-benchmark", false},
		{"clock stopped in the loop", edit("add_bench_test.go", "\t\tAdd(1, 2)", "\t\tb.StopTimer()"), dir + "add_bench_test.go:11: BenchmarkAdd stops the clock inside a loop", false},
		{"benchmark without b.Loop", edit("add_bench_test.go", "for b.Loop() {\n\t\tAdd", "for range b.N {\n\t\tAdd"), dir + `add_bench_test.go:9: BenchmarkAdd has 0 loops "for b.Loop()"`, false},
		{"benchmark among the tests", edit("add_test.go", "func Testable() {}", "func BenchmarkOther(b *testing.B) {\n\tfor b.Loop() {\n\t}\n}"), dir + "add_test.go:7: BenchmarkOther stands among the tests", false},
		{"own TestMain", edit("add_test.go", "func Testable() {}", "func TestMain(m *testing.M) {}"), dir + "add_test.go:7: declares TestMain", false},
		{"fuzz test", edit("add_test.go", "func Testable() {}", "func FuzzAdd(f *testing.F) {}"), dir + "add_test.go:7: FuzzAdd is not run by hotloop", false},
		{"module inside", write("starter/go.mod", "module add\n"), dir + "starter/go.mod: a module of its own", false},
		{"unknown folder", write("solution/add.go", "package add\n"), dir + "solution: unknown folder", false},
		{"slug with capitals", func(t *testing.T, fsys fstest.MapFS) { move(fsys, dir, "arithmetic/Add_Two/") }, `arithmetic/Add_Two: folder name "Add_Two"`, false},
		{"slug twice", func(t *testing.T, fsys fstest.MapFS) {
			for name, file := range maps.Clone(fsys) {
				if rest, ok := strings.CutPrefix(name, dir); ok {
					fsys["sums/add/"+rest] = file
				}
			}
		}, "sums/add: slug add is taken by exercises/arithmetic/add", false},
		{"no exercises", func(t *testing.T, fsys fstest.MapFS) { clear(fsys) }, ": holds no exercise", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fsys := good()
			tt.do(t, fsys)
			c, err := Load(fsys)
			faults, ok := errors.AsType[Faults](err)
			if !ok {
				t.Fatalf("Load = %v, %v; want Faults", c, err)
			}
			if !slices.ContainsFunc(faults, func(f Fault) bool { return strings.HasPrefix(f.String(), where(tt.want)) }) {
				t.Errorf("no fault %q among:\n%v", where(tt.want), err)
			}
			if len(faults) != 1 && !tt.among {
				t.Errorf("%d faults; want one:\n%v", len(faults), err)
			}
		})
	}
}

// where is the fault as told; a want that begins with a colon is of the root.
func where(want string) string {
	if strings.HasPrefix(want, ":") {
		return "exercises" + want
	}
	return "exercises/" + want
}

func move(fsys fstest.MapFS, from, to string) {
	for name, file := range maps.Clone(fsys) {
		if rest, ok := strings.CutPrefix(name, from); ok {
			fsys[to+rest] = file
			delete(fsys, name)
		}
	}
}

func TestLoadTellsAllFaultsAtOnce(t *testing.T) {
	fsys := good()
	const dir = "arithmetic/add/"
	replace(t, fsys, dir+"exercise.yaml", "difficulty: 1", "difficulty: 7")
	replace(t, fsys, dir+"exercise.yaml", "name: doubles, why: w", "name: doubles, why: w, wy: x")
	replace(t, fsys, dir+"exercise.yaml", "find: a + b, replace: a - b", "find: a * b, replace: a - b")
	replace(t, fsys, dir+"starter/add.go", "Add", "add")
	delete(fsys, dir+"README.md")
	fsys["sums/empty"] = &fstest.MapFile{Mode: fs.ModeDir}

	_, err := Load(fsys)
	want := `exercises/arithmetic/add/README.md: is missing; expected the statement of the exercise
exercises/arithmetic/add/exercise.yaml:3: difficulty is 7; expected 1 to 4
exercises/arithmetic/add/exercise.yaml:21: the text occurs 0 times in add.go; expected once
exercises/arithmetic/add/exercise.yaml:24: unknown field wy; expected one of name, why, killed_by, file, find, replace
exercises/arithmetic/add/starter: Add is not declared; expected the exported names of the reference
exercises/sums/empty/*.go: is missing; expected the reference solution
exercises/sums/empty/*_test.go: is missing; expected tests
exercises/sums/empty/README.md: is missing; expected the statement of the exercise
exercises/sums/empty/exercise.yaml: is missing; expected the description of the exercise
exercises/sums/empty/naive/*.go: is missing; expected the correct and slow solution
exercises/sums/empty/starter/*.go: is missing; expected what the learner begins with`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

// Whatever stands in the files, Load answers with an exercise or with faults.
func FuzzLoad(f *testing.F) {
	f.Add("exercise.yaml", []byte(goodYAML))
	f.Add("exercise.yaml", []byte("a: &a [*a, *a]\nmutants: {x: 1}\n"))
	f.Add("exercise.yaml", []byte("? [a]\n: {b: [c]}\ntargets: [1, {at_most: -.inf}, null]\n"))
	f.Add("exercise.yaml", []byte("\xef\xbb\xbftitle: !!binary aGk=\n---\n- 1\n"))
	f.Add("add.go", []byte("package add; func (T) Add() {}; func ([]int) x() {}"))
	f.Add("add_test.go", []byte("package add\nfunc TestA()\nfunc Benchmark(_ int)\nfunc (b B) BenchmarkX() { b.Loop() }"))
	f.Add("add.go", []byte("package add\nfunc () A() {}"))
	f.Add("README.md", []byte("\x00#"))
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		fsys := good()
		if !fs.ValidPath(name) {
			t.Skip("not a path of a file system")
		}
		fsys["arithmetic/add/"+name] = &fstest.MapFile{Data: content}
		c, err := Load(fsys)
		if faults, ok := errors.AsType[Faults](err); err != nil && (!ok || len(faults) == 0) || err == nil && len(c.exercises) == 0 {
			t.Errorf("Load = %v, %v; want exercises or faults", c, err)
		}
	})
}
