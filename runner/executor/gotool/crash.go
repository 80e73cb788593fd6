package gotool

import (
	"regexp"
	"strconv"
	"strings"

	"hotloop/runner/report"
)

// A crash follows what the Go runtime prints when it ends a program: a cause, then stacks. The first line of the learner's
// in them is where to look.
type crash struct {
	cause string // "" until one was seen
	test  *report.Diagnostic
	told  bool
}

var (
	causePattern = regexp.MustCompile(`^(panic: |fatal error: |SIGQUIT: quit|WARNING: DATA RACE)`)
	framePattern = regexp.MustCompile(`^\s+(?:` + modulePath + `|snippet)/([\w]+\.go):(\d+)`)
)

// next takes one line, and returns a diagnostic when the line is the learner's first after a cause.
func (c *crash) next(line string) *report.Diagnostic {
	if line == "" || !strings.ContainsRune("pfSW\t ", rune(line[0])) { // fast, for who prints a million lines
		return nil
	}
	line = strings.TrimRight(line, "\r\n")
	if causePattern.MatchString(line) && (c.cause == "" || c.told) {
		*c = crash{cause: explainCause(line)}
		return nil
	}
	m := framePattern.FindStringSubmatch(line)
	if c.cause == "" || c.told || m == nil || m[1] == mainFile || m[1] == entryFile {
		return nil
	}
	n, _ := strconv.Atoi(m[2])
	d := &report.Diagnostic{File: m[1], Line: n, Message: c.cause}
	if strings.HasSuffix(m[1], "_test.go") {
		if c.test == nil {
			c.test = d
		}
		return nil
	}
	c.told = true
	return d
}

// end is the place in the tests, when no line of the learner's own was among the stacks.
func (c *crash) end() *report.Diagnostic {
	if c.told {
		return nil
	}
	return c.test
}

func explainCause(line string) string {
	line = strings.TrimSuffix(line, " [recovered, repanicked]")
	line, _, _ = strings.Cut(line, " [recovered]")
	switch {
	case strings.HasPrefix(line, "SIGQUIT"):
		return "still running here when time was up"
	case strings.HasPrefix(line, "WARNING: DATA RACE"):
		return "data race: two goroutines use this at the same time, and one of them writes"
	case strings.HasPrefix(line, "fatal error: all goroutines are asleep"):
		return "deadlock: every goroutine waits, and none is left to wake another"
	}
	return line
}
