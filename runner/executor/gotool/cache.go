package gotool

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
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
