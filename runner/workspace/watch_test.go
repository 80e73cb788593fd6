package workspace

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotloop/exercises"
)

// nextChange is the next change; the test fails if there is none.
func nextChange(t *testing.T, changes <-chan Change) Change {
	t.Helper()
	select {
	case change := <-changes:
		return change
	case <-time.After(20 * time.Second):
		t.Fatal("no change was told")
		return Change{}
	}
}

func TestWatch(t *testing.T) {
	for name, pollOnly := range map[string]bool{"told by the system": false, "poll": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, e := started(t)
			w.pollOnly = pollOnly
			ctx, cancel := context.WithCancel(t.Context())
			changes := w.Watch(ctx, "triangle")

			write(t, w, "triangle/triangle.go", content(t, w, "triangle/triangle.go")) // no change
			write(t, w, "triangle/notes.txt", "think")                                 // not the solution's
			write(t, w, "triangle/triangle.go", "package triangle // 1")
			want := Change{Files: exercises.Files{"triangle.go": []byte("package triangle // 1")}}
			if diff := cmp.Diff(want, nextChange(t, changes)); diff != "" {
				t.Errorf("after a write (-want +got):\n%s", diff)
			}

			if err := w.Save(e, exercises.Files{"triangle.go": []byte("package triangle // 2")}, nil); err != nil {
				t.Fatal(err)
			}
			want = Change{Files: exercises.Files{"triangle.go": []byte("package triangle // 2")}}
			if diff := cmp.Diff(want, nextChange(t, changes)); diff != "" {
				t.Errorf("after a save by rename (-want +got):\n%s", diff)
			}

			if err := os.Remove(filepath.Join(w.Path("triangle"), "triangle.go")); err != nil {
				t.Fatal(err)
			}
			want = Change{Files: exercises.Files{}, Removed: []string{"triangle.go"}}
			if diff := cmp.Diff(want, nextChange(t, changes)); diff != "" {
				t.Errorf("after a removal (-want +got):\n%s", diff)
			}

			cancel()
			if change, open := <-changes; open {
				t.Errorf("after the end of the context: %+v, want the channel closed", change)
			}
		})
	}
}

func TestWatchBeforeStart(t *testing.T) {
	t.Parallel()
	w, e := newWorkspace(t), exercise(t, "triangle")
	changes := w.Watch(t.Context(), "triangle")
	if _, err := w.Start(e); err != nil {
		t.Fatal(err)
	}
	if change := nextChange(t, changes); change.Files["triangle.go"] == nil {
		t.Errorf("after Start: %+v, want triangle.go", change)
	}
	write(t, w, "triangle/triangle.go", "package triangle // 1")
	if change := nextChange(t, changes); string(change.Files["triangle.go"]) != "package triangle // 1" {
		t.Errorf("after a write to the new folder: %+v", change)
	}
}
