package yaegi

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/measure"
	"hotloop/runner/report"
	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/none"
)

const childWord = "__yaegi"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == childWord {
		Child()
	}
	os.Exit(m.Run())
}

// A told is what a run of a snippet told.
type told struct {
	result         sandbox.Result
	stdout, stderr string
	diagnostics    []report.Diagnostic
	points         []measure.Point
}

// interpret runs a snippet as the runner does: plan, driver, decode.
func interpret(t *testing.T, source string, limits sandbox.Limits) told {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	x := Executor{Child: []string{exe, childWord}}
	src := executor.Source{Files: exercises.Files{MainFile: []byte(source)}, Goal: executor.Run}
	steps, err := x.Plan(t.TempDir(), src)
	if refusal, ok := errors.AsType[*executor.Refusal](err); ok {
		return told{diagnostics: refusal.Diagnostics}
	}
	if err != nil || len(steps) != 1 {
		t.Fatalf("Plan = %d steps, %v; want one", len(steps), err)
	}
	var stdout, stderr bytes.Buffer
	cmd := steps[0].Command
	cmd.Stdout, cmd.Stderr, cmd.Limits = &stdout, &stderr, limits
	got := told{}
	d := none.Driver{Supervisor: []string{exe, "__supervise"}}
	if got.result, err = d.Run(t.Context(), &cmd); err != nil {
		t.Fatalf("Run: %v", err)
	}
	for stream, text := range map[string]*bytes.Buffer{executor.Stdout: &stdout, executor.Stderr: &stderr} {
		for e, err := range x.Decode(executor.Run, stream, text) {
			switch {
			case err != nil:
				t.Fatalf("Decode: %v", err)
			case e.Diagnostic != nil:
				got.diagnostics = append(got.diagnostics, *e.Diagnostic)
			case e.Point != nil:
				got.points = append(got.points, *e.Point)
			case e.Output.Stream == executor.Stdout:
				got.stdout += e.Output.Text
			default:
				got.stderr += e.Output.Text
			}
		}
	}
	return got
}

const head = "package main\n\nimport \"fmt\"\n\n"

func TestRuns(t *testing.T) {
	tests := []struct {
		name, source, stdout, stderr string
		exit                         int
	}{
		{"hello", head + `func main() { fmt.Println("hello") }`, "hello\n", "", 0},
		{"generic type", head + `type set[K comparable] map[K]bool
			func (s set[K]) add(k K) { s[k] = true }
			func main() { s := set[string]{}; s.add("a"); fmt.Println(len(s)) }`, "1\n", "", 0},
		{"goroutines", "package main\nimport (\"fmt\"; \"sync\")\nfunc main() {\n" +
			"var wg sync.WaitGroup; c := make(chan int, 9)\nfor i := 0; i < 9; i++ { i := i; wg.Add(1); go func() { defer wg.Done(); c <- i }() }\n" +
			"wg.Wait(); close(c); n := 0\nfor v := range c { n += v }\nfmt.Println(n) }", "36\n", "", 0},
		{"loopback server", `package main
			import ("fmt"; "io"; "net/http"; "net/http/httptest")
			func main() {
				s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "pong") }))
				defer s.Close()
				r, err := http.Get(s.URL)
				if err != nil { panic(err) }
				b, _ := io.ReadAll(r.Body)
				fmt.Println(string(b))
			}`, "pong\n", "", 0},
		{"standard error", "package main\nimport (\"fmt\"; \"os\")\nfunc main() { fmt.Fprintln(os.Stderr, \"oops\") }", "", "oops\n", 0},
		{"nothing to read", "package main\nimport (\"fmt\"; \"io\"; \"os\")\nfunc main() { b, err := io.ReadAll(os.Stdin); fmt.Println(len(b), err) }", "0 <nil>\n", "", 0},
		{"exit", "package main\nimport \"os\"\nfunc main() { os.Exit(7) }", "", "", 7},
		{"fatal", "package main\nimport \"log\"\nfunc main() { log.SetFlags(0); log.Fatal(\"no\") }", "", "no\n", 1},
		{"recovered", head + `func f() { defer func() { fmt.Println("got", recover()) }(); panic("boom") }
			func main() { f() }`, "got boom\n", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := interpret(t, tt.source, sandbox.Limits{})
			if got.result.Status != sandbox.Exited || got.result.ExitCode != tt.exit {
				t.Errorf("%+v, want exit status %d", got.result, tt.exit)
			}
			if got.stdout != tt.stdout || got.stderr != tt.stderr || len(got.diagnostics) > 0 {
				t.Errorf("printed %q and %q with remarks %v, want %q and %q", got.stdout, got.stderr, got.diagnostics, tt.stdout, tt.stderr)
			}
		})
	}
}

