package gotool

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hotloop/exercises"
	"hotloop/runner/report"
)

func TestDiagnose(t *testing.T) {
	x := &Executor{CacheDir: t.TempDir()}
	if err := x.Available(); err != nil {
		t.Skip(err)
	}
	c, err := exercises.Load(exercises.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	ex, err := c.Lookup("slice-retention")
	if err != nil {
		t.Fatal(err)
	}
	ref, err := ex.Variant("reference")
	if err != nil {
		t.Fatal(err)
	}
	found := func(line, column int, message string) report.Diagnostic {
		return report.Diagnostic{File: "a.go", Line: line, Column: column, Message: message, Severity: "error"}
	}
	for _, tt := range []struct {
		name, source string
		want         []report.Diagnostic
	}{
		{"nothing wrong", "package retain\n\nimport \"fmt\"\n\nfunc F() { fmt.Println() }\n", nil},
		{"types", "package retain\n\nfunc F() int { return \"a\" }\n", []report.Diagnostic{found(3, 23, `cannot use "a" (untyped string constant) as int value in return statement`)}},
		{"several lines", "package retain\n\nfunc F() (int, error) { return 1 }\n", []report.Diagnostic{found(3, 32, "not enough return values\n\thave (number)\n\twant (int, error)")}},
		{"declared twice", "package retain\n\nfunc F() {}\nfunc F() {}\n", []report.Diagnostic{found(4, 6, "F redeclared in this block\n\ta.go:3:6: other declaration of F")}},
		{"not used", "package retain\n\nimport \"fmt\"\n\nfunc F() { x := 1 }\n", []report.Diagnostic{found(3, 8, `"fmt" imported and not used`), found(5, 12, "declared and not used: x")}},
		{"another import", "package retain\n\nimport \"container/ring\"\n\nvar _ = ring.New(true)\n",
			[]report.Diagnostic{found(5, 18, "cannot use true (untyped bool constant) as int value in argument to ring.New")}},
		{"no such package", "package retain\n\nimport _ \"no/such\"\n", []report.Diagnostic{found(3, 10, "could not import no/such (package no/such is not in std)")}},
		{"syntax", "package retain\n\nfunc F( {}\n", []report.Diagnostic{found(3, 9, "syntax error: expected ')', found '{'")}},
		{"what is refused", "package retain\n\nimport _ \"hotloop/exercises\"\n", []report.Diagnostic{found(3, 8, `import of "hotloop/exercises": only tests use hotloop's packages`)}},
		{"for another machine", "//go:build never\n\npackage retain\n\nvar x int = \"\"\n", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := x.Diagnose(t.Context(), ex, exercises.Files{"a.go": []byte(tt.source)})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("the reference", func(t *testing.T) {
		if got, err := x.Diagnose(t.Context(), ex, ref.Files); len(got) > 0 || err != nil {
			t.Errorf("Diagnose = %v, %v; want nothing", got, err)
		}
	})
	t.Run("deeply nested", func(t *testing.T) {
		const deep = 20_000
		source := "package retain\n\nvar x = " + strings.Repeat("(", deep) + "1" + strings.Repeat(")", deep) + "\n"
		if _, err := x.Diagnose(t.Context(), ex, exercises.Files{"a.go": []byte(source)}); err != nil {
			t.Error(err)
		}
	})
	t.Run("isolated", func(t *testing.T) {
		x := &Executor{CacheDir: x.CacheDir, Isolated: true}
		if got, err := x.Diagnose(t.Context(), ex, exercises.Files{"a.go": []byte("package retain\n\nvar x int = \"\"\n")}); got != nil || err != nil {
			t.Errorf("Diagnose = %v, %v; want nothing: strangers' code is not looked at in this process", got, err)
		}
	})
}
