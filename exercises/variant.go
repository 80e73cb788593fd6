package exercises

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"
)

// Statement is the README: what to build, in Markdown.
func (e *Exercise) Statement() ([]byte, error) { return e.read("README.md") }

// Tests are the files that a solution is tested and measured with, the benchmarks among them.
func (e *Exercise) Tests() (Files, error) { return e.folder(".", isTestFile) }

// Starter is what the learner begins with.
func (e *Exercise) Starter() (Files, error) { return e.folder("starter", isSource) }

// TestNames are the names of the top-level tests, in the order of files and lines: what must pass.
func (e *Exercise) TestNames() ([]string, error) { return e.testFuncs("Test") }

// BenchmarkNames are the names of the benchmarks without their prefix: "GetHit".
func (e *Exercise) BenchmarkNames() ([]string, error) {
	names, err := e.testFuncs("Benchmark")
	for i, name := range names {
		names[i] = strings.TrimPrefix(name, "Benchmark")
	}
	return names, err
}

func (e *Exercise) testFuncs(prefix string) ([]string, error) {
	files, err := e.Tests()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		src, err := parseSource(name, files[name])
		if err != nil {
			return nil, fmt.Errorf("reading the tests of %s: %w", e.Slug, err)
		}
		for _, f := range src.testFuncs() {
			if f.prefix == prefix {
				names = append(names, f.decl.Name.Name)
			}
		}
	}
	return names, nil
}

// Alternatives are the names of the correct solutions in another style, in order.
func (e *Exercise) Alternatives() ([]string, error) {
	entries, err := fs.ReadDir(e.fsys, "alternatives")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the alternatives of %s: %w", e.Slug, err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// Variants yields starter, reference, the alternatives, naive and then the mutants in the order of exercise.yaml. After
// an error it goes on with the next one.
func (e *Exercise) Variants() iter.Seq2[Variant, error] {
	return func(yield func(Variant, error) bool) {
		alternatives, err := e.Alternatives()
		if err != nil && !yield(Variant{Name: "alternatives", Role: Alternative}, err) {
			return
		}
		names := slices.Concat([]string{string(Starter), string(Reference)}, alternatives, []string{string(Naive)})
		for _, m := range e.Mutants {
			names = append(names, m.Name)
		}
		for _, name := range names {
			if !yield(e.Variant(name)) {
				return
			}
		}
	}
}

// Variant is "starter", "reference", "naive", or the alternative or mutant of that name; ErrNotFound for any other.
func (e *Exercise) Variant(name string) (Variant, error) {
	v := Variant{Name: name, Role: Role(name)}
	var err error
	switch v.Role {
	case Starter, Naive:
		v.Files, err = e.folder(name, isSource)
	case Reference:
		v.Files, err = e.folder(".", isSource)
	default:
		i := slices.IndexFunc(e.Mutants, func(m Mutant) bool { return m.Name == name })
		if i < 0 {
			return e.alternative(name)
		}
		v.Role, v.KilledBy = MutantRole, e.Mutants[i].KilledBy
		v.Files, err = e.mutate(e.Mutants[i])
	}
	return v, err
}

func (e *Exercise) alternative(name string) (Variant, error) {
	names, err := e.Alternatives()
	if err != nil {
		return Variant{}, err
	}
	if !slices.Contains(names, name) {
		return Variant{}, fmt.Errorf("%w: %s has no variant %q", ErrNotFound, e.Slug, name)
	}
	files, err := e.folder(path.Join("alternatives", name), isSource)
	return Variant{Name: name, Role: Alternative, Files: files}, err
}

// mutate makes the mutant's files: the reference with the edit applied, or the mutant's own folder.
func (e *Exercise) mutate(m Mutant) (Files, error) {
	if m.File == "" {
		return e.folder(path.Join("mutants", m.Name), isSource)
	}
	files, err := e.folder(".", isSource)
	if err != nil {
		return nil, err
	}
	content, ok := files[m.File]
	if !ok {
		return nil, fmt.Errorf("making mutant %s of %s: the reference has no file %q", m.Name, e.Slug, m.File)
	}
	if n := bytes.Count(content, []byte(m.Find)); m.Find == "" || n != 1 {
		return nil, fmt.Errorf("making mutant %s of %s: the text to find occurs %d times in %s; expected once", m.Name, e.Slug, n, m.File)
	}
	files[m.File] = bytes.Replace(content, []byte(m.Find), []byte(m.Replace), 1)
	return files, nil
}

// Hash identifies what a result of this exercise rests on: its tests, naive, reference and exercise.yaml. Results of
// different hashes cannot be compared, and what was built for one is of no use for another.
func (e *Exercise) Hash() (string, error) {
	yaml, err := e.read("exercise.yaml")
	if err != nil {
		return "", err
	}
	all := Files{"exercise.yaml": yaml}
	for _, part := range []struct {
		folder string
		want   func(string) bool
	}{{".", isTestFile}, {".", isSource}, {"naive", isSource}} {
		files, err := e.folder(part.folder, part.want)
		if err != nil {
			return "", err
		}
		for name, content := range files {
			all[path.Join(part.folder, name)] = content
		}
	}
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(h, "%s %d\n%s", name, len(all[name]), all[name])
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (e *Exercise) read(name string) ([]byte, error) {
	b, err := fs.ReadFile(e.fsys, name)
	if err != nil {
		return nil, fmt.Errorf("reading exercise %s: %w", e.Slug, err)
	}
	return b, nil
}

// folder reads the regular files of one folder whose names are wanted.
func (e *Exercise) folder(folder string, want func(name string) bool) (Files, error) {
	entries, err := fs.ReadDir(e.fsys, folder)
	if err != nil {
		return nil, fmt.Errorf("reading exercise %s: %w", e.Slug, err)
	}
	files := Files{}
	for _, entry := range entries {
		if !entry.Type().IsRegular() || !want(entry.Name()) {
			continue
		}
		if files[entry.Name()], err = e.read(path.Join(folder, entry.Name())); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func isSource(name string) bool { return strings.HasSuffix(name, ".go") && !isTestFile(name) }
