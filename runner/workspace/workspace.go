// Package workspace keeps a learner's own copies of exercises on disk, each a plain Go module that "go test" and every
// editor understand without a network. It never overwrites what the learner wrote without keeping a copy, and it runs
// nothing.
//
//	<workspace>/.hotloop/            what hotloop keeps: kit/, hotloop.db, current, wrote/, backup/<slug>/<time>/, profiles/<slug>/
//	<workspace>/<slug>/              the learner's module: starter's files, tests, README.md, go.mod
package workspace

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"hotloop/exercises"
)

// GoVersion is the language version of learners' modules, so the oldest Go that can build them.
const GoVersion = "1.26"

// home is the folder of hotloop's own files; a folder that has it is a workspace.
const home = ".hotloop"

const kitModule = "module hotloop\n\ngo " + GoVersion + "\n"

// A Workspace is a folder with learner's copies of exercises. It is safe for concurrent use, and several processes may
// work in one folder.
type Workspace struct {
	Dir string // absolute

	// mu lets one writer of this process in at a time, so that what a conflict check saw still holds when the file is
	// replaced. Another process can only come between the check and the rename that follows at once.
	mu sync.Mutex

	write    func(*os.File, []byte) error // nil: the file's own Write. Tests fill disks here
	pollOnly bool                         // tests: as if the system could not tell of changes
}

// Find is the workspace that start lies in: the nearest folder upwards with a .hotloop folder.
func Find(start string) (*Workspace, error) {
	dir, err := filepath.Abs(start)
	if err != nil {
		return nil, explain("looking for a workspace from "+start, err)
	}
	for {
		if info, err := os.Stat(filepath.Join(dir, home)); err == nil && info.IsDir() {
			return &Workspace{Dir: dir}, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil, &Error{
				Doing: "looking for a workspace from " + start,
				Err:   ErrNone,
				Next:  `"hotloop init" makes one in ~/hotloop, "hotloop init DIR" elsewhere`,
			}
		}
		dir = parent
	}
}

// Init makes dir a workspace, or brings the one that it is up to date with this hotloop: what learners' modules import
// is replaced when it has changed. Created says whether it was none before.
func Init(dir string) (w *Workspace, created bool, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, false, explain("making a workspace in "+dir, err)
	}
	w = &Workspace{Dir: dir}
	if _, err := os.Stat(filepath.Join(dir, home)); errors.Is(err, fs.ErrNotExist) {
		created = true
	}
	if err := os.MkdirAll(filepath.Join(dir, home), 0o755); err != nil {
		return nil, false, explain("making a workspace in "+dir, err)
	}
	if err := w.refreshKit(); err != nil {
		return nil, false, explain("making a workspace in "+dir, err)
	}
	return w, created, nil
}

// Path is the folder of the exercise slug, whether it is there or not.
func (w *Workspace) Path(slug string) string { return filepath.Join(w.Dir, slug) }

// Database is the file that attempts and progress are kept in.
func (w *Workspace) Database() string { return filepath.Join(w.Dir, home, "hotloop.db") }

// Profiles is the folder for the last profiles of the exercise slug, whether it is there or not.
func (w *Workspace) Profiles(slug string) string { return filepath.Join(w.Dir, home, "profiles", slug) }

// Current is the slug of the exercise started last, "" if there is none.
func (w *Workspace) Current() (string, error) {
	data, err := os.ReadFile(filepath.Join(w.Dir, home, "current"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", explain("reading which exercise is current", err)
	}
	return strings.TrimSpace(string(data)), nil
}

// SetCurrent remembers slug as the exercise that is meant when none is named.
func (w *Workspace) SetCurrent(slug string) error {
	doing := "remembering " + slug + " as the current exercise"
	return w.locked(doing, func(root *os.Root) error {
		return w.replace(root, path.Join(home, "current"), []byte(slug+"\n"))
	})
}

// Exercise is the slug of the exercise that dir lies in, "" if it is in none.
func (w *Workspace) Exercise(dir string) string {
	top, err := filepath.EvalSymlinks(w.Dir)
	if err != nil {
		return ""
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return ""
	}
	rel, err := filepath.Rel(top, dir)
	if err != nil || !filepath.IsLocal(rel) || rel == "." {
		return ""
	}
	slug, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
	if slug == home {
		return ""
	}
	return slug
}

// refreshKit makes .hotloop/kit the module that learners' tests import: exactly the embedded files and a go.mod.
func (w *Workspace) refreshKit() error {
	want, err := kitFiles()
	if err != nil {
		return err
	}
	return w.locked("", func(root *os.Root) error {
		for name, data := range want {
			if err := w.ensure(root, name, data); err != nil {
				return err
			}
		}
		return removeOthers(root, path.Join(home, "kit"), want)
	})
}

// kitFiles are the files of the kit module by their path in the workspace.
func kitFiles() (exercises.Files, error) {
	top := path.Join(home, "kit")
	files := exercises.Files{path.Join(top, "go.mod"): []byte(kitModule)}
	kit := exercises.Kit()
	err := fs.WalkDir(kit, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(kit, name)
		files[path.Join(top, name)] = data
		return err
	})
	return files, err
}

// removeOthers removes the files below top that are not in want: those of an older kit, which would be compiled too.
func removeOthers(root *os.Root, top string, want exercises.Files) error {
	return fs.WalkDir(root.FS(), top, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || want[name] != nil || strings.HasPrefix(d.Name(), tempPrefix) {
			return err
		}
		return root.Remove(name)
	})
}

// ensure makes the file name hold data, and leaves it alone if it does.
func (w *Workspace) ensure(root *os.Root, name string, data []byte) error {
	if old, err := root.ReadFile(name); err == nil && bytes.Equal(old, data) {
		return nil
	}
	return w.replace(root, name, data)
}

// locked calls f as the one writer of this process, with the workspace's folder as root: no symbolic link leads out.
func (w *Workspace) locked(doing string, f func(root *os.Root) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.open(doing, f)
}

func (w *Workspace) open(doing string, f func(root *os.Root) error) error {
	root, err := os.OpenRoot(w.Dir)
	if err == nil {
		defer root.Close()
		err = f(root)
	}
	if err == nil || doing == "" {
		return err
	}
	return explain(doing+" in "+w.Dir, err)
}
