package exercises

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"go.yaml.in/yaml/v4"
)

func load(t *testing.T, fsys fs.FS) *Exercise {
	t.Helper()
	c, err := Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return c.exercises[0]
}

func TestVariants(t *testing.T) {
	e := load(t, good())
	want := []struct {
		name string
		role Role
		text string // in add.go
	}{
		{"starter", Starter, "return 0"},
		{"reference", Reference, "return a + b"},
		{"by-one", Alternative, "return a - -b"},
		{"naive", Naive, "return b + a"},
		{"subtracts", MutantRole, "return a - b"},
		{"ignores-b", MutantRole, "return a }"},
		{"ignores-a", MutantRole, "return b }"},
		{"doubles", MutantRole, "return 2*a + b"},
		{"another-program", MutantRole, "return 3"},
	}
	i := 0
	for v, err := range e.Variants() {
		if err != nil {
			t.Fatal(err)
		}
		if v.Name != want[i].name || v.Role != want[i].role || len(v.Files) != 1 || !strings.Contains(string(v.Files["add.go"]), want[i].text) {
			t.Errorf("variant %d is %s (%s) with add.go\n%s\nwant %+v", i, v.Name, v.Role, v.Files["add.go"], want[i])
		}
		i++
	}
	if i != len(want) {
		t.Errorf("%d variants; want %d", i, len(want))
	}
	if _, err := e.Variant("unknown"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Variant(unknown) = %v; want ErrNotFound", err)
	}
}

func TestHash(t *testing.T) {
	hash := func(fsys fs.FS) string {
		h, err := load(t, fsys).Hash()
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	before := hash(good())
	for name, changes := range map[string]bool{
		"add.go": true, "naive/add.go": true, "add_test.go": true, "add_bench_test.go": true, "exercise.yaml": true,
		"README.md": false, "starter/add.go": false, "alternatives/by-one/add.go": false,
	} {
		fsys := good()
		file := fsys["arithmetic/add/"+name]
		comment := "\n// changed\n"
		if name == "exercise.yaml" {
			comment = "\n# changed\n"
		}
		fsys["arithmetic/add/"+name] = &fstest.MapFile{Data: append(file.Data, comment...)}
		if got := hash(fsys) != before; got != changes {
			t.Errorf("after a change of %s the hash differs: %v; want %v", name, got, changes)
		}
	}
}

func TestLookupAndSuggest(t *testing.T) {
	c := &Catalog{}
	for _, slug := range []string{"lru-cache", "slice-retention", "ticker-leak", "ticker-drift"} {
		c.exercises = append(c.exercises, &Exercise{Slug: slug})
	}
	if _, err := c.Lookup("lru"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Lookup(lru) = %v; want ErrNotFound, since a slug is matched whole", err)
	}
	for word, want := range map[string]string{
		"lru-cache": "lru-cache", "lru": "lru-cache", "l": "lru-cache", "LRU-Cache": "lru-cache",
		"lru-cahce": "lru-cache", "lrucache": "lru-cache", "slice-retension": "slice-retention",
		"ticker": "", "ticker-l": "ticker-leak", "ticker-lek": "ticker-leak",
		"": "", "x": "", "zzzzzz": "", "compress-middleware": "",
	} {
		if got, ok := c.Suggest(word); got != want || ok != (want != "") {
			t.Errorf("Suggest(%q) = %q, %v; want %q", word, got, ok, want)
		}
	}
}

func TestByteSize(t *testing.T) {
	for text, want := range map[string]ByteSize{"0": 0, "4096": 4096, "64KiB": 64 << 10, "1 MiB": 1 << 20, "2GiB": 2 << 30, "7B": 7} {
		var got ByteSize
		if err := yaml.Load([]byte(text), &got); err != nil || got != want {
			t.Errorf("%q is read as %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"64kb", "-1", "1.5MiB", "MiB", "[1]", "9223372036854775807GiB", "99999999999999999999"} {
		var got ByteSize
		if err := yaml.Load([]byte(text), &got); err == nil {
			t.Errorf("%q is read as %d; want an error", text, got)
		}
	}
	for size, want := range map[ByteSize]string{0: "0B", 1000: "1000B", 1536: "1536B", 64 << 10: "64KiB", 3 << 20: "3MiB", 1 << 30: "1GiB"} {
		if got := size.String(); got != want {
			t.Errorf("ByteSize(%d).String() = %q; want %q", size, got, want)
		}
	}
}

func TestKit(t *testing.T) {
	if err := fstest.TestFS(Kit(), "exercises/kit/kit.go", "exercises/kit/harness/harness.go"); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, Kit()); err != nil {
		t.Fatal(err)
	}
	copied, err := os.ReadFile(filepath.Join(dir, "exercises", "kit", "kit.go"))
	original, _ := os.ReadFile("kit/kit.go")
	if err != nil || string(copied) != string(original) {
		t.Errorf("the copied kit.go differs from the original: %v", err)
	}
	err = filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(name, "_test.go") {
			t.Errorf("Kit holds %s; a learner's copy needs no tests of the kit", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestEmbeddedContentIsGood(t *testing.T) {
	if _, err := Load(Embedded()); err != nil {
		t.Error(err)
	}
}
