package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// TextOptions say how Text writes. The zero value suits a file or a pipe.
type TextOptions struct {
	Color   bool // use the terminal's colors
	Live    bool // w is a terminal: what is going on is shown on a line that is written again and again
	Verbose bool // steps, passed subtests and the whole output of failed tests, too
}

// Text tells a run to people as it happens: diagnostics as file:line:column, tests with their first complaint, then
// benchmarks as a table, series as small graphs, and the verdict with the next step. What events have told the report
// does not repeat; a stream that holds only a report is told in full.
func Text(w io.Writer, o TextOptions) Handler {
	return &text{page: page{w: w, color: o.Color}, live: o.Live, verbose: o.Verbose,
		tests: map[string]bool{}, remarks: map[Diagnostic]bool{}}
}

type text struct {
	page
	live, verbose bool
	phase         string              // the step that runs
	running       string              // the test that runs
	status        bool                // a live line stands at the end of the page
	tests         map[string]bool     // names of the tests that were told
	remarks       map[Diagnostic]bool // diagnostics that were told
	pending       strings.Builder     // printed by the program, not told yet
	skipped       []Test              // not told yet
}

// Handle tells one event.
func (t *text) Handle(e Event) error {
	switch {
	case e.Step != nil:
		t.step(*e.Step)
	case e.Progress != nil:
		t.now(e.Progress.Text)
	case e.Output != nil:
		t.output(*e.Output)
	case e.Diagnostic != nil:
		t.diagnostic(*e.Diagnostic)
	case e.Test != nil:
		t.test(*e.Test)
	case e.Report != nil:
		t.report(e.Report)
	}
	return t.err
}

// now rewrites the live line; "" removes it.
func (t *text) now(what string) {
	if !t.live || what == "" && !t.status {
		return
	}
	t.print("\r\x1b[K")
	if what != "" {
		t.print(t.paint(dim, cut(cleanLine(what), 76)))
	}
	t.status = what != ""
}

func (t *text) step(s Step) {
	if s.Status == "" {
		t.phase = s.Phase
		t.now(s.Phase + " …")
		return
	}
	t.now("")
	if t.running == "" {
		t.printed("") // else it belongs to the test, which is told to have died when the step has ended
	}
	name := cleanLine(s.Phase)
	if s.Variant != "" {
		if s.Status == "exited" && !t.verbose {
			return // of other variants one needs to know only what went wrong
		}
		name += " of " + cleanLine(s.Variant)
	}
	style := dim
	if s.Status != "exited" {
		style = yellow
	}
	switch {
	case s.Note != "":
		t.line(t.paint(style, name+": "+cleanLine(s.Note)))
	case s.Status != "exited":
		t.line(t.paint(style, name+": "+cleanLine(s.Status)))
	case t.verbose:
		t.line(t.paint(dim, fmt.Sprintf("%s: %s", name, seconds(s.Seconds))))
	}
}

// output tells what the program printed. Of a snippet that is the point, and it is told at once, as it is. Beside tests
// it waits for the end of the test.
func (t *text) output(o Output) {
	if t.phase == "run" {
		t.now("")
		t.print(Clean(o.Text))
		return
	}
	t.pending.WriteString(o.Text)
}

// printed tells what the program printed since the last test, each line marked, so that it cannot be taken for ours.
// Lines that were told already, as complaints of the test are, are left out.
func (t *text) printed(told string) {
	lines := strings.Split(strings.TrimRight(Clean(t.pending.String()), "\n"), "\n")
	t.pending.Reset()
	known := map[string]bool{}
	for line := range strings.SplitSeq(told, "\n") {
		known[strings.TrimSpace(line)] = true
	}
	delete(known, "") // blank lines keep a stack apart from what is above it
	lines = slices.DeleteFunc(lines, func(line string) bool { return known[strings.TrimSpace(line)] })
	t.block(t.paint(dim, "  | "), strings.Join(lines, "\n"))
}

