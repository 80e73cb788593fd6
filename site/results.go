package site

import (
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"hotloop/exercises"
	"hotloop/runner/measure"
	"hotloop/runner/report"
	"hotloop/site/chart"
)

// The sections of a run's results, as ids in the page and names of templates in parts/results.html.
var sections = []string{"run-status", "run-tests", "run-benchmarks", "run-profile", "run-charts", "run-output"}

// Bounds of what the page shows of a run. What is kept in the history is bounded by the runner.
const (
	maxShownOutput = 64 << 10 // bytes
	maxShownTests  = 1000
)

// results turn the events of a run into the sections of a page: while it runs, and again when a stored stream is
// replayed. It is a report.Handler.
type results struct {
	Exercise    *exercises.Exercise // nil for a snippet
	Goal        string
	Steps       []report.Step
	Tests       []report.Test
	Diagnostics []report.Diagnostic
	Progress    *report.Progress
	Output      []report.Output
	Cut         bool           // Output lacks its end
	Report      *report.Report // nil until it is there
	Outcome     *outcome       // nil while it runs

	pprof   map[string][]byte // whole profiles by file name
	sampled bool              // something was measured
	shown   int               // bytes in Output
	version int               // grows with each change
	changed map[string]int    // section → version of its last change; also "diagnostics"
	drawn   map[string]drawing
}

type drawing struct {
	version int
	html    template.HTML
}

func newResults(ex *exercises.Exercise, goal string) *results {
	r := &results{Exercise: ex, Goal: goal, pprof: map[string][]byte{}, changed: map[string]int{}, drawn: map[string]drawing{}}
	r.touch(sections...)
	return r
}

func (r *results) touch(names ...string) {
	for _, name := range names {
		r.version++
		r.changed[name] = r.version
	}
}

// Handle takes one event.
func (r *results) Handle(e report.Event) error {
	switch {
	case e.Output != nil:
		r.output(*e.Output)
	case e.Step != nil:
		r.step(*e.Step)
	case e.Test != nil:
		r.test(*e.Test)
	case e.Diagnostic != nil:
		r.Diagnostics = append(r.Diagnostics, *e.Diagnostic)
		r.touch("run-status", "diagnostics")
	case e.Progress != nil:
		r.Progress = e.Progress
		r.touch("run-status")
	case e.Sample != nil:
		r.sampled = true
	case e.Pprof != nil:
		r.pprof[e.Pprof.Name()] = e.Pprof.Data
	case e.Report != nil:
		r.report(e.Report)
	}
	return nil
}

// end notes how the run ended.
func (r *results) end(o *outcome) {
	r.Outcome, r.Progress = o, nil
	r.touch("run-status", "run-tests")
	if r.Report != nil && (len(r.Report.Profiles) > 0 || r.sampled) {
		r.touch("run-profile", "run-benchmarks") // now that the attempt is kept, there is something to link to
	}
}

func (r *results) output(o report.Output) {
	if r.shown >= maxShownOutput {
		r.Cut = true
		return
	}
	if room := maxShownOutput - r.shown; len(o.Text) > room {
		o.Text, r.Cut = strings.ToValidUTF8(o.Text[:room], ""), true
	}
	r.shown += len(o.Text)
	if n := len(r.Output); n > 0 && r.Output[n-1].Stream == o.Stream {
		r.Output[n-1].Text += o.Text
	} else {
		r.Output = append(r.Output, o)
	}
	r.touch("run-output")
}

// step replaces the running step of the same phase by the one that has ended.
func (r *results) step(s report.Step) {
	if n := len(r.Steps); n > 0 && r.Steps[n-1].Phase == s.Phase && r.Steps[n-1].Status == "" {
		r.Steps[n-1] = s
	} else {
		r.Steps = append(r.Steps, s)
	}
	r.touch("run-status")
}