func TestCompileErrors(t *testing.T) {
	tests := []struct {
		name, source string
		line         int
		message      string
	}{
		{"syntax", head + "func main() {\n\tx := \n}\n", 7, "expected operand"},
		{"undefined", head + "func main() {\n\tfmt.Println(y)\n}\n", 6, "undefined: y"},
		{"type", head + "func main() {\n\tvar s string = 1\n\tfmt.Println(s)\n}\n", 6, "cannot convert"},
		{"no main", head + "func f() { fmt.Println(1) }\n", 1, "function main is undeclared"},
		{"another package", "package foo\n\nfunc main() {}\n", 1, "package main, not foo"},
		{"third party", "package main\n\nimport \"github.com/x/y\"\n\nfunc main() { y.Z() }\n", 3, "standard library only"},
		{"os/exec", "package main\n\nimport \"os/exec\"\n\nfunc main() { exec.Command(\"true\").Run() }\n", 3, "snippets have no package os/exec"},
		{"unsafe", "package main\n\nimport \"unsafe\"\n\nfunc main() { println(unsafe.Sizeof(1)) }\n", 3, "snippets have no package unsafe"},
		{"StartProcess", "package main\n\nimport \"os\"\n\nfunc main() { os.StartProcess(\"a\", nil, nil) }\n", 5, "StartProcess"},
		{"range over an integer", head + "func main() {\n\tfor i := range 3 {\n\t\tfmt.Println(i)\n\t}\n}\n", 6, compile},
		{"range over a function", head + "func main() {\n\tf := func(yield func(int) bool) { yield(1) }\n\tfor i := range f {\n\t\tfmt.Println(i)\n\t}\n}\n", 7, compile},
		{"min", head + "func main() { fmt.Println(min(1, 2)) }\n", 5, compile},
		{"clear", head + "func main() { m := map[int]int{}; clear(m); fmt.Println(m) }\n", 5, compile},
		{"slices", "package main\n\nimport \"slices\"\n\nfunc main() { slices.Sort([]int{1}) }\n", 5, compile},
		{"a newer package", "package main\n\nimport \"weak\"\n\nfunc main() { x := 1; weak.Make(&x) }\n", 3, compile},
		{"a newer function", "package main\n\nimport \"runtime\"\n\nfunc main() { x := new(int); runtime.AddCleanup(x, func(int) {}, 1) }\n", 5, compile},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := interpret(t, tt.source, sandbox.Limits{})
			if got.result.Status == sandbox.Exited && got.result.ExitCode != exitCompile {
				t.Errorf("%+v, want exit status %d", got.result, exitCompile)
			}
			if len(got.diagnostics) == 0 {
				t.Fatalf("no remark, want one with %q; stdout %q, stderr %q", tt.message, got.stdout, got.stderr)
			}
			d := got.diagnostics[0]
			if d.File != MainFile || d.Line != tt.line || d.Severity != "error" || !strings.Contains(d.Message, tt.message) {
				t.Errorf("first remark %+v, want line %d with %q", d, tt.line, tt.message)
			}
			if got.result.Status == sandbox.Exited && d.Phase != string(executor.Build) {
				t.Errorf("remark %+v of the interpreter, want it to be of phase %q", d, executor.Build)
			}
			if got.stdout != "" || got.stderr != "" {
				t.Errorf("printed %q and %q, want nothing", got.stdout, got.stderr)
			}
		})
	}
}

