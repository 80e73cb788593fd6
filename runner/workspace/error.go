package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"syscall"

	"hotloop/exercises"
)

// ErrNone is the cause when a folder lies in no workspace.
var ErrNone = errors.New("no workspace here or above")

// ErrNotStarted is the cause when the learner has no copy of an exercise yet.
var ErrNotStarted = errors.New("not started yet")

var (
	errNotOrdinary = errors.New("not an ordinary file")
	errTooLarge    = fmt.Errorf("larger than %d KiB", maxFile>>10)
	errName        = errors.New("not the name of a Go file of a solution")
)

// An Error is a failure that its reader can mend.
type Error struct {
	Doing string // "saving lru.go"
	Err   error
	Next  string // the next step; "" if there is none to tell
}

func (e *Error) Error() string { return e.Doing + ": " + e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// Hint is the next step for people.
func (e *Error) Hint() string { return e.Next }

// explain is err with what was being done and, where the cause is known, what to do about it.
func explain(doing string, err error) error {
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	if _, ok := errors.AsType[*Conflict](err); ok {
		return err
	}
	return &Error{Doing: doing, Err: err, Next: next(err)}
}

func next(err error) string {
	switch {
	case errors.Is(err, syscall.EROFS):
		return "that disk is read-only; choose another folder with --workspace DIR"
	case errors.Is(err, fs.ErrPermission):
		return "you may not write there; change the folder's owner or mode, or choose another with --workspace DIR"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "the disk is full; free some space and try again: the files still have their old content"
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		return "a file stands where a folder is needed; move it, or choose another folder with --workspace DIR"
	case errors.Is(err, errNotOrdinary):
		return "hotloop writes to ordinary files only; put a copy of the file in its place"
	case strings.Contains(err.Error(), "path escapes from parent"): // os.Root has no error value for it
		return "a symbolic link leads out of the workspace; put a copy of the files in its place"
	case errors.Is(err, fs.ErrNotExist):
		return `the folder has gone; "hotloop init DIR" makes a workspace`
	}
	return ""
}

// A Conflict says that files changed on disk since their writer last saw them. Nothing was written.
type Conflict struct {
	Files exercises.Files // what the disk has
}

func (c *Conflict) Error() string {
	names := strings.Join(sortedNames(c.Files), ", ")
	return "saving " + names + ": changed on disk in the meantime; nothing was written"
}

// Hint is the next step for people.
func (c *Conflict) Hint() string { return "compare the two versions and save the one to keep" }

// A MissingError says which of an exercise's files the learner's folder lacks.
type MissingError struct {
	Slug, Dir string
	Missing   []string // files of the starter
	Others    []string // Go files there that the starter does not have: perhaps the new name of one
}

func (m *MissingError) Error() string {
	return fmt.Sprintf("reading your solution of %s: no %s in %s", m.Slug, strings.Join(m.Missing, ", "), m.Dir)
}

// Hint is the next step for people.
func (m *MissingError) Hint() string {
	start := fmt.Sprintf(`"hotloop start %s" puts the starter's version there and leaves your other files alone`, m.Slug)
	if len(m.Others) == 0 {
		return start
	}
	return fmt.Sprintf("if you renamed it, call %s %s again; else %s", strings.Join(m.Others, ", "), m.Missing[0], start)
}

func sortedNames(files exercises.Files) []string { return slices.Sorted(maps.Keys(files)) }
