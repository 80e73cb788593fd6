package gotool

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestTrimRemovesWhatIsUnused(t *testing.T) {
	cache := t.TempDir()
	now := time.Now()
	names := []string{"bin/old-naive-1", "bin/new-naive-2", "kit-old", "kit-new", "packages-old/main-1", "packages-new/main-1", "cacheprog-old/cacheprog", "tmp-old", "tmp-new", "foreign-old"}
	for _, name := range names {
		path := filepath.Join(cache, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	old := now.Add(-keptFor - time.Minute)
	for _, name := range []string{"bin/old-naive-1", "kit-old", "packages-old", "cacheprog-old", "tmp-old", "foreign-old"} {
		if err := os.Chtimes(filepath.Join(cache, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	trim(cache, now)
	want := []string{"bin/new-naive-2", "foreign-old", "kit-new", "packages-new/main-1", "tmp-new", "trimmed"}
	if got := allFiles(t, cache); !slices.Equal(got, want) {
		t.Errorf("after trim there is\n%q; want what was used in the last week, and what is not hotloop's:\n%q", got, want)
	}

	tomorrow := now.Add(trimEvery - time.Minute)
	if err := os.Chtimes(filepath.Join(cache, "kit-new"), old, old); err != nil {
		t.Fatal(err)
	}
	trim(cache, tomorrow)
	if got := allFiles(t, cache); !slices.Equal(got, want) {
		t.Errorf("trimmed again within a day: there is %q, want nothing changed: %q", got, want)
	}
}

func TestWhatIsUsedIsKept(t *testing.T) {
	cache := t.TempDir()
	if inUse(filepath.Join(cache, "kit-1")) {
		t.Error("a folder that does not exist is said to be in use")
	}
	kit, err := writeKit(cache)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	old := now.Add(-keptFor - time.Minute)
	if err := os.Chtimes(kit, old, old); err != nil {
		t.Fatal(err)
	}
	if again, err := writeKit(cache); err != nil || again != kit {
		t.Fatalf("writeKit = %q, %v; want %q again", again, err, kit)
	}
	trim(cache, now)
	if _, err := os.Stat(filepath.Join(kit, "go.mod")); err != nil {
		t.Errorf("the kit was used a moment ago, and trim removed it: %v", err)
	}
}

func allFiles(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(dir, path)
			names = append(names, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
