package gotool

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A CacheError says that what was compiled cannot be kept. Nothing can be built then: the go command needs a cache, too.
type CacheError struct {
	Dir string // "" if there is no place for caches
	Err error
}

func (e *CacheError) Error() string {
	return "keeping compiled packages in " + cmp.Or(e.Dir, "the user's folder for caches") + ": " + e.Err.Error()
}

func (e *CacheError) Unwrap() error { return e.Err }

// Hint is the next step for people.
func (e *CacheError) Hint() string {
	return "set HOME, or XDG_CACHE_HOME and GOCACHE, to folders that you may write to"
}

// CacheFolder is where the executor keeps what it compiled. The error is a CacheError if it may not write there.
func (x *Executor) CacheFolder() (dir string, err error) {
	if dir, err = x.cacheDir(); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", &CacheError{dir, err}
	}
	f, err := os.CreateTemp(dir, "tmp-*")
	if err != nil {
		return "", &CacheError{dir, err}
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return "", &CacheError{dir, err}
	}
	return dir, nil
}

func (x *Executor) cacheDir() (string, error) {
	if x.CacheDir != "" {
		return x.CacheDir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", &CacheError{Err: err}
	}
	return filepath.Join(dir, "hotloop"), nil
}

const (
	keptFor   = 7 * 24 * time.Hour // without being used
	trimEvery = 24 * time.Hour
	noteEvery = time.Hour
)

// trimmed is a file whose time is when the cache was last trimmed.
const trimmed = "trimmed"

// inUse says whether there is something at path, and notes that it is used, so that it is kept for longer.
func inUse(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	if now := time.Now(); now.Sub(info.ModTime()) > noteEvery {
		_ = os.Chtimes(path, now, now) // who may not write here will not trim, either
	}
	return true
}

// trim removes what nobody has used for a week: what belongs to an older hotloop, exercise or Go, and what a process left
// that was killed. It looks once a day. What cannot be removed only takes up room, and is tried again the next day.
func trim(cache string, now time.Time) {
	if info, err := os.Stat(filepath.Join(cache, trimmed)); err == nil && now.Sub(info.ModTime()) < trimEvery {
		return
	}
	if writeWhole(filepath.Join(cache, trimmed), nil, 0o644) != nil {
		return
	}
	remove := func(dir string, ours func(name string) bool) {
		entries, _ := os.ReadDir(dir)
		for _, entry := range entries {
			info, err := entry.Info()
			if err == nil && ours(entry.Name()) && now.Sub(info.ModTime()) > keptFor {
				_ = os.RemoveAll(filepath.Join(dir, entry.Name()))
			}
		}
	}
	remove(filepath.Join(cache, binaries), func(string) bool { return true })
	remove(cache, func(name string) bool {
		kind, _, ok := strings.Cut(name, "-")
		return ok && (kind == "kit" || kind == "packages" || kind == "cacheprog" || kind == "tmp")
	})
}

// binaries is the folder in the cache with the test binaries of naive and reference.
const binaries = "bin"
