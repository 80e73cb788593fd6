package gotool

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"hotloop/exercises"
	"hotloop/runner/executor"
)

// Rules of an exercise on one's own machine, and of one that allows two more packages in a sandbox.
var (
	lenient = rules{pkg: "add"}
	strict  = rules{pkg: "add", strict: true, allowed: []string{"os", "runtime"}, taken: map[string]bool{"cases": true}}
)

// Each row is the rest of a file after its package clause. Refused is what is told, empty if nothing is; a row that says
// less of the lenient rules says so.
func TestSourceCheck(t *testing.T) {
	const compute = "; this exercise allows the packages of the standard library that only compute (fmt, slices, sync, time, …) and os, runtime"
	for _, tt := range []struct {
		name, source string
		strict       string
		lenient      string
	}{
		{"ordinary imports", "import (\n\t\"fmt\"\n\tr \"math/rand/v2\"\n)\n\nvar _ = fmt.Sprint(r.Int())", "", ""},
		{"allowed imports", "import (\n\t\"os\"\n\t\"runtime\"\n)", "", ""},
		{"restricted import", "import (\n\t\"fmt\"\n\t\"unsafe\"\n)", `5: import of "unsafe": it can write to all memory of the process, that of the tests among it` + compute, ""},
		{"below an allowed one", "import \"os/exec\"", `3: import of "os/exec": it reaches files, processes and the channel of the tests` + compute, ""},
		{"not of this Go", "import \"nosuch\"", `3: import of "nosuch": it is not known to be harmless` + compute, ""},
		{"cgo", "import \"C\"", `3: import of "C": solutions are pure Go`, "same"},
		{"another module", "import \"example.com/x\"", `3: import of "example.com/x": this exercise allows the standard library and os, runtime`, `3: import of "example.com/x": this exercise allows the standard library only`},
		{"harness", "import \"hotloop/exercises/kit/harness\"", `3: import of "hotloop/exercises/kit/harness": only tests use hotloop's packages`, "same"},
		{"internal", "import \"runtime/internal/atomic\"", `3: import of "runtime/internal/atomic": only its owner may use an internal package`, "same"},
		{"dot", "import . \"fmt\"", `3: import of "fmt" with a dot: it hides whose names are used; import it without`, ""},

		{"noinline", "//go:noinline\nfunc f() {}", "", ""},
		{"linkname", "//go:linkname f g\nfunc f() {}", "3: //go:linkname reaches into other packages; this exercise allows no order to the toolchain but //go:noinline", "3: go:linkname reaches into other packages, and is not part of a solution"},
		{"embed", "//go:embed\tadd_test.go\nvar s string", "3: //go:embed takes in files, the tests among them; this exercise allows no order to the toolchain but //go:noinline", "3: go:embed takes in files, the tests among them, and is not part of a solution"},
		{"nosplit", "//go:nosplit\nfunc f() {}", "3: //go:nosplit changes how the code is compiled; this exercise allows no order to the toolchain but //go:noinline", ""},
		{"generate", "//go:generate rm x", "3: //go:generate changes how the code is compiled; ", ""},
		{"within a function", "func f() {\n\tvar _ = `\n`\n\t//go:uintptrescapes\n}", "6: //go:uintptrescapes changes how the code is compiled; ", ""},
		{"line", "//line /etc/passwd:1\nvar x int", "3: //line makes the compiler tell of other files and lines; ", ""},
		{"line within a line", "var x /*line /etc/passwd:1*/ int", "3: /*line makes the compiler tell of other files and lines; ", ""},
		{"build constraint", "//go:build linux", "3: //go:build chooses what is compiled; ", ""},
		{"old build constraint", "//  +build linux", "3: // chooses what is compiled; ", ""},
		{"export", "//export f\nfunc f() {}", "3: //export reaches into other libraries; ", ""},
		{"mere comments", "// go:linkname is refused, and so is //go:embed, or a line like\n//lined paper\n//\n/* line 1 */\n// build +build", "", ""},
		{"text like directives", "const s = `\n//go:embed x\n//line y:1\n`", "", ""},

		{"no body", "func f()\n\nfunc g() {}", "3: function f has no body; this exercise allows functions in Go only", ""},
		{"no body, but braces", "func f() struct{ x interface{} }", "3: function f has no body; ", ""},
		{"method without body", "type t int\n\nfunc (t) f()", "5: function f has no body; ", ""},
		{"TestMain", "func TestMain() {}", "3: TestMain belongs to hotloop; give this function another name", "same"},
		{"method TestMain", "type t int\n\nfunc (t) TestMain() {}", "", ""},

		{"predeclared function", "func len[T any](T) int { return 3 }", "3: len is a predeclared name of Go, which the tests may use, too; this exercise allows other names only", ""},
		{"predeclared constant", "const (\n\ta = 1\n\tb, true = 1, 0 == 1\n)", "5: true is a predeclared name", ""},
		{"predeclared type", "type error interface{ Other() }", "3: error is a predeclared name", ""},
		{"predeclared variable", "var nil error", "3: nil is a predeclared name", ""},
		{"predeclared names inside", "type t struct{ len int }\n\nfunc (t) max() (min int) { len := 1; return len }", "", ""},

		{"variable of the tests", "func init() { cases = nil }", "3: cases belongs to the tests; this exercise allows other names only", ""},
		{"own variable of that name", "func f() { cases := 1; _ = cases; _ = struct{ cases int }{cases: 1}.cases }", "", ""},
		{"hotloop's own", "func init() { hotloop_benchmarks = nil }", "3: hotloop_benchmarks belongs to the tests; ", ""},
		{"assigns", "import \"io\"\n\nfunc init() { io.EOF = nil }", "5: a variable of package io would be changed here, for the tests, too; this exercise allows to read it", ""},
		{"assigns by another name", "import x \"context\"\n\nfunc init() { _, (x.Canceled) = 1, nil }", "5: a variable of package x would be", ""},
		{"takes the address", "import \"io\"\n\nfunc init() { p := &(io.EOF); *p = nil }", "5: a variable of package io would be", ""},
		{"ranges", "import \"math/rand/v2\"\n\nfunc init() { for rand.X = range 3 {}; for _, rand.Y = range []int{1} {} }", "5: a variable of package rand would be", ""},
		{"counts and indexes", "import \"unicode\"\n\nfunc init() { unicode.Letter.R16[0].Lo++ }", "5: a variable of package unicode would be", ""},
		{"receives", "import \"io\"\n\nfunc f(c chan error) { select { case io.EOF = <-c: } }", "5: a variable of package io would be", ""},
		{"reads and compares", "import (\n\t\"io\"\n\t\"sync\"\n)\n\nfunc f(err error) *sync.Mutex { x := io.EOF; if err == io.EOF { err = x }; var y error = io.EOF; _ = y; return &sync.Mutex{} }", "", ""},
		{"own things named like packages", "import \"context\"\n\nvar _ context.Context\n\nfunc f() { context := struct{ x int }{}; context.x = 1; _ = &context.x }", "", ""},

		{"does not parse", "func f() { return 1 + }", "3: syntax error: expected operand, found '}'", ""},
		{"more after an error", "func f( {\n\n//go:embed x\n", "3: syntax error: ", "5: go:embed takes in files"},
		{"20,000 parentheses", "var x = " + strings.Repeat("(", 20_000) + "1" + strings.Repeat(")", 20_000), "3: the code is nested too deep here, or one expression too long: more than 5000 parts", "same"},
		{"130,000 stars", "var x " + strings.Repeat("*", 130_000) + "int", "3: the code is nested too deep here", "same"},
		{"80,000 slices", "var x " + strings.Repeat("[]", 80_000) + "int", "3: the code is nested too deep here", "same"},
		{"30,000 functions", "var x = " + strings.Repeat("func(){", 30_000) + strings.Repeat("}", 30_000), "3: the code is nested too deep here", "same"},
		{"30,000 times else", "func f() {" + strings.Repeat("if x {} else ", 30_000) + "{}}", "3: the code is nested too deep here", "same"},
		{"a table of 20,000 numbers", "var x = []int{" + strings.Repeat("1, ", 20_000) + "}", "", ""},
		{"20,000 calls", "func f() {\n" + strings.Repeat("\tf()\n", 20_000) + "}", "", ""},
		{"closing too much", strings.Repeat("}", 20_000), "3: ", ""},
		{"a name of 200 KiB", "var " + strings.Repeat("x", 200<<10) + " int", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.lenient == "same" {
				tt.lenient = tt.strict
			}
			expectRefusal(t, "strict", strict, tt.source, tt.strict)
			expectRefusal(t, "lenient", lenient, tt.source, tt.lenient)
		})
	}
}

