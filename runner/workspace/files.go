package workspace

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"hotloop/exercises"
)

// maxFile is how much of one file hotloop reads, in bytes: no Go file that a person writes is larger.
const maxFile = 1 << 20

// tempPrefix begins the names of files that are being written. Go and editors pass over names with a leading dot.
const tempPrefix = ".hotloop-"

// Hash is the SHA-256 of content in hexadecimal: what Save's base holds of each file.
func Hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// solutionName says whether a file of that name is part of a solution: Go, no test, directly in the folder.
func solutionName(name string) bool {
	return goName(name) && !strings.HasSuffix(name, "_test.go")
}

// goName says whether the go command compiles a file of that name.
func goName(name string) bool {
	return strings.HasSuffix(name, ".go") && !strings.ContainsAny(name, `/\:`+"\x00") &&
		!strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "_")
}

// replace makes the file name hold data, at once or not at all: whoever reads it meets the old content or the new one.
func (w *Workspace) replace(root *os.Root, name string, data []byte) error {
	mode := fs.FileMode(0o644)
	switch info, err := root.Lstat(name); {
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("writing %s: %w", name, errNotOrdinary)
	case err == nil:
		mode = info.Mode().Perm()
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	temp := path.Join(path.Dir(name), tempPrefix+rand.Text())
	if err := w.create(root, temp, mode, data); err != nil {
		return cmp.Or(err, removeIfThere(root, temp))
	}
	if err := root.Rename(temp, name); err != nil {
		return cmp.Or(err, removeIfThere(root, temp))
	}
	return nil
}

func (w *Workspace) create(root *os.Root, name string, mode fs.FileMode, data []byte) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	write := w.write
	if write == nil {
		write = func(f *os.File, data []byte) error { _, err := f.Write(data); return err }
	}
	return cmp.Or(write(f, data), f.Sync(), f.Close())
}

func removeIfThere(root *os.Root, name string) error {
	if err := root.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// read reads an ordinary file, or one that a link within the workspace leads to.
func read(root *os.Root, name string) ([]byte, error) {
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("reading %s: %w", name, errNotOrdinary)
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("reading %s: %w", name, errTooLarge)
	}
	return data, err
}

// readAll reads the files of folder dir whose names keep accepts. Folders and devices among them are passed over.
func readAll(root *os.Root, dir string, keep func(name string) bool) (exercises.Files, error) {
	entries, err := fs.ReadDir(root.FS(), dir)
	if err != nil {
		return nil, err
	}
	files := exercises.Files{}
	for _, entry := range entries {
		if !keep(entry.Name()) || entry.Type()&^fs.ModeSymlink != 0 {
			continue
		}
		name := path.Join(dir, entry.Name())
		data, err := read(root, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it went between listing and reading, as when an editor saves
		}
		if err != nil {
			return nil, err
		}
		files[entry.Name()] = data
	}
	return files, nil
}
