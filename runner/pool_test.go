package runner

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/executor/node"
	"hotloop/runner/executor/yaegi"
	"hotloop/runner/report"
	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/none"
	"hotloop/runner/sandbox/sandboxtest"
)

const yaegiWord = "__yaegi"

// A child is started as this program, and must not wait for the test flags to be read.
func init() {
	if len(os.Args) > 1 && os.Args[1] == yaegiWord {
		yaegi.Child()
	}
}

// counting is a driver that counts what it starts.
type counting struct {
	sandbox.Driver
	mu      sync.Mutex
	started []sandbox.Command
}

func (c *counting) Run(ctx context.Context, cmd *sandbox.Command) (sandbox.Result, error) {
	c.mu.Lock()
	c.started = append(c.started, *cmd)
	c.mu.Unlock()
	return c.Driver.Run(ctx, cmd)
}

// count is how many commands had their source when they were started, and ahead how many had not.
func (c *counting) count() (fed, ahead int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, cmd := range c.started {
		if _, pipe := cmd.Stdin.(*os.File); pipe {
			ahead++
		} else {
			fed++
		}
	}
	return fed, ahead
}

// snippetSandbox is the driver of the package's tests.
func snippetSandbox(t testing.TB) sandbox.Driver {
	t.Helper()
	if name := os.Getenv("HOTLOOP_SANDBOX"); isolating[name] != nil {
		return isolatingDriver(t, name)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return none.Driver{Supervisor: []string{exe, "__supervise"}}
}

// snippetRunner is a runner of snippets, not warmed.
func snippetRunner(t testing.TB) (*Runner, *counting) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	driver := &counting{Driver: snippetSandbox(t)}
	r := &Runner{
		Executors: []executor.Executor{yaegi.Executor{Child: []string{exe, yaegiWord}}, node.Executor{}},
		Sandbox:   driver,
		Dir:       filepath.Join(t.TempDir(), "runs"),
	}
	t.Cleanup(r.Close)
	return r, driver
}

func interpreted(body string) Job {
	source := "package main\n\nimport (\"fmt\"; \"os\"; \"strings\")\n\nvar _, _, _ = fmt.Print, os.Exit, strings.Repeat\n\n" + body
	return Job{Executor: "yaegi", Goal: executor.Run, Files: exercises.Files{yaegi.MainFile: []byte(source)}}
}

// runSnippet returns the report and what was printed.
func runSnippet(t testing.TB, ctx context.Context, r *Runner, job Job) (rep *report.Report, printed string) {
	t.Helper()
	err := r.Run(ctx, job, report.HandlerFunc(func(e report.Event) error {
		if e.Output != nil {
			printed += e.Output.Text
		}
		if e.Report != nil {
			rep = e.Report
		}
		return nil
	}))
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	return rep, printed
}

// idle is how many processes wait.
func (r *Runner) idle() int {
	r.warm.mu.Lock()
	defer r.warm.mu.Unlock()
	n := 0
	for _, p := range r.warm.pools {
		p.mu.Lock()
		for _, w := range p.idle {
			if w.usable() {
				n++
			}
		}
		p.mu.Unlock()
	}
	return n
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after 20 s still not: %s", what)
		}
	}
}

