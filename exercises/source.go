package exercises

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A source is one Go file, parsed.
type source struct {
	name string
	fset *token.FileSet
	file *ast.File
}

func parseSource(name string, content []byte) (*source, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, content, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return &source{name: name, fset: fset, file: file}, nil
}

// syntaxFaults are the parser's complaints as faults of the file.
func syntaxFaults(file string, err error) Faults {
	var list scanner.ErrorList
	if !errors.As(err, &list) {
		return Faults{{File: file, Message: err.Error()}}
	}
	var faults Faults
	for _, e := range list {
		faults = append(faults, Fault{File: file, Line: e.Pos.Line, Message: "does not parse: " + e.Msg})
	}
	return faults
}

func (s *source) line(n ast.Node) int { return s.fset.Position(n.Pos()).Line }

// imports are the paths the file imports, with their lines.
func (s *source) imports(yield func(path string, line int) bool) {
	for _, spec := range s.file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err == nil && !yield(p, s.line(spec)) {
			return
		}
	}
}

// A testFunc is a top-level function that "go test" runs.
type testFunc struct {
	prefix string // "Test", "Benchmark", "Fuzz" or "Example"
	decl   *ast.FuncDecl
}

func (s *source) testFuncs() []testFunc {
	var fns []testFunc
	for _, d := range s.file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Recv != nil {
			continue
		}
		for _, prefix := range []string{"Test", "Benchmark", "Fuzz", "Example"} {
			rest, ok := strings.CutPrefix(fn.Name.Name, prefix)
			first, _ := utf8.DecodeRuneInString(rest)
			if ok && fn.Name.Name != "TestMain" && (rest == "" || !unicode.IsLower(first)) {
				fns = append(fns, testFunc{prefix, fn})
			}
		}
	}
	return fns
}

// exported adds the exported names that the file declares to names: "New", "Cache", "Cache.Get", "ErrSize".
func (s *source) exported(names map[string]bool) {
	add := func(prefix string, id *ast.Ident) {
		if id.IsExported() {
			names[prefix+id.Name] = true
		}
	}
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				add("", d.Name)
			} else if recv := receiver(d); ast.IsExported(recv) {
				add(recv+".", d.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					add("", spec.Name)
				case *ast.ValueSpec:
					for _, id := range spec.Names {
						add("", id)
					}
				}
			}
		}
	}
}

// receiver is the name of the type that a method belongs to, "" where the parser let something else through.
func receiver(fn *ast.FuncDecl) string {
	if len(fn.Recv.List) == 0 {
		return ""
	}
	t := fn.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.ParenExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// kitUnits are the units that kit's Latencies report themselves, by ReportMetrics.
var kitUnits = []string{"p50-sec", "p99-sec", "max-sec"}

// strings are the string literals of the file, and those that stand in kit for it.
func (s *source) strings(names map[string]bool) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "ReportMetrics" {
			for _, unit := range kitUnits {
				names[unit] = true
			}
		}
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				names[text] = true
			}
		}
		return true
	})
}

// benchmarkFaults says what in a benchmark does not fit how hotloop measures: one loop of b.Loop in the function
// itself, no sub-benchmarks, the clock never stopped inside a loop.
func (s *source) benchmarkFaults(fn *ast.FuncDecl) (faults []Fault) {
	add := func(n ast.Node, message string) {
		faults = append(faults, Fault{Line: s.line(n), Message: fn.Name.Name + " " + message})
	}
	b := parameter(fn)
	loops := 0
	var inspect func(n ast.Node, inLoop bool)
	inspect = func(root ast.Node, inLoop bool) {
		ast.Inspect(root, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ForStmt:
				if n != root {
					if isCall(n.Cond, b, "Loop") {
						loops++
					}
					inspect(n, true)
					return false
				}
			case *ast.RangeStmt:
				if n != root {
					inspect(n, true)
					return false
				}
			case *ast.CallExpr:
				if isCall(n, b, "Run") {
					add(n, "has a sub-benchmark; expected one top-level benchmark for each case")
				}
				if inLoop && (isCall(n, b, "StopTimer") || isCall(n, b, "StartTimer")) {
					add(n, "stops the clock inside a loop; expected the set-up before the loop")
				}
			}
			return true
		})
	}
	if fn.Body != nil {
		inspect(fn.Body, false)
	}
	if loops != 1 {
		add(fn, "has "+strconv.Itoa(loops)+` loops "for b.Loop()"; expected one, in the function itself`)
	}
	return faults
}

// parameter is the name of the function's first parameter, "" if it has none.
func parameter(fn *ast.FuncDecl) string {
	if list := fn.Type.Params.List; len(list) > 0 && len(list[0].Names) > 0 {
		return list[0].Names[0].Name
	}
	return ""
}

// isCall reports whether n is the call x.method(…).
func isCall(n ast.Node, x, method string) bool {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != method {
		return false
	}
	id, ok := sel.X.(*ast.Ident)
	return ok && id.Name == x
}

func isTestMain(d ast.Decl) bool {
	fn, ok := d.(*ast.FuncDecl)
	return ok && fn.Recv == nil && fn.Name.Name == "TestMain"
}
