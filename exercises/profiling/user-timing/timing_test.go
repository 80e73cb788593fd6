package usertiming

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A watch is a clock that the test sets.
type watch struct{ now time.Duration }

func (w *watch) read() time.Duration { return w.now }

// newTimeline is a timeline on a watch of its own.
func newTimeline(max int) (*Timeline, *watch) {
	w := &watch{}
	return New(Options{Now: w.read, MaxEntries: max}), w
}

const ms = time.Millisecond

// wantEntry checks one entry.
func wantEntry(t *testing.T, got Entry, done, why string, want Entry) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %s, want %s: %s", done, tell(got), tell(want), why)
	}
}

// wantEntries checks what is in the timeline.
func wantEntries(t *testing.T, got []Entry, done, why string, want ...Entry) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %s, want %s: %s", done, tell(got...), tell(want...), why)
	}
}

// tell writes entries for people: "mark a @10ms", "measure q @10ms +5ms".
func tell(entries ...Entry) string {
	var all []string
	for _, e := range entries {
		s := fmt.Sprintf("%s %s @%v", e.Type, e.Name, e.Start)
		if e.Type == Measure || e.Duration != 0 {
			s += fmt.Sprintf(" +%v", e.Duration)
		}
		all = append(all, s)
	}
	return "[" + strings.Join(all, ", ") + "]"
}

func mark(name string, at time.Duration) Entry { return Entry{Name: name, Type: Mark, Start: at} }

func measure(name string, start, duration time.Duration) Entry {
	return Entry{Name: name, Type: Measure, Start: start, Duration: duration}
}

// mustMeasure is Measure of marks that are there.
func mustMeasure(t *testing.T, tl *Timeline, name, start, end string) Entry {
	t.Helper()
	e, err := tl.Measure(name, start, end)
	if err != nil {
		t.Fatalf("Measure(%q, %q, %q) = %v; want a measure: the marks are set", name, start, end, err)
	}
	return e
}

func TestMeasureBetweenMarks(t *testing.T) {
	tl, w := newTimeline(0)
	w.now = 10 * ms
	wantEntry(t, tl.Mark("begin"), `Mark("begin") at 10ms`, "Mark returns what it records", mark("begin", 10*ms))
	w.now = 25 * ms
	tl.Mark("end")
	w.now = 40 * ms
	want := measure("query", 10*ms, 15*ms)
	wantEntry(t, mustMeasure(t, tl, "query", "begin", "end"), `marks at 10ms and 25ms, Measure("query", "begin", "end") at 40ms`,
		"a measure spans its marks, whenever it is taken", want)
	wantEntries(t, tl.Entries(Measure, "query"), `Entries(Measure, "query") after that`, "the measure is in the timeline", want)
	wantEntries(t, tl.Entries(Mark, ""), `Entries(Mark, "") after that`, "measuring leaves the marks", mark("begin", 10*ms), mark("end", 25*ms))
}

func TestLatestMarkWins(t *testing.T) {
	tl, w := newTimeline(0)
	for i, at := range []time.Duration{10 * ms, 110 * ms} { // two requests, one after the other
		w.now = at
		tl.Mark("begin")
		w.now += 10*ms + time.Duration(i)*ms
		tl.Mark("end")
	}
	wantEntry(t, mustMeasure(t, tl, "query", "begin", "end"), `marks begin, end, begin, end at 10, 20, 110 and 121ms, Measure("query", "begin", "end")`,
		"of marks with the same name the latest counts, or each request is measured from the first one on", measure("query", 110*ms, 11*ms))
}