// A run in a process that waited ends as one in a new process does.
func TestPoolRunsAlike(t *testing.T) {
	large := interpreted("func main() { fmt.Println(len(text)) }\n\nconst text = `" + strings.Repeat("x", 200<<10) + "`\n")
	tests := []struct {
		name    string
		job     Job
		verdict report.Verdict
		reason  string // part of it
		printed string
	}{
		{"hello", interpreted(`func main() { fmt.Println("hello") }`), report.Accepted, "", "hello\n"},
		{"more than a pipe holds", large, report.Accepted, "", "204800\n"},
		{"exit", interpreted(`func main() { fmt.Print("a"); os.Exit(3) }`), report.RuntimeError, "exit status 3", "a"},
		{"panic", interpreted(`func main() { panic("boom") }`), report.RuntimeError, "exit status 1", "panic: boom\n\tin main.main\n"},
		{"type error", interpreted("func main() {\n\tvar s string = 1\n\tfmt.Println(s)\n}"), report.CompileError, "main.go:8: cannot convert", ""},
		{"syntax error", interpreted(`func main() { fmt.Println( }`), report.CompileError, "expected operand", ""},
		{"exit status of a compile error", interpreted(`func main() { os.Exit(2) }`), report.RuntimeError, "exit status 2", ""},
		{"a folder of its own", interpreted(`func main() {
			err := os.WriteFile("f", nil, 0o600)
			all, _ := os.ReadDir(".")
			dir, _ := os.Getwd()
			fmt.Println(err, len(all), dir == os.TempDir())
		}`), report.Accepted, "", "<nil> 1 true\n"},
		{"memory", interpreted(`func main() { var all []string; for { all = append(all, strings.Repeat("x", 64<<20)) } }`), report.MemoryLimitExceeded, "memory limit 1 GiB", ""},
		{"much output", interpreted(`func main() { for { fmt.Println("0123456789") } }`), report.OutputLimitExceeded, "output limit 1 MiB", strings.Repeat("0123456789\n", maxOutput/11+1)[:maxOutput]},
	}
	cold, _ := snippetRunner(t)
	warm, driver := snippetRunner(t)
	warm.Warm()
	for _, tt := range tests {
		eventually(t, "a process waits", func() bool { return warm.idle() > 0 })
		for name, r := range map[string]*Runner{"new process": cold, "waiting process": warm} {
			rep, printed := runSnippet(t, t.Context(), r, tt.job)
			if rep.Verdict != tt.verdict || !strings.Contains(rep.Reason, tt.reason) || printed != tt.printed {
				t.Errorf("%s, %s: verdict %q, %q, printed %.100q; want %q, %q, %.100q",
					tt.name, name, rep.Verdict, rep.Reason, printed, tt.verdict, tt.reason, tt.printed)
			}
		}
	}
	if fed, ahead := driver.count(); fed != 0 || ahead < poolSize {
		t.Errorf("%d processes were started with a source and %d ahead; want none and at least %d", fed, ahead, poolSize)
	}
}

func TestNodeSyntaxError(t *testing.T) {
	r, _ := snippetRunner(t)
	job := Job{Executor: "node", Goal: executor.Run, Files: exercises.Files{"main.mjs": []byte("const a = 1;\nconst b = ;\n")}}
	if err := (node.Executor{}).Available(); err != nil {
		t.Skip(err)
	}
	rep, _ := runSnippet(t, t.Context(), r, job)
	if rep.Verdict != report.CompileError || rep.Reason != "main.mjs:2: SyntaxError: Unexpected token ';'" {
		t.Errorf("verdict %q, %q; want a compile error in line 2", rep.Verdict, rep.Reason)
	}
	job.Files["main.mjs"] = []byte("throw new SyntaxError('mine');\n")
	if rep, _ := runSnippet(t, t.Context(), r, job); rep.Verdict != report.RuntimeError {
		t.Errorf("a syntax error that was thrown: verdict %q, %q; want a runtime error", rep.Verdict, rep.Reason)
	}
}

// Time counts from when a process was given its source, however long it has waited.
func TestPoolTimeLimit(t *testing.T) {
	r, driver := snippetRunner(t)
	r.Warm()
	job := interpreted(`func main() { fmt.Print("in time"); for {} }`)
	job.Limits.Time = time.Second
	rep, printed := runSnippet(t, t.Context(), r, job)
	if rep.Verdict != report.TimeLimitExceeded || rep.Reason != "Stopped after 1 s: time limit." || printed != "in time" {
		t.Errorf("verdict %q, %q, printed %q; want it to be stopped after 1 s", rep.Verdict, rep.Reason, printed)
	}
	if s := rep.Steps[0]; s.Seconds < 1 || s.Status != string(sandbox.TimeLimit) {
		t.Errorf("the step is %+v, want it to have taken 1 s at least", s)
	}
	driver.mu.Lock()
	defer driver.mu.Unlock()
	if l := driver.started[0].Limits; l.Memory != snippetLimits.Memory || l.Procs != snippetLimits.Procs || l.Output != snippetLimits.Output {
		t.Errorf("a process that waits has the limits %+v, want those of snippets, %+v", l, snippetLimits)
	}
}

