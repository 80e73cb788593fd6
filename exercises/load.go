package exercises

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

var slugPattern = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// Load reads and checks the exercises of a tree whose folders are <topic>/<slug>. If anything in it is not as it should
// be, the error is of type Faults and tells all of it.
func Load(fsys fs.FS) (*Catalog, error) {
	topics, err := topics(fsys)
	if err != nil {
		return nil, fmt.Errorf("reading exercises: %w", err)
	}
	c := &Catalog{}
	var faults Faults
	for _, topic := range topics {
		entries, err := fs.ReadDir(fsys, topic)
		if err != nil {
			faults = append(faults, readFault("exercises/"+topic, err))
		}
		for _, entry := range entries {
			if !entry.IsDir() || hidden(entry.Name()) {
				continue
			}
			e, found := loadExercise(fsys, topic, entry.Name())
			c.exercises = append(c.exercises, e)
			faults = append(faults, found...)
		}
	}
	faults = append(faults, duplicateSlugs(c.exercises)...)
	if len(c.exercises) == 0 {
		faults = append(faults, Fault{File: "exercises", Message: "holds no exercise; expected folders <topic>/<slug> with an exercise.yaml"})
	}
	if len(faults) > 0 {
		faults.sort()
		return nil, faults
	}
	slices.SortFunc(c.exercises, func(a, b *Exercise) int {
		return cmp.Or(strings.Compare(a.Topic, b.Topic), strings.Compare(a.Slug, b.Slug))
	})
	return c, nil
}

// topics are the folders at the root that hold exercises: all but the kit, test data and hidden ones.
func topics(fsys fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(fsys, ".")
	var names []string
	for _, entry := range entries {
		if name := entry.Name(); entry.IsDir() && name != "kit" && name != "testdata" && !hidden(name) {
			names = append(names, name)
		}
	}
	return names, err
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") }

func readFault(file string, err error) Fault {
	if perr, ok := errors.AsType[*fs.PathError](err); ok {
		err = perr.Err
	}
	return Fault{File: file, Message: "cannot be read: " + err.Error()}
}

func duplicateSlugs(exercises []*Exercise) (faults Faults) {
	first := map[string]*Exercise{}
	for _, e := range exercises {
		if other, ok := first[e.Slug]; ok {
			faults = append(faults, Fault{File: "exercises/" + e.Topic + "/" + e.Slug,
				Message: fmt.Sprintf("slug %s is taken by exercises/%s/%s; expected another folder name", e.Slug, other.Topic, other.Slug)})
			continue
		}
		first[e.Slug] = e
	}
	return faults
}

// loadExercise reads one folder and finds everything that is wrong with it.
func loadExercise(fsys fs.FS, topic, slug string) (*Exercise, Faults) {
	e := &Exercise{Slug: slug, Topic: topic}
	c := &checker{e: e, dir: "exercises/" + topic + "/" + slug}
	sub, err := fs.Sub(fsys, path.Join(topic, slug))
	if err != nil {
		return e, Faults{readFault(c.dir, err)}
	}
	e.fsys = sub
	if !slugPattern.MatchString(slug) {
		c.faultf("", 0, "folder name %q; expected lower-case words joined by hyphens", slug)
	}
	c.checkFolder()
	c.checkStatement()
	c.readDescription()
	c.readSources()
	c.checkSources()
	c.checkDescription()
	return e, c.faults
}

// A checker collects the faults of one exercise folder.
type checker struct {
	e      *Exercise
	dir    string // as faults name it
	doc    document
	faults Faults

	variants   map[string][]*source // "reference", "starter", "naive", "alternatives/x", "mutants/x" → files that parse
	tests      []*source
	testNames  map[string]bool // TestX
	benchmarks map[string]bool // without prefix
	literals   map[string]bool // string literals of the tests: units and series are among them
}

func (c *checker) faultf(file string, line int, format string, args ...any) {
	c.faults = append(c.faults, Fault{File: path.Join(c.dir, file), Line: line, Message: fmt.Sprintf(format, args...)})
}

// yamlf is a fault at a place in exercise.yaml: the keys and indexes that lead there.
func (c *checker) yamlf(at []any, format string, args ...any) {
	c.faultf("exercise.yaml", c.doc.line(at...), format, args...)
}

// checkFolder looks for what does not belong, anywhere below.
func (c *checker) checkFolder() {
	err := fs.WalkDir(c.e.fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			c.faults = append(c.faults, readFault(path.Join(c.dir, name), err))
			return fs.SkipDir
		case entry.Name() == "go.mod":
			c.faultf(name, 0, "a module of its own cannot be built into hotloop; expected no go.mod: the workspace writes one")
		case entry.IsDir() && name != "." && !strings.Contains(name, "/") && !slices.Contains([]string{"starter", "alternatives", "naive", "mutants", "testdata"}, name):
			c.faultf(name, 0, "unknown folder; expected starter, alternatives, naive, mutants or testdata")
		case entry.Type()&fs.ModeSymlink != 0:
			c.faultf(name, 0, "is a symbolic link; expected a regular file")
		}
		return nil
	})
	if err != nil {
		c.faults = append(c.faults, readFault(c.dir, err))
	}
}
