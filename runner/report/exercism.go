package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Exercism writes the run as the results.json of an Exercism test runner, version 2 of its interface, when its report
// comes. Skipped tests count as errors there, since the interface knows no skipping; a missed target fails the run
// under the target's name.
func Exercism(w io.Writer) Handler {
	return HandlerFunc(func(e Event) error {
		if e.Report == nil {
			return nil
		}
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(newResults(e.Report))
	})
}

type exercismResults struct {
	Version int            `json:"version"`
	Status  string         `json:"status"`
	Message *string        `json:"message"`
	Tests   []exercismTest `json:"tests"`
}

type exercismTest struct {
	Name    string  `json:"name"`
	Status  string  `json:"status"`
	Message *string `json:"message"`
	Output  *string `json:"output"`
}

const (
	exercismOutput  = 500    // characters of a test's output
	exercismMessage = 16_000 // characters of a message: at most 64,000 bytes; the site's limit is 65,535
)

func newResults(r *Report) exercismResults {
	out := exercismResults{Version: 2, Status: "fail", Tests: []exercismTest{}}
	ran := false
	for _, t := range r.Tests {
		test := newExercismTest(t)
		ran = ran || test.Status != TestError
		out.Tests = append(out.Tests, test)
	}
	for _, b := range r.Benchmarks {
		if b.Target != nil {
			out.Tests = append(out.Tests, exercismTarget(b))
		}
	}
	switch {
	case r.Verdict == Accepted:
		out.Status = TestPass
	case !ran || !blames(out.Tests):
		out.Status = TestError
		out.Message = message(verdictMessage(r))
	}
	return out
}

// blames says whether one of the tests shows why the run was not accepted.
func blames(tests []exercismTest) bool {
	for _, t := range tests {
		if t.Status != TestPass {
			return true
		}
	}
	return false
}

func newExercismTest(t Test) exercismTest {
	test := exercismTest{Name: cleanLine(t.Name), Status: TestError, Message: message(t.Message)}
	switch t.Status {
	case TestPass:
		test.Status, test.Message = TestPass, nil
	case TestFail:
		test.Status = TestFail
	case TestSkip:
		test.Message = message("skipped: " + t.Message)
	}
	if output := Clean(t.Output); output != "" {
		if len([]rune(output)) > exercismOutput {
			const note = "\nOutput was truncated. Please limit to 500 chars"
			output = cut(output, exercismOutput-len(note)) + note
		}
		test.Output = &output
	}
	return test
}

func exercismTarget(b Benchmark) exercismTest {
	c := targetCase("", b)
	test := exercismTest{Name: c.Name, Status: TestPass}
	if p := c.Failure; p != nil {
		test.Status, test.Message = TestFail, message(p.Message+"\n"+p.Text)
	} else if p := c.Error; p != nil {
		test.Status, test.Message = TestError, message(p.Message+"\n"+p.Text)
	}
	return test
}

// verdictMessage is all that there is to say about a run that shows no tests: the reason, and what the compiler said.
func verdictMessage(r *Report) string {
	lines := []string{fmt.Sprintf("%s: %s", r.Verdict, r.Reason)}
	for _, d := range r.Diagnostics {
		lines = append(lines, place(d)+": "+d.Message)
	}
	return strings.Join(lines, "\n")
}

// message is nil if there is nothing to say.
func message(s string) *string {
	s = cut(strings.TrimSpace(Clean(s)), exercismMessage)
	if s == "" {
		return nil
	}
	return &s
}
