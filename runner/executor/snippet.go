package executor

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"

	"hotloop/runner/measure"
	"hotloop/runner/report"
)

const (
	longestLine = 16 << 10 // bytes; of a longer line each such piece is a line of output
	outputPiece = 4 << 10  // bytes of output after which an event is told although more could be read at once
	longestName = 200      // bytes of what a chart line calls its series, unit and axis
)

// DecodeSnippet reads one stream of a snippet. On Stdout, lines like
//
//	{"chart": {"series": "heap", "unit": "B", "axis": "entries", "x": 1000, "y": 52480}}
//
// are points of a chart; all else is Output, as printed, told as soon as a line is complete. Text that is not a point
// in every field is output, too.
func DecodeSnippet(stream string, r io.Reader) iter.Seq2[report.Event, error] {
	return DecodeLines(stream, r, func(line []byte) ([]report.Event, bool) {
		if stream != Stdout {
			return nil, false
		}
		p, ok := chartPoint(line)
		if !ok {
			return nil, false
		}
		return []report.Event{{Point: &p}}, true
	})
}

// DecodeLines reads a stream by lines. Lines that known claims become the events it returns, in their place; all others
// become Output. It is given each line with its newline and must not keep it; at the end of the stream it is given nil
// once, for what it has held back.
func DecodeLines(stream string, r io.Reader, known func(line []byte) (events []report.Event, claimed bool)) iter.Seq2[report.Event, error] {
	return func(yield func(report.Event, error) bool) {
		d := lineDecoder{stream: stream, yield: yield}
		in := bufio.NewReaderSize(r, longestLine)
		whole := true // the last line was complete: what comes is the start of another one
		for {
			line, err := in.ReadSlice('\n')
			if len(line) > 0 {
				start := whole
				whole = err == nil
				if !d.line(line, start && err != bufio.ErrBufferFull, known) {
					return
				}
			}
			if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
				d.end(err, known)
				return
			}
			if !hasLine(in) && !d.flush() {
				return
			}
		}
	}
}

type lineDecoder struct {
	stream string
	text   []byte
	yield  func(report.Event, error) bool
}

// line tells what a line means. False: nobody listens any more.
func (d *lineDecoder) line(line []byte, whole bool, known func([]byte) ([]report.Event, bool)) bool {
	if whole {
		if events, claimed := known(line); claimed {
			return d.flush() && d.tell(events)
		}
	}
	d.text = append(d.text, line...)
	return len(d.text) < outputPiece || d.flush()
}

func (d *lineDecoder) end(err error, known func([]byte) ([]report.Event, bool)) {
	events, _ := known(nil)
	if d.flush() && d.tell(events) && err != io.EOF {
		d.yield(report.Event{}, err)
	}
}

func (d *lineDecoder) flush() bool {
	if len(d.text) == 0 {
		return true
	}
	text := string(d.text)
	d.text = d.text[:0]
	return d.yield(report.Event{Output: &report.Output{Stream: d.stream, Text: text}}, nil)
}

func (d *lineDecoder) tell(events []report.Event) bool {
	for _, e := range events {
		if !d.yield(e, nil) {
			return false
		}
	}
	return true
}

// hasLine is whether a line can be read without waiting.
func hasLine(in *bufio.Reader) bool {
	ready, _ := in.Peek(in.Buffered())
	return bytes.IndexByte(ready, '\n') >= 0
}

// chartPoint is the point that a line draws, if it is such a line.
func chartPoint(line []byte) (measure.Point, bool) {
	line = bytes.TrimSpace(line)
	if !bytes.HasPrefix(line, []byte(`{"chart"`)) {
		return measure.Point{}, false
	}
	var l struct {
		Chart struct {
			Series string   `json:"series"`
			Unit   string   `json:"unit"`
			Axis   string   `json:"axis"`
			X      *float64 `json:"x"`
			Y      *float64 `json:"y"`
		} `json:"chart"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return measure.Point{}, false
	}
	c := l.Chart
	if c.Series == "" || c.X == nil || c.Y == nil || max(len(c.Series), len(c.Unit), len(c.Axis)) > longestName {
		return measure.Point{}, false
	}
	return measure.Point{Series: c.Series, Unit: c.Unit, Variant: "yours", Axis: c.Axis, X: *c.X, Y: *c.Y}, true
}

// RunDir makes a folder for the program itself in the plan's folder dir, so that what it writes is apart from its source.
func RunDir(dir string) (string, error) {
	run := filepath.Join(dir, "run")
	if err := os.MkdirAll(run, 0o700); err != nil {
		return "", fmt.Errorf("making a folder for the run: %w", err)
	}
	return run, nil
}

// SnippetEnv is the environment of a snippet that runs in dir: where programs and temporary files are, and nothing that
// tells of this machine's user.
func SnippetEnv(dir string) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "LANG=C.UTF-8"}
	if root := os.Getenv("SystemRoot"); root != "" { // without it, Windows programs cannot open a socket
		env = append(env, "SystemRoot="+root, "TEMP="+dir, "TMP="+dir)
	}
	return env
}
