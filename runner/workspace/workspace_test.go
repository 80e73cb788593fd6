package workspace

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hotloop/exercises"
)

// testContent are the small exercises that the command's scripts use, too.
const testContent = "../../cmd/hotloop/testdata/content/exercises"

func exercise(t *testing.T, slug string) *exercises.Exercise {
	t.Helper()
	catalog, err := exercises.Load(os.DirFS(testContent))
	if err != nil {
		t.Fatal(err)
	}
	e, err := catalog.Lookup(slug)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func newWorkspace(t *testing.T) *Workspace {
	t.Helper()
	w, _, err := Init(filepath.Join(t.TempDir(), "ws"))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// started is a workspace with the exercise triangle in it.
func started(t *testing.T) (*Workspace, *exercises.Exercise) {
	t.Helper()
	w, e := newWorkspace(t), exercise(t, "triangle")
	if _, err := w.Start(e); err != nil {
		t.Fatal(err)
	}
	return w, e
}

func write(t *testing.T, w *Workspace, name, content string) {
	t.Helper()
	file := filepath.Join(w.Dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, w *Workspace, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(w.Dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// leftovers fails the test if a file that was being written is still there.
func leftovers(t *testing.T, w *Workspace) {
	t.Helper()
	err := filepath.WalkDir(w.Dir, func(file string, _ os.DirEntry, err error) error {
		if strings.HasPrefix(filepath.Base(file), tempPrefix) {
			t.Errorf("%s was left behind", file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func hint(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}

// wantHint fails the test unless err says what and its hint says next.
func wantHint(t *testing.T, err error, what, next string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", what)
	}
	if !strings.Contains(err.Error(), what) {
		t.Errorf("error %q, want %q in it", err, what)
	}
	if !strings.Contains(hint(err), next) {
		t.Errorf("hint %q, want %q in it", hint(err), next)
	}
}

func TestInit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "ws")
	w, created, err := Init(dir)
	if err != nil || !created || w.Dir != dir {
		t.Fatalf("Init(%s) = %+v, %v, %v; want the folder, created", dir, w, created, err)
	}
	write(t, w, ".hotloop/kit/exercises/kit/old.go", "package kit // of an older hotloop")
	write(t, w, ".hotloop/kit/go.mod", "module hotloop\n\ngo 1.2\n")
	if _, created, err = Init(dir); err != nil || created {
		t.Fatalf("Init of a workspace = created %v, %v; want false, nil", created, err)
	}
	if got := content(t, w, ".hotloop/kit/go.mod"); got != kitModule {
		t.Errorf("the kit's go.mod is %q, want %q: Init brings the kit up to date", got, kitModule)
	}
	if _, err := os.Stat(filepath.Join(dir, ".hotloop/kit/exercises/kit/old.go")); err == nil {
		t.Error("a file of an older kit is still there; it would be compiled")
	}
	leftovers(t, w)
}

func TestInitWhereAFileStands(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ws")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, err := Init(file)
	wantHint(t, err, "making a workspace in "+file, "a file stands where a folder is needed")
}

func TestFind(t *testing.T) {
	w, _ := started(t)
	for _, from := range []string{w.Dir, w.Path("triangle")} {
		found, err := Find(from)
		if err != nil || found.Dir != w.Dir {
			t.Errorf("Find(%s) = %v, %v; want %s", from, found, err, w.Dir)
		}
	}
	_, err := Find(filepath.Dir(w.Dir))
	if !errors.Is(err, ErrNone) {
		t.Errorf("Find outside = %v, want ErrNone", err)
	}
	wantHint(t, err, "no workspace", "hotloop init")
}

func TestExerciseOfAFolder(t *testing.T) {
	w, _ := started(t)
	for dir, want := range map[string]string{
		w.Path("triangle"):               "triangle",
		filepath.Join(w.Dir, ".hotloop"): "",
		w.Dir:                            "",
		filepath.Dir(w.Dir):              "",
	} {
		if got := w.Exercise(dir); got != want {
			t.Errorf("Exercise(%s) = %q, want %q", dir, got, want)
		}
	}
}

func TestCurrent(t *testing.T) {
	w := newWorkspace(t)
	if slug, err := w.Current(); slug != "" || err != nil {
		t.Errorf("Current of a new workspace = %q, %v", slug, err)
	}
	if err := w.SetCurrent("triangle"); err != nil {
		t.Fatal(err)
	}
	if slug, err := w.Current(); slug != "triangle" || err != nil {
		t.Errorf("Current = %q, %v; want triangle", slug, err)
	}
}

// TestPlainGo runs what an editor and a learner run, without network and settings.
func TestPlainGo(t *testing.T) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("needs Go: https://go.dev/dl")
	}
	w, e := started(t)
	run := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), goTool, args...)
		cmd.Dir = w.Path("triangle")
		cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=", "GOTOOLCHAIN=local")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run("vet", "./..."); err != nil {
		t.Errorf("go vet: %v\n%s", err, out)
	}
	if out, err := run("test", "./..."); err == nil || !strings.Contains(out, "FAIL: TestSmall") {
		t.Errorf("go test of the starter: %v, want TestSmall to fail\n%s", err, out)
	}
	reference, err := e.Variant("reference")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Save(e, reference.Files, nil); err != nil {
		t.Fatal(err)
	}
	if out, err := run("test", "./..."); err != nil {
		t.Errorf("go test of the reference: %v\n%s", err, out)
	}
	if out, err := run("list", "-m", "all"); err != nil || !strings.HasPrefix(out, "triangle\nhotloop v0.0.0 => ../.hotloop/kit") {
		t.Errorf("go list -m all: %v, want the module triangle and the kit beside it\n%s", err, out)
	}
}

func TestSlugs(t *testing.T) {
	w, _ := started(t)
	if diff := cmp.Diff([]string{"triangle"}, w.Slugs([]string{"clamp", "triangle"})); diff != "" {
		t.Errorf("exercises with a folder (-want +got):\n%s", diff)
	}
}
