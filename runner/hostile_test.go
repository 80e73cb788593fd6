package runner

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/report"
)

// wrong is a solution that fails, with code of its own that tries to hide it.
func wrong(imports, code string) string {
	return "package add\n\nimport (\n" + imports + "\n)\n\nfunc Add(a, b int) int { return before(0) }\n\nfunc Sum(xs []int) int { return 0 }\n\n" + code
}

const before = "\nfunc before(n int) int { return n }\n"

// Solutions that do not solve the exercise, and try to be accepted anyhow or do damage. None may be accepted, and of each
// the learner is told what happened.
var hostile = []struct {
	name    string
	source  string
	verdict report.Verdict
	reason  string // part of it
	test    string // "TestAdd=error"
	refused string // part of the reason for which it is not compiled in a sandbox; empty if it runs there, too
}{
	{
		name:    "os.Exit(0) in init",
		source:  wrong(`"os"`, before+`func init() { os.Exit(0) }`),
		verdict: report.Invalid, reason: "ended before the tests had finished, with exit status 0", test: "TestAdd=skip",
	},
	{
		name:    "os.Exit(0) in a test",
		source:  wrong(`"os"`, `func before(int) int { os.Exit(0); return 0 }`),
		verdict: report.RuntimeError, reason: "In TestAdd: add.go:", test: "TestAdd=error",
	},
	{
		name:    "exit past package testing",
		source:  wrong(`"syscall"`, `func before(int) int { syscall.Exit(0); return 0 }`),
		verdict: report.Invalid, reason: "ended before the tests had finished, with exit status 0", test: "TestAdd=error",
	},
	{
		name:    "exit status 3",
		source:  wrong(`"os"`, `func before(int) int { os.Exit(3); return 0 }`),
		verdict: report.RuntimeError, reason: "In TestAdd: the program ended with exit status 3", test: "TestAdd=error",
	},
	{
		name: "prints PASS and exits",
		source: wrong(`"fmt"; "os"`, before+`func init() {
	fmt.Print("\x16=== RUN   TestAdd\n\x16--- PASS: TestAdd (0.00s)\n\x16=== RUN   TestSum\n\x16--- PASS: TestSum (0.00s)\nPASS\n")
	os.Exit(0)
}`),
		verdict: report.Invalid, reason: "ended before the tests had finished", test: "TestAdd=skip",
	},
	{
		name: "prints PASS in a failing test",
		source: wrong(`"fmt"`, `func before(int) int {
	fmt.Print("\n\x16--- PASS: TestAdd (0.00s)\n")
	return 0
}`),
		verdict: report.WrongAnswer, reason: "2 of 2 tests failed, TestAdd first.", test: "TestAdd=fail",
	},
	{
		name: "writes records of its own",
		source: wrong(`"os"`, before+`func init() {
	f := os.NewFile(4, "records")
	f.WriteString("{\"k\":\"end\",\"name\":\"TestAdd\",\"status\":\"pass\"}\t00\n")
}`),
		verdict: report.Invalid, reason: "could not be verified",
	},
	{
		name:    "closes the channel",
		source:  wrong(`"os"`, before+`func init() { os.NewFile(4, "records").Close() }`),
		verdict: report.RuntimeError, reason: "before the tests could begin",
	},
	{
		name:    "Goexit in a test",
		source:  wrong(`"runtime"`, `func before(int) int { runtime.Goexit(); return 0 }`),
		verdict: report.RuntimeError, reason: "In TestAdd: ", test: "TestAdd=error",
	},
	{
		name:    "asks for no tests",
		source:  wrong(`"os"`, before+`func init() { os.Args = append(os.Args, "-test.run=^$") }`),
		verdict: report.Invalid, reason: "There is no result of TestAdd", test: "TestAdd=skip",
		refused: "a variable of package os would be changed",
	},
	{
		name:    "skips tests",
		source:  wrong(`"os"`, before+`func init() { os.Args = append(os.Args, "-test.skip=Add") }`),
		verdict: report.WrongAnswer, reason: "TestSum failed", test: "TestAdd=skip",
		refused: "a variable of package os would be changed",
	},
	{
		name:    "own TestMain",
		source:  wrong(`"testing"`, before+`func TestMain(m *testing.M) {}`),
		verdict: report.CompileError, reason: "TestMain belongs to hotloop",
	},
	{
		name:    "imports the harness",
		source:  wrong(`"hotloop/exercises/kit/harness"`, before+`var _ = harness.Seed`),
		verdict: report.CompileError, reason: "only tests use hotloop's packages",
	},
	{
		name:    "links to the harness",
		source:  wrong(`_ "unsafe"`, before+"//go:linkname out hotloop/exercises/kit/harness.out\nvar out *int\n"),
		verdict: report.CompileError, reason: "go:linkname",
	},
	{
		name:    "embeds the tests",
		source:  wrong(`_ "embed"`, before+"//go:embed\tadd_test.go\nvar tests string\n"),
		verdict: report.CompileError, reason: "go:embed takes in files",
	},
	{
		name:    "declares a test again",
		source:  wrong(`"testing"`, before+`func TestAdd(t *testing.T) {}`),
		verdict: report.CompileError, reason: "TestAdd is already declared by the tests",
	},
	{
		name:    "tested function removed",
		source:  "package add\n\nfunc Add(a, b int) int { return a + b }\n",
		verdict: report.CompileError, reason: "the tests use Sum, which your code does not have",
	},
	{
		name:    "does not parse",
		source:  "package add\n\nfunc Add(a, b int) int { return a +)\n",
		verdict: report.CompileError, reason: "add.go:3:",
	},
	{
		name:    "does not compile",
		source:  "package add\n\nfunc Add(a, b int) int { return a + c }\n\nfunc Sum(xs []int) int { return 0 }\n",
		verdict: report.CompileError, reason: "add.go:3: undefined: c",
	},
	{
		name:    "other package",
		source:  "package sub\n\nfunc Add(a, b int) int { return a + b }\n",
		verdict: report.CompileError, reason: "package is sub; the tests are of package add",
	},
	{
		name:    "foreign import",
		source:  wrong(`_ "github.com/x/y"`, before),
		verdict: report.CompileError, reason: "this exercise allows the standard library and embed, ",
	},
	{
		name:    "panic",
		source:  wrong("", `func before(n int) int { return []int{}[n] }`),
		verdict: report.RuntimeError, reason: "In TestAdd: add.go:11: panic: runtime error: index out of range", test: "TestAdd=error",
	},
	{
		name:    "panic in a goroutine",
		source:  wrong(`"time"`, "func before(n int) int {\n\tgo func() { panic(\"boom\") }()\n\ttime.Sleep(time.Minute)\n\treturn 0\n}"),
		verdict: report.RuntimeError, reason: "In TestAdd: add.go:12: panic: boom", test: "TestAdd=error",
	},
	{
		name:    "panic in init",
		source:  wrong("", before+`func init() { panic("no") }`),
		verdict: report.RuntimeError, reason: "before the tests could begin: ",
	},
	{
		name:    "stack overflow",
		source:  wrong("", `func before(n int) int { return before(n+1) + 1 }`),
		verdict: report.RuntimeError, reason: "stack overflow", test: "TestAdd=error",
	},
	{
		name:    "deadlock",
		source:  wrong(`"sync"`, "func before(n int) int {\n\tvar mu sync.Mutex\n\tmu.Lock()\n\tmu.Lock()\n\treturn n\n}"),
		verdict: report.RuntimeError, reason: "In TestAdd: add.go:14: deadlock: every goroutine waits", test: "TestAdd=error",
	},
	{
		name:    "endless loop",
		source:  wrong("", "func before(n int) int {\n\tfor {\n\t}\n}"),
		verdict: report.TimeLimitExceeded, reason: "In TestAdd: Stopped after 3s: time limit.", test: "TestAdd=error",
	},
	{
		name:    "memory",
		source:  wrong("", "var kept [][]byte\n\nfunc before(n int) int {\n\tfor {\n\t\tb := make([]byte, 1<<20)\n\t\tfor i := range b {\n\t\t\tb[i] = 1\n\t\t}\n\t\tkept = append(kept, b)\n\t}\n}"),
		verdict: report.MemoryLimitExceeded, reason: "In TestAdd: Stopped: memory limit 128 MiB", test: "TestAdd=error",
	},
	{
		name:    "flood",
		source:  wrong(`"fmt"`, "func before(n int) int {\n\tfor {\n\t\tfmt.Println(\"all work and no play makes a dull boy\")\n\t}\n}"),
		verdict: report.OutputLimitExceeded, reason: "In TestAdd: Stopped: output limit", test: "TestAdd=error",
	},
}

