package runner

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/report"
)

// Solutions that do not solve the exercise and do all that code can do to be accepted anyhow. None of them may be where
// solutions are strangers': there, the source check refuses them before they are compiled.
//
// What it is good for shows without it: unchecked is the verdict on one's own machine, where nobody minds, with even the
// lenient check left out. And opened is the verdict in a sandbox on an exercise that allows the restricted packages which
// the attack imports: what such an exercise gives away. Where one of them is Accepted, that is not wanted, and known.
var forgeries = []struct {
	name      string
	source    string // after the package clause
	goal      executor.Phase
	unchecked report.Verdict
	opened    report.Verdict
	refused   string // part of the reason
}{
	// Harmless with the records on a channel of their own.
	{
		name:      "prints PASS and exits",
		source:    forgery(`"fmt"; "os"`, wrongAdd+`func init() { fmt.Print("\x16--- PASS: TestAdd (0.00s)\nPASS\n"); os.Exit(0) }`),
		unchecked: report.Invalid, opened: report.Invalid, refused: `import of "os"`,
	},
	{
		name:      "exits past package testing",
		source:    forgery(`"syscall"`, `func Add(a, b int) int { syscall.Exit(0); return 0 }`),
		unchecked: report.Invalid, opened: report.Invalid, refused: `import of "syscall"`,
	},
	{
		name: "writes records",
		source: forgery(`"os"`, wrongAdd+`func init() {
	f := os.NewFile(4, "records")
	for _, test := range []string{"TestAdd", "TestParts", "TestFirst"} {
		f.WriteString("kind=\"end\" name=\"" + test + "\" status=\"pass\"\t0000000000000000\n")
	}
	os.Exit(0)
}`),
		unchecked: report.Invalid, opened: report.Invalid, refused: `import of "os"`,
	},
	{
		name: "steals the key from its descriptor",
		source: forgery(`"os"`, wrongAdd+`func init() {
	key := make([]byte, 16)
	if n, err := os.NewFile(3, "hello").Read(key); n == 16 || err == nil {
		panic("the key is still there")
	}
}`),
		unchecked: report.WrongAnswer, opened: report.WrongAnswer, refused: `import of "os"`,
	},
	{
		name:      "has a TestMain",
		source:    forgery(`"os"; "testing"`, wrongAdd+`func TestMain(m *testing.M) { os.Exit(0) }`),
		unchecked: report.WrongAnswer, opened: report.CompileError, refused: `import of "os"`,
	},
	{
		name:      "rewrites the arguments",
		source:    forgery(`"os"`, wrongAdd+`func init() { os.Args = append(os.Args, "-test.run=^$") }`),
		unchecked: report.Invalid, opened: report.CompileError, refused: `import of "os"`,
	},
	{
		name:      "sets flags",
		source:    forgery(`"flag"; "testing"`, wrongAdd+`func init() { testing.Init(); flag.Set("test.run", "^$"); flag.Set("test.skip", "Add") }`),
		unchecked: report.Invalid, opened: report.Invalid, refused: `import of "flag"`,
	},
	{
		name:      "leaves by Goexit",
		source:    forgery(`"runtime"`, `func Add(a, b int) int { runtime.Goexit(); return 0 }`),
		unchecked: report.RuntimeError, opened: report.RuntimeError, refused: `import of "runtime"`,
	},
	{
		name:      "links to package testing",
		source:    forgery(`"unsafe"`, "//go:linkname fail testing.(*common).Fail\nfunc fail(unsafe.Pointer)\n\nfunc Add(a, b int) int { fail(nil); return 0 }"),
		unchecked: report.CompileError, opened: report.CompileError, refused: "//go:linkname",
	},
	{
		name:      "is written in C",
		source:    "// static int add(int a, int b) { return 0; }\nimport \"C\"\n\n" + forgery("", `func Add(a, b int) int { return int(C.add(C.int(a), C.int(b))) }`),
		unchecked: report.CompileError, opened: report.CompileError, refused: "solutions are pure Go",
	},
	{
		name:      "takes other files for its own",
		source:    forgery("", "//line add_test.go:1\n"+wrongAdd),
		unchecked: report.WrongAnswer, opened: report.CompileError, refused: "//line makes the compiler tell of other files",
	},

	// Answers that are found, not computed.
	{
		name: "reads the tests",
		source: forgery(`"fmt"; "os"; "strings"`, `func Add(a, b int) (sum int) {
	tests, _ := os.ReadFile("../add_test.go")
	_, answer, _ := strings.Cut(string(tests), fmt.Sprintf("{%d, %d, ", a, b))
	fmt.Sscan(answer, &sum)
	return sum
}`),
		unchecked: report.Accepted, opened: report.WrongAnswer, refused: `import of "os"`,
	},
	{
		name: "embeds the tests",
		source: forgery(`_ "embed"; "fmt"; "strings"`, `//go:embed add_test.go
var tests string

func Add(a, b int) (sum int) {
	_, answer, _ := strings.Cut(tests, fmt.Sprintf("{%d, %d, ", a, b))
	fmt.Sscan(answer, &sum)
	return sum
}`),
		unchecked: report.Accepted, opened: report.CompileError, refused: "//go:embed takes in files",
	},
	{
		name: "is fast for the benchmark only",
		source: forgery(`"runtime"; "strings"`, `func Add(a, b int) int {
	pc := make([]uintptr, 4)
	frames := runtime.CallersFrames(pc[:runtime.Callers(2, pc)])
	if frame, _ := frames.Next(); strings.Contains(frame.Function, "Benchmark") {
		return 0
	}
	for range b {
		for range 1000 {
			a += len(pc) - 4
		}
		a++
	}
	return a
}`),
		goal:      executor.Bench,
		unchecked: report.Accepted, opened: report.Accepted, refused: `import of "runtime"`,
	},

	// Changes of what the tests are made of, in plain Go.
	{
		name:      "has a len of its own",
		source:    "import \"io\"\n\n" + wrongAddRight + "func Parts(n int) []int { return nil }\n\nfunc len[T any](T) int { return 3 }\n" + honestFirst,
		unchecked: report.Accepted, opened: report.CompileError, refused: "len is a predeclared name of Go",
	},
	{
		name:      "empties the table of the tests",
		source:    forgery("", wrongAdd+"func init() { cases = nil }"),
		unchecked: report.Accepted, opened: report.CompileError, refused: "cases belongs to the tests",
	},
	{
		name:      "changes the error that is expected",
		source:    "import \"io\"\n\n" + wrongAddRight + "func Parts(n int) []int { return make([]int, n) }\n\nfunc First(xs []int) (int, error) { return 0, nil }\n\nfunc init() { io.EOF = nil }\n",
		unchecked: report.Accepted, opened: report.CompileError, refused: "a variable of package io would be changed",
	},

	// Changes of the process's memory.
	{
		name: "links to the harness",
		source: forgery(`"syscall"; "unsafe"`, `//go:linkname out hotloop/exercises/kit/harness.out
var out unsafe.Pointer

//go:linkname write hotloop/exercises/kit/harness.(*channel).write
func write(channel unsafe.Pointer, rec *record)

type record struct {
	Kind, Name, Status string
	Code               int
	_                  [256]byte
}

func Add(a, b int) int {
	for i, test := range []string{"TestAdd", "TestFirst", "TestParts"} {
		if i > 0 {
			write(out, &record{Kind: "run", Name: test})
		}
		write(out, &record{Kind: "end", Name: test, Status: "pass"})
	}
	write(out, &record{Kind: "exit"})
	syscall.Exit(0)
	return 0
}`),
		unchecked: report.Accepted, opened: report.CompileError, refused: "//go:linkname reaches into other packages",
	},
	{
		name: "has testing.common.Fail do nothing",
		source: forgery(`"runtime"; "syscall"; "testing"; "unsafe"`, wrongAdd+`func init() {
	method := (*testing.T).Fail
	for pc := **(**uintptr)(unsafe.Pointer(&method)) &^ 0xfffff; ; pc++ {
		if f := runtime.FuncForPC(pc); f != nil && f.Name() == "testing.(*common).Fail" {
			page := unsafe.Slice((*byte)(unsafe.Pointer(f.Entry()&^0xfff)), 0x2000)
			if err := syscall.Mprotect(page, syscall.PROT_READ|syscall.PROT_WRITE|syscall.PROT_EXEC); err != nil {
				panic(err)
			}
			*(*byte)(unsafe.Pointer(f.Entry())) = 0xc3 // RET
			return
		}
	}
}`),
		unchecked: report.Accepted, opened: report.Accepted, refused: `import of "runtime"`,
	},
	{
		name: "writes to its memory as to a file",
		source: forgery(`"fmt"; "os"; "runtime"`, wrongAdd+`func init() {
	memory, err := os.OpenFile("/proc/self/mem", os.O_RDWR, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	var pc uintptr
	fmt.Sscanf(fmt.Sprintf("%p", Add), "0x%x", &pc)
	for pc &^= 0xfffff; ; pc++ {
		if f := runtime.FuncForPC(pc); f != nil && f.Name() == "testing.(*common).Fail" {
			memory.WriteAt([]byte{0xc3}, int64(f.Entry()))
			return
		}
	}
}`),
		unchecked: report.Accepted, opened: report.WrongAnswer, refused: `import of "os"`,
	},
}

