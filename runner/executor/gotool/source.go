package gotool

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"path"
	"regexp"
	"strconv"
	"strings"

	"hotloop/runner/report"
)

// maxNested is how deep a parser may have to go into a file. People's code stays below a hundred; at this depth the stack
// of a parser holds a few MiB, and further down hundreds.
const maxNested = 5000

// A sourceCheck is the check of one file by the rules.
type sourceCheck struct {
	rules
	name  string
	file  *token.File
	found []report.Diagnostic
}

func (s *sourceCheck) complain(at token.Pos, format string, args ...any) {
	if len(s.found) == maxFound {
		return
	}
	pos := s.file.PositionFor(at, false)
	s.found = append(s.found, report.Diagnostic{File: s.name, Line: pos.Line, Column: pos.Column, Message: fmt.Sprintf(format, args...)})
}

func (s *sourceCheck) check(content []byte) {
	if !s.scan(content) {
		return
	}
	mode := parser.SkipObjectResolution
	if s.strict {
		mode = 0
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, s.name, content, mode)
	if file == nil || file.Name == nil || file.Name.Name == "" {
		s.syntax(err)
		return
	}
	s.file = fset.File(file.FileStart)
	if file.Name.Name != s.pkg && file.Name.Name != "_" {
		s.complain(file.Name.Pos(), "package is %s; the tests are of package %s", file.Name.Name, s.pkg)
	}
	for _, spec := range file.Imports {
		s.checkImport(spec)
	}
	if s.strict && err != nil {
		s.syntax(err)
		return
	}
	for _, decl := range file.Decls {
		s.checkDecl(decl)
	}
	if s.strict {
		s.checkUses(file)
	}
}

// syntax tells what does not parse: what was not read was not checked. Where little is forbidden, that is left to the
// compiler.
func (s *sourceCheck) syntax(err error) {
	var list scanner.ErrorList
	if !s.strict || !errors.As(err, &list) {
		return
	}
	list.RemoveMultiples()
	for _, e := range list {
		s.found = append(s.found, report.Diagnostic{File: s.name, Line: e.Pos.Line, Column: e.Pos.Column, Message: "syntax error: " + e.Msg})
	}
}

// scan looks at the comments, and sees that the file can be parsed without going too deep. A parser goes one deeper at
// most with each token, until brackets are closed or a comma, a semicolon or the end of a line separates.
func (s *sourceCheck) scan(content []byte) (ok bool) {
	s.file = token.NewFileSet().AddFile(s.name, -1, len(content))
	var sc scanner.Scanner
	sc.Init(s.file, content, func(token.Position, string) {}, scanner.ScanComments)
	levels := []int{0} // of each open bracket, the tokens since the last separator
	depth := 0         // their sum
	for {
		pos, tok, text := sc.Scan()
		last := len(levels) - 1
		switch tok {
		case token.EOF:
			return true
		case token.COMMENT:
			if why := s.directiveRefused(text); why != "" {
				s.complain(pos, "%s", why)
			}
			continue
		case token.LPAREN, token.LBRACK, token.LBRACE:
			levels = append(levels, 1)
			depth++
		case token.RPAREN, token.RBRACK, token.RBRACE:
			depth -= levels[last]
			if levels = levels[:last]; last == 0 {
				levels = append(levels, 0) // closes what was not open
				continue
			}
			levels[last-1]++
			depth++
		case token.COMMA, token.SEMICOLON:
			depth -= levels[last]
			levels[last] = 0
		default:
			levels[last]++
			depth++
		}
		if depth > maxNested {
			s.complain(pos, "the code is nested too deep here, or one expression too long: more than %d parts", maxNested)
			return false
		}
	}
}

func (s *sourceCheck) checkImport(spec *ast.ImportSpec) {
	p, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return
	}
	if why := s.importRefused(p); why != "" {
		s.complain(spec.Pos(), "import of %q: %s", p, why)
	}
	if s.strict && spec.Name != nil && spec.Name.Name == "." {
		s.complain(spec.Pos(), "import of %q with a dot: it hides whose names are used; import it without", p)
	}
}

func (s *sourceCheck) checkDecl(decl ast.Decl) {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if s.strict && decl.Body == nil {
			s.complain(decl.Name.Pos(), "function %s has no body; this exercise allows functions in Go only", decl.Name.Name)
		}
		if decl.Recv != nil {
			return
		}
		if decl.Name.Name == "TestMain" {
			s.complain(decl.Name.Pos(), "TestMain belongs to hotloop; give this function another name")
		}
		s.checkName(decl.Name)
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				s.checkName(spec.Name)
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					s.checkName(name)
				}
			}
		}
	}
}

// checkName: a package's name hides the predeclared one in all its files, and the tests mean len when they say len.
func (s *sourceCheck) checkName(name *ast.Ident) {
	if s.strict && types.Universe.Lookup(name.Name) != nil {
		s.complain(name.Pos(), "%s is a predeclared name of Go, which the tests may use, too; this exercise allows other names only", name.Name)
	}
}

// checkUses looks for names and variables that are others'.
func (s *sourceCheck) checkUses(file *ast.File) {
	free := map[*ast.Ident]bool{} // names that the file does not declare
	for _, id := range file.Unresolved {
		free[id] = true
		if s.taken[id.Name] || strings.HasPrefix(id.Name, "hotloop_") {
			s.complain(id.Pos(), "%s belongs to the tests; this exercise allows other names only", id.Name)
		}
	}
	imported := importedNames(file)
	for target := range assigned(file) {
		if pkg := root(target); pkg != nil && free[pkg] && imported[pkg.Name] {
			s.complain(target.Pos(), "a variable of package %s would be changed here, for the tests, too; this exercise allows to read it", pkg.Name)
		}
	}
}

// assigned are the expressions that something is assigned to or whose address is taken.
func assigned(file *ast.File) func(yield func(ast.Expr) bool) {
	return func(yield func(ast.Expr) bool) {
		for n := range ast.Preorder(file) {
			var targets []ast.Expr
			switch n := n.(type) {
			case *ast.AssignStmt:
				if n.Tok != token.DEFINE {
					targets = n.Lhs
				}
			case *ast.IncDecStmt:
				targets = []ast.Expr{n.X}
			case *ast.RangeStmt:
				if n.Tok == token.ASSIGN {
					targets = []ast.Expr{n.Key, n.Value}
				}
			case *ast.UnaryExpr:
				if n.Op == token.AND {
					targets = []ast.Expr{n.X}
				}
			}
			for _, target := range targets {
				if target != nil && !yield(target) {
					return
				}
			}
		}
	}
}

// root is x of x.y, (x.y), x.y.z, x.y[i] and *x.y; nil for what begins otherwise.
func root(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.ParenExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		case *ast.SelectorExpr:
			if id, ok := x.X.(*ast.Ident); ok {
				return id
			}
			e = x.X
		default:
			return nil
		}
	}
}

var majorVersion = regexp.MustCompile(`^v[0-9]+$`)

// importedNames are the names by which a file knows the packages it imports.
func importedNames(file *ast.File) map[string]bool {
	names := map[string]bool{}
	for _, spec := range file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		name := path.Base(p)
		if majorVersion.MatchString(name) {
			name = path.Base(path.Dir(p))
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if err == nil {
			names[name] = true
		}
	}
	return names
}
