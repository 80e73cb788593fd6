// Package gctrace reads what garbage collectors log, Go's with GODEBUG=gctrace=1 and V8's with --trace-gc, and judges the
// process by it.
//
// Here a line is cut into words at its spaces, and words into numbers; the trend comes from running sums, so that no
// collection is remembered but its pause.
package gctrace

import (
	"bufio"
	"errors"
	"io"
	"math"
	"sort"
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

var errLine = errors.New("gctrace: malformed line")

// ParseLine reads one line. ok is false if it is none of a collection's; err says that it looks like one and cannot be
// read.
func ParseLine(s string) (Event, bool, error) {
	var e Event
	var looks bool
	var err error
	if strings.HasPrefix(s, "gc ") {
		e, looks, err = parseGo(s)
	} else if strings.HasPrefix(s, "[") {
		e, looks, err = parseV8(s)
	}
	if !looks {
		return Event{}, false, nil
	}
	if err != nil {
		return Event{}, false, err
	}
	return e, true, nil
}

func parseGo(s string) (e Event, looks bool, err error) {
	count, rest, _ := strings.Cut(s[len("gc "):], " @")
	if !digitsOnly(count) || len(rest) == len(s) || len(s) < len("gc ")+len(count)+len(" @") {
		return e, false, nil
	}
	if e.N, err = strconv.Atoi(count); err != nil {
		return e, false, nil
	}
	when, rest, ok1 := strings.Cut(rest, "s ")
	share, rest, ok2 := strings.Cut(rest, "%: ")
	clock, rest, ok3 := strings.Cut(rest, " ms clock, ")
	_, rest, ok4 := strings.Cut(rest, " ms cpu, ")
	sizes, rest, ok5 := strings.Cut(rest, " MB, ")
	goal, rest, ok6 := strings.Cut(rest, " MB goal")
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6) {
		return e, true, errLine
	}
	phases, steps := strings.Split(clock, "+"), strings.Split(sizes, "->")
	if len(phases) != 3 || len(steps) != 3 {
		return e, true, errLine
	}
	var r reader
	e.Runtime, e.Kind = "go", "gc"
	e.At = time.Duration(r.scaled(when, 1e9))
	e.CPU = r.float(share) / 100
	e.Pause = time.Duration(r.scaled(phases[0], 1e6)) + time.Duration(r.scaled(phases[2], 1e6))
	e.Concurrent = time.Duration(r.scaled(phases[1], 1e6))
	e.Before, e.Peak, e.After = r.scaled(steps[0], 1<<20), r.scaled(steps[1], 1<<20), r.scaled(steps[2], 1<<20)
	e.Goal = r.scaled(goal, 1<<20)
	e.Forced = strings.HasSuffix(rest, "(forced)")
	if e.Pause < 0 {
		r.err = errLine
	}
	return e, true, r.err
}

func parseV8(s string) (e Event, looks bool, err error) {
	_, rest, ok := strings.Cut(s, "] ")
	when, rest, ok2 := strings.Cut(strings.TrimLeft(rest, " "), " ms: ")
	kind, rest, ok3 := strings.Cut(rest, " ")
	var r reader
	e.At = time.Duration(r.scaled(when, 1e6))
	if !ok || !ok2 || !ok3 || r.err != nil || kind != "Scavenge" && kind != "Mark-Compact" {
		return e, false, nil
	}
	e.Runtime, e.Kind = "v8", strings.ToLower(kind)
	if strings.HasPrefix(rest, "(") {
		_, rest, _ = strings.Cut(rest, ") ")
	}
	before, rest, ok1 := strings.Cut(rest, " (")
	_, rest, ok2 = strings.Cut(rest, ") -> ")
	after, rest, ok3 := strings.Cut(rest, " (")
	_, rest, ok4 := strings.Cut(rest, ") MB, ")
	pause, rest, ok5 := strings.Cut(rest, " / ")
	_, rest, ok6 := strings.Cut(rest, " ms ")
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6) {
		return e, true, errLine
	}
	rest = strings.TrimLeft(rest, " ")
	if steps, found := strings.CutPrefix(rest, "(+ "); found {
		beside, more, ok := strings.Cut(steps, " ms in ")
		_, more, ok2 := strings.Cut(more, ") ")
		if !ok || !ok2 {
			return e, true, errLine
		}
		e.Concurrent = time.Duration(r.scaled(beside, 1e6))
		rest = strings.TrimLeft(more, " ")
	}
	mu, found := strings.CutPrefix(rest, "(average mu = ")
	_, mu, ok1 = strings.Cut(mu, ", current mu = ")
	mu, reason, ok2 := strings.Cut(mu, ") ")
	if !found || !ok1 || !ok2 {
		return e, true, errLine
	}
	e.Mu = r.float(mu)
	e.Before, e.After = r.scaled(before, 1<<20), r.scaled(after, 1<<20)
	e.Pause = time.Duration(r.scaled(pause, 1e6))
	e.Forced = strings.HasPrefix(reason, "testing")
	return e, true, r.err
}

