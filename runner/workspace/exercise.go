package workspace

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hotloop/exercises"
)

// Started says what Start found and did.
type Started struct {
	Dir     string   // the learner's folder
	Added   []string // the starter's files that were missing and are there now
	Kept    []string // the starter's files that existed and were left alone
	Updated []string // tests and statement that this hotloop has in a newer version
	Backup  string   // where the learner's edits of those are kept; "" if there were none
}

// Start gives the learner a copy of the exercise: the starter's files that are missing, the tests, the statement and a
// go.mod. It never overwrites a file of the solution.
func (w *Workspace) Start(e *exercises.Exercise) (Started, error) {
	started := Started{Dir: w.Path(e.Slug)}
	starter, err := e.Starter()
	if err != nil {
		return started, err
	}
	err = w.locked("starting "+e.Slug, func(root *os.Root) error {
		for _, name := range sortedNames(starter) {
			file := path.Join(e.Slug, name)
			if _, err := root.Lstat(file); err == nil {
				started.Kept = append(started.Kept, name)
				continue
			}
			if err := w.replace(root, file, starter[name]); err != nil {
				return err
			}
			started.Added = append(started.Added, name)
		}
		started.Updated, started.Backup, err = w.refresh(root, e)
		return err
	})
	return started, err
}

// Refresh brings tests, statement and go.mod in the learner's folder up to date, where this hotloop has newer ones. What
// the learner changed in them is kept under backup; while hotloop's own version stays the same, it is left in place.
func (w *Workspace) Refresh(e *exercises.Exercise) (updated []string, backup string, err error) {
	err = w.locked("updating the tests of "+e.Slug, func(root *os.Root) error {
		if err := w.mustBeStarted(root, e.Slug); err != nil {
			return err
		}
		updated, backup, err = w.refresh(root, e)
		return err
	})
	return updated, backup, err
}

// Solution is what the learner wrote: the Go files of the folder that are no tests. Files of the starter that are not
// there any more are a *MissingError.
func (w *Workspace) Solution(e *exercises.Exercise) (exercises.Files, error) {
	starter, err := e.Starter()
	if err != nil {
		return nil, err
	}
	var files exercises.Files
	err = w.open("reading your solution of "+e.Slug, func(root *os.Root) error {
		if err := w.mustBeStarted(root, e.Slug); err != nil {
			return err
		}
		files, err = readAll(root, e.Slug, solutionName)
		return err
	})
	if err != nil {
		return nil, err
	}
	missing := &MissingError{Slug: e.Slug, Dir: w.Path(e.Slug)}
	for _, name := range sortedNames(starter) {
		if files[name] == nil {
			missing.Missing = append(missing.Missing, name)
		}
	}
	if missing.Missing == nil {
		return files, nil
	}
	for _, name := range sortedNames(files) {
		if starter[name] == nil {
			missing.Others = append(missing.Others, name)
		}
	}
	return nil, missing
}

