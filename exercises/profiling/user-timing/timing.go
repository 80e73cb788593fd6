// Package usertiming measures a program's own operations: marks, measures between them, and spans that may overlap, in
// a timeline that stays small.
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

	mu       sync.Mutex
	marks    ring
	measures ring
	added    uint64 // entries so far, of both types
	dropped  uint64
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
	return &Timeline{now: o.Now, marks: ring{max: o.MaxEntries}, measures: ring{max: o.MaxEntries}}
}

// Mark records this moment.
func (t *Timeline) Mark(name string) Entry {
	e := Entry{Name: name, Type: Mark, Start: t.now()}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(&t.marks, e)
	return e
}

// Measure records the time from one mark to another, of each name the latest. An empty start is the origin, an empty
// end is now. If a mark is missing, the error wraps ErrNoMark and nothing is recorded.
func (t *Timeline) Measure(name, start, end string) (Entry, error) {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	from, err := t.at(start, 0)
	if err != nil {
		return Entry{}, err
	}
	to, err := t.at(end, now)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Name: name, Type: Measure, Start: from, Duration: max(0, to-from)}
	t.add(&t.measures, e)
	return e, nil
}

// at is the time of the latest mark of that name; of no name it is otherwise.
func (t *Timeline) at(mark string, otherwise time.Duration) (time.Duration, error) {
	if mark == "" {
		return otherwise, nil
	}
	for i := t.marks.len() - 1; i >= 0; i-- {
		if e := t.marks.at(i); e.Name == mark {
			return e.Start, nil
		}
	}
	return 0, fmt.Errorf("%w: %q", ErrNoMark, mark)
}

// Entries are the entries of a type and a name, "" being any, in a slice of the caller's own: by Start, and what has the
// same Start in the order in which it was recorded.
func (t *Timeline) Entries(typ EntryType, name string) []Entry {
	t.mu.Lock()
	var found []numbered
	for _, r := range []*ring{&t.marks, &t.measures} {
		for i := range r.len() {
			if e := r.at(i); (typ == "" || e.Type == typ) && (name == "" || e.Name == name) {
				found = append(found, *e)
			}
		}
	}
	t.mu.Unlock()
	slices.SortFunc(found, func(a, b numbered) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.number, b.number))
	})
	entries := make([]Entry, len(found))
	for i, e := range found {
		entries[i] = e.Entry
	}
	return entries
}

// ClearMarks removes the marks of that name; "" is all.
func (t *Timeline) ClearMarks(name string) { t.clear(&t.marks, name) }

// ClearMeasures removes the measures of that name; "" is all.
func (t *Timeline) ClearMeasures(name string) { t.clear(&t.measures, name) }

func (t *Timeline) clear(r *ring, name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.remove(name)
}

// Dropped is how many entries had to go for newer ones.
func (t *Timeline) Dropped() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dropped
}

// Start begins a span: one execution of what label names.
func (t *Timeline) Start(label string) *Span {
	return &Span{timeline: t, entry: Entry{Name: label, Type: Measure, Start: t.now()}}
}

// A Span is one execution that is being measured.
type Span struct {
	timeline *Timeline

	mu    sync.Mutex
	ended bool
	entry Entry
}

// End records the span as a measure and returns it. A second call returns the same entry and false, and records nothing.
func (s *Span) End() (Entry, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return s.entry, false
	}
	s.ended = true
	s.entry.Duration = max(0, s.timeline.now()-s.entry.Start)
	s.timeline.mu.Lock()
	defer s.timeline.mu.Unlock()
	s.timeline.add(&s.timeline.measures, s.entry)
	return s.entry, true
}

// add is called with the lock held.
func (t *Timeline) add(r *ring, e Entry) {
	t.added++
	if r.push(numbered{e, t.added}) {
		t.dropped++
	}
}

// A numbered entry knows when it was recorded, among all.
type numbered struct {
	Entry
	number uint64
}

// A ring holds the newest max entries. It grows to that size and then writes over the oldest.
type ring struct {
	max     int
	entries []numbered
	oldest  int // its index
}

// push adds an entry and reports whether the oldest one had to go.
func (r *ring) push(e numbered) (dropped bool) {
	if len(r.entries) < r.max {
		r.entries = append(r.entries, e)
		return false
	}
	r.entries[r.oldest] = e
	r.oldest = (r.oldest + 1) % len(r.entries)
	return true
}

func (r *ring) len() int { return len(r.entries) }

// at is the i-th entry, counted from the oldest.
func (r *ring) at(i int) *numbered { return &r.entries[(r.oldest+i)%len(r.entries)] }

// remove takes out the entries of that name, or all if it is empty, and keeps the order of the rest.
func (r *ring) remove(name string) {
	var rest []numbered
	for i := range r.len() {
		if e := r.at(i); name != "" && e.Name != name {
			rest = append(rest, *e)
		}
	}
	r.entries, r.oldest = rest, 0
}
