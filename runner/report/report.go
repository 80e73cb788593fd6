// Package report says what a run did: a stream of events, the last of which holds the Report. Whatever shows, stores or
// forwards a run is a Handler of that stream; stored as JSON lines, the stream can be replayed into any of them.
package report

import (
	"time"

	"hotloop/runner/measure"
)

// An Event is one thing that happened in a run. Exactly one field is set. A stream ends with Report.
type Event struct {
	Output     *Output         `json:"output,omitempty"`
	Step       *Step           `json:"step,omitempty"`
	Test       *Test           `json:"test,omitempty"`
	Diagnostic *Diagnostic     `json:"diagnostic,omitempty"`
	Progress   *Progress       `json:"progress,omitempty"`
	Sample     *measure.Sample `json:"sample,omitempty"`
	Point      *measure.Point  `json:"point,omitempty"`
	Pprof      *Pprof          `json:"pprof,omitempty"`
	Report     *Report         `json:"report,omitempty"`
}

// A Handler is told of the events of one run, in order, from one goroutine. An error stops the run.
type Handler interface{ Handle(Event) error }

// HandlerFunc is a function as a Handler.
type HandlerFunc func(Event) error

// Handle calls f.
func (f HandlerFunc) Handle(e Event) error { return f(e) }

// Output is text that the learner's program printed: untrusted, already cleaned of escapes and bounded.
type Output struct {
	Stream string `json:"stream"` // "stdout" or "stderr"
	Text   string `json:"text"`
}

// A Step is a part of the run: told once when it starts (Status empty) and once when it has ended.
type Step struct {
	Phase   string  `json:"phase"`             // build, test, bench, profile, run
	Variant string  `json:"variant,omitempty"` // whose code; empty means the learner's
	Seconds float64 `json:"seconds"`           // wall time, once it ended
	Status  string  `json:"status,omitempty"`  // a sandbox.Status; "" while it runs
	Note    string  `json:"note,omitempty"`    // for people: why it ended so, or what was done instead
	MaxRSS  int64   `json:"max_rss,omitempty"`
}

// Test is how one test ended, told when it has; while it runs it is told with status "run".
type Test struct {
	Name    string  `json:"name"`   // "TestEvicts" or "TestEvicts/sub"
	Status  string  `json:"status"` // run, pass, fail, error, skip
	Seconds float64 `json:"seconds"`
	Message string  `json:"message"` // the first thing it complained of, "file:line: text" lines
	Output  string  `json:"output"`
}

// The statuses of a Test. Error: the test could not run, or its process ended in it.
const (
	TestRun   = "run"
	TestPass  = "pass"
	TestFail  = "fail"
	TestError = "error"
	TestSkip  = "skip"
)

// A Diagnostic is a remark of the compiler or of vet on a place in the learner's files.
type Diagnostic struct {
	File     string `json:"file"`   // relative to the solution: "lru.go"
	Line     int    `json:"line"`   // from 1
	Column   int    `json:"column"` // in bytes, from 1; 0: the whole line
	Message  string `json:"message"`
	Severity string `json:"severity,omitempty"` // "error" (default) or "warning"
	Phase    string `json:"phase,omitempty"`    // "build", in a step that compiles and runs: nothing was run
}

// Progress says how far a step is.
type Progress struct {
	Phase string `json:"phase"`
	Text  string `json:"text"` // "measuring GetHit: round 12 of at most 100"
	Done  int    `json:"done"`
	Total int    `json:"total"` // 0: not known
}

// A Verdict is the outcome of a run for the learner, in the words of programming-contest judges where they have one.
type Verdict string

const (
	Accepted             Verdict = "accepted"
	WrongAnswer          Verdict = "wrong answer"
	TargetMissed         Verdict = "target missed"
	Inconclusive         Verdict = "inconclusive"
	CompileError         Verdict = "compile error"
	RuntimeError         Verdict = "runtime error"
	TimeLimitExceeded    Verdict = "time limit exceeded"
	MemoryLimitExceeded  Verdict = "memory limit exceeded"
	OutputLimitExceeded  Verdict = "output limit exceeded"
	ProcessLimitExceeded Verdict = "process limit exceeded"
	Invalid              Verdict = "invalid"  // no evidence: the tests did not all report
	Canceled             Verdict = "canceled" // somebody stopped the run
)

// A Report is what a run showed. It is the contract that scripts rely on: fields may be added, none renamed.
type Report struct {
	Exercise    string       `json:"exercise"` // "" for a lesson's snippet
	Executor    string       `json:"executor"`
	Sandbox     string       `json:"sandbox"`
	Goal        string       `json:"goal"` // the phase the run was asked to reach
	Started     time.Time    `json:"started"`
	Seconds     float64      `json:"seconds"`
	Seed        uint64       `json:"seed"`
	Verdict     Verdict      `json:"verdict"`
	Reason      string       `json:"reason"` // one sentence for people; empty when accepted
	Steps       []Step       `json:"steps"`
	Tests       []Test       `json:"tests"`
	Benchmarks  []Benchmark  `json:"benchmarks"`
	Series      []Series     `json:"series"`
	Diagnostics []Diagnostic `json:"diagnostics"`
	Environment Environment  `json:"environment"`
	Profiles    []Profile    `json:"profiles"` // with the goal "profile"
}

