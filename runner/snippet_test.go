package runner

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/executor/gotool"
	"hotloop/runner/executor/yaegi"
	"hotloop/runner/report"
)

// Snippets are built by compiler and linker alone, but for those that only the go command can build.
func TestSnippetsAreBuiltDirectly(t *testing.T) {
	const longer = "built with go build, which takes longer"
	tests := []struct {
		name, source string
		verdict      report.Verdict
		line         int    // of the first remark; 0: none
		note         string // the build's
	}{
		{"ordinary", "package main\n\nimport \"net/http\"\n\nfunc main() { _ = http.StatusText(200) }\n", report.Accepted, 0, ""},
		{"package testing", "package main\n\nimport \"testing\"\n\nfunc main() {\n\tif testing.Testing() {\n\t\tpanic(1)\n\t}\n}\n", report.Accepted, 0, ""},
		{"type error", "package main\n\nfunc main() {\n\tvar s string = 1\n}\n", report.CompileError, 4, ""},
		{"no main", "package main\n\nfunc f() {}\n", report.CompileError, 0, longer},
		{"panic", "package main\n\nfunc main() {\n\tpanic(1)\n}\n", report.RuntimeError, 4, ""},
		{"without a body", "package main\n\nfunc f()\n\nfunc main() { f() }\n", report.CompileError, 3, longer},
		{"no such package", "package main\n\nimport \"nosuch\"\n\nfunc main() { nosuch.F() }\n", report.CompileError, 3, longer},
	}
	r := newRunner(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rep, _ := runSnippet(t, t.Context(), r, Job{Goal: executor.Run, Files: exercises.Files{"main.go": []byte(tt.source)}})
			if rep.Verdict != tt.verdict {
				t.Errorf("verdict %q, %q; want %q", rep.Verdict, rep.Reason, tt.verdict)
			}
			line := 0
			if len(rep.Diagnostics) > 0 && rep.Diagnostics[0].File == "main.go" {
				line = rep.Diagnostics[0].Line
			}
			if line != tt.line {
				t.Errorf("remarks %+v, want the first to be in line %d", rep.Diagnostics, tt.line)
			}
			if note := rep.Steps[0].Note; !strings.HasPrefix(note, tt.note) || tt.note == "" && note != "" {
				t.Errorf("the build's note is %q, want %q", note, tt.note)
			}
		})
	}
}

// blockSource is as long as a lesson's block is.
const blockSource = `package main

import (
	"fmt"
	"strings"
)

func main() {
	counts := map[string]int{}
	for _, word := range strings.Fields("the cat and the dog and the bird") {
		counts[word]++
	}
	fmt.Println(counts)
}
`

const blockOutput = "map[and:2 bird:1 cat:1 dog:1 the:3]\n"

// BenchmarkInterpreted is a block's time from the request to its last output if it is interpreted, against "go run" of the
// same file.
func BenchmarkInterpreted(b *testing.B) {
	r, _ := snippetRunner(b)
	r.Warm()
	benchBlock(b, r, "yaegi", func() { eventually(b, "processes wait", func() bool { return r.idle() == poolSize }) })
}

// BenchmarkCompiled is the same for a block that is compiled.
func BenchmarkCompiled(b *testing.B) {
	r, _ := snippetRunner(b)
	r.Executors = []executor.Executor{&gotool.Executor{CacheDir: cacheDir(), Isolated: r.Sandbox.Name() != "none"}}
	benchBlock(b, r, "go", func() {})
}

func benchBlock(b *testing.B, r *Runner, name string, ready func()) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		b.Skip("no program \"go\" in PATH; install Go (https://go.dev/dl)")
	}
	file := filepath.Join(b.TempDir(), yaegi.MainFile)
	run := func(source string) (last time.Duration) {
		ready()
		job := Job{Executor: name, Goal: executor.Run, Files: exercises.Files{yaegi.MainFile: []byte(source)}}
		text, began := "", time.Now()
		err := r.Run(b.Context(), job, report.HandlerFunc(func(e report.Event) error {
			if e.Output != nil {
				text, last = text+e.Output.Text, time.Since(began)
			}
			return nil
		}))
		if err != nil || text != blockOutput {
			b.Fatalf("executor %s: %v, printed %q", name, err, text)
		}
		return last
	}
	goRun := func(source string) time.Duration {
		if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		out, err := exec.CommandContext(b.Context(), goTool, "run", file).Output()
		if err != nil || string(out) != blockOutput {
			b.Fatalf("go run: %v, printed %q", err, out)
		}
		return time.Since(began)
	}
	run(blockSource) // what both compile once: the standard library
	goRun(blockSource)
	var ours, theirs []time.Duration
	for i := range max(15, b.N) { // another text each time, as from a reader who tries things
		source := fmt.Sprintf("%s\n// %d %d\n", blockSource, i, time.Now().UnixNano())
		ours = append(ours, run(source))
		theirs = append(theirs, goRun(source))
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ms(ours[len(ours)/2]), "p50-ms")
	b.ReportMetric(ms(ours[len(ours)*9/10]), "p90-ms")
	b.ReportMetric(ms(theirs[len(theirs)/2]), "go-run-ms")
	b.ReportMetric(float64(ours[len(ours)/2])/float64(theirs[len(theirs)/2]), "ratio")
}
