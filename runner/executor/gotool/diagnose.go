package gotool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/report"
)

const maxFound = 50 // diagnostics of one look

// Diagnose says what the compiler would say of a solution, alone, within milliseconds: it checks types in this process.
// Since nothing holds such a check to limits, it is for a learner's own code; with Isolated, it says only what would be
// refused.
func (x *Executor) Diagnose(ctx context.Context, ex *exercises.Exercise, files exercises.Files) ([]report.Diagnostic, error) {
	tests, err := readTests(ex, executor.Test)
	if err != nil {
		return nil, err
	}
	if refusal, ok := errors.AsType[*executor.Refusal](x.rules(ex, tests).check(files)); ok {
		return asErrors(refusal.Diagnostics), nil
	}
	if x.Isolated {
		return nil, nil
	}
	fset := token.NewFileSet()
	sources, found := parse(fset, files)
	if len(found) > 0 || len(sources) == 0 {
		return found, nil
	}
	lib, err := x.libraryOf(ex)
	if err != nil {
		return nil, err
	}
	imports, err := lib.importer(ctx, sources, ex.Allowed)
	if err != nil {
		return nil, err
	}
	return check(fset, sources, imports)
}

// asErrors are diagnostics of a refusal as the editor marks them.
func asErrors(all []report.Diagnostic) []report.Diagnostic {
	for i := range all {
		all[i].Severity = "error"
	}
	return all
}

// libraryOf is the library that the exercise's tests are built with.
func (x *Executor) libraryOf(ex *exercises.Exercise) (*library, error) {
	tc, err := x.toolchain()
	if err != nil {
		return nil, err
	}
	cache, err := x.cacheDir()
	if err != nil {
		return nil, err
	}
	kit, err := writeKit(cache)
	if err != nil {
		return nil, err
	}
	modules, err := tc.modules(ex)
	if err != nil {
		return nil, err
	}
	return x.library(tc, cache, kit, modules, ex.Race && tc.canRace()), nil
}

// parse reads files in the order of the compiler. Files for other machines are left out.
func parse(fset *token.FileSet, files exercises.Files) (sources []*ast.File, found []report.Diagnostic) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if constrained(name, files[name]) {
			continue
		}
		file, err := parser.ParseFile(fset, name, files[name], parser.SkipObjectResolution)
		var list scanner.ErrorList
		if errors.As(err, &list) {
			list.RemoveMultiples()
			for _, e := range list {
				found = append(found, report.Diagnostic{File: name, Line: e.Pos.Line, Column: e.Pos.Column, Message: "syntax error: " + e.Msg, Severity: "error"})
			}
		}
		if file != nil {
			sources = append(sources, file)
		}
	}
	return sources, found[:min(len(found), maxFound)]
}

// check checks the types of one package. That it panics is a bug of the checker, and no reason to end.
func check(fset *token.FileSet, sources []*ast.File, imports types.Importer) (found []report.Diagnostic, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("checking types: %v", p)
		}
	}()
	conf := types.Config{
		GoVersion: "go" + MinVersion,
		Importer:  imports,
		Sizes:     types.SizesFor("gc", runtime.GOARCH),
		Error: func(err error) {
			e, ok := errors.AsType[types.Error](err)
			if !ok || len(found) >= maxFound {
				return
			}
			pos := e.Fset.PositionFor(e.Pos, false)
			if more, ok := strings.CutPrefix(e.Msg, "\t"); ok && len(found) > 0 { // goes on with what was said before
				found[len(found)-1].Message += fmt.Sprintf("\n\t%v: %s", pos, more)
				return
			}
			found = append(found, report.Diagnostic{File: pos.Filename, Line: pos.Line, Column: pos.Column, Message: e.Msg, Severity: "error"})
		},
	}
	conf.Check(modulePath, fset, sources, nil) // what is wrong was told to Error
	slices.SortStableFunc(found, func(a, b report.Diagnostic) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return found, nil
}

// An exports reads the types of compiled packages, each once.
type exports struct {
	mu    sync.Mutex // go/importer is not for concurrent use
	files map[string]string
	read  types.Importer
	bad   map[string]bool // packages that the go command does not know
}

// importer is ready to import what the sources do, of the standard library and of allowed.
func (l *library) importer(ctx context.Context, sources []*ast.File, allowed []string) (types.Importer, error) {
	l.exports.mu.Lock()
	defer l.exports.mu.Unlock()
	for _, file := range sources {
		for _, spec := range file.Imports {
			path := strings.Trim(spec.Path.Value, "`\"")
			if _, known := l.exports.files[path]; known || l.exports.bad[path] || path == "unsafe" || !importable(path) && !slices.Contains(allowed, path) {
				continue
			}
			if err := l.learn(ctx, path); err != nil {
				return nil, err
			}
		}
	}
	return &l.exports, nil
}

// learn takes in one package, or notes that there is none of that name.
func (l *library) learn(ctx context.Context, path string) error {
	e := &l.exports
	if e.files == nil {
		e.files, e.bad = map[string]string{}, map[string]bool{}
		e.read = importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(e.files[path]) })
	}
	up, err := l.prepare(ctx, []string{path})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		maps.Copy(e.files, up.files)
		return nil
	}
	if _, err := l.prepare(ctx, nil); err != nil { // it is not this package
		return err
	}
	e.bad[path] = true
	return nil
}

// Import is types.Importer's.
func (e *exports) Import(path string) (*types.Package, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if _, known := e.files[path]; !known {
		return nil, fmt.Errorf("package %s is not in std", path)
	}
	return e.read.Import(path)
}