func TestPanics(t *testing.T) {
	tests := []struct {
		name, source, stderr string
		exit                 int
	}{
		{"main", head + "func f() { panic(\"boom\") }\n\nfunc main() {\n\tf()\n\tfmt.Println()\n}\n", "panic: boom\n\tin main.f\n\tin main.main\n", exitPanic},
		{"error", "package main\n\nimport \"errors\"\n\nfunc main() { panic(errors.New(\"lost\")) }\n", "panic: lost\n\tin main.main\n", exitPanic},
		{"number", "package main\n\nfunc main() { panic(42) }\n", "panic: 42\n\tin main.main\n", exitPanic},
		{"index", head + "func main() {\n\ta := []int{1}\n\ti := 5\n\tfmt.Println(a[i])\n}\n",
			"panic: runtime error: index out of range\n\tin main.main\n", exitPanic},
		{"nil pointer", head + "func main() {\n\tvar p *struct{ X int }\n\tfmt.Println(p.X)\n}\n",
			"panic: runtime error: invalid memory address or nil pointer dereference\n\tin main.main\n", exitPanic},
		{"nil map", head + "func main() {\n\tvar m map[string]int\n\tm[\"a\"] = 1\n\tfmt.Println(m)\n}\n",
			"panic: assignment to entry in nil map\n\tin main.main\n", exitPanic},
		{"after a recovered one", head + "func f() {\n\tdefer func() { recover() }()\n\tpanic(\"first\")\n}\n\nfunc main() {\n\tf()\n\tpanic(\"second\")\n}\n",
			"panic: second\n\tin main.main\n", exitPanic},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := interpret(t, tt.source, sandbox.Limits{})
			if got.result.Status != sandbox.Exited || got.result.ExitCode != tt.exit {
				t.Errorf("%+v, want exit status %d", got.result, tt.exit)
			}
			if got.stderr != tt.stderr {
				t.Errorf("stderr is %q, want %q", got.stderr, tt.stderr)
			}
		})
	}
}

// What ends the whole process is told by the Go runtime, with a dump of the interpreter's goroutines, which is left out.
func TestCrashes(t *testing.T) {
	tests := []struct{ name, source, why, in string }{
		{"goroutine", "package main\n\nimport \"time\"\n\nfunc main() {\n\tgo func() { panic(\"aside\") }()\n\ttime.Sleep(time.Minute)\n}\n",
			"panic: aside", "\tin main.main.func\n"},
		{"endless recursion", "package main\n\nfunc f(n int) int { return f(n+1) + 1 }\n\nfunc main() { f(0) }\n",
			"runtime: goroutine stack exceeds 67108864-byte limit", ""},
		{"deadlock", "package main\n\nfunc main() { <-make(chan int) }\n", "fatal error: all goroutines are asleep - deadlock!", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.name == "deadlock" && cgo {
				t.Skip("the Go runtime does not notice deadlocks of programs with cgo; CGO_ENABLED=0 runs this test")
			}
			got := interpret(t, tt.source, sandbox.Limits{Wall: time.Minute})
			if got.result.Status != sandbox.Exited || got.result.ExitCode != 2 {
				t.Errorf("%+v, want exit status 2", got.result)
			}
			if !strings.HasPrefix(got.stderr, tt.why) || !strings.HasSuffix(got.stderr, tt.in) {
				t.Errorf("stderr is %.2000q, want it from %q to %q", got.stderr, tt.why, tt.in)
			}
			if strings.Contains(got.stderr, "yaegi") || len(got.stderr) > 1000 {
				t.Errorf("stderr shows the interpreter's inside:\n%.2000s", got.stderr)
			}
		})
	}
}

func TestLimitsHold(t *testing.T) {
	loop := interpret(t, "package main\n\nfunc main() {\n\tfor {\n\t}\n}\n", sandbox.Limits{Wall: time.Second})
	if loop.result.Status != sandbox.TimeLimit {
		t.Errorf("an endless loop: %+v, want %q", loop.result, sandbox.TimeLimit)
	}
	hog := interpret(t, "package main\n\nfunc main() {\n\tvar all [][]byte\n\tfor {\n\t\tb := make([]byte, 1<<20)\n"+
		"\t\tfor i := 0; i < len(b); i += 4096 {\n\t\t\tb[i] = 1\n\t\t}\n\t\tall = append(all, b)\n\t}\n}\n",
		sandbox.Limits{Memory: 192 << 20, Wall: time.Minute})
	if hog.result.Status != sandbox.MemoryLimit {
		t.Errorf("endless allocation: %+v, want %q", hog.result, sandbox.MemoryLimit)
	}
}