func expectRefusal(t *testing.T, name string, r rules, source, want string) {
	t.Helper()
	err := r.check(exercises.Files{"add.go": []byte("package add\n\n" + source + "\n")})
	refusal, refused := errors.AsType[*executor.Refusal](err)
	switch {
	case want == "" && err != nil:
		t.Errorf("%s: refused: %.300s; want nothing to be", name, err)
	case want == "":
	case !refused:
		t.Errorf("%s: check = %v, want a refusal with %q", name, err, want)
	case !strings.HasPrefix(refusal.Reason, "add.go:"+want):
		t.Errorf("%s: reason %.300q, want %q …", name, refusal.Reason, "add.go:"+want)
	case len(refusal.Diagnostics) == 0 || refusal.Reason != fmt.Sprintf("add.go:%d: %s", refusal.Diagnostics[0].Line, refusal.Diagnostics[0].Message):
		t.Errorf("%s: diagnostics %+v, want the reason among them", name, refusal.Diagnostics)
	}
}

func TestSourceNames(t *testing.T) {
	for name, ok := range map[string]bool{"add.go": true, "add_more.go": true, "add_linux.go": true,
		"add_test.go": false, "Add.go": false, ".add.go": false, "_add.go": false, "add.s": false, "add.c": false, "add.syso": false, "add.h": false,
		"go.mod": false, "go.work": false, "vendor": false, ".git": false, "a/add.go": false, "add.go\n": false, "-o.go": false, "@x.go": false} {
		err := strict.check(exercises.Files{name: []byte("package add\n")})
		if _, refused := errors.AsType[*executor.Refusal](err); refused == ok {
			t.Errorf("check of a file %q = %v, want it refused: %v", name, err, !ok)
		}
	}
}

