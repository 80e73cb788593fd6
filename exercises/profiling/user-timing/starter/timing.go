// Package usertiming measures a program's own operations: marks, measures between them, and spans that may overlap, in
// a timeline that stays small.
package usertiming

import (
	"errors"
	"time"
)

// ErrNoMark is wrapped by Measure's error if a mark is not in the timeline.
var ErrNoMark = errors.New("usertiming: mark not set")

// An EntryType says what an entry is.
type EntryType string

const (
	Mark    EntryType = "mark"    // a moment
	Measure EntryType = "measure" // from one moment to another
)

// An Entry is one thing in the timeline.
type Entry struct {
	Name     string
	Type     EntryType
	Start    time.Duration // since the origin
	Duration time.Duration // 0 of a mark
}

// Options say how a timeline is kept.
type Options struct {
	Now        func() time.Duration // the time since the origin; nil: since New, by the monotonic clock
	MaxEntries int                  // of each type; 0: 10,000
}

// A Timeline holds the newest marks and the newest measures. It is safe for concurrent use.
//
// TODO: so far it is the class of the story. It grows for ever, and two goroutines break it.
type Timeline struct {
	now     func() time.Duration
	entries []Entry
	begun   map[string]time.Duration // by label
}

// New makes an empty timeline.
func New(o Options) *Timeline {
	// TODO: MaxEntries.
	if o.Now == nil {
		origin := time.Now()
		o.Now = func() time.Duration { return time.Since(origin) }
	}
	return &Timeline{now: o.Now, begun: map[string]time.Duration{}}
}

// Mark records this moment.
func (t *Timeline) Mark(name string) Entry {
	e := Entry{Name: name, Type: Mark, Start: t.now()}
	t.entries = append(t.entries, e)
	return e
}

// Measure records the time from one mark to another, of each name the latest. An empty start is the origin, an empty
// end is now. If a mark is missing, the error wraps ErrNoMark and nothing is recorded.
func (t *Timeline) Measure(name, start, end string) (Entry, error) {
	// TODO: of several marks of a name this takes the first, and of a missing one it makes a time.
	var from, to time.Duration
	for _, e := range t.Entries(Mark, start) {
		from = e.Start
		break
	}
	for _, e := range t.Entries(Mark, end) {
		to = e.Start
		break
	}
	e := Entry{Name: name, Type: Measure, Start: from, Duration: to - from}
	t.entries = append(t.entries, e)
	return e, nil
}

// Entries are the entries of a type and a name, "" being any, in a slice of the caller's own: by Start, and what has the
// same Start in the order in which it was recorded.
func (t *Timeline) Entries(typ EntryType, name string) []Entry {
	if typ == "" && name == "" {
		return t.entries // TODO: whose slice is this?
	}
	var found []Entry
	for _, e := range t.entries {
		if (typ == "" || e.Type == typ) && (name == "" || e.Name == name) {
			found = append(found, e)
		}
	}
	return found // TODO: in which order?
}

// ClearMarks removes the marks of that name; "" is all.
func (t *Timeline) ClearMarks(name string) {} // TODO

// ClearMeasures removes the measures of that name; "" is all.
func (t *Timeline) ClearMeasures(name string) {} // TODO

// Dropped is how many entries had to go for newer ones.
func (t *Timeline) Dropped() uint64 { return 0 } // TODO

// Start begins a span: one execution of what label names.
func (t *Timeline) Start(label string) *Span {
	t.begun[label] = t.now() // TODO: what if the label is being measured already?
	return &Span{timeline: t, label: label}
}

// A Span is one execution that is being measured.
type Span struct {
	timeline *Timeline
	label    string
}

// End records the span as a measure and returns it. A second call returns the same entry and false, and records nothing.
func (s *Span) End() (Entry, bool) {
	t := s.timeline
	begun, ok := t.begun[s.label]
	if !ok {
		return Entry{}, false
	}
	delete(t.begun, s.label)
	e := Entry{Name: s.label, Type: Measure, Start: begun, Duration: t.now() - begun}
	t.entries = append(t.entries, e)
	return e, true
}
