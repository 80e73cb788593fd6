package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// JSON writes each event as one line of JSON: the form in which runs are stored, sent and replayed.
func JSON(w io.Writer) Handler {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return HandlerFunc(func(e Event) error { return enc.Encode(e) })
}

// MarshalJSON writes lists that are nil as [], so that a reader can loop over them without asking.
func (r Report) MarshalJSON() ([]byte, error) {
	type plain Report
	p := plain(r)
	p.Steps = orEmpty(p.Steps)
	p.Tests = orEmpty(p.Tests)
	p.Benchmarks = orEmpty(p.Benchmarks)
	p.Series = orEmpty(p.Series)
	p.Profiles = orEmpty(p.Profiles)
	p.Diagnostics = orEmpty(p.Diagnostics)
	return json.Marshal(p)
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Tee tells every handler of every event, in order, also when one of them fails; the errors are joined.
func Tee(handlers ...Handler) Handler {
	return HandlerFunc(func(e Event) error {
		var errs []error
		for _, h := range handlers {
			errs = append(errs, h.Handle(e))
		}
		return errors.Join(errs...)
	})
}

// Collect appends each event to events.
func Collect(events *[]Event) Handler {
	return HandlerFunc(func(e Event) error {
		*events = append(*events, e)
		return nil
	})
}

// ErrNoReport is what Replay returns for a stream that ends before its report: the run was cut off.
var ErrNoReport = errors.New("the stream ends without a report; the run was cut off")

const maxLine = 64 << 20 // bytes of one stored event

// Replay tells h the events of a stored run. Fields and kinds of events that it does not know are skipped, so that an
// older hotloop can read a newer one's runs. An error names the line, counted from 1.
func Replay(r io.Reader, h Handler) error {
	in := bufio.NewReader(r)
	ended := false
	for n := 1; ; n++ {
		line, readErr := readLine(in)
		if readErr != nil && readErr != io.EOF {
			return fmt.Errorf("line %d: %w", n, readErr)
		}
		if len(line) > 0 {
			if ended {
				return fmt.Errorf("line %d: there is more after the report", n)
			}
			e, err := replayLine(line, h)
			if err != nil {
				return fmt.Errorf("line %d: %w", n, err)
			}
			ended = e.Report != nil
		}
		if readErr == io.EOF {
			break
		}
	}
	if !ended {
		return ErrNoReport
	}
	return nil
}

func replayLine(line []byte, h Handler) (Event, error) {
	var e Event
	if err := json.Unmarshal(line, &e); err != nil {
		return e, fmt.Errorf("not an event: %w", err)
	}
	switch e.fields() {
	case 0:
		return e, nil
	case 1:
		return e, h.Handle(e)
	}
	return e, errors.New("not an event: more than one of its fields is set")
}

// fields counts the fields that are set.
func (e Event) fields() int {
	n := 0
	for _, set := range []bool{e.Output != nil, e.Step != nil, e.Test != nil, e.Diagnostic != nil, e.Progress != nil,
		e.Sample != nil, e.Point != nil, e.Pprof != nil, e.Report != nil} {
		if set {
			n++
		}
	}
	return n
}

// readLine is the next line without its end and without space around it. A bufio.Scanner would stop at its limit
// without saying where; this says so.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return nil, fmt.Errorf("longer than %d bytes", maxLine)
		}
		if err != bufio.ErrBufferFull {
			return bytes.TrimSpace(line), err
		}
	}
}
