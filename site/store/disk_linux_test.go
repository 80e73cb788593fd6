package store

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"hotloop/site/history"
)

// A disk that becomes full costs what could not be written, and nothing of what was. The error says which disk it is, and
// when there is room again, all goes on.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("needs the right to mount a small disk (run the tests as root): %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	path := filepath.Join(dir, "hotloop.db")
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() }) // before the disk goes
	first := attempt("lru", "test", "accepted")
	id := record(t, s, first)

	filler := filepath.Join(dir, "filler")
	fill(t, filler)
	large := attempt("lru", "test", "wrong answer")
	large.Events = random(100 << 10)
	_, err = s.Record(t.Context(), large)
	wantFull(t, "Record", err, path)
	_, err = s.SaveDraft(t.Context(), history.Draft{Exercise: "lru", Files: map[string][]byte{"lru.go": random(100 << 10)}})
	wantFull(t, "SaveDraft", err, path)
	for err = nil; err == nil; err = s.VisitLesson(t.Context(), string(random(2000))) {
	}
	wantFull(t, "VisitLesson", err, path)

	kept, err := s.Attempt(t.Context(), id)
	if err != nil || !bytes.Equal(kept.Events, first.Events) || cmp.Diff(kept.Files, first.Files) != "" {
		t.Errorf("the attempt from before is %+v, %v; want it whole", kept, err)
	}
	if all, err := s.Attempts(t.Context(), "lru", 10); err != nil || len(all) != 1 {
		t.Errorf("%d attempts, %v; want the one from before, and nothing of the one that failed", len(all), err)
	}
	if p, err := s.Progress(t.Context()); err != nil || p["lru"].Attempts != 1 || p["lru"].State != history.Accepted {
		t.Errorf("progress %+v, %v; want that of the one attempt", p, err)
	}

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	record(t, s, large)
}

// fill writes to a file until there is no room.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	for ; err == nil; _, err = f.Write(make([]byte, 4096)) {
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
	f.Close()
}

func wantFull(t *testing.T, doing string, err error, path string) {
	t.Helper()
	full, ok := errors.AsType[*WriteError](err)
	if !ok || !strings.Contains(err.Error(), path+": the disk is full") || !strings.Contains(full.Hint(), "free some space") {
		t.Errorf("%s on a full disk: %v; want that the disk of %s is full, and what to do", doing, err, path)
	}
}

// random is what does not get smaller when it is packed.
func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}