// What the exercises themselves consist of passes the rules that hold in a sandbox.
func TestExercisesKeepTheRules(t *testing.T) {
	c, err := exercises.Load(exercises.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	x := &Executor{Isolated: true}
	for ex := range c.All() {
		tests, err := readTests(ex, executor.Test)
		if err != nil {
			t.Fatal(err)
		}
		for v, err := range ex.Variants() {
			if err != nil {
				t.Fatal(err)
			}
			if err := x.rules(ex, tests).check(v.Files); err != nil {
				t.Errorf("%s of %s: %v", v.Name, ex.Slug, err)
			}
		}
	}
}

// FuzzSourceCheck: whatever the text, it is refused or it is not.
func FuzzSourceCheck(f *testing.F) {
	for _, s := range []string{"", "//", "/**/", "import . \"io\"\nfunc init() { io.EOF++ }", "func (", "}}}((", "var ( x, = 1 )", "//go:", "type T[P any] func() struct{"} {
		f.Add("package add\n" + s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		for _, r := range []rules{strict, lenient} {
			err := r.check(exercises.Files{"add.go": []byte(source)})
			if refusal, refused := errors.AsType[*executor.Refusal](err); err != nil && (!refused || len(refusal.Diagnostics) == 0) {
				t.Errorf("check = %v, want a refusal that says where", err)
			}
		}
	})
}

// BenchmarkSourceCheck is the check of a reference, and of files of the largest size that were made to take long. stack-B
// is what the stacks of this process then hold.
func BenchmarkSourceCheck(b *testing.B) {
	c, err := exercises.Load(exercises.Embedded())
	if err != nil {
		b.Fatal(err)
	}
	ex, err := c.Lookup("lru-cache")
	if err != nil {
		b.Fatal(err)
	}
	reference, err := ex.Variant("reference")
	if err != nil {
		b.Fatal(err)
	}
	const most = 256 << 10 // of a file; the runner refuses larger ones
	fill := func(before, repeat string) exercises.Files {
		text := "package lru\n" + before
		return exercises.Files{"lru.go": []byte(text + strings.Repeat(repeat, (most-len(text))/len(repeat)))}
	}
	for _, bb := range []struct {
		name  string
		files exercises.Files
	}{
		{"reference", reference.Files},
		{"parentheses", fill("var x = ", "(")},
		{"name", fill("var ", "x")},
		{"functions", fill("", "func f(){};")},
		{"errors", fill("", "}\n")},
		{"directives", fill("", "//go:x\n")},
		{"just-below", fill("", "var x = "+strings.Repeat("(", 4000)+"1"+strings.Repeat(")", 4000)+"\n")},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r := strict
			r.pkg = "lru"
			for b.Loop() {
				_ = r.check(bb.files)
			}
			stack := make(chan uint64)
			go func() {
				_ = r.check(bb.files)
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				stack <- m.StackInuse
			}()
			b.ReportMetric(float64(<-stack), "stack-B")
		})
	}
}
