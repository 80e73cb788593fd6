package gotool

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/report"
)

// rules are what the source of a solution must keep to, so that it is a solution of an exercise and not a change of how
// that is run. What merely does not compile is left to the compiler, which explains it better.
//
// Tests and solution are one package and one process. A stranger's code must therefore not get at the memory of the
// process, at files and descriptors, at the toolchain, or at names and variables that the tests are made of; then it can
// only compute answers. On one's own machine a verdict is for oneself, and little is forbidden.
type rules struct {
	pkg     string
	allowed []string // import paths, of the exercise

	strict bool            // the solution may be a stranger's
	taken  map[string]bool // strict: the package-level variables of the tests
}

func (x *Executor) rules(ex *exercises.Exercise, tests *testFiles) rules {
	return rules{pkg: tests.pkg, allowed: ex.Allowed, strict: x.Isolated, taken: tests.vars}
}

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,60}\.go$`)

// check is nil or a *executor.Refusal. It reads text and takes time in proportion to it, whatever the text is.
func (r rules) check(files exercises.Files) error {
	if len(files) == 0 {
		return &executor.Refusal{Reason: "There is no Go file in the solution."}
	}
	names := slices.Sorted(maps.Keys(files))
	for _, name := range names {
		if !namePattern.MatchString(name) || strings.HasSuffix(name, "_test.go") {
			return &executor.Refusal{Reason: fmt.Sprintf("%q cannot be part of a solution: it consists of Go files with lower-case names that are not tests.", name)}
		}
	}
	var found []report.Diagnostic
	for _, name := range names {
		s := sourceCheck{rules: r, name: name}
		s.check(files[name])
		slices.SortStableFunc(s.found, func(a, b report.Diagnostic) int { return cmp.Compare(a.Line, b.Line) })
		found = append(found, s.found...)
	}
	if len(found) > 0 {
		first := found[0]
		return &executor.Refusal{Reason: fmt.Sprintf("%s:%d: %s", first.File, first.Line, first.Message), Diagnostics: found[:min(len(found), maxFound)]}
	}
	return nil
}

// importRefused says why a solution may not import path; empty if it may.
func (r rules) importRefused(path string) string {
	first, _, _ := strings.Cut(path, "/")
	reach := exercises.Restricted(path)
	switch {
	case path == "C":
		return "solutions are pure Go"
	case slices.Contains(strings.Split(path, "/"), "internal"):
		return "only its owner may use an internal package"
	case first == "hotloop" || first == modulePath:
		return "only tests use hotloop's packages"
	case slices.Contains(r.allowed, path):
		return ""
	case strings.Contains(first, "."):
		return "this exercise allows " + listed("the standard library only", "the standard library and ", r.allowed)
	case r.strict && reach != "":
		const most = "the packages of the standard library that only compute (fmt, slices, sync, time, …)"
		return "it " + reach + "; this exercise allows " + listed(most, most+" and ", r.allowed)
	}
	return ""
}

func listed(none, before string, paths []string) string {
	if len(paths) == 0 {
		return none
	}
	return before + strings.Join(paths, ", ")
}

// refusedDirectives are orders to the toolchain that reach beyond the package, and what they do.
var refusedDirectives = map[string]string{
	"//go:linkname":           "reaches into other packages",
	"//go:embed":              "takes in files, the tests among them",
	"//go:cgo_import_dynamic": "reaches into other libraries",
	"//go:cgo_ldflag":         "reaches into the linker",
}

// directiveRefused says why a solution may not have a comment; empty if it may.
func (r rules) directiveRefused(comment string) string {
	word := strings.Fields(comment)[0]
	does := refusedDirectives[word]
	if r.strict && does == "" {
		does = orderTo(comment, word)
	}
	switch {
	case does == "":
		return ""
	case r.strict:
		return fmt.Sprintf("%s %s; this exercise allows no order to the toolchain but //go:noinline", word, does)
	}
	return fmt.Sprintf("%s %s, and is not part of a solution", strings.TrimPrefix(word, "//"), does)
}

// orderTo says what a comment does that is no mere comment; empty for others.
func orderTo(comment, word string) string {
	plain, isLine := strings.CutPrefix(comment, "//")
	switch {
	case word == "//go:noinline":
	case strings.HasPrefix(word, "//go:build"), isLine && strings.HasPrefix(strings.TrimLeft(plain, " \t"), "+build"):
		return "chooses what is compiled"
	case strings.HasPrefix(word, "//go:"):
		return "changes how the code is compiled"
	case word == "//line", strings.HasPrefix(comment, "/*line "):
		return "makes the compiler tell of other files and lines"
	case word == "//export", word == "//extern":
		return "reaches into other libraries"
	}
	return ""
}
