package runner

import (
	"os"
	"testing"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/executor/node"
	"hotloop/runner/report"
)

// isolated runs a job in the runner's sandbox, which isolates.
func isolated(t *testing.T, r *Runner, job Job) *report.Report {
	t.Helper()
	var rep *report.Report
	err := r.Run(t.Context(), job, report.HandlerFunc(func(e report.Event) error {
		rep = e.Report
		return nil
	}))
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	if rep.Sandbox != r.Sandbox.Name() {
		t.Errorf("the report says sandbox %q, want %q", rep.Sandbox, r.Sandbox.Name())
	}
	return rep
}

// spy looks for what a learner's program must not find: sources, tests, the reference, the build cache, other files.
const spy = `package add

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

func Add(a, b int) int { return a + b }

func Sum(xs []int) (sum int) {
	filepath.WalkDir("/", func(path string, d fs.DirEntry, err error) error {
		if path == "/proc" || path == "/sys" {
			return fs.SkipDir
		}
		name := filepath.Base(path)
		if strings.HasSuffix(name, ".go") || strings.HasSuffix(name, ".a") || strings.HasSuffix(name, "-d") || name == "go" || name == "root" {
			os.Stdout.WriteString("found " + path + "\n")
			os.Exit(3)
		}
		return nil
	})
	for _, x := range xs {
		sum += x
	}
	return sum
}
`

// inEach runs a test in each sandbox that isolates, as far as they can work here.
func inEach(t *testing.T, test func(*testing.T, *Runner)) {
	for name := range isolating {
		t.Run(name, func(t *testing.T) {
			r := newRunner(t)
			isolateIn(t, r, name)
			test(t, r)
		})
	}
}

func TestIsolated(t *testing.T) { inEach(t, testIsolated) }

func testIsolated(t *testing.T, r *Runner) {
	tests := []struct {
		name, source string
		goal         executor.Phase
		verdict      report.Verdict
	}{
		{"accepted", adderReference, executor.Test, report.Accepted},
		{"measured", adderReference, executor.Bench, report.Accepted},
		{"does not compile", "package add\n\nfunc Add(a, b int) int { return a + c }\n", executor.Test, report.CompileError},
		{"finds nothing", spy, executor.Test, report.Accepted},
		{"built by the go command", adderReference, executor.Test, report.Accepted},
		{"a package nobody has asked for", "package add\n\nimport _ \"go/doc\"\n" + adderReference[len("package add\n"):], executor.Test, report.Accepted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			job := solution(tt.source)
			job.Goal = tt.goal
			if tt.name == "built by the go command" { // which knows for which machines a file of this name is
				job.Files = exercises.Files{"add_linux.go": job.Files["add.go"]}
			}
			rep := isolated(t, r, job)
			undecided := tt.goal == executor.Bench && rep.Verdict == report.Inconclusive // for which a busy machine is enough
			if rep.Verdict != tt.verdict && !undecided {
				t.Errorf("verdict %q, %q, want %q\nsteps: %+v\ntests: %+v", rep.Verdict, rep.Reason, tt.verdict, rep.Steps, rep.Tests)
			}
		})
	}
	if left, _ := os.ReadDir(r.Dir); len(left) > 0 {
		t.Errorf("the runs left %s behind", left[0])
	}
}

func TestIsolatedSnippet(t *testing.T) { inEach(t, testIsolatedSnippet) }

func testIsolatedSnippet(t *testing.T, r *Runner) {
	for _, imported := range []string{"nosuch", "example.com/nosuch"} {
		job := Job{Files: exercises.Files{"main.go": []byte("package main\n\nimport _ \"" + imported + "\"\n\nfunc main() {}\n")}, Goal: executor.Run}
		if rep := isolated(t, r, job); rep.Verdict != report.CompileError {
			t.Errorf("with an import of %s, the verdict is %q, %q, want %q", imported, rep.Verdict, rep.Reason, report.CompileError)
		}
	}
	source := "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n)\n\nfunc main() {\n\tfiles, err := os.ReadDir(\".\")\n\tfmt.Println(len(files), err)\n}\n"
	output := printed(t, r, Job{Files: exercises.Files{"main.go": []byte(source)}, Goal: executor.Run})
	if want := "0 <nil>\n"; output != want {
		t.Errorf("the snippet printed %q, want %q", output, want)
	}
}

func TestIsolatedNode(t *testing.T) { inEach(t, testIsolatedNode) }

func testIsolatedNode(t *testing.T, r *Runner) {
	x := node.Executor{}
	if err := x.Available(); err != nil {
		t.Skip(err)
	}
	r.Executors = []executor.Executor{x}
	source := "import { readdirSync } from 'node:fs'\nconsole.log(readdirSync('/').join(), readdirSync('.').length)\n"
	output := printed(t, r, Job{Executor: "node", Files: exercises.Files{"main.mjs": []byte(source)}, Goal: executor.Run})
	want := "dev,etc,lib,lib64,proc,tmp,usr 0\n"
	if r.Sandbox.Name() == "gvisor" {
		want = "dev,etc,lib,lib64,proc,sys,tmp,usr 0\n"
	}
	if output != want {
		t.Errorf("node printed %q, want %q", output, want)
	}
}

// printed is what a job prints.
func printed(t *testing.T, r *Runner, job Job) (output string) {
	t.Helper()
	err := r.Run(t.Context(), job, report.HandlerFunc(func(e report.Event) error {
		if e.Output != nil {
			output += e.Output.Text
		}
		return nil
	}))
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	return output
}

// A profile comes over the harness's channel, and so out of a sandbox that shows its programs nothing of the machine.
func TestIsolatedProfile(t *testing.T) {
	r := newRunner(t)
	isolate(t, r)
	job := profileJob(adderNaive)
	job.Bench = "Sum"
	rep := isolated(t, r, job)
	if rep.Verdict != report.Accepted {
		t.Fatalf("verdict %q, %q; want accepted", rep.Verdict, rep.Reason)
	}
	if cpu := findProfile(t, rep, "yours", report.CPU); cpu.Samples == 0 || len(cpu.Lines) == 0 {
		t.Errorf("%d samples, %d lines; want some of both", cpu.Samples, len(cpu.Lines))
	}
	if made := lineWith(t, findProfile(t, rep, "yours", report.Alloc), "append([]int(nil), xs...)"); made.Objects == 0 {
		t.Errorf("%+v; want what the line allocates", made)
	}
}