func digitsOnly(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// A reader remembers the first number that was none.
type reader struct{ err error }

func (r *reader) float(s string) float64 {
	whole, fraction, point := strings.Cut(s, ".")
	f, err := strconv.ParseFloat(s, 64)
	if !digitsOnly(whole) || point && !digitsOnly(fraction) || err != nil {
		r.err = errLine
	}
	return f
}

func (r *reader) scaled(s string, unit float64) int64 {
	f := math.Round(r.float(s) * unit)
	if !(f < math.MaxInt64) {
		r.err = errLine
	}
	if r.err != nil {
		return 0
	}
	return int64(f)
}

// Summarize reads a log of one process, in which lines of collections stand among others. Lines are at most 1 MiB long.
// An error is one of reading.
func Summarize(r io.Reader) (Summary, error) {
	s := Summary{Verdict: "healthy"}
	var t trend
	var pauses []float64
	row, thrashing := 0, false
	in := bufio.NewReaderSize(r, 1<<20+2)
	for {
		line, err := in.ReadSlice('\n')
		if err != nil && err != io.EOF {
			return s, err
		}
		if last := err == io.EOF; last && len(line) == 0 {
			break
		}
		text := ""
		if line[0] == 'g' || line[0] == '[' {
			text = strings.TrimRight(string(line), "\r\n")
		}
		e, ok, bad := ParseLine(text)
		if bad != nil {
			s.Malformed++
			continue
		}
		if !ok {
			s.Skipped++
			continue
		}
		s.Events++
		if e.Forced {
			s.Forced++
		}
		s.PauseTotal += e.Pause
		s.PauseMax = max(s.PauseMax, e.Pause)
		pauses = append(pauses, float64(e.Pause))
		if e.Kind == "scavenge" {
			continue
		}
		t.add(e.At.Seconds(), float64(e.After))
		if e.Runtime == "go" && e.CPU < 0.25 || e.Runtime == "v8" && e.Mu >= 0.3 {
			row = 0
		} else {
			row++
		}
		thrashing = thrashing || row == 3
	}
	sort.Float64s(pauses)
	if n := len(pauses); n > 0 {
		s.PauseP99 = time.Duration(pauses[int(math.Ceil(float64(n)*99/100))-1])
	}
	if t.xx > 0 {
		s.SlopeBytesPerSec = t.xy / t.xx
	}
	if t.grows() {
		s.Verdict = "growing"
	}
	if thrashing {
		s.Verdict = "thrashing"
	}
	return s, nil
}

// A trend is a least-squares line through points that come one by one (Welford's way of keeping sums).
type trend struct {
	n             float64
	mx, my        float64
	xx, xy, yy    float64
	x0, y0, xLast float64
}

func (t *trend) add(x, y float64) {
	if t.n == 0 {
		t.x0, t.y0 = x, y
	}
	t.n++
	t.xLast = x
	dx, dy := x-t.mx, y-t.my
	t.mx += dx / t.n
	t.my += dy / t.n
	t.xx += dx * (x - t.mx)
	t.xy += dx * (y - t.my)
	t.yy += dy * (y - t.my)
}

func (t *trend) grows() bool {
	if t.n < 5 || t.xx <= 0 || t.yy <= 0 || t.xy <= 0 {
		return false
	}
	return t.xy*t.xy/(t.xx*t.yy) >= 0.8 && t.xy/t.xx*(t.xLast-t.x0) >= 0.2*t.y0
}