func TestMissingMark(t *testing.T) {
	tl, w := newTimeline(0)
	w.now = 10 * ms
	tl.Mark("begin")
	for _, tt := range []struct{ start, end, missing string }{
		{"never", "begin", "never"},
		{"begin", "nowhere", "nowhere"},
		{"", "nowhere", "nowhere"},
	} {
		e, err := tl.Measure("query", tt.start, tt.end)
		if !errors.Is(err, ErrNoMark) {
			t.Errorf("Measure(query, %q, %q) without mark %s: error %v, want one that wraps ErrNoMark, so that callers can tell it from others", tt.start, tt.end, tt.missing, err)
		} else if !strings.Contains(err.Error(), tt.missing) {
			t.Errorf("Measure(query, %q, %q): error %q does not name the mark %q; whoever reads the log must know which one", tt.start, tt.end, err, tt.missing)
		}
		wantEntry(t, e, fmt.Sprintf("Measure(query, %q, %q)", tt.start, tt.end), "no measure, no entry", Entry{})
	}
	wantEntries(t, tl.Entries(Measure, ""), "Entries after three measures that failed", "a failed measure must leave no made-up time behind")
}

func TestEmptyNames(t *testing.T) {
	tl, w := newTimeline(0)
	w.now = 10 * ms
	tl.Mark("ready")
	w.now = 50 * ms
	wantEntry(t, mustMeasure(t, tl, "start-up", "", "ready"), `mark at 10ms, Measure("start-up", "", "ready")`,
		"an empty start is the origin", measure("start-up", 0, 10*ms))
	wantEntry(t, mustMeasure(t, tl, "serving", "ready", ""), `mark at 10ms, Measure("serving", "ready", "") at 50ms`,
		"an empty end is now", measure("serving", 10*ms, 40*ms))
	wantEntry(t, mustMeasure(t, tl, "all", "", ""), `Measure("all", "", "") at 50ms`, "from the origin to now", measure("all", 0, 50*ms))
}

func TestOverlappingSpansSameLabel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tl := New(Options{})
		var wg sync.WaitGroup
		for range 2 { // the second request comes when the first one is half done
			wg.Go(func() {
				begun := time.Now()
				span := tl.Start("query")
				time.Sleep(100 * ms)
				if e, ok := span.End(); !ok || e.Duration != 100*ms {
					t.Errorf("two spans of one label, each 100ms long, 50ms apart: the one begun %v after midnight: End() = %s, %v; want a duration of 100ms: a label names what is done, not one execution of it",
						begun.Sub(begun.Truncate(24*time.Hour)), tell(e), ok)
				}
			})
			time.Sleep(50 * ms)
		}
		wg.Wait()
		wantEntries(t, tl.Entries(Measure, "query"), "Entries after both have ended", "each execution is a measure, at its own time",
			measure("query", 0, 100*ms), measure("query", 50*ms, 100*ms))
	})
}

func TestSpanEndTwice(t *testing.T) {
	tl, w := newTimeline(0)
	w.now = 10 * ms
	span := tl.Start("query")
	w.now = 30 * ms
	want := measure("query", 10*ms, 20*ms)
	if e, ok := span.End(); e != want || !ok {
		t.Errorf("span from 10ms to 30ms: End() = %s, %v; want %s, true", tell(e), ok, tell(want))
	}
	w.now = 90 * ms
	if e, ok := span.End(); e != want || ok {
		t.Errorf("End() again, at 90ms = %s, %v; want %s, false: the span has ended, and ended when it did", tell(e), ok, tell(want))
	}
	wantEntries(t, tl.Entries(Measure, ""), "Entries after two calls of End", "a deferred End beside an early one must not count twice", want)
}

