package gotool

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"hotloop/exercises"
	"hotloop/runner/executor"
)

// The generated files. That with the benchmarks is apart: to be tested, a solution needs no benchmarks. So is what makes
// profiles, which only a run with that goal has in it; and TestMain, which only a binary of go test has: in a package that
// names testing.M, the compiler compiles 57 methods of package reflect's types as well, which takes it 16 ms.
const (
	mainFile    = "hotloop_main_test.go"
	entryFile   = "hotloop_entry_test.go"
	benchFile   = "hotloop_bench_test.go"
	profileFile = "hotloop_profile_test.go"
)

// Names of the generated file that the inserted calls use. Nobody else's declarations look like these.
const (
	trackFunc = "hotloop_track"
	beginFunc = "hotloop_begin"
	endFunc   = "hotloop_end"
)

// testFiles are the test files of an exercise, ready to be built with a solution.
type testFiles struct {
	pkg        string          // the package that they and the solution are of
	files      exercises.Files // instrumented, and the generated main
	tests      []string        // "TestEvicts", in order
	benchmarks []string        // "BenchmarkGet", in order
	measuring  []string        // the files that only benchmarks need, benchFile among them
	vars       map[string]bool // package-level variables
	more       bool            // there are examples or fuzz tests, which only go test knows how to run

	idents map[string]map[string]bool // by file: the identifiers in it
	decls  map[string][]string        // by file: what it declares at the top
}

func readTests(ex *exercises.Exercise, goal executor.Phase) (*testFiles, error) {
	sources, err := ex.Tests()
	if err != nil {
		return nil, err
	}
	t := &testFiles{files: exercises.Files{}}
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		if t.files[name], err = t.instrument(name, sources[name]); err != nil {
			return nil, fmt.Errorf("reading the tests of %s: %w", ex.Slug, err)
		}
	}
	if len(t.tests) == 0 {
		return nil, fmt.Errorf("exercise %s has no tests", ex.Slug)
	}
	t.files[mainFile], t.files[entryFile], t.files[benchFile] = t.main(), t.entry(), t.bench()
	t.measuring = append(t.benchmarkFiles(), benchFile)
	if goal == executor.Profile {
		t.files[profileFile] = fmt.Appendf(nil, "package %s\n\nimport _ %q\n", t.pkg, harnessPath+"/profiling")
		t.measuring = append(t.measuring, profileFile)
	}
	return t, nil
}

// benchmarkFiles are those named so and declaring nothing that another file uses.
func (t *testFiles) benchmarkFiles() (names []string) {
	for _, name := range slices.Sorted(maps.Keys(t.decls)) {
		used := func(decl string) bool {
			if decl == "init" {
				return true
			}
			for other, idents := range t.idents {
				if !strings.HasSuffix(other, "_bench_test.go") && idents[decl] {
					return true
				}
			}
			return false
		}
		if strings.HasSuffix(name, "_bench_test.go") && !slices.ContainsFunc(t.decls[name], used) {
			names = append(names, name)
		}
	}
	return names
}

// look notes what a file declares and what it uses.
func (t *testFiles) look(name string, file *ast.File) {
	idents := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			idents[id.Name] = true
		}
		return true
	})
	if t.idents == nil {
		t.idents, t.decls, t.vars = map[string]map[string]bool{}, map[string][]string{}, map[string]bool{}
	}
	t.idents[name] = idents
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			t.decls[name] = append(t.decls[name], decl.Name.Name) // a method's, too, on the safe side
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					t.decls[name] = append(t.decls[name], spec.Name.Name)
				case *ast.ValueSpec:
					for _, id := range spec.Names {
						t.decls[name] = append(t.decls[name], id.Name)
						if decl.Tok == token.VAR && id.Name != "_" {
							t.vars[id.Name] = true
						}
					}
				}
			}
		}
	}
}

// An edit inserts text at an offset.
type edit struct {
	offset int
	text   string
}

// instrument inserts the calls of the harness into one test file. Every line keeps its number.
func (t *testFiles) instrument(name string, src []byte) ([]byte, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	if t.pkg != "" && t.pkg != file.Name.Name {
		return nil, fmt.Errorf("%s is of package %s; expected %s", name, file.Name.Name, t.pkg)
	}
	t.pkg = file.Name.Name
	t.look(name, file)
	offset := func(p token.Pos) int { return fset.PositionFor(p, false).Offset }
	var edits []edit
	for _, decl := range file.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Recv != nil || fn.Body == nil {
			continue
		}
		switch fname := fn.Name.Name; {
		case fname == "TestMain":
			return nil, fmt.Errorf("%s declares TestMain, which is hotloop's", name)
		case isTestName(fname, "Test"):
			param, err := paramName(fn)
			if err != nil {
				return nil, err
			}
			t.tests = append(t.tests, fname)
			edits = append(edits, edit{offset(fn.Body.Lbrace) + 1, fmt.Sprintf(" %s(%s);", trackFunc, param)})
		case isTestName(fname, "Benchmark"):
			param, err := paramName(fn)
			if err != nil {
				return nil, err
			}
			t.benchmarks = append(t.benchmarks, fname)
			edits = append(edits, loopEdits(fn.Body, param, offset)...)
		case isTestName(fname, "Fuzz"), isTestName(fname, "Example"):
			t.more = true
		}
	}
	return apply(src, edits), nil
}