// The interpreter really shares loop variables, and the remark names the loop.
func TestLoopVariables(t *testing.T) {
	got := interpret(t, head+`func main() {
	var fs []func()
	for i := 0; i < 3; i++ {
		fs = append(fs, func() { fmt.Print(i, " ") })
	}
	for _, f := range fs {
		f()
	}
}
`, sandbox.Limits{})
	if got.stdout != "3 3 3 " {
		t.Errorf("printed %q; if that is \"0 1 2 \", the interpreter has learned Go 1.22, and the remark can go", got.stdout)
	}
	want := []report.Diagnostic{{File: MainFile, Line: 7, Column: 6, Severity: "warning"}}
	if diff := cmp.Diff(want, got.diagnostics, cmpopts.IgnoreFields(report.Diagnostic{}, "Message")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSharedVariables(t *testing.T) {
	tests := []struct {
		loop string
		want int // how many variables are warned of
	}{
		{"for i := 0; i < 3; i++ { fs = append(fs, func() { use(i) }) }", 1},
		{"for i := 0; i < 3; i++ { ps = append(ps, &i) }", 1},
		{"for i := 0; i < 3; i++ { go use(i) }", 0},
		{"for i := 0; i < 3; i++ { go func() { use(i) }() }", 1},
		{"for i := 0; i < 3; i++ { defer func() { use(i) }() }", 1},
		{"for i := 0; i < 3; i++ { go func(i int) { use(i) }(i) }", 0},
		{"for i := 0; i < 3; i++ { i := i; go func() { use(i) }() }", 0},
		{"for i := 0; i < 3; i++ { func() { use(i) }() }", 0},
		{"for i := 0; i < 3; i++ { use(i) }", 0},
		{"for i, j := 0, 1; i < 3; i++ { fs = append(fs, func() { use(i + j) }) }", 2},
		{"for k, v := range xs { fs = append(fs, func() { use(v); use(k) }) }", 2},
		{"for _, v := range xs { ps = append(ps, &v) }", 1},
		{"for _, v := range xs { ps = append(ps, &xs[v]) }", 0},
		{"for _, v := range xs { use(v) }", 0},
		{"var i int; for i = 0; i < 3; i++ { fs = append(fs, func() { use(i) }) }", 0},
		{"for { break }", 0},
	}
	for _, tt := range tests {
		source := "package main\n\nvar (\n\tfs []func()\n\tps []*int\n\txs []int\n)\n\nfunc use(int) {}\n\nfunc main() {\n" + tt.loop + "\n}\n"
		if got := inspect([]byte(source)); len(got.warnings) != tt.want || len(got.faults) > 0 {
			t.Errorf("%s\ngot warnings %v and faults %v, want %d warnings", tt.loop, got.warnings, got.faults, tt.want)
		}
	}
}

func TestChartPoints(t *testing.T) {
	got := interpret(t, head+"func main() {\n\tfmt.Println(\"a\")\n\tfmt.Println(`{\"chart\":{\"series\":\"heap\",\"unit\":\"B\",\"x\":1,\"y\":2}}`)\n}\n", sandbox.Limits{})
	want := []measure.Point{{Series: "heap", Unit: "B", Variant: "yours", X: 1, Y: 2}}
	if diff := cmp.Diff(want, got.points); diff != "" || got.stdout != "a\n" {
		t.Errorf("stdout %q, points (-want +got):\n%s", got.stdout, diff)
	}
}

// What a snippet prints cannot point a remark at another file.
func TestForgedNotes(t *testing.T) {
	var d stderrDecoder
	for _, line := range []string{
		`{"diagnostic":{"file":"/etc/passwd","line":1,"column":1,"message":"x"}}`,
		`{"diagnostic":{"file":"main.go","line":-1,"column":1,"message":"x"}}`,
		`{"diagnostic":`, `{"frame":{"func":1}}`, `{"frame":null}`,
	} {
		if events, claimed := d.line([]byte(line + "\n")); claimed {
			t.Errorf("%s is taken for a note: %v", line, events)
		}
	}
}

func TestPlanRefuses(t *testing.T) {
	x := Executor{Child: []string{"x"}}
	files := exercises.Files{MainFile: []byte("package main\nfunc main() {}\n")}
	tests := []struct {
		name string
		src  executor.Source
		want string
	}{
		{"tests", executor.Source{Files: files, Goal: executor.Test}, "only runs snippets"},
		{"an exercise", executor.Source{Exercise: &exercises.Exercise{}, Files: files, Goal: executor.Run}, "only runs snippets"},
		{"no file", executor.Source{Goal: executor.Run}, MainFile},
		{"two files", executor.Source{Files: exercises.Files{MainFile: nil, "b.go": nil}, Goal: executor.Run}, "one file"},
		{"flags", executor.Source{Files: files, Goal: executor.Run, Flags: []string{"-x"}}, "takes no flags"},
	}
	for _, tt := range tests {
		if _, err := x.Plan(t.TempDir(), tt.src); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Plan = %v, want an error with %q", tt.name, err, tt.want)
		}
	}
	if err := (Executor{}).Available(); err == nil {
		t.Error("Available = nil without a child")
	}
}
