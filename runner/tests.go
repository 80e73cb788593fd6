package runner

import (
	"fmt"
	"strings"
	"sync"

	"hotloop/exercises/kit/harness"
	"hotloop/runner/report"
)

// tests are the tests of a run. Of each top-level test two things are heard: what the harness says of it, which counts,
// and what the test binary prints, which has the messages. Print can only take away: a test that the harness saw pass
// and that was printed as failed has failed, which is how the race detector says it.
type tests struct {
	tell *teller

	mu    sync.Mutex
	order []string
	known map[string]*test
	subs  []report.Test
	crash *report.Diagnostic // why the process ended, if it did so in a test
}

type test struct {
	began, ends int
	sealed      string // the harness's status
	report      report.Test
	printed     bool // report has what was printed
	told        bool
}

func newTests(tell *teller) *tests { return &tests{tell: tell, known: map[string]*test{}} }

// expect names the top-level tests that must report.
func (t *tests) expect(names []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.order = names
	for _, name := range names {
		t.known[name] = &test{report: report.Test{Name: name}}
	}
}

func (t *tests) began(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if test := t.known[name]; test != nil {
		test.began++
		t.tell.test(report.Test{Name: name, Status: report.TestRun})
	}
}

func (t *tests) ended(rec *harness.Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	test := t.known[rec.Name]
	if test == nil {
		return
	}
	test.ends++
	test.sealed = rec.Status
	test.report.Seconds = rec.Seconds
	t.tellIfKnown(test)
}

// shown takes a test from the printed text.
func (t *tests) shown(shown report.Test) {
	shown.Name, shown.Message, shown.Output = report.Clean(shown.Name), report.Clean(shown.Message), report.Clean(shown.Output)
	t.mu.Lock()
	defer t.mu.Unlock()
	parent, _, isSub := strings.Cut(shown.Name, "/")
	test := t.known[parent]
	switch {
	case test == nil:
	case isSub:
		t.shownSub(shown)
	case shown.Status != report.TestRun:
		shown.Seconds = test.report.Seconds
		test.report, test.printed = shown, true
		t.tellIfKnown(test)
	}
}

func (t *tests) shownSub(sub report.Test) {
	if len(t.subs)+len(t.order) >= maxTests {
		return
	}
	if sub.Status != report.TestRun {
		t.subs = append(t.subs, sub)
	}
	t.tell.test(sub)
}

// tellIfKnown tells a test when both have spoken.
func (t *tests) tellIfKnown(test *test) {
	if test.ends != 1 || !test.printed || test.told || test.sealed == harness.Panic {
		return
	}
	test.told = true
	test.report.Status = test.status()
	t.tell.test(test.report)
}

func (t *test) status() string {
	switch {
	case t.began > 0 && t.ends == 0, t.sealed == harness.Panic:
		return report.TestError
	case t.ends == 0:
		return report.TestSkip
	case t.sealed == harness.Pass && t.report.Status == report.TestFail:
		return report.TestFail
	}
	return t.sealed
}

// crashed notes where a process ended before its tests did.
func (t *tests) crashed(d report.Diagnostic) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.crash == nil {
		t.crash = &d
	}
}

// current is how the expected tests stand.
func (t *tests) current() []report.Test {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []report.Test
	for _, name := range t.order {
		test := t.known[name]
		r := test.report
		r.Status = test.status()
		if r.Status == report.TestError && r.Message == "" {
			r.Message = t.crashMessage()
		}
		if test.began == 0 && r.Message == "" {
			r.Message = "did not run: the program had ended"
		}
		all = append(all, r)
	}
	return all
}

// repeated is a test that reported more than once; empty if none did.
func (t *tests) repeated() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, name := range t.order {
		if test := t.known[name]; test.began > 1 || test.ends > 1 {
			return name
		}
	}
	return ""
}

// race is where two goroutines raced; empty if nobody saw them do so.
func (t *tests) race() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.crash == nil || !strings.HasPrefix(t.crash.Message, "data race: ") {
		return ""
	}
	return t.crashMessage()
}

func (t *tests) crashMessage() string {
	if t.crash == nil {
		return ""
	}
	return fmt.Sprintf("%s:%d: %s", t.crash.File, t.crash.Line, t.crash.Message)
}

// settle tells the tests that were not told because the process ended in them or before, and returns all for the
// report: each top-level test with its subtests behind it.
func (t *tests) settle() []report.Test {
	expected := t.current()
	t.mu.Lock()
	defer t.mu.Unlock()
	all := []report.Test{}
	for _, top := range expected {
		if test := t.known[top.Name]; !test.told {
			test.told = true
			t.tell.test(top)
		}
		all = append(all, top)
		for _, sub := range t.subs {
			if strings.HasPrefix(sub.Name, top.Name+"/") {
				all = append(all, sub)
			}
		}
	}
	return all
}
