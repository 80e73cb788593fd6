package profile

import (
	"bytes"
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strings"

	"hotloop/runner/report"
)

// Bounds of what a report says of a profile.
const (
	maxFunctions = 30
	maxLines     = 600
	maxText      = 400 // bytes of one line
)

// Report says what the profile shows. files are those of the solution that was profiled. Lines tells whether those with
// anything to see are listed.
func (p *Profile) Report(variant string, benchmarks []string, files map[string][]byte, lines bool) report.Profile {
	r := report.Profile{Variant: variant, Kind: p.kind, Unit: unit(p.kind), Benchmarks: benchmarks,
		Functions: []report.ProfileFunction{}, Lines: []report.ProfileLine{}, Total: p.Total()}
	var count int64
	for _, s := range p.samples {
		count += s.count
	}
	if p.kind == report.CPU {
		r.Samples = count
	} else {
		r.Objects = count
	}
	r.Functions = p.functions(files)
	if lines {
		r.Lines = p.lines(files)
	}
	return r
}

func unit(kind string) string {
	if kind == report.CPU {
		return "sec"
	}
	return "B"
}

// functions are those with the most, and all that are the solution's own.
func (p *Profile) functions(files map[string][]byte) []report.ProfileFunction {
	byName := map[string]*report.ProfileFunction{}
	for _, s := range p.samples {
		seen := map[string]bool{}
		for i, f := range s.frames {
			fn := byName[f.function]
			if fn == nil {
				_, own := files[f.file]
				fn = &report.ProfileFunction{Name: f.function, File: f.file, Own: own}
				byName[f.function] = fn
			}
			if !seen[f.function] {
				seen[f.function] = true
				fn.Cum += s.value
			}
			if i == len(s.frames)-1 {
				fn.Flat += s.value
				if p.kind != report.CPU {
					fn.Objects += s.count
				}
			}
		}
	}
	list := []report.ProfileFunction{}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		list = append(list, *byName[name])
	}
	slices.SortStableFunc(list, func(a, b report.ProfileFunction) int {
		return cmp.Or(cmp.Compare(b.Flat, a.Flat), cmp.Compare(b.Cum, a.Cum))
	})
	n := 0
	return slices.DeleteFunc(list, func(f report.ProfileFunction) bool {
		n++
		return n > maxFunctions && !(f.Own && n <= 4*maxFunctions)
	})
}

type place struct {
	file string
	line int
}

// lines lists the learner's functions that have anything in the profile, whole.
func (p *Profile) lines(files map[string][]byte) []report.ProfileLine {
	at := map[place]*report.ProfileLine{}
	for _, s := range p.samples {
		seen := map[place]bool{}
		for i, f := range s.frames {
			if _, own := files[f.file]; !own {
				continue
			}
			key := place{f.file, f.line}
			l := at[key]
			if l == nil {
				l = &report.ProfileLine{File: f.file, Line: f.line}
				at[key] = l
			}
			if !seen[key] {
				seen[key] = true
				l.Cum += s.value
				if p.kind != report.CPU {
					l.Objects += s.count
				}
			}
			if i == len(s.frames)-1 {
				l.Flat += s.value
			}
		}
	}
	list := []report.ProfileLine{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text := bytes.Split(files[name], []byte("\n"))
		for _, fn := range functionLines(name, files[name]) {
			var part []report.ProfileLine
			hot := false
			for n := fn[0]; n <= fn[1] && n <= len(text); n++ {
				l := report.ProfileLine{File: name, Line: n}
				if seen := at[place{name, n}]; seen != nil {
					l, hot = *seen, true
				}
				l.Text = cleanText(text[n-1])
				part = append(part, l)
			}
			if hot && len(list)+len(part) <= maxLines {
				list = append(list, part...)
			}
		}
	}
	return list
}

func cleanText(line []byte) string {
	line = bytes.TrimRight(line[:min(len(line), maxText)], "\r")
	return strings.TrimRight(report.Clean(strings.ToValidUTF8(string(line), "")), "\n")
}

// functionLines are the first and the last lines of a file's functions, those of a value at the top included.
func functionLines(name string, source []byte) (all [][2]int) {
	fset := token.NewFileSet()
	file, _ := parser.ParseFile(fset, name, source, parser.SkipObjectResolution)
	if file == nil {
		return nil
	}
	for _, decl := range file.Decls {
		if gen, ok := decl.(*ast.GenDecl); ok && gen.Tok != token.VAR {
			continue
		}
		all = append(all, [2]int{fset.PositionFor(decl.Pos(), false).Line, fset.PositionFor(decl.End(), false).Line})
	}
	return all
}
