package gotool

import (
	"bufio"
	"errors"
	"io"
	"iter"

	"hotloop/runner/executor"
	"hotloop/runner/report"
)

const (
	maxLine = 64 << 10  // longer lines come in pieces
	maxText = 128 << 10 // of a stream's text that is told; the rest is read for what it means, which must be fast
)

// lines yields the lines of r with their ends, in pieces of at most maxLine bytes.
func lines(r io.Reader) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for buf := bufio.NewReaderSize(r, maxLine); ; {
			line, err := buf.ReadSlice('\n')
			if len(line) > 0 && !yield(string(line), nil) {
				return
			}
			if err == io.EOF {
				return
			}
			if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
				yield("", err)
				return
			}
		}
	}
}

// A teller yields the text of one stream, as far as it is told at all.
type teller struct {
	stream string
	told   int
	yield  func(report.Event, error) bool
}

func (t *teller) text(text string) bool {
	if t.told >= maxText {
		return true
	}
	t.told += len(text)
	return t.yield(report.Event{Output: &report.Output{Stream: t.stream, Text: text}}, nil)
}

// decodeText is what a program printed, without any protocol.
func decodeText(r io.Reader, stream string) iter.Seq2[report.Event, error] {
	return func(yield func(report.Event, error) bool) {
		out := teller{stream: stream, yield: yield}
		for line, err := range lines(r) {
			if err != nil {
				yield(report.Event{}, err)
				return
			}
			if !out.text(line) {
				return
			}
		}
	}
}

// decodeCrash is what a program printed on standard error. When the Go runtime ends it, the cause and the learner's line
// become a diagnostic, too.
func decodeCrash(r io.Reader) iter.Seq2[report.Event, error] {
	return func(yield func(report.Event, error) bool) {
		var c crash
		out := teller{stream: executor.Stderr, yield: yield}
		for line, err := range lines(r) {
			if err != nil {
				yield(report.Event{}, err)
				return
			}
			if !out.text(line) {
				return
			}
			if d := c.next(line); d != nil && !yield(report.Event{Diagnostic: d}, nil) {
				return
			}
		}
		if d := c.end(); d != nil {
			yield(report.Event{Diagnostic: d}, nil)
		}
	}
}
