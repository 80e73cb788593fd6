package runner

import (
	"cmp"
	"errors"
	"os"
	"strings"
	"syscall"

	"hotloop/runner/report"
	"hotloop/runner/sandbox"
)

// A DiskFullError says that a run had no room for its files. It is ours, and not the learner's failure.
type DiskFullError struct {
	Dir string // the run's folder
	Err error
}

func (e *DiskFullError) Error() string { return "the disk of " + e.Dir + " is full: " + e.Err.Error() }

func (e *DiskFullError) Unwrap() error { return e.Err }

// Hint is the next step for people.
func (e *DiskFullError) Hint() string {
	return "free some space and run again; your solution is kept. TMPDIR names another folder for the files of runs"
}

// diskFull makes a DiskFullError of an err that has this cause.
func (a *attempt) diskFull(err error) error {
	_, told := errors.AsType[*DiskFullError](err)
	if !told && (errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)) {
		return &DiskFullError{cmp.Or(a.dir, a.Dir, os.TempDir()), err}
	}
	return err
}

// scarce is how much room, in bytes, is too little for the files that the compiler and the linker write: the binaries of
// three variants, with the race detector in them.
const scarce = 64 << 20

// lookForFullDisk keeps the line of a compiler's or linker's text that tells of a full disk.
func (a *attempt) lookForFullDisk(text string) {
	for line := range strings.Lines(text) {
		if strings.Contains(line, syscall.ENOSPC.Error()) {
			a.evidence.diskText = report.Clean(strings.TrimSpace(line))
		}
	}
}

// compilerDisk is a DiskFullError if that is why a compiler or a linker failed. What they say of it is not believed
// alone: in a sandbox, a program can be so large that its own, small disk is full.
func (a *attempt) compilerDisk(res sandbox.Result) error {
	if res.Status != sandbox.Exited || a.evidence.diskText == "" {
		return nil
	}
	if free, err := FreeSpace(a.dir); err != nil || free > scarce {
		return nil
	}
	return &DiskFullError{a.dir, errors.New(a.evidence.diskText)}
}
