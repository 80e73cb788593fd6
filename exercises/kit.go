package exercises

import (
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// Kit is what tests of a learner's copy import, as a tree that can be copied into a module named hotloop: exercises/kit
// and below, without the kit's own tests.
func Kit() fs.FS { return kitFS{} }

// kitFS shows the embedded kit/ as exercises/kit/.
type kitFS struct{}

func (kitFS) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	below, inKit := strings.CutPrefix(name, "exercises/kit")
	switch {
	case name == ".":
		return kitDir(name, "exercises"), nil
	case name == "exercises":
		return kitDir(name, "kit"), nil
	case !inKit || below != "" && below[0] != '/' || isTestFile(name):
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	f, err := embedded.Open("kit" + below)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	info, err := f.Stat()
	if err != nil || !info.IsDir() {
		return f, err
	}
	entries, err := fs.ReadDir(embedded, "kit"+below)
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return isTestFile(e.Name()) })
	return &dir{info: dirInfo(path.Base(name)), entries: entries}, err
}

func kitDir(name, child string) *dir {
	return &dir{info: dirInfo(path.Base(name)), entries: []fs.DirEntry{fs.FileInfoToDirEntry(dirInfo(child))}}
}

func isTestFile(name string) bool { return strings.HasSuffix(name, "_test.go") }

// A dir is an open folder: its entries, read in order.
type dir struct {
	info    dirInfo
	entries []fs.DirEntry
	next    int
}

func (d *dir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *dir) Close() error               { return nil }
func (d *dir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.info.Name(), Err: fs.ErrInvalid}
}

func (d *dir) ReadDir(n int) ([]fs.DirEntry, error) {
	rest := d.entries[d.next:]
	if n > 0 {
		if len(rest) == 0 {
			return nil, io.EOF
		}
		rest = rest[:min(n, len(rest))]
	}
	d.next += len(rest)
	return slices.Clone(rest), nil
}

// dirInfo is the name of a folder that can only be read.
type dirInfo string

func (i dirInfo) Name() string     { return string(i) }
func (dirInfo) Size() int64        { return 0 }
func (dirInfo) Mode() fs.FileMode  { return fs.ModeDir | 0o555 }
func (dirInfo) ModTime() time.Time { return time.Time{} }
func (dirInfo) IsDir() bool        { return true }
func (dirInfo) Sys() any           { return nil }