func (r *results) test(t report.Test) {
	i := slices.IndexFunc(r.Tests, func(old report.Test) bool { return old.Name == t.Name })
	switch {
	case i >= 0:
		r.Tests[i] = t
	case len(r.Tests) < maxShownTests:
		r.Tests = append(r.Tests, t)
	}
	r.touch("run-tests", "run-status")
}

// report takes the whole: what was told on the way is replaced by what the report says of it.
func (r *results) report(rep *report.Report) {
	r.Report, r.Progress = rep, nil
	r.Steps, r.Diagnostics = rep.Steps, rep.Diagnostics
	if rep.Tests != nil {
		r.Tests = rep.Tests
	}
	r.touch(append([]string{"diagnostics"}, sections...)...)
}

// fragments are the sections that have changed after version last, in the order of their changes.
func (r *results) fragments(last int, t *templates) ([]message, error) {
	var messages []message
	for _, name := range append([]string{"diagnostics"}, sections...) {
		version := r.changed[name]
		if version <= last {
			continue
		}
		m := message{ID: version, Event: "diagnostics"}
		var err error
		if name == "diagnostics" {
			m.Data, err = json.Marshal(slices.Concat([]report.Diagnostic{}, r.Diagnostics))
		} else {
			m.Event = "fragment"
			m.Data, err = r.fragment(name, t)
		}
		if err != nil {
			return nil, err
		}
		messages = append(messages, m)
	}
	slices.SortFunc(messages, func(a, b message) int { return a.ID - b.ID })
	return messages, nil
}

func (r *results) fragment(name string, t *templates) ([]byte, error) {
	html, err := r.section(name, t)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]string{"id": name, "html": string(html)})
}

// section draws one section, or takes the last drawing if nothing has changed since.
func (r *results) section(name string, t *templates) (template.HTML, error) {
	if d, ok := r.drawn[name]; ok && d.version == r.changed[name] {
		return d.html, nil
	}
	b, err := t.execute("", name, r)
	if err != nil {
		return "", fmt.Errorf("drawing %s: %w", name, err)
	}
	html := template.HTML(b)
	r.drawn[name] = drawing{r.changed[name], html}
	return html, nil
}

// sections draws all of them, for a page.
func (r *results) sections(t *templates) (map[string]template.HTML, error) {
	all := map[string]template.HTML{}
	for _, name := range sections {
		html, err := r.section(name, t)
		if err != nil {
			return nil, err
		}
		all[strings.TrimPrefix(name, "run-")] = html
	}
	return all, nil
}

// The rest is what parts/results.html asks for.

// Running says that the run has begun and not ended.
func (r *results) Running() bool {
	return r.Outcome == nil && r.Report == nil && len(r.Steps)+len(r.Tests) > 0
}

// HasTargets says that there is more to reach than passing the tests.
func (r *results) HasTargets() bool { return r.Exercise != nil && len(r.Exercise.Targets) > 0 }

// Verdict is the verdict, "error" if hotloop failed, "" while there is none.
func (r *results) Verdict() string {
	if r.Report != nil {
		return string(r.Report.Verdict)
	}
	if r.Outcome != nil {
		return r.Outcome.Verdict
	}
	return ""
}

// Reason is the sentence that goes with the verdict.
func (r *results) Reason() string {
	if r.Report != nil && r.Report.Reason != "" {
		return r.Report.Reason
	}
	if r.Outcome != nil {
		return r.Outcome.Reason
	}
	return ""
}

// Headline is the heading of the results.
func (r *results) Headline() string {
	switch v := r.Verdict(); v {
	case "":
		if phase := r.phase(); phase != "" {
			return phase
		}
		return "Starting"
	case "error":
		return "hotloop failed"
	case string(report.Canceled):
		return "Stopped"
	default:
		return upper(v)
	}
}

// phase says what is going on.
func (r *results) phase() string {
	if len(r.Steps) == 0 {
		return ""
	}
	s := r.Steps[len(r.Steps)-1]
	if doing, ok := map[string]string{"build": "Building", "vet": "Checking", "test": "Testing", "bench": "Measuring", "profile": "Profiling", "run": "Running"}[s.Phase]; ok {
		return doing
	}
	return upper(s.Phase)
}

