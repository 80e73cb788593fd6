// Package usertiming measures a program's own operations: marks, measures between them, and spans that may overlap, in
// a timeline that stays small.
//
// Here each type has a slice of twice the size that is asked for. The newest entries are its end; when it is full, they
// move to the front, so that an entry moves once for each that is added. A map knows the latest mark of each name.
package usertiming

import (
	"errors"
	"fmt"
	"sort"
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
	sync.RWMutex
	clock  func() time.Duration
	serial uint64
	lost   uint64
	marks  window
	spans  window
	latest map[string]item // the latest mark of each name that is in marks
}

// New makes an empty timeline.
func New(o Options) *Timeline {
	size := o.MaxEntries
	if size <= 0 {
		size = 10_000
	}
	clock := o.Now
	if clock == nil {
		begin := time.Now()
		clock = func() time.Duration { return time.Since(begin) }
	}
	return &Timeline{clock: clock, marks: window{size: size}, spans: window{size: size}, latest: map[string]item{}}
}

// Mark records this moment.
func (t *Timeline) Mark(name string) Entry {
	entry := Entry{Name: name, Type: Mark, Start: t.clock()}
	t.Lock()
	defer t.Unlock()
	t.latest[name] = t.record(&t.marks, entry)
	return entry
}

// Measure records the time from one mark to another, of each name the latest. An empty start is the origin, an empty
// end is now. If a mark is missing, the error wraps ErrNoMark and nothing is recorded.
func (t *Timeline) Measure(name, start, end string) (Entry, error) {
	begin, finish := time.Duration(0), t.clock()
	t.Lock()
	defer t.Unlock()
	if start != "" {
		mark, ok := t.latest[start]
		if !ok {
			return Entry{}, missing(start)
		}
		begin = mark.Start
	}
	if end != "" {
		mark, ok := t.latest[end]
		if !ok {
			return Entry{}, missing(end)
		}
		finish = mark.Start
	}
	entry := Entry{name, Measure, begin, nonNegative(finish - begin)}
	t.record(&t.spans, entry)
	return entry, nil
}

func missing(mark string) error {
	return fmt.Errorf("measuring from or to mark %q: %w", mark, ErrNoMark)
}

func nonNegative(d time.Duration) time.Duration {
	if d < 0 {
		return 0
	}
	return d
}

// Entries are the entries of a type and a name, "" being any, in a slice of the caller's own: by Start, and what has the
// same Start in the order in which it was recorded.
func (t *Timeline) Entries(typ EntryType, name string) []Entry {
	t.RLock()
	items := append(append([]item{}, t.marks.items()...), t.spans.items()...)
	t.RUnlock()
	sort.Slice(items, func(i, j int) bool {
		if items[i].Start != items[j].Start {
			return items[i].Start < items[j].Start
		}
		return items[i].serial < items[j].serial
	})
	result := []Entry{}
	for _, it := range items {
		if (typ == "" || typ == it.Type) && (name == "" || name == it.Name) {
			result = append(result, it.Entry)
		}
	}
	return result
}

// ClearMarks removes the marks of that name; "" is all.
func (t *Timeline) ClearMarks(name string) {
	t.Lock()
	defer t.Unlock()
	t.marks.clear(name)
	if name == "" {
		clear(t.latest)
	} else {
		delete(t.latest, name)
	}
}

// ClearMeasures removes the measures of that name; "" is all.
func (t *Timeline) ClearMeasures(name string) {
	t.Lock()
	defer t.Unlock()
	t.spans.clear(name)
}

// Dropped is how many entries had to go for newer ones.
func (t *Timeline) Dropped() uint64 {
	t.RLock()
	defer t.RUnlock()
	return t.lost
}

// record is called with the lock held.
func (t *Timeline) record(w *window, entry Entry) item {
	t.serial++
	it := item{entry, t.serial}
	if old, full := w.push(it); full {
		t.lost++
		if newest, ok := t.latest[old.Name]; ok && newest.serial == old.serial {
			delete(t.latest, old.Name)
		}
	}
	return it
}

// Start begins a span: one execution of what label names.
func (t *Timeline) Start(label string) *Span {
	return &Span{t: t, label: label, begin: t.clock(), length: -1}
}

// A Span is one execution that is being measured.
type Span struct {
	t      *Timeline
	label  string
	begin  time.Duration
	length time.Duration // -1: still running; the timeline's lock protects it
}

// End records the span as a measure and returns it. A second call returns the same entry and false, and records nothing.
func (s *Span) End() (Entry, bool) {
	now := s.t.clock()
	s.t.Lock()
	defer s.t.Unlock()
	first := s.length < 0
	if first {
		s.length = nonNegative(now - s.begin)
	}
	entry := Entry{s.label, Measure, s.begin, s.length}
	if first {
		s.t.record(&s.t.spans, entry)
	}
	return entry, first
}

type item struct {
	Entry
	serial uint64
}

// A window holds the newest size items, and room for as many that are no longer of interest.
type window struct {
	size int
	buf  []item
}

// items are the newest ones, the oldest of them first.
func (w *window) items() []item { return w.buf[max(0, len(w.buf)-w.size):] }

// push adds an item, and returns the one that is no longer among the newest.
func (w *window) push(it item) (old item, full bool) {
	if len(w.buf) == 2*w.size {
		n := copy(w.buf, w.items())
		clear(w.buf[n:])
		w.buf = w.buf[:n]
	}
	if full = len(w.buf) >= w.size; full {
		old = w.items()[0]
	}
	w.buf = append(w.buf, it)
	return old, full
}

func (w *window) clear(name string) {
	var rest []item
	for _, it := range w.items() {
		if name != "" && it.Name != name {
			rest = append(rest, it)
		}
	}
	w.buf = rest
}
