package workspace

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"hotloop/exercises"
)

func TestStartNeverOverwrites(t *testing.T) {
	w, e := newWorkspace(t), exercise(t, "triangle")
	first, err := w.Start(e)
	if err != nil {
		t.Fatal(err)
	}
	want := Started{Dir: w.Path("triangle"), Added: []string{"triangle.go"},
		Updated: []string{"README.md", "go.mod", "triangle_bench_test.go", "triangle_test.go"}}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("Start in a new workspace (-want +got):\n%s", diff)
	}
	write(t, w, "triangle/triangle.go", "package triangle // mine")
	again, err := w.Start(e)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Started{Dir: w.Path("triangle"), Kept: []string{"triangle.go"}}, again); diff != "" {
		t.Errorf("Start again (-want +got):\n%s", diff)
	}
	if got := content(t, w, "triangle/triangle.go"); got != "package triangle // mine" {
		t.Errorf("the learner's file is now %q", got)
	}
}

func TestRefresh(t *testing.T) {
	const mine, older = "package triangle // my own test", "package triangle // an older hotloop's test"
	const file = "triangle/triangle_test.go"
	for _, tt := range []struct {
		name       string
		disk       string // what lies there; "" for nothing
		wrote      string // what hotloop says it wrote last
		updated    bool
		backedUp   bool
		understood string
	}{
		{"nothing changed", "fresh", "fresh", false, false, "it is up to date"},
		{"hotloop has a newer one", older, older, true, false, "it was hotloop's all along"},
		{"the learner edited it", mine, "fresh", false, false, "hotloop has nothing newer"},
		{"both changed", mine, older, true, true, "the learner's must not get lost"},
		{"no note", mine, "", true, true, "it may be the learner's"},
		{"deleted", "", "fresh", true, false, "there is nothing to lose"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, e := started(t)
			fresh := content(t, w, file)
			as := func(s string) string { return strings.ReplaceAll(s, "fresh", fresh) }
			write(t, w, file, as(tt.disk))
			if tt.disk == "" {
				os.Remove(filepath.Join(w.Dir, file))
			}
			note := strings.ReplaceAll(content(t, w, noteOf("triangle")), Hash([]byte(fresh)), Hash([]byte(as(tt.wrote))))
			write(t, w, noteOf("triangle"), note)

			updated, backup, err := w.Refresh(e)
			if err != nil {
				t.Fatal(err)
			}
			if got := len(updated) == 1 && updated[0] == "triangle_test.go"; got != tt.updated {
				t.Errorf("updated %v, want %v: %s", updated, tt.updated, tt.understood)
			}
			want := as(tt.disk)
			if tt.updated {
				want = fresh
			}
			if got := content(t, w, file); got != want {
				t.Errorf("%s is now %.60q, want %.60q: %s", file, got, want, tt.understood)
			}
			if (backup != "") != tt.backedUp {
				t.Fatalf("backup %q, want one: %v", backup, tt.backedUp)
			}
			if !tt.backedUp {
				return
			}
			if kept, err := os.ReadFile(filepath.Join(backup, "triangle_test.go")); string(kept) != mine {
				t.Errorf("the backup has %q, %v; want the learner's version", kept, err)
			}
		})
	}
}

func TestSolution(t *testing.T) {
	w, e := started(t)
	write(t, w, "triangle/pairs.go", "package triangle")
	write(t, w, "triangle/pairs_test.go", "package triangle")
	write(t, w, "triangle/_draft.go", "package triangle")
	write(t, w, "triangle/notes.txt", "think")
	write(t, w, "triangle/sub/sub.go", "package sub")
	got, err := w.Solution(e)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"pairs.go", "triangle.go"}, sortedNames(got)); diff != "" {
		t.Errorf("files of the solution (-want +got):\n%s", diff)
	}
}

