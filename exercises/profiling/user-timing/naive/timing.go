// Package usertiming measures a program's own operations: marks, measures between them, and spans that may overlap, in
// a timeline that stays small.
//
// It is the obvious one: everything goes into a list, and an index says where the part begins that may still be seen.
// The timeline looks small, and is not: what lies before the index is held for ever.
package usertiming

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
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
type Timeline struct {
	now func() time.Duration
	max int

	mu      sync.Mutex
	logs    map[EntryType]*log
	added   int
	dropped uint64
}

// A log is all entries of a type, of which those from first on may be seen.
type log struct {
	all   []logged
	first int
}

type logged struct {
	Entry
	number int
}

// New makes an empty timeline.
func New(o Options) *Timeline {
	if o.Now == nil {
		origin := time.Now()
		o.Now = func() time.Duration { return time.Since(origin) }
	}
	if o.MaxEntries <= 0 {
		o.MaxEntries = 10_000
	}
	return &Timeline{now: o.Now, max: o.MaxEntries, logs: map[EntryType]*log{Mark: {}, Measure: {}}}
}

// Mark records this moment.
func (t *Timeline) Mark(name string) Entry {
	e := Entry{Name: name, Type: Mark, Start: t.now()}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(e)
	return e
}

// Measure records the time from one mark to another, of each name the latest. An empty start is the origin, an empty
// end is now. If a mark is missing, the error wraps ErrNoMark and nothing is recorded.
func (t *Timeline) Measure(name, start, end string) (Entry, error) {
	from, to := time.Duration(0), t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, mark := range []struct {
		name string
		time *time.Duration
	}{{start, &from}, {end, &to}} {
		if mark.name == "" {
			continue
		}
		marks := t.logs[Mark].visible()
		found := false
		for _, e := range marks {
			if e.Name == mark.name {
				*mark.time, found = e.Start, true
			}
		}
		if !found {
			return Entry{}, fmt.Errorf("%w: %q", ErrNoMark, mark.name)
		}
	}
	e := Entry{Name: name, Type: Measure, Start: from, Duration: max(0, to-from)}
	t.add(e)
	return e, nil
}

// Entries are the entries of a type and a name, "" being any, in a slice of the caller's own: by Start, and what has the
// same Start in the order in which it was recorded.
func (t *Timeline) Entries(typ EntryType, name string) []Entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	var found []logged
	for of, l := range t.logs {
		if typ == "" || typ == of {
			found = append(found, l.visible()...)
		}
	}
	slices.SortFunc(found, func(a, b logged) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.number, b.number))
	})
	var entries []Entry
	for _, e := range found {
		if name == "" || e.Name == name {
			entries = append(entries, e.Entry)
		}
	}
	return entries
}

// ClearMarks removes the marks of that name; "" is all.
func (t *Timeline) ClearMarks(name string) { t.clear(Mark, name) }

// ClearMeasures removes the measures of that name; "" is all.
func (t *Timeline) ClearMeasures(name string) { t.clear(Measure, name) }

func (t *Timeline) clear(typ EntryType, name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.logs[typ]
	rest := slices.DeleteFunc(l.visible(), func(e logged) bool { return name == "" || e.Name == name })
	l.all = l.all[:l.first+len(rest)]
}

// Dropped is how many entries had to go for newer ones.
func (t *Timeline) Dropped() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dropped
}

// Start begins a span: one execution of what label names.
func (t *Timeline) Start(label string) *Span {
	return &Span{timeline: t, label: label, begin: t.now()}
}

// A Span is one execution that is being measured.
type Span struct {
	timeline *Timeline
	label    string
	begin    time.Duration
	once     sync.Once
	entry    Entry
}

// End records the span as a measure and returns it. A second call returns the same entry and false, and records nothing.
func (s *Span) End() (Entry, bool) {
	first := false
	s.once.Do(func() {
		first = true
		s.entry = Entry{Name: s.label, Type: Measure, Start: s.begin, Duration: max(0, s.timeline.now()-s.begin)}
		s.timeline.mu.Lock()
		defer s.timeline.mu.Unlock()
		s.timeline.add(s.entry)
	})
	return s.entry, first
}

func (t *Timeline) add(e Entry) {
	l := t.logs[e.Type]
	t.added++
	l.all = append(l.all, logged{e, t.added})
	if len(l.visible()) > t.max {
		l.first++
		t.dropped++
	}
}

func (l *log) visible() []logged { return l.all[l.first:] }