func TestHostileSolutions(t *testing.T) {
	for _, tt := range hostile {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if inSandbox() && tt.refused != "" {
				tt.verdict, tt.reason, tt.test = report.CompileError, tt.refused, ""
			}
			rep, _ := run(t, solution(tt.source))
			if rep.Verdict != tt.verdict || !strings.Contains(rep.Reason, tt.reason) {
				t.Errorf("verdict %q, reason %q;\nwant %q, … %q …\ndiagnostics: %+v", rep.Verdict, rep.Reason, tt.verdict, tt.reason, rep.Diagnostics)
			}
			if name, status, ok := strings.Cut(tt.test, "="); ok && statusOf(rep, name) != status {
				t.Errorf("%s is %q, want %q; tests: %+v", name, statusOf(rep, name), status, rep.Tests)
			}
		})
	}
}

// Forks are bounded by the program itself, too, so that a sandbox that lets them through does no harm.
func TestForksAreStopped(t *testing.T) {
	rep, _ := run(t, solution(wrong(`"os"; "os/exec"; "time"`, `func before(n int) int {
	for range 300 {
		if exec.Command("/bin/sleep", "20").Start() != nil {
			break
		}
	}
	time.Sleep(20*time.Second)
	_ = os.Args
	return 0
}`)))
	if rep.Verdict != report.ProcessLimitExceeded && rep.Verdict != report.TimeLimitExceeded && rep.Verdict != report.MemoryLimitExceeded {
		t.Errorf("verdict %q, %q; want a limit", rep.Verdict, rep.Reason)
	}
}