func TestEntriesSortedCopy(t *testing.T) {
	tl, w := newTimeline(0)
	w.now = 20 * ms
	outer := tl.Start("outer") // begins first, ends last
	w.now = 30 * ms
	inner := tl.Start("inner")
	tl.Start("instant").End()
	tl.Mark("tie")
	w.now = 40 * ms
	inner.End()
	w.now = 50 * ms
	outer.End()
	tl.Mark("late")
	mustMeasure(t, tl, "tie", "tie", "late")

	want := []Entry{measure("outer", 20*ms, 30*ms), measure("instant", 30*ms, 0), mark("tie", 30*ms), measure("inner", 30*ms, 10*ms), measure("tie", 30*ms, 20*ms), mark("late", 50*ms)}
	got := tl.Entries("", "")
	wantEntries(t, got, "a span of 20ms to 50ms with one of 30ms to 40ms in it, and marks: Entries", "entries are in the order of Start; what starts together, in the order in which it was recorded", want...)
	wantEntries(t, tl.Entries("", "tie"), `Entries("", "tie")`, `an empty type is any, a name is that one`, want[2], want[4])
	wantEntries(t, tl.Entries(Mark, "tie"), `Entries(Mark, "tie")`, `type and name both count`, want[2])
	wantEntries(t, tl.Entries(Measure, "late"), `Entries(Measure, "late")`, "there is a mark of that name, and no measure")
	wantEntries(t, got, "the first slice, after three more calls", "the slice is the caller's own: later calls must not write to it", want...)
	for i := range got {
		got[i].Name = "overwritten"
	}
	_ = append(got[:0], Entry{}, Entry{}, Entry{})
	wantEntries(t, tl.Entries("", ""), "Entries after the caller has written to the slice it got", "the slice is the caller's own: sorting or editing it must not change the timeline", want...)
}

func TestClearByNameAndAll(t *testing.T) {
	tl, w := newTimeline(0)
	for i, name := range []string{"a", "b", "a", "c"} {
		w.now = time.Duration(i+1) * 10 * ms
		tl.Mark(name)
		mustMeasure(t, tl, name, name, "")
	}
	tl.ClearMarks("a")
	wantEntries(t, tl.Entries(Mark, ""), `marks a, b, a, c, then ClearMarks("a")`, "all marks of that name go, and no other", mark("b", 20*ms), mark("c", 40*ms))
	if n := len(tl.Entries(Measure, "")); n != 4 {
		t.Errorf("after ClearMarks there are %d measures, want 4: they are not marks", n)
	}
	if _, err := tl.Measure("m", "a", ""); !errors.Is(err, ErrNoMark) {
		t.Errorf("Measure from a mark that was cleared: error %v, want ErrNoMark", err)
	}
	tl.ClearMeasures("a")
	wantEntries(t, tl.Entries(Measure, ""), `measures a, b, a, c, then ClearMeasures("a")`, "all measures of that name go, and no other", measure("b", 20*ms, 0), measure("c", 40*ms, 0))
	tl.ClearMeasures("")
	tl.ClearMarks("")
	wantEntries(t, tl.Entries("", ""), `after ClearMeasures("") and ClearMarks("")`, "no name is all names")
	w.now = 90 * ms
	tl.Mark("b")
	wantEntries(t, tl.Entries("", ""), "a mark after everything was cleared", "the timeline works on", mark("b", 90*ms))
	if n := tl.Dropped(); n != 0 {
		t.Errorf("after clearing: Dropped() = %d, want 0: what was cleared on purpose was not dropped", n)
	}
}

