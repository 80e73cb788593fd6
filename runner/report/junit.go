package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"hotloop/runner/measure"
)

// JUnit writes the run as one JUnit XML test suite when its report comes: a case for each test and for each target, and
// one for the verdict where neither shows why the run was not accepted.
func JUnit(w io.Writer) Handler {
	return HandlerFunc(func(e Event) error {
		if e.Report == nil {
			return nil
		}
		doc, err := xml.MarshalIndent(newSuites(e.Report), "", "  ")
		if err != nil {
			return fmt.Errorf("writing JUnit XML: %w", err)
		}
		_, err = io.WriteString(w, xml.Header+string(doc)+"\n")
		return err
	})
}

type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr"`
	Timestamp  string          `xml:"timestamp,attr,omitempty"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Name      string        `xml:"name,attr"`
	Class     string        `xml:"classname,attr"`
	Time      string        `xml:"time,attr"`
	Failure   *junitProblem `xml:"failure"`
	Error     *junitProblem `xml:"error"`
	Skipped   *junitProblem `xml:"skipped"`
	SystemOut string        `xml:"system-out,omitempty"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

func newSuites(r *Report) junitSuites {
	name := cleanLine(r.Exercise)
	if name == "" {
		name = "snippet"
	}
	suite := junitSuite{Name: name, Time: decimals(r.Seconds), Properties: []junitProperty{
		{"verdict", string(r.Verdict)},
		{"seed", strconv.FormatUint(r.Seed, 10)},
		{"executor", cleanLine(r.Executor)},
		{"sandbox", cleanLine(r.Sandbox)},
		{"go", cleanLine(r.Environment.Go)},
	}}
	if !r.Started.IsZero() {
		suite.Timestamp = r.Started.UTC().Format(time.RFC3339)
	}
	for _, t := range r.Tests {
		suite.Cases = append(suite.Cases, testCase(name, t))
	}
	for _, b := range r.Benchmarks {
		if b.Target != nil {
			suite.Cases = append(suite.Cases, targetCase(name, b))
		}
	}
	suite.count()
	if r.Verdict != Accepted && suite.Failures+suite.Errors == 0 {
		suite.Cases = append(suite.Cases, verdictCase(name, r))
		suite.count()
	}
	return junitSuites{Suites: []junitSuite{suite}}
}

func (s *junitSuite) count() {
	s.Tests, s.Failures, s.Errors, s.Skipped = len(s.Cases), 0, 0, 0
	for _, c := range s.Cases {
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
}

func testCase(class string, t Test) junitCase {
	c := junitCase{Name: cleanLine(t.Name), Class: class, Time: decimals(t.Seconds), SystemOut: Clean(t.Output)}
	problem := &junitProblem{Message: firstLine(t.Message), Text: Clean(t.Message)}
	switch t.Status {
	case TestFail:
		c.Failure = problem
	case TestSkip:
		c.Skipped = &junitProblem{Message: problem.Message}
	case TestPass:
	default: // TestError, and TestRun of a test that never ended
		c.Error = problem
	}
	return c
}

func targetCase(class string, b Benchmark) junitCase {
	c := junitCase{Name: cleanLine(b.Name + " " + b.Unit + " " + b.Target.In(b.Unit)), Class: class + ".targets", Time: "0"}
	problem := &junitProblem{Message: measured(b), Text: Clean(b.Note)}
	switch b.Met {
	case measure.Yes:
	case measure.No:
		problem.Type = string(TargetMissed)
		c.Failure = problem
	default:
		problem.Type = string(Inconclusive)
		c.Error = problem
	}
	return c
}

// measured says what a benchmark came to, in the terms of its target.
func measured(b Benchmark) string {
	if b.Target.AtMost == nil {
		return "measured " + times(b.Speedup)
	}
	return "measured " + value(b.Yours, b.Unit)
}

func verdictCase(class string, r *Report) junitCase {
	var remarks []string
	for _, d := range r.Diagnostics {
		remarks = append(remarks, place(d)+": "+Clean(d.Message))
	}
	return junitCase{Name: "verdict", Class: class, Time: "0", Error: &junitProblem{
		Message: cleanLine(r.Reason), Type: string(r.Verdict), Text: strings.Join(remarks, "\n")}}
}

// firstLine is the first line that is not blank.
func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(Clean(s)), "\n")
	return cleanLine(s)
}

func decimals(seconds float64) string { return strconv.FormatFloat(seconds, 'f', 3, 64) }