func statusOf(rep *report.Report, name string) string {
	for _, test := range rep.Tests {
		if test.Name == name {
			return test.Status
		}
	}
	return ""
}

func TestOutputIsBoundedAndClean(t *testing.T) {
	_, events := run(t, solution(wrong(`"fmt"`, "func before(n int) int {\n\tfor range 100_000 {\n\t\tfmt.Print(\"\\x1b[31mred\\x00\\xff\\n\")\n\t}\n\treturn 0\n}")))
	total := 0
	for _, e := range events {
		if e.Output != nil {
			total += len(e.Output.Text)
			if strings.ContainsAny(e.Output.Text, "\x1b\x00\x16") {
				t.Fatalf("output %.60q has control characters", e.Output.Text)
			}
		}
	}
	if total == 0 || total > 4*maxOutput { // cleaning makes a character of three bytes from a bad one
		t.Errorf("%d bytes of output were told, want at most %d", total, 4*maxOutput)
	}
	if len(events) > 300 {
		t.Errorf("%d events tell a run; want text in larger pieces", len(events))
	}
}

func TestFilesThatCannotBeRun(t *testing.T) {
	big := "package add\n//" + strings.Repeat("x", maxFileSize)
	for _, tt := range []struct {
		name    string
		files   exercises.Files
		verdict report.Verdict
		reason  string
	}{
		{"none", nil, report.Invalid, "There is no Go file"},
		{"empty", exercises.Files{"add.go": nil}, report.CompileError, "add.go:1: the file is empty"},
		{"NUL", exercises.Files{"add.go": []byte("package add\n\x00")}, report.CompileError, "add.go:2: the file has a NUL"},
		{"not UTF-8", exercises.Files{"add.go": []byte("package add\n// \xff")}, report.CompileError, "add.go:2: the file is not UTF-8"},
		{"too large", exercises.Files{"add.go": []byte(big)}, report.Invalid, "add.go has 256 KiB"},
		{"a test", exercises.Files{"add_test.go": []byte("package add\n")}, report.Invalid, `"add_test.go" cannot be part`},
		{"a module", exercises.Files{"go.mod": []byte("module x\n")}, report.Invalid, `"go.mod" cannot be part`},
		{"assembly", exercises.Files{"add.s": []byte("TEXT\n")}, report.Invalid, `"add.s" cannot be part`},
		{"below", exercises.Files{"a/b.go": []byte("package add\n")}, report.Invalid, `"a/b.go" cannot be run`},
		{"outside", exercises.Files{"../add.go": []byte("package add\n")}, report.Invalid, `"../add.go" cannot be run`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rep, _ := run(t, Job{Exercise: "add", Goal: executor.Test, Files: tt.files})
			if rep.Verdict != tt.verdict || !strings.Contains(rep.Reason, tt.reason) {
				t.Errorf("verdict %q, reason %q; want %q, … %q …", rep.Verdict, rep.Reason, tt.verdict, tt.reason)
			}
		})
	}
}

