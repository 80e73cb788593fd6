package runner

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"hotloop/runner/report"
	"hotloop/runner/sandbox"
)

// A DiskFullError says that a run had no room for its files, or for what is compiled once and kept. It is ours, and not the
// learner's failure.
type DiskFullError struct {
	Dir  string // the run's folder, or that on the full disk
	Kept bool   // it is not the run's: what is there is kept from run to run
	Err  error
}

func (e *DiskFullError) Error() string { return "the disk of " + e.Dir + " is full: " + e.Err.Error() }

func (e *DiskFullError) Unwrap() error { return e.Err }

// Hint is the next step for people.
func (e *DiskFullError) Hint() string {
	next := "TMPDIR names another folder for the files of runs"
	if e.Kept {
		next = "XDG_CACHE_HOME and GOCACHE name other folders for what is compiled once and kept"
	}
	return "free some space and run again; your solution is kept. " + next
}

// diskFull makes a DiskFullError of an err that has this cause.
func (a *attempt) diskFull(err error) error {
	_, told := errors.AsType[*DiskFullError](err)
	if told || !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) {
		return err
	}
	runs := cmp.Or(a.dir, a.Dir, os.TempDir())
	if file, ok := errors.AsType[*fs.PathError](err); ok && !within(runs, file.Path) {
		return &DiskFullError{filepath.Dir(file.Path), true, err}
	}
	return &DiskFullError{runs, false, err}
}

// within says whether path is in the folder dir, or the folder itself.
func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
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
	full := errors.New(a.evidence.diskText)
	if dir := folderIn(a.evidence.diskText); dir != "" && !within(a.dir, dir) && hasLittleRoom(dir) {
		return &DiskFullError{dir, true, full}
	}
	if hasLittleRoom(a.dir) {
		return &DiskFullError{a.dir, false, full}
	}
	return nil
}

func hasLittleRoom(dir string) bool {
	free, err := FreeSpace(dir)
	return err == nil && free <= scarce
}

// folderIn is the folder of the file that could not be written by a line such as "write /tmp/a/b.o: no space left on
// device"; empty if the line names none by its whole path.
func folderIn(line string) string {
	before, _, _ := strings.Cut(line, ": "+syscall.ENOSPC.Error())
	if i := strings.LastIndex(before, " "+string(filepath.Separator)); i >= 0 {
		before = before[i+1:]
	}
	if !filepath.IsAbs(before) {
		return ""
	}
	return filepath.Dir(before)
}
