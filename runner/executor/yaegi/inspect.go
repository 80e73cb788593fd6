package yaegi

import (
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"github.com/traefik/yaegi/stdlib"

	"hotloop/runner/report"
)

const (
	language = "Go 1.21"
	compile  = "this interpreter knows " + language + "; run the block compiled instead"
)

// forbidden are packages that would let a snippet leave the interpreter.
var forbidden = []string{"os/exec", "plugin", "syscall", "unsafe"}

// An inspection is what reading a snippet shows.
type inspection struct {
	faults   []report.Diagnostic // it cannot run
	warnings []report.Diagnostic // it runs, but otherwise than compiled
	ranges   []report.Diagnostic // loops over what may be an integer or a function
}

// inspect reads a snippet without running it.
func inspect(source []byte) inspection {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, MainFile, source, parser.AllErrors)
	if err != nil {
		return inspection{faults: syntaxErrors(err)}
	}
	var in inspection
	remark := func(list *[]report.Diagnostic, pos token.Pos, severity, message string) {
		p := fset.Position(pos)
		*list = append(*list, report.Diagnostic{File: MainFile, Line: p.Line, Column: p.Column, Message: message, Severity: severity})
	}
	if file.Name.Name != "main" {
		remark(&in.faults, file.Name.Pos(), "error", "a snippet is package main, not "+file.Name.Name)
	} else if !hasMain(file) {
		remark(&in.faults, file.Name.Pos(), "error", "function main is undeclared in the main package")
	}
	for _, spec := range file.Imports {
		if path, err := strconv.Unquote(spec.Path.Value); err == nil && !known(path) {
			remark(&in.faults, spec.Pos(), "error", unknownPackage(path))
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if loop, ok := n.(*ast.RangeStmt); ok && loop.Value == nil {
			remark(&in.ranges, loop.Pos(), "error", "this loop ranges over an integer or a function: "+compile)
		}
		for _, name := range sharedVariables(n) {
			remark(&in.warnings, name.Pos(), "warning", "interpreted, all rounds of the loop share one "+name.Name+
				", as before Go 1.22, and here something keeps it; run the block compiled to have one for each round")
		}
		return true
	})
	return in
}

func syntaxErrors(err error) []report.Diagnostic {
	var found []report.Diagnostic
	list, ok := err.(scanner.ErrorList)
	if !ok {
		return []report.Diagnostic{{File: MainFile, Line: 1, Message: err.Error(), Severity: "error"}}
	}
	for _, e := range list {
		found = append(found, report.Diagnostic{File: MainFile, Line: e.Pos.Line, Column: e.Pos.Column, Message: e.Msg, Severity: "error"})
	}
	return found
}

func hasMain(file *ast.File) bool {
	return slices.ContainsFunc(file.Decls, func(d ast.Decl) bool {
		f, ok := d.(*ast.FuncDecl)
		return ok && f.Recv == nil && f.Name.Name == "main"
	})
}

// known is whether the interpreter has the package. The keys of its tables are "net/http/http".
func known(path string) bool {
	_, ok := stdlib.Symbols[path+"/"+path[strings.LastIndexByte(path, '/')+1:]]
	if path == "math/rand/v2" {
		_, ok = stdlib.Symbols["math/rand/v2/rand"]
	}
	return ok && !slices.Contains(forbidden, path)
}

func unknownPackage(path string) string {
	first, _, _ := strings.Cut(path, "/")
	switch {
	case slices.Contains(forbidden, path):
		return "snippets have no package " + path
	case strings.Contains(first, "."):
		return "snippets have the standard library only, and " + path + " is not part of it"
	}
	return "no package " + path + ": " + compile
}

// sharedVariables are the variables that a loop declares and something in it keeps: a function literal or an address,
// which in Go 1.22 are of one round and in the interpreter of all.
func sharedVariables(n ast.Node) []*ast.Ident {
	var declared []ast.Expr
	var body []ast.Node
	switch loop := n.(type) {
	case *ast.ForStmt:
		init, ok := loop.Init.(*ast.AssignStmt)
		if !ok || init.Tok != token.DEFINE {
			return nil
		}
		declared, body = init.Lhs, []ast.Node{loop.Body}
		if loop.Cond != nil {
			body = append(body, loop.Cond)
		}
		if loop.Post != nil {
			body = append(body, loop.Post)
		}
	case *ast.RangeStmt:
		if loop.Tok != token.DEFINE {
			return nil
		}
		declared, body = []ast.Expr{loop.Key, loop.Value}, []ast.Node{loop.Body}
	}
	var shared []*ast.Ident
	for _, expr := range declared {
		if name, ok := expr.(*ast.Ident); ok && name.Name != "_" && slices.ContainsFunc(body, func(n ast.Node) bool { return keeps(n, name) }) {
			shared = append(shared, name)
		}
	}
	return shared
}

// keeps is whether a function literal in n uses the variable, or n takes its address. A function literal that is called
// where it stands keeps nothing, unless it is started as a goroutine or deferred.
func keeps(n ast.Node, variable *ast.Ident) bool {
	atOnce := map[*ast.FuncLit]bool{}
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found = found || uses(n.Call.Fun, variable)
			return !found
		case *ast.DeferStmt:
			found = found || uses(n.Call.Fun, variable)
			return !found
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.FuncLit); ok {
				atOnce[f] = true
			}
		case *ast.FuncLit:
			found = found || !atOnce[n] && uses(n.Body, variable)
		case *ast.UnaryExpr:
			found = found || n.Op == token.AND && isVariable(n.X, variable)
		}
		return !found
	})
	return found
}

// uses is whether the variable stands in n, rather than another one of that name.
func uses(n ast.Node, variable *ast.Ident) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if e, ok := n.(ast.Expr); ok && isVariable(e, variable) {
			found = true
		}
		return !found
	})
	return found
}

func isVariable(e ast.Expr, variable *ast.Ident) bool {
	name, ok := e.(*ast.Ident)
	return ok && name != variable && name.Obj != nil && name.Obj == variable.Obj
}