func TestBounded(t *testing.T) {
	tl, w := newTimeline(3)
	w.now = 5 * ms
	tl.Start("before").End()
	for i := 1; i <= 5; i++ {
		w.now = time.Duration(i) * 10 * ms
		tl.Mark(fmt.Sprint("m", i))
	}
	wantEntries(t, tl.Entries(Mark, ""), "MaxEntries 3, five marks", "the newest stay: what happens now is what one looks for", mark("m3", 30*ms), mark("m4", 40*ms), mark("m5", 50*ms))
	wantEntries(t, tl.Entries(Measure, ""), "MaxEntries 3, one measure and five marks", "marks and measures have a bound each: many marks must not push out the measures", measure("before", 5*ms, 0))
	if n := tl.Dropped(); n != 2 {
		t.Errorf("MaxEntries 3, five marks: Dropped() = %d, want 2: who reads the timeline must know what is missing", n)
	}
	if _, err := tl.Measure("m", "m2", ""); !errors.Is(err, ErrNoMark) {
		t.Errorf("Measure from a mark that was dropped: error %v, want ErrNoMark: it is no longer in the timeline", err)
	}
	for i := range 4 {
		w.now = time.Duration(60+i) * ms
		tl.Start("span").End()
	}
	wantEntries(t, tl.Entries(Measure, ""), "MaxEntries 3, five measures", "spans are bounded as marks are", measure("span", 61*ms, 0), measure("span", 62*ms, 0), measure("span", 63*ms, 0))
	if n := tl.Dropped(); n != 4 {
		t.Errorf("MaxEntries 3, five marks and five measures: Dropped() = %d, want 4", n)
	}
	tl.ClearMarks("m4")
	w.now = 70 * ms
	tl.Mark("m6")
	wantEntries(t, tl.Entries(Mark, ""), `marks m3, m4, m5, then ClearMarks("m4") and a new one`, "clearing made room, and what was dropped does not come back", mark("m3", 30*ms), mark("m5", 50*ms), mark("m6", 70*ms))
	w.now = 80 * ms
	tl.Mark("m7")
	wantEntries(t, tl.Entries(Mark, ""), "one more mark", "the oldest goes, after clearing too", mark("m5", 50*ms), mark("m6", 70*ms), mark("m7", 80*ms))

	tl = New(Options{})
	for range 10_001 {
		tl.Mark("m")
	}
	if n, dropped := len(tl.Entries(Mark, "")), tl.Dropped(); n != 10_000 || dropped != 1 {
		t.Errorf("MaxEntries 0, 10,001 marks: %d entries, Dropped() = %d; want 10,000 and 1: without a wish there is a bound as well", n, dropped)
	}
}

func TestNowInjected(t *testing.T) {
	tl, w := newTimeline(0)
	w.now = time.Hour
	tl.Mark("late")
	span := tl.Start("span")
	w.now = time.Minute // somebody set the clock
	tl.Mark("early")
	if e, _ := span.End(); e != measure("span", time.Hour, 0) {
		t.Errorf("a span from 1h to 1m: End() = %s, want %s: no duration is negative, whatever the clock does", tell(e), tell(measure("span", time.Hour, 0)))
	}
	wantEntry(t, mustMeasure(t, tl, "m", "late", "early"), "Measure from a mark at 1h to one at 1m", "no duration is negative", measure("m", time.Hour, 0))
	wantEntry(t, mustMeasure(t, tl, "n", "late", ""), "Measure from a mark at 1h to now, 1m", "no duration is negative", measure("n", time.Hour, 0))

	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		tl := New(Options{})
		time.Sleep(10 * ms)
		wantEntry(t, tl.Mark("m"), "without Now, Mark 10ms after New", "the origin is when the timeline was made", mark("m", 10*ms))
	})
}

// The last one, because a map that is written to by two goroutines ends the program.
func TestSpansRace(t *testing.T) {
	const goroutines, spans, max = 64, 1000, 500
	tl := New(Options{MaxEntries: max})
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range spans {
				span := tl.Start("query")
				if e, ok := span.End(); !ok || e.Name != "query" {
					t.Errorf("span %d of goroutine %d: End() = %s, %v; want its measure, true: other goroutines measure the same label", i, g, tell(e), ok)
					return
				}
				if i%250 == 0 {
					tl.Mark("m")
					if n := len(tl.Entries(Measure, "")); n > max {
						t.Errorf("MaxEntries %d: Entries holds %d measures", max, n)
					}
				}
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	kept := len(tl.Entries("", "query"))
	if n := kept + int(tl.Dropped()); n != goroutines*spans || kept != max {
		t.Errorf("%d goroutines recorded %d spans each: %d are there and %d dropped; want %d and %d: what two goroutines record at a time must both be there",
			goroutines, spans, kept, tl.Dropped(), max, goroutines*spans-max)
	}
	span, ended := tl.Start("query"), make(chan bool, 8)
	for range cap(ended) {
		wg.Go(func() {
			_, ok := span.End()
			ended <- ok
		})
	}
	wg.Wait()
	close(ended)
	first := 0
	for ok := range ended {
		if ok {
			first++
		}
	}
	if first != 1 {
		t.Errorf("eight goroutines end one span: %d of them got true, want one", first)
	}
}
