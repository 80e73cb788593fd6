package workspace

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"

	"hotloop/exercises"
)

// tinyDisk mounts a disk of 1 MiB at a new folder.
func tinyDisk(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("needs the right to mount a small disk (run the tests as root): %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestRealDiskFull(t *testing.T) {
	w, _, err := Init(tinyDisk(t))
	if err != nil {
		t.Fatal(err)
	}
	e := exercise(t, "triangle")
	if _, err := w.Start(e); err != nil {
		t.Fatal(err)
	}
	before := content(t, w, "triangle/triangle.go")
	err = w.Save(e, exercises.Files{"triangle.go": bytes.Repeat([]byte("// full\n"), 1<<17)}, nil)
	wantHint(t, err, "saving triangle.go", "the disk is full")
	if got := content(t, w, "triangle/triangle.go"); got != before {
		t.Errorf("after a failed Save the file is %.40q…, want its old content", got)
	}
	leftovers(t, w)
}

func TestRealReadOnlyDisk(t *testing.T) {
	dir := tinyDisk(t)
	w, _, err := Init(dir)
	if err != nil {
		t.Fatal(err)
	}
	e := exercise(t, "triangle")
	if _, err := w.Start(e); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("none", dir, "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY, "size=1m"); err != nil {
		t.Fatal(err)
	}
	const next = "read-only; choose another folder"
	if _, err := w.Solution(e); err != nil {
		t.Errorf("Solution on a read-only disk: %v; reading needs no writing", err)
	}
	if _, err := w.Start(e); err != nil {
		t.Errorf("Start with nothing to write: %v", err)
	}
	err = w.Save(e, exercises.Files{"triangle.go": []byte("package triangle")}, nil)
	wantHint(t, err, "saving triangle.go", next)
	_, err = w.Start(exercise(t, "clamp"))
	wantHint(t, err, "starting clamp in "+dir, next)
	_, err = w.Reset(e)
	wantHint(t, err, "resetting triangle", next)
	wantHint(t, w.SetCurrent("clamp"), "remembering clamp", next)
	if _, _, err := Init(dir); err != nil {
		t.Errorf("Init with nothing to write: %v", err)
	}
}
