// Package gctrace reads what garbage collectors log, Go's with GODEBUG=gctrace=1 and V8's with --trace-gc, and judges the
// process by it.
package gctrace

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An Event is one collection.
type Event struct {
	Runtime    string        // "go" or "v8"
	Kind       string        // "gc", "mark-compact" or "scavenge"
	N          int           // which collection of the process it is; 0 in V8, which does not count
	At         time.Duration // since the process began
	Pause      time.Duration // the program stood still
	Concurrent time.Duration // the collector worked beside the program
	Before     int64         // bytes of heap when it began
	Peak       int64         // bytes when it had marked; 0 in V8
	After      int64         // bytes that were left
	Goal       int64         // bytes that it wanted to stay below; 0 in V8
	Forced     bool          // the program asked for it
	CPU        float64       // the collector's share of CPU time since the process began, 0 to 1; 0 in V8
	Mu         float64       // mutator utilisation, the program's share of the time, now, 0 to 1; 0 in Go
}

// A Summary is what a log says of its process.
type Summary struct {
	Events    int // collections
	Skipped   int // lines that are no collections
	Malformed int // lines that look like collections and cannot be read
	Forced    int // of the events

	PauseTotal, PauseMax, PauseP99 time.Duration

	SlopeBytesPerSec float64 // of the heap after full collections, over time
	Verdict          string  // "healthy", "growing" or "thrashing"
}

// A collection is full if it looks at the whole heap: all of Go's, and V8's mark-compact.
func (e *Event) full() bool { return e.Kind != "scavenge" }

// ParseLine reads one line. ok is false if it is none of a collection's; err says that it looks like one and cannot be
// read.
func ParseLine(s string) (e Event, ok bool, err error) {
	c := &cursor{rest: s}
	switch {
	case c.goHead(&e):
		c.goBody(&e)
	case c.v8Head(&e):
		c.v8Body(&e)
	default:
		return Event{}, false, nil
	}
	if c.bad {
		return Event{}, false, fmt.Errorf("reading a line of a collection: unexpected %.40q", c.rest)
	}
	return e, true, nil
}

// goHead is "gc 8 @".
func (c *cursor) goHead(e *Event) bool {
	head := *c
	head.literal("gc ")
	e.N = head.integer()
	head.literal(" @")
	if head.bad {
		return false
	}
	*c = head
	e.Runtime, e.Kind = "go", "gc"
	return true
}

// goBody is "0.035s 2%: 0.025+0.51+0.002 ms clock, … ms cpu, 118->118->78 MB, 207 MB goal, … (forced)".
func (c *cursor) goBody(e *Event) {
	e.At = c.time(time.Second)
	c.literal("s ")
	e.CPU = c.number() / 100
	c.literal("%: ")
	sweepEnd := c.time(time.Millisecond)
	c.literal("+")
	e.Concurrent = c.time(time.Millisecond)
	c.literal("+")
	e.Pause = sweepEnd + c.time(time.Millisecond)
	c.literal(" ms clock, ")
	c.skipTo(" ms cpu, ")
	e.Before = c.mebibytes()
	c.literal("->")
	e.Peak = c.mebibytes()
	c.literal("->")
	e.After = c.mebibytes()
	c.literal(" MB, ")
	e.Goal = c.mebibytes()
	c.literal(" MB goal")
	e.Forced = strings.HasSuffix(c.rest, "(forced)")
	if e.Pause < 0 {
		c.bad = true
	}
}

// v8Head is "[24684:0xed9feb0]      678 ms: Mark-Compact".
func (c *cursor) v8Head(e *Event) bool {
	head := *c
	head.literal("[")
	head.skipTo("] ")
	head.spaces()
	e.At = head.time(time.Millisecond)
	head.literal(" ms: ")
	switch {
	case head.bad:
		return false
	case head.literalIf("Mark-Compact "):
		e.Kind = "mark-compact"
	case head.literalIf("Scavenge "):
		e.Kind = "scavenge"
	default:
		return false
	}
	*c = head
	e.Runtime, e.N = "v8", 0
	return true
}

// v8Body is "219.2 (255.3) -> 2.6 (35.7) MB, 35.88 / 0.00 ms  (+ 22.1 ms in 16 steps …) (average mu = 0.536, current
// mu = 0.001) testing; …". In front of the sizes and in place of the steps there may be something in parentheses, or
// nothing.
func (c *cursor) v8Body(e *Event) {
	if c.literalIf("(") {
		c.skipTo(") ")
	}
	e.Before = c.mebibytes()
	c.literal(" (")
	c.skipTo(") -> ")
	e.After = c.mebibytes()
	c.literal(" (")
	c.skipTo(") MB, ")
	e.Pause = c.time(time.Millisecond)
	c.literal(" / ")
	c.skipTo(" ms ")
	c.spaces()
	if c.literalIf("(+ ") {
		e.Concurrent = c.time(time.Millisecond)
		c.literal(" ms in ")
		c.skipTo(") ")
	}
	c.literal("(average mu = ")
	c.skipTo(", current mu = ")
	e.Mu = c.number()
	c.literal(") ")
	e.Forced = strings.HasPrefix(c.rest, "testing")
}

// A cursor reads a line from left to right. After something unexpected it is bad and reads no further.
type cursor struct {
	rest string
	bad  bool
}

