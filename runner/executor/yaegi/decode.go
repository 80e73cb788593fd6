package yaegi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"hotloop/runner/executor"
	"hotloop/runner/report"
)

// maxFrames is how many functions that a panic left are kept; an endless recursion has millions.
const maxFrames = 20

// A stderrDecoder reads a child's standard error: notes become events; of the end of a Go process its first lines remain,
// followed by the snippet's own frames instead of the interpreter's.
type stderrDecoder struct {
	frames []frame // of the last panic
	depth  int
	why    string // the line that says why the process ended: "panic: …"
	dump   bool   // Go's own goroutine dump has begun
}

// line claims notes and what is left out. See executor.DecodeLines.
func (d *stderrDecoder) line(line []byte) ([]report.Event, bool) {
	if line == nil {
		return d.end(), true
	}
	if n, ok := parseNote(line); ok {
		if n.Frame != nil {
			d.add(*n.Frame)
			return nil, true
		}
		n.Diagnostic.Phase = ""
		if n.Diagnostic.Severity != "warning" { // the child has no others, and sends those instead of running the snippet
			n.Diagnostic.Phase = string(executor.Build)
		}
		return []report.Event{{Diagnostic: n.Diagnostic}}, true
	}
	switch text := string(bytes.TrimRight(line, "\r\n")); {
	case d.dump:
		return nil, true
	case d.why == "" && endsProcess(text):
		d.why = text
	case d.why != "" && text == "":
		// The blank line before the dump, if it is that.
	case d.why != "" && strings.HasPrefix(text, "goroutine ") && strings.HasSuffix(text, "]:"):
		d.dump = true
		return nil, true
	case d.why == "":
		d.frames = nil // the snippet goes on: it has recovered
	}
	return nil, false
}

func parseNote(line []byte) (note, bool) {
	var n note
	if !bytes.HasPrefix(line, []byte(`{"diagnostic"`)) && !bytes.HasPrefix(line, []byte(`{"frame"`)) {
		return n, false
	}
	if err := json.Unmarshal(line, &n); err != nil || (n.Diagnostic == nil) == (n.Frame == nil) {
		return note{}, false
	}
	if n.Diagnostic != nil && (n.Diagnostic.File != MainFile || n.Diagnostic.Line < 1) { // the snippet's own doing
		return note{}, false
	}
	return n, true
}

func (d *stderrDecoder) add(f frame) {
	// On a stack that is not deeper than before it is another panic; the snippet has recovered from the earlier one.
	if f.Depth <= d.depth && f.Depth < maxDepth {
		d.frames = nil
	}
	d.depth = f.Depth
	if len(d.frames) < maxFrames {
		d.frames = append(d.frames, f)
	}
}

func endsProcess(text string) bool {
	for _, start := range []string{"panic: ", "fatal error: ", "runtime: goroutine stack exceeds "} {
		if strings.HasPrefix(text, start) {
			return true
		}
	}
	return false
}

// end tells in which functions the snippet was when its process ended.
func (d *stderrDecoder) end() []report.Event {
	if d.why == "" || len(d.frames) == 0 {
		return nil
	}
	var trace strings.Builder
	for _, f := range d.frames {
		fmt.Fprintf(&trace, "\tin %s\n", f.Func)
	}
	return []report.Event{{Output: &report.Output{Stream: executor.Stderr, Text: trace.String()}}}
}
