package exercises

import (
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// A document is the YAML behind an exercise, kept for the lines of its fields.
type document struct{ root *yaml.Node }

// find follows keys (string) and indexes (int) as far as they lead. It returns the node to point at, a field's key
// rather than its value, and whether the whole path is there.
func (d document) find(at ...any) (node *yaml.Node, ok bool) {
	node = d.root
	value := d.root
	for _, step := range at {
		var next *yaml.Node
		switch step := step.(type) {
		case string:
			if value != nil && value.Kind == yaml.MappingNode {
				for i := 0; i+1 < len(value.Content); i += 2 {
					if value.Content[i].Value == step {
						node, next = value.Content[i], value.Content[i+1]
					}
				}
			}
		case int:
			if value != nil && value.Kind == yaml.SequenceNode && step < len(value.Content) {
				node, next = value.Content[step], value.Content[step]
			}
		}
		if next == nil {
			return node, false
		}
		value = next
	}
	return node, node != nil
}

// line is the line of the field, or of the nearest thing around it that is there.
func (d document) line(at ...any) int {
	if node, _ := d.find(at...); node != nil {
		return node.Line
	}
	return 0
}

func (c *checker) readDescription() {
	content, err := c.e.read("exercise.yaml")
	if err != nil {
		c.faultf("exercise.yaml", 0, "is missing; expected the description of the exercise")
		return
	}
	if !utf8.Valid(content) {
		c.faultf("exercise.yaml", 0, "is not UTF-8 text")
		return
	}
	var root yaml.Node
	if err := yaml.Load(content, &root); err != nil {
		c.yamlFaults(err)
		return
	}
	if root.Kind == yaml.DocumentNode && len(root.Content) > 0 {
		c.doc.root = root.Content[0]
	}
	if err := yaml.Load(content, c.e, yaml.WithKnownFields()); err != nil {
		c.yamlFaults(err)
	}
}

var (
	unknownField = regexp.MustCompile(`^field (.+) not found in type exercises\.(\w+)$`)
	wrongType    = regexp.MustCompile("^cannot construct (\\S+)(?: `((?s:.*))`)? into (.+)$")
)

func (c *checker) yamlFaults(err error) {
	var list []*yaml.LoadError
	if all, ok := errors.AsType[*yaml.LoadErrors](err); ok {
		list = all.Errors
	} else if one, ok := errors.AsType[*yaml.LoadError](err); ok {
		list = append(list, one)
	} else {
		c.faultf("exercise.yaml", 0, "%v", err)
	}
	for _, e := range list {
		c.faultf("exercise.yaml", e.Mark.Line, "%s", explainYAML(e.Message))
	}
}

// explainYAML says the decoder's complaint in the words of the file's author.
func explainYAML(message string) string {
	if m := unknownField.FindStringSubmatch(message); m != nil {
		return "unknown field " + m[1] + "; expected one of " + strings.Join(fields(m[2]), ", ")
	}
	if m := wrongType.FindStringSubmatch(message); m != nil {
		got := m[2]
		if got == "" {
			got = map[string]string{"!!seq": "a list", "!!map": "a mapping"}[m[1]]
		}
		return "got " + got + "; expected " + kindOf(m[3])
	}
	return message
}

func kindOf(goType string) string {
	switch {
	case goType == "int", goType == "float64":
		return "a number"
	case goType == "time.Duration":
		return `a duration such as "10s"`
	case goType == "bool":
		return "true or false"
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case strings.HasPrefix(goType, "exercises."):
		return "a mapping of fields"
	}
	return "a " + goType
}

// fields are the YAML names of a type's fields, in order.
func fields(typeName string) (names []string) {
	for _, t := range []any{Exercise{}, Limits{}, Target{}, Chart{}, Mutant{}, Equivalent{}, Library{}} {
		if t := reflect.TypeOf(t); t.Name() == typeName {
			for f := range t.Fields() {
				if tag := f.Tag.Get("yaml"); tag != "" && tag != "-" {
					names = append(names, tag)
				}
			}
		}
	}
	return names
}

// at is a path into exercise.yaml.
func at(steps ...any) []any { return steps }

// required reports whether the field is there and not empty; if not, that is a fault, unless the decoder already
// complained of what stands there.
func (c *checker) required(value any, what string, path ...any) bool {
	if v := reflect.ValueOf(value); !v.IsZero() && (v.Kind() != reflect.Slice || v.Len() > 0) {
		return true
	}
	switch node, ok := c.doc.find(path...); {
	case !ok:
		c.yamlf(path, "%s is missing; expected %s", path[len(path)-1], what)
	case !c.complained(node.Line):
		c.yamlf(path, "%s is empty; expected %s", path[len(path)-1], what)
	}
	return false
}

func (c *checker) complained(line int) bool {
	return slices.ContainsFunc(c.faults, func(f Fault) bool {
		return f.Line == line && strings.HasSuffix(f.File, "/exercise.yaml")
	})
}

var (
	lessonPattern = regexp.MustCompile(`^[a-z0-9-]+/[a-z0-9-]+$`)
	seedPattern   = regexp.MustCompile(`^[A-Z][0-9]+(\.[0-9]+)?$`)
)

// checkDescription checks every field, and what fields say of the files.
func (c *checker) checkDescription() {
	if c.doc.root == nil {
		return
	}
	e := c.e
	c.required(e.Title, "a title", "title")
	c.required(e.Summary, "one sentence", "summary")
	if c.required(e.Difficulty, "1 to 4", "difficulty") && (e.Difficulty < 1 || e.Difficulty > 4) {
		c.yamlf(at("difficulty"), "difficulty is %d; expected 1 to 4", e.Difficulty)
	}
	if c.required(e.Minutes, "5 to 240", "minutes") && (e.Minutes < 5 || e.Minutes > 240) {
		c.yamlf(at("minutes"), "minutes is %d; expected 5 to 240", e.Minutes)
	}
	if c.required(e.Lesson, "topic/lesson", "lesson") && !lessonPattern.MatchString(e.Lesson) {
		c.yamlf(at("lesson"), "lesson is %q; expected topic/lesson", e.Lesson)
	}
	for i, id := range e.Seed {
		if !seedPattern.MatchString(id) {
			c.yamlf(at("seed", i), `seed is %q; expected an id such as "L7.1"`, id)
		}
	}
	c.atLeast(1, e.Seed, "seed")
	c.atLeast(1, e.Concepts, "concepts")
	c.atLeast(3, e.Hints, "hints")
	c.atLeast(1, e.FollowUps, "follow_ups")
	c.atLeast(1, e.Pitfalls, "pitfalls")
	for i, l := range e.Libraries {
		c.required(l.Path, "an import path or a package name", "libraries", i, "path")
		c.required(l.Why, "one sentence", "libraries", i, "why")
	}
	c.checkLimits()
	c.checkTargets()
	c.checkCharts()
	c.checkMutants()
	c.checkEquivalent()
	c.checkAlternatives()
	c.checkAllowed()
}

// atLeast checks a list of sentences: how many there are, and that none is empty.
func (c *checker) atLeast(n int, list []string, field string) {
	if node, ok := c.doc.find(field); len(list) < n && !(ok && c.complained(node.Line)) {
		c.yamlf(at(field), "%s has %d entries; expected at least %d", field, len(list), n)
	}
	for i, text := range list {
		if strings.TrimSpace(text) == "" {
			c.yamlf(at(field, i), "%s has an empty entry", field)
		}
	}
}

const maxTime = time.Minute

func (c *checker) checkLimits() {
	l := c.e.Limits
	if l.Time < 0 || l.Time > maxTime {
		c.yamlf(at("limits", "time"), "time is %v; expected at most %v", l.Time, maxTime)
	}
	if l.Procs < 0 {
		c.yamlf(at("limits", "procs"), "procs is %d; expected a number of processes", l.Procs)
	}
}