// Save writes files of a solution, each at once or not at all, and starts the exercise if it was not. Base holds the
// hash that the writer last saw of each file; when the disk has neither that version nor the new one, nothing is written
// and the error is a *Conflict. A file without an entry in base is written unchecked.
func (w *Workspace) Save(e *exercises.Exercise, files exercises.Files, base map[string]string) error {
	names := sortedNames(files)
	doing := "saving " + strings.Join(names, ", ")
	for _, name := range names {
		if !solutionName(name) {
			return &Error{Doing: doing, Err: fmt.Errorf("%q is %w", name, errName),
				Next: "solution files lie directly in the exercise's folder and end in .go, not _test.go"}
		}
	}
	err := w.locked(doing, func(root *os.Root) error {
		changed, err := unsaved(root, e.Slug, files, base)
		if err != nil {
			return err
		}
		for _, name := range changed {
			if err := w.replace(root, path.Join(e.Slug, name), files[name]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = w.Start(e)
	return err
}

// unsaved are the names of the files whose content differs from the disk's.
func unsaved(root *os.Root, slug string, files exercises.Files, base map[string]string) ([]string, error) {
	var changed []string
	conflict := &Conflict{Files: exercises.Files{}}
	for _, name := range sortedNames(files) {
		disk, err := read(root, path.Join(slug, name))
		if errors.Is(err, fs.ErrNotExist) {
			changed = append(changed, name)
			continue
		}
		if err != nil {
			return nil, err
		}
		hash := Hash(disk)
		if hash == Hash(files[name]) {
			continue
		}
		if seen, ok := base[name]; ok && seen != hash {
			conflict.Files[name] = disk
		}
		changed = append(changed, name)
	}
	if len(conflict.Files) > 0 {
		return nil, conflict
	}
	return changed, nil
}

// Reset brings the learner's folder back to the exercise's beginning. Backup is where all its Go files are kept, so that
// nothing is lost; those that the exercise does not have are moved there, since they might not compile with the starter.
func (w *Workspace) Reset(e *exercises.Exercise) (backup string, err error) {
	starter, err := e.Starter()
	if err != nil {
		return "", err
	}
	fresh, err := owned(e)
	if err != nil {
		return "", err
	}
	for name, data := range starter {
		fresh[name] = data
	}
	err = w.locked("resetting "+e.Slug, func(root *os.Root) error {
		if err := w.mustBeStarted(root, e.Slug); err != nil {
			return err
		}
		old, err := readAll(root, e.Slug, func(name string) bool { return goName(name) || fresh[name] != nil })
		if err != nil {
			return err
		}
		if backup, err = w.keep(root, e.Slug, old); err != nil {
			return err
		}
		for _, name := range sortedNames(fresh) {
			if err := w.ensure(root, path.Join(e.Slug, name), fresh[name]); err != nil {
				return err
			}
		}
		for _, name := range sortedNames(old) {
			if fresh[name] != nil {
				continue
			}
			if err := root.Remove(path.Join(e.Slug, name)); err != nil {
				return err
			}
		}
		return w.remember(root, e)
	})
	return backup, err
}

func (w *Workspace) mustBeStarted(root *os.Root, slug string) error {
	_, err := root.Stat(slug)
	if errors.Is(err, fs.ErrNotExist) {
		return &Error{Doing: slug, Err: ErrNotStarted, Next: fmt.Sprintf(`"hotloop start %s" gives you its files`, slug)}
	}
	return err
}

// owned are the files of an exercise's folder that are hotloop's to keep up to date.
func owned(e *exercises.Exercise) (exercises.Files, error) {
	tests, err := e.Tests()
	if err != nil {
		return nil, err
	}
	statement, err := e.Statement()
	if err != nil {
		return nil, err
	}
	files := exercises.Files{"README.md": statement, "go.mod": goMod(e)}
	if sum := exercises.GoSum(e.Modules()); sum != nil {
		files["go.sum"] = sum
	}
	for name, data := range tests {
		files[name] = data
	}
	return files, nil
}

func goMod(e *exercises.Exercise) []byte {
	b := fmt.Appendf(nil, `// The tests import hotloop's kit, which lies beside this folder: no network is needed.
module %s

go %s.0

require hotloop v0.0.0

replace hotloop => ../%s/kit
`, e.Slug, GoVersion, home)
	for _, m := range e.Modules() {
		b = append(b, "\n"+m.Require()...)
	}
	return b
}

// refresh writes the owned files that hotloop changed since it last wrote them, or that are not there.
func (w *Workspace) refresh(root *os.Root, e *exercises.Exercise) (updated []string, backup string, err error) {
	fresh, err := owned(e)
	if err != nil {
		return nil, "", err
	}
	wrote := lastWritten(root, e.Slug)
	edited := exercises.Files{}
	for _, name := range sortedNames(fresh) {
		disk, err := read(root, path.Join(e.Slug, name))
		there := err == nil
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, "", err
		}
		now, have := Hash(fresh[name]), Hash(disk)
		if there && (have == now || wrote[name] == now) {
			continue
		}
		if there && have != wrote[name] {
			edited[name] = disk
		}
		updated = append(updated, name)
	}
	if len(edited) > 0 {
		if backup, err = w.keep(root, e.Slug, edited); err != nil {
			return nil, "", err
		}
	}
	for _, name := range updated {
		if err := w.replace(root, path.Join(e.Slug, name), fresh[name]); err != nil {
			return nil, backup, err
		}
	}
	return updated, backup, w.remember(root, e)
}

// remember notes what hotloop's own files are now, so that a later hotloop can tell its changes from the learner's.
func (w *Workspace) remember(root *os.Root, e *exercises.Exercise) error {
	fresh, err := owned(e)
	if err != nil {
		return err
	}
	hashes := map[string]string{}
	for name, data := range fresh {
		hashes[name] = Hash(data)
	}
	data, err := json.MarshalIndent(hashes, "", "\t")
	if err != nil {
		return err
	}
	return w.ensure(root, noteOf(e.Slug), append(data, '\n'))
}

func noteOf(slug string) string { return path.Join(home, "wrote", slug+".json") }

// lastWritten is what remember noted; nothing if there is no note or it cannot be read: then every difference counts as
// the learner's, and a copy is kept.
func lastWritten(root *os.Root, slug string) map[string]string {
	data, err := root.ReadFile(noteOf(slug))
	if err != nil {
		return nil
	}
	var hashes map[string]string
	if json.Unmarshal(data, &hashes) != nil {
		return nil
	}
	return hashes
}

// keep copies files to a new folder under .hotloop/backup and says which one.
func (w *Workspace) keep(root *os.Root, slug string, files exercises.Files) (string, error) {
	parent := path.Join(home, "backup", slug)
	if err := root.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	stamp := path.Join(parent, time.Now().Format("2006-01-02T15-04-05"))
	dir, err := stamp, error(nil)
	for n := 2; ; n++ {
		if err = root.Mkdir(dir, 0o755); !errors.Is(err, fs.ErrExist) {
			break
		}
		dir = fmt.Sprintf("%s.%d", stamp, n)
	}
	if err != nil {
		return "", err
	}
	for name, data := range files {
		if err := w.replace(root, path.Join(dir, name), data); err != nil {
			return "", err
		}
	}
	return filepath.Join(w.Dir, filepath.FromSlash(dir)), nil
}

// Slugs are the exercises that have a folder in the workspace, of those in slugs.
func (w *Workspace) Slugs(slugs []string) []string {
	return slices.DeleteFunc(slices.Clone(slugs), func(slug string) bool {
		info, err := os.Stat(w.Path(slug))
		return err != nil || !info.IsDir()
	})
}
