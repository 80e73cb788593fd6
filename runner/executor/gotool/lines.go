package gotool

import (
	"bufio"
	"errors"
	"io"
	"iter"

	"hotloop/runner/executor"
	"hotloop/runner/report"
)

const maxLine = 64 << 10 // longer lines come in pieces

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

func output(stream, text string) report.Event {
	return report.Event{Output: &report.Output{Stream: stream, Text: text}}
}

// decodeText is what a program printed, without any protocol.
func decodeText(r io.Reader, stream string) iter.Seq2[report.Event, error] {
	return func(yield func(report.Event, error) bool) {
		for line, err := range lines(r) {
			if !yield(output(stream, line), err) || err != nil {
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
		for line, err := range lines(r) {
			if !yield(output(executor.Stderr, line), err) || err != nil {
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
