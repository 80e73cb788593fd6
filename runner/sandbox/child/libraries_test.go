package child

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// What ldd finds for a program of the system, Libraries finds as well.
func TestLibraries(t *testing.T) {
	ldd, err := exec.LookPath("ldd")
	if runtime.GOOS != "linux" || err != nil {
		t.Skip("compares with ldd, which is part of the C library of Linux systems")
	}
	sh, err := filepath.EvalSymlinks("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(ldd, sh).Output()
	if err != nil {
		t.Fatalf("ldd: %v", err)
	}
	got, err := Libraries(sh)
	if err != nil {
		t.Fatal(err)
	}
	for field := range strings.FieldsSeq(string(out)) {
		if strings.HasPrefix(field, "/") && !slices.ContainsFunc(got, func(path string) bool { return sameFile(t, path, field) }) {
			t.Errorf("Libraries(%s) = %q, want also %s", sh, got, field)
		}
	}
}

func sameFile(t *testing.T, a, b string) bool {
	t.Helper()
	ia, err := os.Stat(a)
	if err != nil {
		t.Fatal(err)
	}
	ib, err := os.Stat(b)
	if err != nil {
		t.Fatal(err)
	}
	return os.SameFile(ia, ib)
}

func TestLibrariesOfOtherFiles(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got, err := Libraries(script); len(got) > 0 || err != nil {
		t.Errorf("Libraries of a script = %q, %v, want none", got, err)
	}
	if _, err := Libraries(script + "-missing"); err == nil {
		t.Error("Libraries of a missing file: no error")
	}
}