func TestSolutionNotThere(t *testing.T) {
	w, e := newWorkspace(t), exercise(t, "triangle")
	_, err := w.Solution(e)
	if !errors.Is(err, ErrNotStarted) {
		t.Errorf("Solution before Start = %v, want ErrNotStarted", err)
	}
	wantHint(t, err, "triangle: not started yet", "hotloop start triangle")

	if _, err := w.Start(e); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(w.Path("triangle"), "triangle.go")
	if err := os.Rename(file, filepath.Join(w.Path("triangle"), "three.go")); err != nil {
		t.Fatal(err)
	}
	_, err = w.Solution(e)
	wantHint(t, err, "no triangle.go in "+w.Path("triangle"), "if you renamed it, call three.go triangle.go again")

	if err := os.Remove(filepath.Join(w.Path("triangle"), "three.go")); err != nil {
		t.Fatal(err)
	}
	_, err = w.Solution(e)
	wantHint(t, err, "no triangle.go", `"hotloop start triangle" puts the starter's version there`)

	if _, err := w.Start(e); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Solution(e); err != nil {
		t.Errorf("Solution after following the hint: %v", err)
	}
}

func TestSave(t *testing.T) {
	w, e := newWorkspace(t), exercise(t, "triangle")
	if err := w.Save(e, exercises.Files{"triangle.go": []byte("package triangle // 1")}, nil); err != nil {
		t.Fatalf("Save before Start: %v", err)
	}
	if _, err := os.Stat(filepath.Join(w.Path("triangle"), "go.mod")); err != nil {
		t.Errorf("Save must start the exercise: %v", err)
	}
	file := filepath.Join(w.Path("triangle"), "triangle.go")
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	base := map[string]string{"triangle.go": Hash([]byte("package triangle // 1"))}
	if err := w.Save(e, exercises.Files{"triangle.go": []byte("package triangle // 2")}, base); err != nil {
		t.Fatalf("Save on the version last seen: %v", err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode after Save = %v, %v; want the file's own, 0600", info.Mode(), err)
	}
	if err := w.Save(e, exercises.Files{"triangle.go": []byte("package triangle // 2")}, base); err != nil {
		t.Errorf("Save of what the disk already has: %v, want no conflict", err)
	}
	leftovers(t, w)
}

func TestSaveConflict(t *testing.T) {
	w, e := started(t)
	seen := Hash([]byte(content(t, w, "triangle/triangle.go")))
	write(t, w, "triangle/triangle.go", "package triangle // from the editor")
	err := w.Save(e, exercises.Files{
		"a.go":        []byte("package triangle"),
		"triangle.go": []byte("package triangle // from the page"),
	}, map[string]string{"triangle.go": seen})
	conflict, ok := errors.AsType[*Conflict](err)
	if !ok {
		t.Fatalf("Save over another version = %v, want a *Conflict", err)
	}
	want := exercises.Files{"triangle.go": []byte("package triangle // from the editor")}
	if diff := cmp.Diff(want, conflict.Files); diff != "" {
		t.Errorf("versions of the disk (-want +got):\n%s", diff)
	}
	if _, err := os.Stat(filepath.Join(w.Path("triangle"), "a.go")); err == nil {
		t.Error("a.go was written; after a conflict nothing may be")
	}
}

func TestSaveNames(t *testing.T) {
	w, e := started(t)
	for _, name := range []string{"../x.go", "/x.go", "sub/x.go", `sub\x.go`, "triangle_test.go", "go.mod", "_x.go", ".x.go", "C:x.go", ""} {
		err := w.Save(e, exercises.Files{name: []byte("package x")}, nil)
		wantHint(t, err, "not the name of a Go file of a solution", "end in .go")
	}
}

func TestSaveFollowsNoLinks(t *testing.T) {
	w, e := started(t)
	outside := filepath.Join(t.TempDir(), "outside.go")
	if err := os.WriteFile(outside, []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(w.Path("triangle"), "triangle.go")
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, link); err != nil {
		t.Skipf("needs a system with symbolic links: %v", err)
	}
	err := w.Save(e, exercises.Files{"triangle.go": []byte("package triangle")}, nil)
	wantHint(t, err, "saving triangle.go", "a symbolic link leads out of the workspace")
	_, err = w.Solution(e)
	wantHint(t, err, "reading your solution of triangle", "a symbolic link leads out of the workspace")

	if err := os.RemoveAll(w.Path("triangle")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Dir(outside), w.Path("triangle")); err != nil {
		t.Fatal(err)
	}
	_, err = w.Start(e)
	wantHint(t, err, "starting triangle", "a symbolic link leads out of the workspace")
	if entries, _ := os.ReadDir(filepath.Dir(outside)); len(entries) != 1 {
		t.Errorf("the folder outside has %v now, want only outside.go", entries)
	}
	if got, _ := os.ReadFile(outside); string(got) != "precious" {
		t.Errorf("the file outside is now %q", got)
	}
}

// TestSaveDiskFull lets the disk take half of the file.
func TestSaveDiskFull(t *testing.T) {
	w, e := started(t)
	before := content(t, w, "triangle/triangle.go")
	w.write = func(f *os.File, data []byte) error {
		n, _ := f.Write(data[:len(data)/2])
		return &os.PathError{Op: "write", Path: f.Name(), Err: errors.Join(syscall.ENOSPC, errors.New("after "+string(data[:n])))}
	}
	err := w.Save(e, exercises.Files{"triangle.go": []byte("package triangle // longer than before")}, nil)
	wantHint(t, err, "saving triangle.go", "free some space")
	if got := content(t, w, "triangle/triangle.go"); got != before {
		t.Errorf("after a failed Save the file is %q, want its old content", got)
	}
	leftovers(t, w)
}

func TestReset(t *testing.T) {
	w, e := started(t)
	starter := content(t, w, "triangle/triangle.go")
	test := content(t, w, "triangle/triangle_test.go")
	mine := map[string]string{
		"triangle.go":      "package triangle // mine",
		"triangle_test.go": "package triangle // my test",
		"pairs.go":         "package triangle // more",
	}
	for name, data := range mine {
		write(t, w, "triangle/"+name, data)
	}
	write(t, w, "triangle/notes.txt", "think")

	backup, err := w.Reset(e)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(backup, filepath.Join(w.Dir, ".hotloop", "backup", "triangle")) {
		t.Errorf("backup in %s, want it below .hotloop/backup/triangle", backup)
	}
	for name, want := range mine {
		if got, err := os.ReadFile(filepath.Join(backup, name)); string(got) != want {
			t.Errorf("the backup of %s is %q, %v; want %q", name, got, err, want)
		}
	}
	if got := content(t, w, "triangle/triangle.go"); got != starter {
		t.Errorf("triangle.go is %q, want the starter's", got)
	}
	if got := content(t, w, "triangle/triangle_test.go"); got != test {
		t.Errorf("triangle_test.go is %q, want hotloop's", got)
	}
	if _, err := os.Stat(filepath.Join(w.Path("triangle"), "pairs.go")); err == nil {
		t.Error("pairs.go is still there; it may not compile with the starter")
	}
	if got := content(t, w, "triangle/notes.txt"); got != "think" {
		t.Errorf("notes.txt is %q, want it untouched", got)
	}
	second, err := w.Reset(e)
	if err != nil || second == backup {
		t.Errorf("second Reset: backup in %s, %v; want a folder of its own", second, err)
	}
}

func TestResetNotStarted(t *testing.T) {
	_, err := newWorkspace(t).Reset(exercise(t, "triangle"))
	wantHint(t, err, "not started yet", "hotloop start triangle")
}

// What an exercise allows beside the standard library, the copy's go.mod requires: "go test" works in it, offline.
func TestAllowedModulesBuild(t *testing.T) {
	files := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS(testContent), "basics/triangle", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(testContent, filepath.FromSlash(name)))
		files[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	yaml := files["basics/triangle/exercise.yaml"]
	yaml.Data = append(yaml.Data, "allowed: [github.com/google/pprof/profile]\n"...)
	catalog, err := exercises.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	e, err := catalog.Lookup("triangle")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorkspace(t)
	if _, err := w.Start(e); err != nil {
		t.Fatal(err)
	}
	write(t, w, "triangle/extra.go", "package triangle\n\nimport \"github.com/google/pprof/profile\"\n\nvar _ profile.Profile\n")
	cmd := exec.Command("go", "vet", ".")
	cmd.Dir = w.Path("triangle")
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("go vet in the learner's copy: %v\n%s", err, out)
	}
}
