package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"regexp"
	"strings"
	"testing"
)

// TestImportMap reads the two tables of the README's code map and fails on an import that they don't allow: an import
// goes to a lower row, and a dependency is imported by its home package only.
func TestImportMap(t *testing.T) {
	rows, homes := readCodeMap(t)
	for _, pkg := range listPackages(t) {
		name, ours := strings.CutPrefix(pkg.ImportPath, "hotloop/")
		if !ours {
			continue
		}
		row, ok := rowOf(rows, name)
		if !ok {
			t.Errorf("package %s is not in the README's import map; give it a row", name)
			continue
		}
		for _, imp := range pkg.Imports {
			if to, ours := strings.CutPrefix(imp, "hotloop/"); ours {
				if strings.HasPrefix(name, "exercises/kit") && strings.HasPrefix(to, "exercises/kit") {
					continue // kit and its parts are one thing to the map
				}
				if toRow, ok := rowOf(rows, to); !ok || toRow >= row {
					t.Errorf("%s (row %d) imports %s (row %d): imports go to a lower row only", name, row, to, toRow)
				}
				continue
			}
			if home, ok := homeOf(homes, imp); ok && !isOneOf(home, name) {
				t.Errorf("%s imports %s, whose home is %s", name, imp, strings.Join(home, ", "))
			}
			if _, ok := homeOf(homes, imp); !ok && strings.Contains(strings.Split(imp, "/")[0], ".") {
				t.Errorf("%s imports %s, which has no home in the README's dependency table", name, imp)
			}
		}
	}
}

type listedPackage struct {
	ImportPath string
	Imports    []string
}

func listPackages(t *testing.T) []listedPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "hotloop/...").Output()
	if err != nil {
		t.Fatalf("listing the packages: %v", err)
	}
	var pkgs []listedPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listedPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatalf("reading go list's answer: %v", err)
		}
		if !strings.Contains(p.ImportPath, "exercises/") || strings.Contains(p.ImportPath, "exercises/kit") {
			pkgs = append(pkgs, p) // the exercises themselves are content
		}
	}
}

var (
	mapRow  = regexp.MustCompile(`^    (\d)   (.+)$`)
	homeRow = regexp.MustCompile("^\\| `([^|]+)` \\| `([^|]+)` \\|$")
)

// readCodeMap returns package → row, and module prefix → home packages.
func readCodeMap(t *testing.T) (rows map[string]int, homes map[string][]string) {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows, homes = map[string]int{}, map[string][]string{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if m := mapRow.FindStringSubmatch(line); m != nil {
			for _, name := range strings.Fields(m[2]) {
				rows[name] = int(m[1][0] - '0')
			}
		}
		if m := homeRow.FindStringSubmatch(line); m != nil {
			for _, module := range strings.Split(m[1], "` `") {
				homes[module] = strings.Split(m[2], "` `")
			}
		}
	}
	if len(rows) < 10 || len(homes) < 5 {
		t.Fatalf("README.md: found %d packages in the import map and %d dependencies with a home; has its form changed?", len(rows), len(homes))
	}
	return rows, homes
}

func rowOf(rows map[string]int, name string) (int, bool) {
	for ; name != "."; name = path.Dir(name) {
		if row, ok := rows[name]; ok {
			return row, true
		}
	}
	return 0, false
}

func homeOf(homes map[string][]string, imp string) ([]string, bool) {
	for ; imp != "."; imp = path.Dir(imp) {
		if home, ok := homes[imp]; ok {
			return home, true
		}
	}
	return nil, false
}

func isOneOf(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}
