// Package gctrace reads what garbage collectors log, Go's with GODEBUG=gctrace=1 and V8's with --trace-gc, and judges the
// process by it.
package gctrace

import (
	"bufio"
	"io"
	"regexp"
	"strconv"
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

// TODO: this is the format of some years ago, and only Go's.
var oldLine = regexp.MustCompile(`^gc #(\d+) @([\d.]+)s (\d+)%: ([\d.]+)\+([\d.]+)\+([\d.]+) ms clock, .*, (\d+)->(\d+)->(\d+) MB`)

// ParseLine reads one line. ok is false if it is none of a collection's; err says that it looks like one and cannot be
// read.
func ParseLine(s string) (e Event, ok bool, err error) {
	m := oldLine.FindStringSubmatch(s)
	if m == nil {
		return Event{}, false, nil // TODO: V8, and lines that look like a collection's and are damaged
	}
	v := make([]float64, len(m))
	for i := range m {
		v[i], _ = strconv.ParseFloat(m[i], 64)
	}
	return Event{
		Runtime: "go",
		Kind:    "gc",
		N:       int(v[1]),
		At:      time.Duration(v[2] * 1e9),
		CPU:     v[3],
		Pause:   time.Duration((v[4] + v[5] + v[6]) * 1e6), // TODO: in which of the three does the program stand still?
		Before:  int64(v[7] * 1e6),                         // TODO: which megabytes are these?
		After:   int64(v[8] * 1e6),
	}, true, nil
}

// Summarize reads a log of one process, in which lines of collections stand among others. Lines are at most 1 MiB long.
// An error is one of reading.
func Summarize(r io.Reader) (Summary, error) {
	s := Summary{Verdict: "healthy"} // TODO: is it?
	lines := bufio.NewScanner(r)
	for lines.Scan() { // TODO: how long may a line be?
		e, ok, _ := ParseLine(lines.Text())
		if !ok {
			s.Skipped++
			continue
		}
		s.Events++
		s.PauseTotal += e.Pause
		s.PauseMax = max(s.PauseMax, e.Pause)
	}
	return s, nil
}