func TestPoolCancel(t *testing.T) {
	r, _ := snippetRunner(t)
	r.Warm()
	ctx, cancel := context.WithCancel(t.Context())
	var rep *report.Report
	err := r.Run(ctx, interpreted(`func main() { fmt.Println("started"); for {} }`), report.HandlerFunc(func(e report.Event) error {
		if e.Output != nil {
			cancel()
		}
		rep = e.Report
		return nil
	}))
	if err != nil || rep == nil || rep.Verdict != report.Canceled {
		t.Errorf("Run = %v, report %+v; want it to be canceled", err, rep)
	}
	eventually(t, "the pool is full again", func() bool { return r.idle() == poolSize })
}

// Other limits than those that waiting processes have, an empty pool and none at all: the run starts its own process.
func TestPoolIsNotNeeded(t *testing.T) {
	r, driver := snippetRunner(t)
	job := interpreted(`func main() { fmt.Println("hello") }`)
	check := func(what string, want int) {
		t.Helper()
		if rep, printed := runSnippet(t, t.Context(), r, job); rep.Verdict != report.Accepted || printed != "hello\n" {
			t.Errorf("%s: verdict %q, %q, printed %q", what, rep.Verdict, rep.Reason, printed)
		}
		if fed, _ := driver.count(); fed != want {
			t.Errorf("%s: %d processes were started for runs, want %d", what, fed, want)
		}
	}
	check("not warmed", 1)
	r.Warm()
	job.Limits.Memory = 512 << 20
	check("a memory limit", 2)
	job.Limits.Memory = 0
	check("warmed", 2)
	r.Close()
	check("closed", 3)
}

// Many runs at once get more processes than wait, and each its own output.
func TestPoolManyAtOnce(t *testing.T) {
	r, _ := snippetRunner(t)
	r.Warm()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			want := fmt.Sprintln("run", i)
			var printed strings.Builder
			err := r.Run(t.Context(), interpreted(fmt.Sprintf("func main() { fmt.Println(\"run\", %d) }", i)), report.HandlerFunc(func(e report.Event) error {
				if e.Output != nil {
					printed.WriteString(e.Output.Text)
				}
				return nil
			}))
			if err != nil || printed.String() != want {
				t.Errorf("run %d: %v, printed %q", i, err, printed.String())
			}
		})
	}
	all.Wait()
}

// A process that ends while it waits is replaced by the next run, which does not fail for it.
func TestPoolReplacesTheDead(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("processes are found in /proc; run this on Linux")
	}
	r, _ := snippetRunner(t)
	r.Warm()
	eventually(t, "both processes run", func() bool { return len(children(t, r)) == poolSize })
	for _, pid := range children(t, r) {
		p, err := os.FindProcess(pid)
		if err == nil {
			err = p.Kill()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "none waits any more", func() bool { return r.idle() == 0 })
	if rep, printed := runSnippet(t, t.Context(), r, interpreted(`func main() { fmt.Println("hello") }`)); printed != "hello\n" {
		t.Errorf("verdict %q, %q, printed %q", rep.Verdict, rep.Reason, printed)
	}
	eventually(t, "the pool is full again", func() bool { return r.idle() == poolSize })
}

func TestPoolCloseLeavesNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("processes are found in /proc; run this on Linux")
	}
	r, _ := snippetRunner(t)
	r.Warm()
	runSnippet(t, t.Context(), r, interpreted(`func main() {}`))
	eventually(t, "two processes wait", func() bool { return len(children(t, r)) == poolSize })
	r.Close()
	if pids := children(t, r); len(pids) > 0 {
		t.Errorf("processes %v are left", pids)
	}
	if left, _ := os.ReadDir(r.Dir); len(left) > 0 {
		t.Errorf("%s is left", left[0])
	}
}

// children are the interpreters of r: their home is a folder of its runs.
func children(t *testing.T, r *Runner) []int {
	return sandboxtest.Survivors(t, "HOME="+r.Dir)
}
