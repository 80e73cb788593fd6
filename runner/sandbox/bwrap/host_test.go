//go:build linux && (amd64 || arm64)

package bwrap

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hotloop/runner/sandbox/cell"
)

// Every "no" comes with what to do about it.
func TestLacks(t *testing.T) {
	lack := func(err error, want string) {
		t.Helper()
		l, ok := errors.AsType[*cell.Lack](err)
		if !ok || l.Fix == "" || !strings.Contains(l.Error()+l.Fix, want) {
			t.Errorf("error %v, want a *cell.Lack with a fix and %q", err, want)
		}
	}
	fake := func(name, script string, mode os.FileMode) {
		t.Helper()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "bwrap"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, "bwrap"), mode); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", dir)
		_, err := findBwrap()
		lack(err, name)
	}
	fake("0.6.1 is too old", "#!/bin/sh\necho bubblewrap 0.6.1\n", 0o755)
	fake("does not start", "#!/bin/sh\nexit 1\n", 0o755)
	fake("chmod u-s", "#!/bin/sh\necho bubblewrap 0.9.0\n", 0o755|os.ModeSetuid)
	t.Setenv("PATH", t.TempDir())
	_, err := findBwrap()
	lack(err, "apt-get install bubblewrap")

	for complaint, want := range map[string]string{
		"bwrap: setting up uid map: Permission denied":                               "/etc/apparmor.d/bwrap",
		"bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted":               "/etc/apparmor.d/bwrap",
		"bwrap: Creating new namespace failed: Operation not permitted":              "a machine of its own",
		"bwrap: Can't mount proc on /newroot/proc: Operation not permitted":          "unmask /proc",
		"bwrap: No permissions to create new namespace, likely because the kernel …": "a machine of its own",
	} {
		lack(explain(complaint), want)
	}
}

func TestNewEnough(t *testing.T) {
	for version, want := range map[string]bool{"0.8.0": true, "0.11.0": true, "1.0": true, "0.7.99": false, "0.6": false, "": false, "x": false} {
		if got := newEnough(version); got != want {
			t.Errorf("newEnough(%q) = %v", version, got)
		}
	}
}