const (
	wrongAdd      = "func Add(a, b int) int { return 0 }\n\n"
	wrongAddRight = "func Add(a, b int) int { return a + b }\n\n"
	honestFirst   = "\nfunc First(xs []int) (int, error) {\n\tfor _, x := range xs {\n\t\treturn x, nil\n\t}\n\treturn 0, io.EOF\n}\n"
	honestParts   = "\nfunc Parts(n int) []int { return make([]int, n) }\n"
)

// forgery is a solution that is honest but for Add and what is in code.
func forgery(imports, code string) string {
	return "import (\n\t\"io\"\n\t" + imports + "\n)\n\n" + code + "\n" + honestParts + honestFirst
}

// forgeable holds one exercise twice: guarded, which allows nothing beyond the ordinary, and open, which allows all that
// the forgeries import.
var forgeable = sync.OnceValues(func() (*exercises.Catalog, error) {
	const reference = "package add\n\nimport \"io\"\n\n" + wrongAddRight + honestParts + honestFirst
	naive := strings.Replace(reference, "return a + b", "for range b {\n\t\ta++\n\t\tfor range 1000 {\n\t\t\ta += len(xs)\n\t\t}\n\t}\n\treturn a", 1) + "\nvar xs []int\n"
	const tests = `package add

import (
	"errors"
	"io"
	"testing"
)

var cases = []struct{ a, b, sum int }{
	{1, 2, 3},
	{20, 22, 42},
}

func TestAdd(t *testing.T) {
	for _, c := range cases {
		if got := Add(c.a, c.b); got != c.sum {
			t.Errorf("Add(%d, %d) = %d, want %d", c.a, c.b, got, c.sum)
		}
	}
}

func TestFirst(t *testing.T) {
	if _, err := First(nil); !errors.Is(err, io.EOF) {
		t.Errorf("First(nil) = %v, want io.EOF", err)
	}
}

func TestParts(t *testing.T) {
	if got := Parts(3); len(got) != 3 {
		t.Errorf("Parts(3) = %v, want three", got)
	}
}
`
	const bench = "package add\n\nimport \"testing\"\n\nfunc BenchmarkAdd(b *testing.B) {\n\tfor b.Loop() {\n\t\tAdd(1, 100)\n\t}\n}\n"
	const targets = "targets:\n  - {benchmark: Add, unit: sec/op, speedup: 2, why: A sum is one instruction.}\n"
	before, rest, _ := strings.Cut(adderYAML, "targets:")
	_, rest, _ = strings.Cut(rest, "hints:")
	yaml := before + targets + "hints:" + rest
	files := fstest.MapFS{}
	for dir, yaml := range map[string]string{
		"sums/guarded/": regexp.MustCompile(`allowed: .*\n`).ReplaceAllString(yaml, ""),
		"sums/open/":    regexp.MustCompile(`allowed: .*\n`).ReplaceAllString(yaml, "allowed: [embed, flag, os, runtime, syscall, testing, unsafe]\n"),
	} {
		for name, content := range map[string]string{
			"README.md": "# Add\n\nWrite Add.\n", "exercise.yaml": yaml, "add.go": reference, "add_test.go": tests, "add_bench_test.go": bench,
			"starter/add.go": strings.Replace(reference, "a + b", "0", 1), "naive/add.go": naive, "alternatives/same/add.go": reference,
		} {
			files[dir+name] = &fstest.MapFile{Data: []byte(content)}
		}
	}
	return exercises.Load(files)
})