// loopEdits brackets each loop over b.Loop. The condition itself stays as it is: the compiler knows it and keeps what
// the loop computes alive.
func loopEdits(body *ast.BlockStmt, param string, offset func(token.Pos) int) (edits []edit) {
	ast.Inspect(body, func(n ast.Node) bool {
		loop, ok := n.(*ast.ForStmt)
		if !ok || !isLoopCall(loop.Cond, param) {
			return true
		}
		edits = append(edits,
			edit{offset(loop.Pos()), fmt.Sprintf("%s(%s); ", beginFunc, param)},
			edit{offset(loop.End()), fmt.Sprintf("; %s(%s)", endFunc, param)})
		return false
	})
	return edits
}

func isLoopCall(cond ast.Expr, param string) bool {
	call, ok := cond.(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "Loop" {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Name == param
}

// paramName is the name of the *testing.T or *testing.B of a test.
func paramName(fn *ast.FuncDecl) (string, error) {
	params := fn.Type.Params.List
	if len(params) != 1 || len(params[0].Names) != 1 || params[0].Names[0].Name == "_" {
		return "", fmt.Errorf("%s must have one parameter with a name", fn.Name.Name)
	}
	return params[0].Names[0].Name, nil
}

// isTestName is the rule of go test: "Test" alone, or followed by anything but a lower-case letter.
func isTestName(name, prefix string) bool {
	rest, ok := strings.CutPrefix(name, prefix)
	first, _ := utf8.DecodeRuneInString(rest)
	return ok && !unicode.IsLower(first)
}

func apply(src []byte, edits []edit) []byte {
	slices.SortStableFunc(edits, func(a, b edit) int { return a.offset - b.offset })
	var out bytes.Buffer
	last := 0
	for _, e := range edits {
		out.Write(src[last:e.offset])
		out.WriteString(e.text)
		last = e.offset
	}
	out.Write(src[last:])
	return out.Bytes()
}

// main is the file with what the inserted calls call, and with the lists for the main package. Its imports have names of
// their own, lest a solution declares the usual ones.
func (t *testFiles) main() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `package %s

import (
	hotloop_testing "testing"

	hotloop_harness "hotloop/exercises/kit/harness"
)

var hotloop_benchmarks map[string]func(*hotloop_testing.B)

func hotloop_tests() ([]hotloop_testing.InternalTest, map[string]func(*hotloop_testing.B)) {
	return []hotloop_testing.InternalTest{
`, t.pkg)
	for _, name := range t.tests {
		fmt.Fprintf(&b, "\t\t{%q, %s},\n", name, name)
	}
	fmt.Fprintf(&b, `	}, hotloop_benchmarks
}

func %s(t *hotloop_testing.T) { hotloop_harness.Track(t) }
func %s(b *hotloop_testing.B) { hotloop_harness.Begin(b) }
func %s(b *hotloop_testing.B) { hotloop_harness.End(b) }
`, trackFunc, beginFunc, endFunc)
	return b.Bytes()
}

// entry is the file with TestMain, which does what the main package of the direct way does without it.
func (t *testFiles) entry() []byte {
	return fmt.Appendf(nil, `package %s

import (
	hotloop_os "os"
	hotloop_testing "testing"

	hotloop_harness "hotloop/exercises/kit/harness"
)

func TestMain(m *hotloop_testing.M) { hotloop_os.Exit(hotloop_harness.Main(m, hotloop_benchmarks)) }
`, t.pkg)
}

// bench is the file with the list of benchmarks.
func (t *testFiles) bench() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `package %s

import hotloop_testing "testing"

func init() {
	hotloop_benchmarks = map[string]func(*hotloop_testing.B){
`, t.pkg)
	for _, name := range t.benchmarks {
		fmt.Fprintf(&b, "\t\t%q: %s,\n", strings.TrimPrefix(name, "Benchmark"), name)
	}
	b.WriteString("\t}\n}\n")
	return b.Bytes()
}
