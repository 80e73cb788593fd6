package gotool

import (
	"io"
	"iter"
	"regexp"
	"strconv"
	"strings"

	"hotloop/runner/executor"
	"hotloop/runner/report"
)

const (
	marker       = "\x16" // stands before the lines of package testing's own with -test.v=test2json
	maxTestText  = 8 << 10
	maxSearched  = 1 << 20 // of a test's text is searched for complaints
	maxComplaint = 4       // messages of one test that are kept
)

var (
	framePrefix      = regexp.MustCompile(`^(=== (?:RUN|NAME|PAUSE|CONT) |\s*--- (?:PASS|FAIL|SKIP): )\s*(\S*)(?: \(([\d.]+)s\))?`)
	complaintPattern = regexp.MustCompile(`\b\w+\.go:\d+: `)
)

// A testLog gathers what a test binary prints, test by test.
type testLog struct {
	current string
	tests   map[string]*testText
}

type testText struct {
	output, message strings.Builder
	complaints      int
	seen            int
	open            bool // the last line belonged to the message
}

// decodeTests reads the text of package testing. Tests told from it are for showing: a program can print such text
// itself.
func decodeTests(r io.Reader) iter.Seq2[report.Event, error] {
	return func(yield func(report.Event, error) bool) {
		log := testLog{tests: map[string]*testText{}}
		out := teller{stream: executor.Stdout, yield: yield}
		for line, err := range lines(r) {
			if err != nil {
				yield(report.Event{}, err)
				return
			}
			text, frame, framed := strings.Cut(line, marker)
			if text != "" {
				log.add(text)
				if !out.text(text) {
					return
				}
			}
			if !framed {
				continue
			}
			if t := log.frame(frame); t != nil && !yield(report.Event{Test: t}, nil) {
				return
			}
		}
	}
}

// frame takes a line of package testing's own, and returns the test if it tells of a beginning or an end.
func (l *testLog) frame(line string) *report.Test {
	m := framePrefix.FindStringSubmatch(line)
	if m == nil {
		return nil
	}
	word, name := strings.Trim(m[1], " =-:"), m[2]
	switch word {
	case "RUN":
		l.current = name
		l.tests[name] = new(testText)
		return &report.Test{Name: name, Status: report.TestRun}
	case "NAME", "CONT":
		l.current = name
		return nil
	case "PAUSE":
		return nil
	}
	t := &report.Test{Name: name, Status: strings.ToLower(word)}
	t.Seconds, _ = strconv.ParseFloat(m[3], 64)
	if text := l.tests[name]; text != nil {
		t.Output, t.Message = text.output.String(), strings.TrimRight(text.message.String(), "\n")
		delete(l.tests, name)
	}
	if parent, sub, ok := cutLast(name, "/"); ok && t.Status == report.TestFail {
		l.complain(parent, sub+": "+t.Message+"\n")
	}
	return t
}

// complain adds a message to a test's that it has not printed itself: its subtest has.
func (l *testLog) complain(name, message string) {
	if t := l.tests[name]; t != nil && t.complaints < maxComplaint {
		t.complaints++
		t.open = false
		t.message.WriteString(message)
	}
}

func cutLast(s, sep string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// add takes text printed while the current test ran: of its complaints the first few become its message.
func (l *testLog) add(line string) {
	t := l.tests[l.current]
	if t == nil || t.seen > maxSearched {
		return
	}
	t.seen += len(line)
	t.output.WriteString(line[:min(len(line), max(0, maxTestText-t.output.Len()))])
	at := complaintPattern.FindStringIndex(line)
	switch {
	case at != nil:
		t.complaints++
		t.open = t.complaints <= maxComplaint
		line = line[at[0]:]
	case !strings.HasPrefix(line, "        "):
		t.open = false
	}
	if t.open && t.message.Len() < maxTestText {
		t.message.WriteString(strings.TrimPrefix(line, "        "))
	}
}