// A Benchmark is one measured quantity of the three variants, with its target if the exercise names one.
type Benchmark struct {
	Name      string            `json:"name"`
	Unit      string            `json:"unit"`
	Yours     *measure.Interval `json:"yours,omitempty"`
	Naive     *measure.Interval `json:"naive,omitempty"`
	Reference *measure.Interval `json:"reference,omitempty"`
	Speedup   *measure.Interval `json:"speedup,omitempty"` // naive ÷ yours: 5 = five times better than naive
	Rounds    int               `json:"rounds"`
	Target    *Target           `json:"target,omitempty"`
	Met       measure.Decision  `json:"met,omitempty"`  // only with a target
	Note      string            `json:"note,omitempty"` // why it is inconclusive, or what looks odd
}

// A Target is what a benchmark must reach: one of the two is set.
type Target struct {
	Speedup float64  `json:"speedup,omitempty"` // at least so many times better than naive
	AtMost  *float64 `json:"at_most,omitempty"` // in the benchmark's unit; 0 is a limit, too
}

// A Series is something that changed while a variant ran.
type Series struct {
	Name    string       `json:"name"`
	Unit    string       `json:"unit"`
	Variant string       `json:"variant"`
	Axis    string       `json:"axis,omitempty"` // what x is, when it is not seconds
	Points  [][2]float64 `json:"points"`
}

// The kinds of a Profile.
const (
	CPU   = "cpu"   // where CPU time was spent, in seconds
	Alloc = "alloc" // where memory was allocated, in bytes: each allocation counted, none estimated
	Kept  = "kept"  // where memory was allocated that was still in use when the benchmark read its live heap last, in bytes
)

// A Profile says where one variant's benchmarks spent time or memory. It is of what their loops did: neither of what
// stands before them, nor of hotloop's own work.
type Profile struct {
	Variant    string            `json:"variant"` // "yours" or "naive"
	Kind       string            `json:"kind"`
	Unit       string            `json:"unit"` // "sec" or "B"
	Benchmarks []string          `json:"benchmarks"`
	Total      float64           `json:"total"`             // in Unit
	Samples    int64             `json:"samples,omitempty"` // of CPU time, a hundred in a second of each busy processor
	Objects    int64             `json:"objects,omitempty"` // of memory
	Functions  []ProfileFunction `json:"functions"`         // those with the most, by Flat
	Lines      []ProfileLine     `json:"lines"`             // of the learner's functions that are in the profile, whole
	Note       string            `json:"note,omitempty"`    // what is to be kept in mind
}

// A ProfileFunction is a function's part of a Profile.
type ProfileFunction struct {
	Name    string  `json:"name"` // "(*Cache[...]).Get" in the exercise's package, else with its package
	File    string  `json:"file"`
	Own     bool    `json:"own,omitempty"`     // it is in the solution's files
	Flat    float64 `json:"flat"`              // of the function itself
	Cum     float64 `json:"cum"`               // with all that it called
	Objects int64   `json:"objects,omitempty"` // those of Flat
}

// A ProfileLine is a line of the learner's and its part of a Profile; both are zero in most lines.
type ProfileLine struct {
	File    string  `json:"file"`
	Line    int     `json:"line"` // from 1
	Text    string  `json:"text"`
	Flat    float64 `json:"flat,omitempty"`    // of the line itself
	Cum     float64 `json:"cum,omitempty"`     // with all that it called
	Objects int64   `json:"objects,omitempty"` // those of Cum
}

// A Pprof is the whole of a Profile, as "go tool pprof" reads it. It is told while the run goes on and is no part of the
// Report.
type Pprof struct {
	Variant string `json:"variant"`
	Kind    string `json:"kind"`
	Data    []byte `json:"data"` // a .pb.gz file
}

// Name is the name of the file: "yours-cpu.pb.gz".
func (p *Pprof) Name() string { return p.Variant + "-" + p.Kind + ".pb.gz" }

// Environment is where a run happened.
type Environment struct {
	Go    string  `json:"go"`
	OS    string  `json:"os"`
	Arch  string  `json:"arch"`
	CPU   string  `json:"cpu"`
	Procs int     `json:"procs"` // GOMAXPROCS of the program under test
	Quiet float64 `json:"quiet"` // 0 … 1: share of CPU time that other programs left free while measuring, or during the run
}
