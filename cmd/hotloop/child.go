package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
)

// The SHA-256 of the small programs that this one was built together with. The Makefile sets them.
var childSum, interpreterSum, sqliteSum string

// child is the program to start in front of each command of a run: the small one beside this one, if it is the one that
// belongs to it, else this one.
var child = sync.OnceValues(func() (string, error) {
	self, err := self()
	if err != nil {
		return "", err
	}
	if small, ok := beside(self, "hotloop-child", childSum); ok {
		return small, nil
	}
	return self, nil
})

// interpreter is the program that interprets Go blocks where this one must not be seen.
func interpreter() (string, error) {
	self, err := self()
	if err != nil {
		return "", err
	}
	if small, ok := beside(self, "hotloop-interpreter", interpreterSum); ok {
		return small, nil
	}
	return "", &toldError{"no program hotloop-interpreter beside " + self + ", which interprets Go in a sandbox",
		`"make run" and "make install" build it; in a sandbox, hotloop itself is not shown to others' code`}
}

// sqlite is the program that exercises' tests keep their databases in.
func sqlite() (string, error) {
	self, err := self()
	if err != nil {
		return "", err
	}
	if small, ok := beside(self, "hotloop-sqlite", sqliteSum); ok {
		return small, nil
	}
	return "", &toldError{"no program hotloop-sqlite of this hotloop beside " + self + ", which some exercises keep their database in",
		`"make run", "make build" and "make install" build it`}
}

func self() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding hotloop's own program, which supervises runs: %w", err)
	}
	if resolved, err := filepath.EvalSymlinks(self); err == nil {
		self = resolved
	}
	return self, nil
}

// beside is the program name in the folder of self, ok if it has that sum.
func beside(self, name, want string) (path string, ok bool) {
	path = filepath.Join(filepath.Dir(self), name)
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	return path, want != "" && sum(path) == want
}

// sum is the SHA-256 of a file in hexadecimal digits; empty if it cannot be read.
func sum(name string) string {
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
}
