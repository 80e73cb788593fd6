// Package gctrace reads what garbage collectors log, Go's with GODEBUG=gctrace=1 and V8's with --trace-gc, and judges the
// process by it.
//
// It is the obvious one: a regular expression for each format, tried on every line, and a list of all events.
package gctrace

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"regexp"
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

const number = `(\d+(?:\.\d+)?)`

var (
	goHead = regexp.MustCompile(`^gc \d+ @`)
	goLine = regexp.MustCompile(`^gc (\d+) @` + number + `s ` + number + `%: ` + number + `\+` + number + `\+` + number +
		` ms clock, .* ms cpu, ` + number + `->` + number + `->` + number + ` MB, ` + number + ` MB goal(.*)$`)
	v8Head = regexp.MustCompile(`^\[.*?\]  *` + number + ` ms: (?:Mark-Compact|Scavenge) `)
	v8Line = regexp.MustCompile(`^\[.*?\]  *` + number + ` ms: (Mark-Compact|Scavenge) (?:\([^)]*\) )?` + number +
		` \([^)]*\) -> ` + number + ` \([^)]*\) MB, ` + number + ` / .*? ms +(?:\(\+ ` + number +
		` ms in [^)]*\) +)?\(average mu = .*?, current mu = ` + number + `\) (.*)$`)
)

// ParseLine reads one line. ok is false if it is none of a collection's; err says that it looks like one and cannot be
// read.
func ParseLine(s string) (Event, bool, error) {
	var e Event
	malformed := fmt.Errorf("reading a line of a collection: %.40q", s)
	if m := goLine.FindStringSubmatch(s); m != nil {
		n, err := strconv.Atoi(m[1])
		v := make([]int64, len(m))
		units := []float64{2: 1e9, 3: 1, 4: 1e6, 5: 1e6, 6: 1e6, 7: 1 << 20, 8: 1 << 20, 9: 1 << 20, 10: 1 << 20}
		for i := 2; i <= 10 && err == nil; i++ {
			v[i], err = scaled(m[i], units[i])
		}
		if err != nil || v[4]+v[6] < 0 {
			return e, false, malformed
		}
		cpu, _ := strconv.ParseFloat(m[3], 64)
		return Event{Runtime: "go", Kind: "gc", N: n, At: time.Duration(v[2]), CPU: cpu / 100,
			Pause: time.Duration(v[4] + v[6]), Concurrent: time.Duration(v[5]),
			Before: v[7], Peak: v[8], After: v[9], Goal: v[10], Forced: strings.HasSuffix(m[11], "(forced)")}, true, nil
	}
	if m := v8Line.FindStringSubmatch(s); m != nil {
		if m[6] == "" {
			m[6] = "0"
		}
		v := make([]int64, len(m))
		units := []float64{1: 1e6, 3: 1 << 20, 4: 1 << 20, 5: 1e6, 6: 1e6, 7: 1}
		for _, i := range []int{1, 3, 4, 5, 6, 7} {
			var err error
			if v[i], err = scaled(m[i], units[i]); err != nil {
				return e, false, malformed
			}
		}
		mu, _ := strconv.ParseFloat(m[7], 64)
		return Event{Runtime: "v8", Kind: strings.ToLower(m[2]), At: time.Duration(v[1]), Pause: time.Duration(v[5]),
			Concurrent: time.Duration(v[6]), Before: v[3], After: v[4], Mu: mu, Forced: strings.HasPrefix(m[8], "testing")}, true, nil
	}
	if goHead.MatchString(s) || v8Head.MatchString(s) {
		return e, false, malformed
	}
	return e, false, nil
}

// scaled is a number of units, rounded to a whole one.
func scaled(s string, unit float64) (int64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if f = math.Round(f * unit); err == nil && f >= math.MaxInt64 {
		err = strconv.ErrRange
	}
	return int64(f), err
}

// Summarize reads a log of one process, in which lines of collections stand among others. Lines are at most 1 MiB long.
// An error is one of reading.
func Summarize(r io.Reader) (Summary, error) {
	var s Summary
	var events []Event
	lines := bufio.NewReaderSize(r, 1<<20+2)
	for {
		line, err := lines.ReadString('\n')
		if err != nil && err != io.EOF {
			return s, fmt.Errorf("reading a log of collections: %w", err)
		}
		if err == io.EOF && line == "" {
			break
		}
		e, ok, bad := ParseLine(strings.TrimRight(line, "\r\n"))
		switch {
		case bad != nil:
			s.Malformed++
		case !ok:
			s.Skipped++
		default:
			events = append(events, e)
		}
		if err == io.EOF {
			break
		}
	}
	s.Events = len(events)
	var pauses []time.Duration
	var x, y []float64
	busy, thrashing := 0, false
	for _, e := range events {
		if e.Forced {
			s.Forced++
		}
		s.PauseTotal += e.Pause
		pauses = append(pauses, e.Pause)
		if e.Kind == "scavenge" {
			continue
		}
		x, y = append(x, e.At.Seconds()), append(y, float64(e.After))
		if e.Runtime == "go" && e.CPU >= 0.25 || e.Runtime == "v8" && e.Mu < 0.3 {
			busy++
		} else {
			busy = 0
		}
		thrashing = thrashing || busy >= 3
	}
	if n := len(pauses); n > 0 {
		slices.Sort(pauses)
		s.PauseMax = pauses[n-1]
		s.PauseP99 = pauses[(99*n+99)/100-1]
	}
	s.Verdict = "healthy"
	var mx, my, xx, xy, yy float64
	for i := range x {
		mx, my = mx+x[i]/float64(len(x)), my+y[i]/float64(len(x))
	}
	for i := range x {
		xx, xy, yy = xx+(x[i]-mx)*(x[i]-mx), xy+(x[i]-mx)*(y[i]-my), yy+(y[i]-my)*(y[i]-my)
	}
	if xx > 0 && yy > 0 {
		s.SlopeBytesPerSec = xy / xx
		gain := s.SlopeBytesPerSec * (x[len(x)-1] - x[0])
		if len(x) >= 5 && xy*xy/(xx*yy) >= 0.8 && gain > 0 && gain >= 0.2*y[0] {
			s.Verdict = "growing"
		}
	}
	if thrashing {
		s.Verdict = "thrashing"
	}
	return s, nil
}