func TestForgeries(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("some of the attacks write instructions for amd64")
	}
	c, err := forgeable()
	if err != nil {
		t.Fatal(err)
	}
	sandboxed := newRunner(t)
	isolate(t, sandboxed)
	alone := newRunner(t)
	alone.Executors = []executor.Executor{unchecked{alone.Executors[0]}}
	sandboxed.Exercises, alone.Exercises = c, c
	for _, tt := range forgeries {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			job := Job{Exercise: "guarded", Goal: executor.Test, Files: exercises.Files{"add.go": []byte("package add\n\n" + tt.source)}}
			if tt.goal != "" {
				job.Goal = tt.goal
			}
			expect := func(where string, r *Runner, verdict report.Verdict) *report.Report {
				t.Helper()
				rep := runOn(t, r, job)
				if rep.Verdict != verdict {
					t.Errorf("%s: verdict %q, %q; want %q\ntests: %+v\ndiagnostics: %+v", where, rep.Verdict, rep.Reason, verdict, rep.Tests, rep.Diagnostics)
				}
				return rep
			}
			rep := expect("in a sandbox", sandboxed, report.CompileError)
			if !slices.ContainsFunc(rep.Diagnostics, func(d report.Diagnostic) bool { return d.Line > 0 && strings.Contains(d.Message, tt.refused) }) || len(rep.Steps) > 0 {
				t.Errorf("after the steps %+v, it is refused because of %+v; want it before all steps, because of %q", rep.Steps, rep.Diagnostics, tt.refused)
			}
			expect("unchecked", alone, tt.unchecked)
			job.Exercise = "open"
			expect("in a sandbox, where the exercise allows what it imports", sandboxed, tt.opened)
		})
	}
}

// unchecked plans for an innocent solution with the same imports, and puts the true one in its place afterwards.
type unchecked struct{ executor.Executor }

var guilty = regexp.MustCompile(`//(go:|line).*|import "C"|func TestMain|func fail|func write`)

func (x unchecked) Plan(dir string, src executor.Source) ([]executor.Step, error) {
	files := src.Files
	src.Files = exercises.Files{}
	for name, content := range files {
		src.Files[name] = guilty.ReplaceAll(content, nil)
	}
	steps, err := x.Executor.Plan(dir, src)
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return nil, err
		}
	}
	return steps, err
}