// Tone is the class of the status card.
func (r *results) Tone() string {
	switch r.Verdict() {
	case "":
		return "running"
	case string(report.Accepted):
		return "pass"
	case string(report.Inconclusive), string(report.Canceled):
		return "warn"
	}
	return "fail"
}

// TestCount is how many top-level tests passed, and how many there are.
func (r *results) TestCount() (count struct{ Passed, All int }) {
	for _, t := range r.Tests {
		if !strings.Contains(t.Name, "/") {
			count.All++
			if t.Status == report.TestPass {
				count.Passed++
			}
		}
	}
	return count
}

// AllPassed says that the tests are over and there is nothing in them to look at; the page of a run that measured folds them then.
func (r *results) AllPassed() bool {
	count := r.TestCount()
	return r.Report != nil && count.All > 0 && count.Passed == count.All
}

// A testRow is a top-level test with those of its sub-tests that did not pass.
type testRow struct {
	report.Test
	Subs []report.Test
}

// TestRows keep the tests' order: the first failure is the one to read first.
func (r *results) TestRows() []testRow {
	var rows []testRow
	at := map[string]int{}
	for _, t := range r.Tests {
		top, _, isSub := strings.Cut(t.Name, "/")
		i, ok := at[top]
		if !ok {
			i = len(rows)
			at[top] = i
			rows = append(rows, testRow{Test: report.Test{Name: top, Status: report.TestRun}})
		}
		switch {
		case !isSub:
			rows[i].Test = t
		case t.Status != report.TestPass:
			rows[i].Subs = append(rows[i].Subs, t)
		}
	}
	return rows
}

// Benchmarks are the measured quantities as cells.
func (r *results) Benchmarks() []benchmarkRow {
	if r.Report == nil {
		return nil
	}
	var rows []benchmarkRow
	for _, b := range r.Report.Benchmarks {
		rows = append(rows, newBenchmarkRow(b))
	}
	return rows
}

// Figures are the charts of the report.
func (r *results) Figures() []template.HTML {
	if r.Report == nil {
		return nil
	}
	var list []template.HTML
	for _, f := range chart.Of(r.Exercise, r.Report) {
		list = append(list, f.HTML())
	}
	return list
}

// A benchmarkRow is a report.Benchmark for people.
type benchmarkRow struct {
	Name, Unit              string
	Naive, Reference, Yours string
	Spread                  string // of Yours: "27.9 ns to 28.4 ns"
	Speedup                 string // "54.6× (52.1 to 57.0)"
	Target                  string // "at least 5×", "at most 0"
	Met                     string // "yes", "no", "inconclusive", "" without a target
	Note                    string
}

func newBenchmarkRow(b report.Benchmark) benchmarkRow {
	value := func(iv *measure.Interval) string {
		if iv == nil {
			return "–"
		}
		return measure.Format(iv.Center, b.Unit)
	}
	row := benchmarkRow{Name: b.Name, Unit: b.Unit, Note: b.Note, Met: string(b.Met),
		Naive: value(b.Naive), Reference: value(b.Reference), Yours: value(b.Yours)}
	if b.Yours != nil && b.Yours.Lo != b.Yours.Hi {
		row.Spread = measure.Format(b.Yours.Lo, b.Unit) + " to " + measure.Format(b.Yours.Hi, b.Unit)
	}
	if s := b.Speedup; s != nil {
		row.Speedup = measure.Multiple(s.Center)
		if s.Lo != s.Hi {
			row.Speedup += fmt.Sprintf(" (%s to %s)", measure.Multiple(s.Lo), measure.Multiple(s.Hi))
		}
	}
	switch t := b.Target; {
	case t == nil:
	case t.AtMost != nil:
		row.Target = "at most " + measure.Format(*t.AtMost, b.Unit)
	default:
		row.Target = "at least " + measure.Multiple(t.Speedup)
	}
	return row
}
