package gotool

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/report"
)

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,60}\.go$`)

// checkSolution refuses what would not be the solution of an exercise but a change of how it is run. What merely does not
// compile is left to the compiler, which explains it better.
func checkSolution(files exercises.Files, pkg string, allowed []string) error {
	if len(files) == 0 {
		return &executor.Refusal{Reason: "There is no Go file in the solution."}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !namePattern.MatchString(name) || strings.HasSuffix(name, "_test.go") {
			return &executor.Refusal{Reason: fmt.Sprintf("%q cannot be part of a solution: it consists of Go files with lower-case names that are not tests.", name)}
		}
	}
	var found []report.Diagnostic
	for _, name := range slices.Sorted(maps.Keys(files)) {
		found = append(found, checkFile(name, files[name], pkg, allowed)...)
	}
	if len(found) > 0 {
		return &executor.Refusal{Reason: found[0].Message, Diagnostics: found}
	}
	return nil
}

func checkFile(name string, content []byte, pkg string, allowed []string) (found []report.Diagnostic) {
	fset := token.NewFileSet()
	file, _ := parser.ParseFile(fset, name, content, parser.ParseComments|parser.SkipObjectResolution)
	if file == nil || file.Name == nil || file.Name.Name == "" {
		return nil
	}
	complain := func(at ast.Node, format string, args ...any) {
		pos := fset.PositionFor(at.Pos(), false)
		found = append(found, report.Diagnostic{File: name, Line: pos.Line, Column: pos.Column, Message: fmt.Sprintf(format, args...)})
	}
	if file.Name.Name != pkg && file.Name.Name != "_" {
		complain(file.Name, "package is %s; the tests are of package %s", file.Name.Name, pkg)
	}
	for _, spec := range file.Imports {
		if path, err := strconv.Unquote(spec.Path.Value); err == nil {
			if why := importRefused(path, allowed); why != "" {
				complain(spec, "import of %q: %s", path, why)
			}
		}
	}
	for _, decl := range file.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "TestMain" {
			complain(fn.Name, "TestMain belongs to hotloop; give this function another name")
		}
	}
	for _, group := range file.Comments {
		for _, c := range group.List {
			if directive := strings.Fields(c.Text)[0]; refusedDirectives[directive] != "" {
				complain(c, "%s %s, and is not part of a solution", strings.TrimPrefix(directive, "//"), refusedDirectives[directive])
			}
		}
	}
	return found
}

// refusedDirectives are orders to the toolchain that reach beyond the package, and what they do.
var refusedDirectives = map[string]string{
	"//go:linkname":           "reaches into other packages",
	"//go:embed":              "takes in files, the tests among them",
	"//go:cgo_import_dynamic": "reaches into other libraries",
	"//go:cgo_ldflag":         "reaches into the linker",
}

// importRefused says why a solution may not import path; empty if it may.
func importRefused(path string, allowed []string) string {
	first, _, _ := strings.Cut(path, "/")
	switch {
	case path == "C":
		return "solutions are pure Go"
	case slices.Contains(strings.Split(path, "/"), "internal"):
		return "only its owner may use an internal package"
	case first == "hotloop" || first == modulePath:
		return "only tests use hotloop's packages"
	case !strings.Contains(first, ".") || slices.Contains(allowed, path):
		return ""
	case len(allowed) == 0:
		return "this exercise allows the standard library only"
	}
	return "this exercise allows the standard library and " + strings.Join(allowed, ", ")
}
