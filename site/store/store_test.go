package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotloop/site/history"
)

// TestMain lets the test binary be a second process that writes to a store: see TestTwoProcesses.
func TestMain(m *testing.M) {
	if path := os.Getenv("STORE_TEST_WRITER"); path != "" {
		if err := writeMuch(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

const writersPerProcess, writesPerWriter = 4, 25

func writeMuch(path string) error {
	s, err := Open(path)
	if err != nil {
		return err
	}
	defer s.Close()
	var wg sync.WaitGroup
	errs := make(chan error, writersPerProcess)
	for w := range writersPerProcess {
		wg.Go(func() {
			for range writesPerWriter {
				slug := fmt.Sprintf("exercise-%d", w)
				if _, err := s.Record(context.Background(), attempt(slug, "test", "wrong answer")); err != nil {
					errs <- err
					return
				}
				if err := s.HintShown(context.Background(), slug, 1); err != nil {
					errs <- err
					return
				}
				if _, err := s.Attempts(context.Background(), slug, 10); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs
}

func attempt(slug, goal, verdict string) history.Attempt {
	return history.Attempt{
		Exercise: slug, Goal: goal, Verdict: verdict, Reason: "because", Origin: history.Web,
		Started: time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC), Seconds: 1.5,
		Report: []byte(`{"verdict":"` + verdict + `"}`),
		Events: []byte(`{"output":{"text":"hello"}}` + "\n"),
		Files:  map[string][]byte{"lru.go": []byte("package lru\n")},
	}
}

func newStore(t *testing.T) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "hotloop.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func record(t *testing.T, s *Store, a history.Attempt) int64 {
	t.Helper()
	id, err := s.Record(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestAttemptComesBackWhole(t *testing.T) {
	s := newStore(t)
	want := attempt("lru-cache", "test", "accepted")
	want.ID = record(t, s, want)
	got, err := s.Attempt(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Attempt differs (-recorded +read):\n%s", d)
	}
	list, err := s.Attempts(t.Context(), "lru-cache", 10)
	if err != nil {
		t.Fatal(err)
	}
	want.Events, want.Files = nil, nil
	if d := cmp.Diff([]history.Attempt{want}, list); d != "" {
		t.Errorf("Attempts differs (-recorded +listed):\n%s", d)
	}
}

func TestAttemptNotFound(t *testing.T) {
	if _, err := newStore(t).Attempt(t.Context(), 7); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("Attempt of an unknown id: error %v, want history.ErrNotFound", err)
	}
}

func TestAttemptsNewestFirstOfAllExercises(t *testing.T) {
	s := newStore(t)
	record(t, s, attempt("a", "test", "wrong answer"))
	record(t, s, attempt("b", "test", "wrong answer"))
	list, err := s.Attempts(t.Context(), "", 1)
	if err != nil || len(list) != 1 || list[0].Exercise != "b" {
		t.Errorf("Attempts(\"\", 1) = %v, %v; want the one of b", list, err)
	}
}

func TestOldAttemptsGoButFirstAcceptedStay(t *testing.T) {
	s := newStore(t)
	first := record(t, s, attempt("lru-cache", "test", "accepted"))
	firstBench := record(t, s, attempt("lru-cache", "bench", "accepted"))
	second := record(t, s, attempt("lru-cache", "test", "accepted"))
	other := record(t, s, attempt("other", "test", "wrong answer"))
	for range keepAttempts {
		record(t, s, attempt("lru-cache", "test", "wrong answer"))
	}
	for id, kept := range map[int64]bool{first: true, firstBench: true, second: false, other: true} {
		_, err := s.Attempt(t.Context(), id)
		if got := err == nil; got != kept {
			t.Errorf("attempt %d kept: %v (%v), want %v", id, got, err, kept)
		}
	}
	p, err := s.Progress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := p["lru-cache"].Attempts; got != keepAttempts+3 {
		t.Errorf("Progress counts %d attempts, want all %d ever made", got, keepAttempts+3)
	}
}

func TestStateOnlyRises(t *testing.T) {
	s := newStore(t)
	steps := []struct {
		do   func() error
		want history.State
	}{
		{func() error { return s.HintShown(t.Context(), "x", 1) }, history.New},
		{func() error { return s.Started(t.Context(), "x") }, history.Started},
		{func() error { record(t, s, attempt("x", "test", "canceled")); return nil }, history.Started},
		{func() error { record(t, s, attempt("x", "test", "compile error")); return nil }, history.Attempted},
		{func() error { record(t, s, attempt("x", "bench", "target missed")); return nil }, history.Accepted},
		{func() error { record(t, s, attempt("x", "bench", "accepted")); return nil }, history.Targets},
		{func() error { record(t, s, attempt("x", "test", "wrong answer")); return nil }, history.Targets},
	}
	for i, step := range steps {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		all, err := s.Progress(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := all["x"].State; got != step.want {
			t.Errorf("after step %d: state %q, want %q", i, got, step.want)
		}
	}
}

func TestHintsAndSolution(t *testing.T) {
	s := newStore(t)
	for _, n := range []int{1, 3, 2} {
		if err := s.HintShown(t.Context(), "x", n); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SolutionSeen(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	all, err := s.Progress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if p := all["x"]; p.Hints != 3 || !p.SolutionSeen {
		t.Errorf("Progress = %+v, want 3 hints and the solution seen", p)
	}
}

func TestLessons(t *testing.T) {
	s := newStore(t)
	const id = "leaks/closures"
	if err := s.MarkLesson(t.Context(), id, true); err != nil {
		t.Fatal(err)
	}
	if err := s.VisitLesson(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	all, err := s.Lessons(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if p := all[id]; p.Read.IsZero() || p.Visited.IsZero() {
		t.Errorf("Lessons[%q] = %+v, want visited and read", id, p)
	}
	if err := s.MarkLesson(t.Context(), id, false); err != nil {
		t.Fatal(err)
	}
	if all, _ = s.Lessons(t.Context()); !all[id].Read.IsZero() {
		t.Errorf("Lessons[%q].Read = %v after taking the mark back, want zero", id, all[id].Read)
	}
}

func TestDrafts(t *testing.T) {
	s := newStore(t)
	save := func(text string) int64 {
		t.Helper()
		id, err := s.SaveDraft(t.Context(), history.Draft{Exercise: "x", Why: "conflict", Files: map[string][]byte{"a.go": []byte(text)}})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	one, two := save("one"), save("two")
	if again := save("two"); again != two {
		t.Errorf("saving the newest draft again gave id %d, want %d", again, two)
	}
	list, err := s.Drafts(t.Context(), "x")
	if err != nil || len(list) != 2 || list[0].ID != two {
		t.Fatalf("Drafts = %v, %v; want two, the newest first", list, err)
	}
	d, err := s.Draft(t.Context(), one)
	if err != nil || string(d.Files["a.go"]) != "one" || d.Saved.IsZero() {
		t.Errorf("Draft(%d) = %+v, %v", one, d, err)
	}
	if err := s.DropDraft(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Draft(t.Context(), one); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("Draft after DropDraft: error %v, want history.ErrNotFound", err)
	}
	for i := range keepDrafts + 5 {
		save(fmt.Sprint(i))
	}
	if list, _ = s.Drafts(t.Context(), "x"); len(list) != keepDrafts {
		t.Errorf("%d drafts kept, want %d", len(list), keepDrafts)
	}
}

// TestTwoProcesses writes from several goroutines of two processes at once to a file that neither has created yet.
func TestTwoProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hotloop.db")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var procs []*exec.Cmd
	for range 2 {
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), "STORE_TEST_WRITER="+path)
		cmd.Stderr = new(bytes.Buffer)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		procs = append(procs, cmd)
	}
	for _, cmd := range procs {
		if err := cmd.Wait(); err != nil {
			t.Errorf("writer: %v: %s", err, cmd.Stderr)
		}
	}
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	all, err := s.Progress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for w := range writersPerProcess {
		slug := fmt.Sprintf("exercise-%d", w)
		if got := all[slug].Attempts; got != 2*writesPerWriter {
			t.Errorf("%s: %d attempts, want %d", slug, got, 2*writesPerWriter)
		}
	}
}

func TestOpenTells(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	newer := filepath.Join(dir, "newer.db")
	s, err := Open(newer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`); err != nil {
		t.Fatal(err)
	}
	s.Close()

	for _, tt := range []struct{ name, path, want, hint string }{
		{"not a database", write("text.db", strings.Repeat("this is text\n", 1000)), "damaged", "mv "},
		{"a directory", dir, "directory", "--workspace"},
		{"a folder that is a file", filepath.Join(write("file", ""), "x.db"), "cannot be created", "--workspace"},
		{"newer schema", newer, "newer hotloop", "newer hotloop"},
	} {
		s, err := Open(tt.path)
		if err == nil {
			s.Close()
			t.Errorf("%s: Open succeeded", tt.name)
			continue
		}
		oe, ok := errors.AsType[*OpenError](err)
		if !ok {
			t.Errorf("%s: error is a %T, want *OpenError", tt.name, err)
			continue
		}
		if !strings.Contains(oe.Error(), tt.want) || !strings.Contains(oe.Error(), tt.path) || !strings.Contains(oe.Hint(), tt.hint) {
			t.Errorf("%s: error %q, hint %q; want %q with the path, and %q", tt.name, oe, oe.Hint(), tt.want, tt.hint)
		}
	}
}

func TestOpenTellsReadOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.db")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := open(path, "ro") // what a file without write permission is for SQLite; root could write it
	if err == nil {
		s.Close()
		t.Fatal("opening an empty file for reading only succeeded")
	}
	oe := &OpenError{Path: path, Err: err}
	if !strings.Contains(oe.Error(), "read-only") && !strings.Contains(oe.Error(), "cannot be created or read") {
		t.Errorf("error %q does not tell that the file is read-only", oe)
	}
}
