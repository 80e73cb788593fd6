package check

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"

	"hotloop/exercises"
)

// A mutation is one small change of a reference solution, of a kind that people make by mistake.
type mutation struct {
	file       string
	line       int
	text       string // the line without its indentation, by which exercise.yaml finds it again
	change     string // "> becomes >=", "removed"
	start, end int    // the bytes that are replaced
	by         string
}

// apply makes the mutant's files.
func (m mutation) apply(files exercises.Files) exercises.Files {
	mutant := exercises.Files{}
	for name, content := range files {
		mutant[name] = content
	}
	content := files[m.file]
	mutant[m.file] = slices.Concat(content[:m.start], []byte(m.by), content[m.end:])
	return mutant
}

// swaps are the operators that take each other's place: boundaries first, then the opposite.
var swaps = map[token.Token][]token.Token{
	token.LSS: {token.LEQ, token.GEQ}, token.LEQ: {token.LSS, token.GTR},
	token.GTR: {token.GEQ, token.LEQ}, token.GEQ: {token.GTR, token.LSS},
	token.EQL: {token.NEQ}, token.NEQ: {token.EQL},
	token.LAND: {token.LOR}, token.LOR: {token.LAND},
	token.ADD: {token.SUB}, token.SUB: {token.ADD}, token.MUL: {token.QUO}, token.QUO: {token.MUL}, token.REM: {token.MUL},
	token.AND: {token.OR}, token.OR: {token.AND}, token.SHL: {token.SHR}, token.SHR: {token.SHL},
	token.ADD_ASSIGN: {token.SUB_ASSIGN}, token.SUB_ASSIGN: {token.ADD_ASSIGN},
	token.MUL_ASSIGN: {token.QUO_ASSIGN}, token.QUO_ASSIGN: {token.MUL_ASSIGN},
	token.INC: {token.DEC}, token.DEC: {token.INC},
}

// mutations are all of one file, in the order of the text. Some do not compile: types are not looked at.
func mutations(name string, content []byte) ([]mutation, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, content, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	m := &mutator{name: name, content: content, fset: fset, lines: strings.Split(string(content), "\n")}
	for _, decl := range file.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Body != nil {
			m.function(fn.Type, fn.Body)
		}
	}
	slices.SortStableFunc(m.found, func(a, b mutation) int { return a.start - b.start })
	return m.found, nil
}

type mutator struct {
	name    string
	content []byte
	fset    *token.FileSet
	lines   []string
	found   []mutation
}

func (m *mutator) add(start, end token.Pos, by, change string) {
	at := m.fset.Position(start)
	m.found = append(m.found, mutation{file: m.name, line: at.Line, text: strings.TrimSpace(m.lines[at.Line-1]), change: change,
		start: at.Offset, end: m.fset.Position(end).Offset, by: by})
}

func (m *mutator) source(n ast.Node) string {
	return string(m.content[m.fset.Position(n.Pos()).Offset:m.fset.Position(n.End()).Offset])
}

func (m *mutator) swap(pos token.Pos, op token.Token) {
	for _, other := range swaps[op] {
		m.add(pos, pos+token.Pos(len(op.String())), other.String(), op.String()+" becomes "+other.String())
	}
}

// function looks at a body, whose return statements are those of the type.
func (m *mutator) function(typ *ast.FuncType, body *ast.BlockStmt) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			m.function(n.Type, n.Body)
			return false
		case *ast.BinaryExpr:
			m.swap(n.OpPos, n.Op)
		case *ast.IncDecStmt:
			m.swap(n.TokPos, n.Tok)
		case *ast.AssignStmt:
			m.swap(n.TokPos, n.Tok)
		case *ast.IfStmt:
			if _, compares := ast.Unparen(n.Cond).(*ast.BinaryExpr); !compares {
				m.add(n.Cond.Pos(), n.Cond.End(), "!("+m.source(n.Cond)+")", "condition negated")
			}
		case *ast.ReturnStmt:
			m.results(typ, n)
		case *ast.BlockStmt:
			m.removals(n.List)
		case *ast.CaseClause:
			m.removals(n.Body)
		case *ast.CommClause:
			m.removals(n.Body)
		}
		return true
	})
}

// removals leave out one statement each.
func (m *mutator) removals(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.AssignStmt:
			if s.Tok == token.DEFINE {
				continue
			}
		case *ast.ExprStmt, *ast.IncDecStmt, *ast.DeferStmt, *ast.GoStmt, *ast.SendStmt, *ast.BranchStmt:
		default:
			continue
		}
		m.add(s.Pos(), s.End(), "", "removed")
	}
}

// results return the zero value in each result's place.
func (m *mutator) results(typ *ast.FuncType, ret *ast.ReturnStmt) {
	var types []ast.Expr
	if typ.Results != nil {
		for _, f := range typ.Results.List {
			for range max(1, len(f.Names)) {
				types = append(types, f.Type)
			}
		}
	}
	if len(types) != len(ret.Results) {
		return
	}
	for i, result := range ret.Results {
		if slices.Contains([]string{"nil", "0", `""`, "false", "zero"}, m.source(result)) {
			continue
		}
		m.add(result.Pos(), result.End(), "*new("+m.source(types[i])+")", "returns the zero value for "+m.source(result))
	}
}
