package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"hotloop/exercises"
	"hotloop/lessons"
	"hotloop/runner/report"
)

// A toldError is what is wrong, in the user's words, and what to do about it.
type toldError struct{ text, hint string }

func (e *toldError) Error() string { return e.text }
func (e *toldError) Hint() string  { return e.hint }

// A verdictError ends the program with the status of a verdict. The output has already told the rest.
type verdictError struct{ verdict report.Verdict }

func (e *verdictError) Error() string { return string(e.verdict) }

// errNotDone ends the program with status 1 after a command has told what is not as it should be.
var errNotDone = errors.New("not as it should be")

// exitCode is the contract with scripts.
func exitCode(v report.Verdict) int {
	switch v {
	case report.Accepted:
		return 0
	case report.Canceled:
		return 2
	case report.Inconclusive:
		return 3
	}
	return 1
}

// exit tells err, if it was not told yet, and is the exit status.
func (a *app) exit(err error) int {
	a.close()
	if err == nil || errors.Is(err, errNotDone) {
		if err == nil {
			return 0
		}
		return 1
	}
	if v, ok := errors.AsType[*verdictError](err); ok {
		return exitCode(v.verdict)
	}
	if !readerGone(err) {
		a.tell("error", err)
	}
	return 2
}

// readerGone says that nobody reads standard output any more, as after "| head": no error that anybody could mend.
func readerGone(err error) bool {
	path, ok := errors.AsType[*fs.PathError](err)
	return ok && path.Path == os.Stdout.Name() && errors.Is(err, syscall.EPIPE)
}

// warn tells what went wrong beside the work, which goes on. What keeps going wrong in the same way, with each save that
// is watched, say, is told once.
func (a *app) warn(err error) {
	if _, told := a.warned.LoadOrStore(err.Error(), true); !told {
		a.tell("warning", err)
	}
}

// tell is the one place where errors are written.
func (a *app) tell(kind string, err error) {
	text := err.Error()
	if errors.Is(err, context.Canceled) {
		text = "interrupted"
	}
	var faulty *contentError
	if errors.As(err, &faulty) {
		fmt.Fprintln(a.stderr, faulty.faults)
	}
	fmt.Fprintf(a.stderr, "hotloop: %s: %s\n", kind, report.Clean(text))
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(a.stderr, "hotloop: hint: %s\n", report.Clean(hint))
	}
}

func hintOf(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}

// A contentError says that lessons or exercises cannot be used.
type contentError struct {
	where  string // "" for the built-in content
	what   string // "exercises" or "lessons"
	faults error
}

func (e *contentError) Error() string {
	where := "the built-in " + e.what
	if e.where != "" {
		where = "the " + e.what + " in " + e.where
	}
	n := strings.Count(e.faults.Error(), "\n") + 1
	if n == 1 {
		return where + " have a fault"
	}
	return fmt.Sprintf("%s have %d faults", where, n)
}

func (e *contentError) Hint() string {
	if e.where == "" {
		return "this copy of hotloop is broken; build or install it again"
	}
	return "each line above names the file, the line and what is expected; without --content the built-in ones are used"
}

// contentFault is err as a *contentError if it is about the content and not about reading it.
func contentFault(where, what string, err error) error {
	if _, ok := errors.AsType[exercises.Faults](err); ok {
		return &contentError{where, what, err}
	}
	if _, ok := errors.AsType[lessons.Faults](err); ok {
		return &contentError{where, what, err}
	}
	return fmt.Errorf("reading the %s: %w", what, err)
}