func TestCancel(t *testing.T) {
	r := newRunner(t)
	ctx, cancel := context.WithCancel(t.Context())
	var last report.Event
	start := time.Now()
	err := r.Run(ctx, solution(wrong("", "func before(n int) int {\n\tfor {\n\t}\n}")), report.HandlerFunc(func(e report.Event) error {
		if e.Test != nil && e.Test.Status == report.TestRun {
			cancel()
		}
		last = e
		return nil
	}))
	if err != nil || last.Report == nil || last.Report.Verdict != report.Canceled {
		t.Errorf("Run = %v, last event %+v; want a report that says canceled", err, last)
	}
	t.Logf("ended %v after the start", time.Since(start))
}

func TestHandlerErrorStopsTheRun(t *testing.T) {
	r := newRunner(t)
	full := errors.New("disk full")
	calls := 0
	err := r.Run(t.Context(), solution(wrong("", "func before(n int) int {\n\tfor {\n\t}\n}")), report.HandlerFunc(func(e report.Event) error {
		calls++
		if e.Test != nil {
			return full
		}
		return nil
	}))
	if !errors.Is(err, full) {
		t.Errorf("Run = %v, want the handler's error", err)
	}
}

func TestUnknownNames(t *testing.T) {
	r := newRunner(t)
	for _, job := range []Job{{Exercise: "nope", Goal: executor.Test}, {Exercise: "add", Executor: "cobol", Goal: executor.Test}} {
		err := r.Run(t.Context(), job, report.HandlerFunc(func(report.Event) error { return nil }))
		if err == nil {
			t.Errorf("Run(%+v) = nil, want an error", job)
		}
		if job.Exercise == "nope" && !errors.Is(err, exercises.ErrNotFound) {
			t.Errorf("Run(%+v) = %v, want ErrNotFound", job, err)
		}
	}
}

func TestPassingSolution(t *testing.T) {
	job := solution(adderReference)
	job.Seed = 42
	rep, events := run(t, job)
	if rep.Verdict != report.Accepted || rep.Reason != "" || rep.Seed != 42 {
		t.Errorf("verdict %q, %q, seed %d; want accepted, no reason, seed 42", rep.Verdict, rep.Reason, rep.Seed)
	}
	var names []string
	for _, test := range rep.Tests {
		names = append(names, test.Name+" "+test.Status)
	}
	want := []string{"TestAdd pass", "TestSum pass", "TestSum/#00 pass", "TestSum/#01 pass", "TestSum/#02 pass"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("tests (-want +got):\n%s", diff)
	}
	told := map[string]int{}
	for _, e := range events {
		if e.Test != nil {
			told[fmt.Sprint(e.Test.Name, " ", e.Test.Status)]++
		}
	}
	for _, name := range append(want, "TestAdd run", "TestSum run") {
		if told[name] != 1 {
			t.Errorf("%q was told %d times, want once", name, told[name])
		}
	}
}

func TestWrongAnswerHasMessage(t *testing.T) {
	rep, _ := run(t, solution("package add\n\nfunc Add(a, b int) int { return a - b }\n\nfunc Sum(xs []int) int { return len(xs) }\n"))
	if rep.Verdict != report.WrongAnswer {
		t.Fatalf("verdict %q, %q", rep.Verdict, rep.Reason)
	}
	if got, want := rep.Tests[0].Message, "add_test.go:11: Add(1, 2) = -1, want 3"; got != want {
		t.Errorf("message of TestAdd = %q, want %q", got, want)
	}
	if got, want := rep.Tests[1].Message, "#01: add_test.go:19: Sum of 1 zeros = 1, want 0"; !strings.Contains(got, want) {
		t.Errorf("message of TestSum = %q, want … %q …", got, want)
	}
	if !strings.Contains(rep.Tests[1].Output, fmt.Sprint("HOTLOOP_SEED=", rep.Seed)) {
		t.Errorf("output of TestSum = %q, want the seed %d in it", rep.Tests[1].Output, rep.Seed)
	}
}

func TestVetRemarksAreWarnings(t *testing.T) {
	rep, _ := run(t, solution(strings.Replace(adderReference, "package add\n", "package add\n\nimport \"fmt\"\n\nfunc show() { fmt.Printf(\"%d\\n\", \"x\") }\n", 1)))
	if rep.Verdict != report.Accepted || len(rep.Diagnostics) != 1 {
		t.Fatalf("verdict %q with diagnostics %+v; want accepted with one", rep.Verdict, rep.Diagnostics)
	}
	if d := rep.Diagnostics[0]; d.File != "add.go" || d.Line != 5 || d.Severity != "warning" {
		t.Errorf("diagnostic %+v; want a warning on add.go:5", d)
	}
}
