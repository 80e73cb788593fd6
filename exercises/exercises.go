// Package exercises holds the exercises and reads them as a catalog. It knows nothing of running them.
//
// An exercise is a folder <topic>/<slug> that is also a Go package: README.md is the statement, exercise.yaml describes
// it, the .go files beside them are the reference solution, the _test.go files are what a learner must pass; starter/,
// alternatives/, naive/ and mutants/ hold the other variants.
//
// An alternative, alternatives/<name>/, is a correct solution in another style: another data structure, other names
// inside. It must be accepted as the reference is, which proves that the tests test what the statement promises and not
// how the reference does it, and that the targets leave room for another way. There is at least one.
package exercises

import (
	"embed"
	"errors"
	"io/fs"
	"iter"
	"time"
)

//go:embed all:leaks all:optimization all:profiling all:kit
var embedded embed.FS

// Embedded is the content that was built into the program.
func Embedded() fs.FS { return embedded }

// ErrNotFound is what Lookup returns for a slug that no exercise has.
var ErrNotFound = errors.New("no such exercise")

// Files are the files of a solution or a variant: slash-separated path → content.
type Files map[string][]byte

// A Catalog is a checked set of exercises, in the order of topic and slug.
type Catalog struct {
	exercises []*Exercise
}

// All yields the exercises in order.
func (c *Catalog) All() iter.Seq[*Exercise] {
	return func(yield func(*Exercise) bool) {
		for _, e := range c.exercises {
			if !yield(e) {
				return
			}
		}
	}
}

// An Exercise is what exercise.yaml says, and where its files are. Field names in YAML are the lower-case ones of the
// tags; unknown fields are faults.
//
// Allowed has to name what a variant imports and Restricted has something to say of: os, net/http, reflect, runtime,
// unsafe and such, each by its own path (runtime is not runtime/debug). In a sandbox, solutions may import nothing else of
// that kind. Name what the task needs, not what might be handy: who may import unsafe, reflect or syscall can write to the
// memory of the tests, and so an exercise that allows them takes a stranger's word for the verdict. Allowed also names
// imports from outside the standard library, of modules in modules.go.
type Exercise struct {
	Slug  string `yaml:"-"` // the folder's name
	Topic string `yaml:"-"` // the parent folder's name

	Title      string       `yaml:"title"`
	Summary    string       `yaml:"summary"`    // one sentence for lists
	Difficulty int          `yaml:"difficulty"` // 1 warm-up · 2 core · 3 senior · 4 stretch
	Minutes    int          `yaml:"minutes"`    // estimated
	Lesson     string       `yaml:"lesson"`     // "leaks/closures-dom-cycles-caches"
	Seed       []string     `yaml:"seed"`       // ids of the interview document: "L7.1"
	Concepts   []string     `yaml:"concepts"`
	Needs      []string     `yaml:"needs"`   // tools on the machine: "redis-server"
	Allowed    []string     `yaml:"allowed"` // what solutions may import beyond ordinary packages, path by path: see above
	Race       bool         `yaml:"race"`    // tests run under the race detector too
	Limits     Limits       `yaml:"limits"`
	Targets    []Target     `yaml:"targets"`
	Charts     []Chart      `yaml:"charts"`
	Hints      []string     `yaml:"hints"` // Markdown, told one at a time: asks before it tells
	Mutants    []Mutant     `yaml:"mutants"`
	Equivalent []Equivalent `yaml:"equivalent"` // what "hotloop check --mutate" need not kill
	FollowUps  []string     `yaml:"follow_ups"` // what an interviewer asks next
	Pitfalls   []string     `yaml:"pitfalls"`
	Libraries  []Library    `yaml:"libraries"`

	fsys fs.FS // rooted at the exercise's folder
}

// Limits bound one process of the exercise. Zero means the runner's default.
type Limits struct {
	Time   time.Duration `yaml:"time" json:"time,omitempty"`     // "10s"
	Memory ByteSize      `yaml:"memory" json:"memory,omitempty"` // "256MiB"
	Output ByteSize      `yaml:"output" json:"output,omitempty"`
	Procs  int           `yaml:"procs" json:"procs,omitempty"`
}

// ByteSize is a number of bytes, written "64KiB", "1MiB" or plain in YAML.
type ByteSize int64

// A Target is what one benchmark must reach. Exactly one of Speedup and AtMost is set.
type Target struct {
	Benchmark string   `yaml:"benchmark"` // "GetHit" for BenchmarkGetHit
	Unit      string   `yaml:"unit"`      // "sec/op", "allocs/op", "B/op" or what b.ReportMetric named
	Speedup   float64  `yaml:"speedup"`   // naive ÷ yours, at least
	AtMost    *float64 `yaml:"at_most"`   // value in Unit, at most
	Why       string   `yaml:"why"`       // one sentence: what the number protects
}

// A Chart is what the exercise's page draws of a benchmark or of a series.
type Chart struct {
	Kind  string `yaml:"kind"` // "bars" (a benchmark, naive · yours · reference), "lines" (a series) or "latency" (kit.Latencies' Chart)
	Of    string `yaml:"of"`   // the benchmark's or the series' name
	Unit  string `yaml:"unit"`
	Title string `yaml:"title"`
	X     string `yaml:"x"` // axis titles
	Y     string `yaml:"y"`
	Log   bool   `yaml:"log"` // logarithmic value axis

	// With names further series of the same unit and axis that are drawn for comparison, once and not per variant: the
	// benchmark computes them itself, and so they are alike in every variant.
	With []string `yaml:"with"`
}

// A Mutant is the reference with one mistake in it, as an edit: Find occurs exactly once in File and becomes Replace.
// A mutant that is a program of its own is a folder mutants/<name>/ instead, and File, Find and Replace are empty.
type Mutant struct {
	Name     string `yaml:"name"`      // the mistake: "evicts-newest"
	Why      string `yaml:"why"`       // the wrong idea behind it
	KilledBy string `yaml:"killed_by"` // a test "TestX", or "target:Benchmark/unit" for what only measuring shows
	File     string `yaml:"file"`
	Find     string `yaml:"find"`
	Replace  string `yaml:"replace"`
}

// An Equivalent is a small change of the reference that no test can notice, because it changes nothing that the
// statement promises. The line is found by its text, so that it may move.
type Equivalent struct {
	File     string `yaml:"file"`
	Line     string `yaml:"line"`     // its text, without indentation
	Mutation string `yaml:"mutation"` // as the command tells it: "> becomes >="
	Reason   string `yaml:"reason"`   // why it makes no difference
}

// A Library is what one would use in production instead.
type Library struct {
	Path string `yaml:"path"`
	Why  string `yaml:"why"`
}

// A Role says what a variant's run must show.
type Role string

const (
	Starter     Role = "starter"     // compiles, fails at least one test
	Reference   Role = "reference"   // is accepted
	Alternative Role = "alternative" // is accepted, too, and does it another way
	Naive       Role = "naive"       // passes every test, misses a target
	MutantRole  Role = "mutant"      // is killed by the test it names
)

// A Variant is one version of the solution.
type Variant struct {
	Name     string // "starter", "reference", "naive", or the alternative's or mutant's name
	Role     Role
	Files    Files
	KilledBy string
}