func (c *cursor) literal(s string) {
	if !c.literalIf(s) {
		c.bad = true
	}
}

// literalIf reads s if it comes next.
func (c *cursor) literalIf(s string) (found bool) {
	if c.bad {
		return false
	}
	c.rest, found = strings.CutPrefix(c.rest, s)
	return found
}

// skipTo reads up to s and s itself.
func (c *cursor) skipTo(s string) {
	_, after, found := strings.Cut(c.rest, s)
	if !found || c.bad {
		c.bad = true
		return
	}
	c.rest = after
}

func (c *cursor) spaces() { c.rest = strings.TrimLeft(c.rest, " ") }

// digits are the digits that come next, and with a fraction also a point and more of them.
func (c *cursor) digits(fraction bool) string {
	i := 0
	for i < len(c.rest) && '0' <= c.rest[i] && c.rest[i] <= '9' {
		i++
	}
	if fraction && 0 < i && i < len(c.rest) && c.rest[i] == '.' {
		whole := i
		for i++; i < len(c.rest) && '0' <= c.rest[i] && c.rest[i] <= '9'; i++ {
		}
		if i == whole+1 {
			i = whole // the point is no part of it
		}
	}
	digits := c.rest[:i]
	if !c.bad {
		c.rest = c.rest[i:]
	}
	return digits
}

func (c *cursor) integer() int {
	n, err := strconv.Atoi(c.digits(false))
	c.bad = c.bad || err != nil
	return n
}

func (c *cursor) number() float64 {
	f, err := strconv.ParseFloat(c.digits(true), 64)
	c.bad = c.bad || err != nil
	return f
}

// scaled is a number of units, rounded to a whole one.
func (c *cursor) scaled(unit float64) int64 {
	f := math.Round(c.number() * unit)
	if f >= math.MaxInt64 {
		c.bad = true
		return 0
	}
	return int64(f)
}

func (c *cursor) time(unit time.Duration) time.Duration {
	return time.Duration(c.scaled(float64(unit)))
}
func (c *cursor) mebibytes() int64 { return c.scaled(1 << 20) }

const maxLine = 1 << 20

// Summarize reads a log of one process, in which lines of collections stand among others. Lines are at most 1 MiB long.
// An error is one of reading.
func Summarize(r io.Reader) (Summary, error) {
	var s Summary
	var h history
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine+2)
	for lines.Scan() {
		line := lines.Bytes()
		if len(line) == 0 || line[0] != 'g' && line[0] != '[' { // most lines, and none of them becomes a string
			s.Skipped++
			continue
		}
		e, ok, err := ParseLine(string(line))
		switch {
		case err != nil:
			s.Malformed++
		case !ok:
			s.Skipped++
		default:
			s.Events++
			if e.Forced {
				s.Forced++
			}
			h.add(&e)
		}
	}
	if err := lines.Err(); err != nil {
		return s, errors.Join(errors.New("reading a log of collections"), err)
	}
	h.judge(&s)
	return s, nil
}

// A history is what is kept of the events of a log.
type history struct {
	pauses   []time.Duration
	at       []float64 // seconds, of full collections
	after    []float64 // bytes
	busy     int       // full collections in a row that took most of the time
	thrashes bool
}

// What makes a process sick.
const (
	busyCPU = 0.25 // of Go's collector, at least
	busyMu  = 0.3  // of V8's program, below
	inARow  = 3

	fewest   = 5   // points that make a trend
	straight = 0.8 // R² of the trend, at least
	gain     = 0.2 // of the first value, at least
)

func (h *history) add(e *Event) {
	h.pauses = append(h.pauses, e.Pause)
	if !e.full() {
		return
	}
	h.at = append(h.at, e.At.Seconds())
	h.after = append(h.after, float64(e.After))
	if e.Runtime == "go" && e.CPU >= busyCPU || e.Runtime == "v8" && e.Mu < busyMu {
		h.busy++
	} else {
		h.busy = 0
	}
	h.thrashes = h.thrashes || h.busy >= inARow
}

func (h *history) judge(s *Summary) {
	slices.Sort(h.pauses)
	if n := len(h.pauses); n > 0 {
		s.PauseMax = h.pauses[n-1]
		s.PauseP99 = h.pauses[(99*n+99)/100-1] // the nearest rank is ⌈0.99·n⌉
	}
	for _, p := range h.pauses {
		s.PauseTotal += p
	}
	slope, r2 := line(h.at, h.after)
	s.SlopeBytesPerSec = slope
	switch n := len(h.at); {
	case h.thrashes:
		s.Verdict = "thrashing"
	case n >= fewest && r2 >= straight && slope*(h.at[n-1]-h.at[0]) >= gain*h.after[0] && slope > 0:
		s.Verdict = "growing"
	default:
		s.Verdict = "healthy"
	}
}

// line is the slope of the least-squares line through the points, and how well it fits; zeros if there is none.
func line(x, y []float64) (slope, r2 float64) {
	mx, my := mean(x), mean(y)
	var xx, xy, yy float64
	for i := range x {
		dx, dy := x[i]-mx, y[i]-my
		xx += dx * dx
		xy += dx * dy
		yy += dy * dy
	}
	if xx == 0 || yy == 0 {
		return 0, 0
	}
	return xy / xx, xy * xy / (xx * yy)
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