func (t *text) diagnostic(d Diagnostic) {
	if t.remarks[d] {
		return
	}
	t.remarks[d] = true
	t.now("")
	style, severity := red, ""
	if d.Severity == "warning" {
		style, severity = yellow, "warning: "
	}
	first, rest, _ := strings.Cut(Clean(d.Message), "\n")
	t.line(t.paint(style, place(d)+":"), " ", severity, first)
	t.block("    ", rest)
}

// place is where a diagnostic is, in the form that editors and terminals make a link of.
func place(d Diagnostic) string {
	s := cleanLine(d.File)
	if d.Line > 0 {
		s += fmt.Sprintf(":%d", d.Line)
	}
	if d.Column > 0 {
		s += fmt.Sprintf(":%d", d.Column)
	}
	return s
}

func (t *text) test(test Test) {
	if test.Status == TestRun {
		t.running = test.Name
		t.now(test.Name + " …")
		return
	}
	t.running = ""
	t.tests[test.Name] = true
	if test.Status == TestSkip && !t.verbose {
		t.skipped = append(t.skipped, test)
		return
	}
	sub := strings.Contains(test.Name, "/")
	if sub && test.Status == TestPass && !t.verbose {
		return // what it printed is told with its parent
	}
	t.now("")
	indent := ""
	if sub {
		indent = "  "
	}
	mark := marks[test.Status]
	t.line(indent, t.paint(mark.style, mark.sign+" "+mark.word), " ", pad(cleanLine(test.Name), 36-len(indent)),
		" ", t.paint(dim, seconds(test.Seconds)))
	message := ""
	if test.Status != TestPass {
		message = Clean(test.Message)
		if message == "" || t.verbose {
			message = strings.TrimRight(message+"\n"+Clean(test.Output), "\n")
		}
		t.block(indent+"    ", strings.TrimLeft(message, "\n"))
	}
	t.printed(message)
}

// skips tells the skipped tests at the end, those with the same message on one line: when a program ends early, all that
// did not run have one.
func (t *text) skips() {
	mark := marks[TestSkip]
	for len(t.skipped) > 0 {
		first := t.skipped[0]
		same := func(test Test) bool { return test.Message == first.Message }
		names := cleanLine(first.Name)
		if n := len(t.skipped); slices.ContainsFunc(t.skipped[1:], same) {
			t.skipped = slices.DeleteFunc(t.skipped, same)
			names = fmt.Sprintf("%d tests, %s first", n-len(t.skipped), names)
		} else {
			t.skipped = t.skipped[1:]
		}
		t.line(t.paint(mark.style, mark.sign+" "+mark.word), " ", names)
		t.block("    ", first.Message)
	}
}

type mark struct {
	sign, word string
	style      style
}

var marks = map[string]mark{
	TestPass:  {"✓", "pass ", green},
	TestFail:  {"✗", "fail ", red},
	TestError: {"!", "error", red},
	TestSkip:  {"-", "skip ", yellow},
}

func (t *text) report(r *Report) {
	if t.phase == "" {
		for _, s := range r.Steps {
			t.step(s)
		}
	}
	for _, d := range r.Diagnostics {
		t.diagnostic(d)
	}
	for _, test := range r.Tests {
		if test.Status == TestRun {
			test.Status = TestError // it never ended
		}
		if !t.tests[test.Name] {
			t.test(test)
		}
	}
	t.now("")
	t.printed("")
	t.skips()
	if len(r.Benchmarks) > 0 {
		t.line()
		t.benchmarks(r.Benchmarks)
	}
	if len(r.Series) > 0 {
		t.line()
		t.series(r.Series)
	}
	if len(r.Profiles) > 0 {
		t.line()
		t.profiles(r)
	}
	if len(r.Benchmarks)+len(r.Profiles) > 0 || t.verbose {
		t.line()
		t.environment(r.Environment)
	}
	t.verdict(r)
}
