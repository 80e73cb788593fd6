package runner

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/report"
	"hotloop/runner/sandbox"
)

// What comes of a bomb, beside what the compiler says of it.
const (
	compiled = "compiled"
	stopped  = "The compiler was stopped"
)

// Sources that are small and have much to be compiled, and what may come of each: that depends on the machine where the
// compiler does all it is asked for. On a slow one any of them may be stopped.
var bombs = []struct {
	name, code string
	outcomes   []string
}{
	{"data", "var big = [1 << 31]byte{1}\n\nfunc init() { big[len(big)-1]++ }\n", []string{"symbol too large"}},
	{"data of 200 MB", "var big = [...]byte{200 << 20: 1}\n\nfunc init() { big[len(big)-1]++ }\n", []string{"file too large", compiled}},
	{"array of one element", "var big = [1 << 30]int{1<<30 - 1: 1}\n\nfunc init() { big[0]++ }\n", []string{stopped}},
	{"20,000 parentheses", "var x = " + strings.Repeat("(", 20_000) + "1" + strings.Repeat(")", 20_000) + "\n", []string{"nested too deep"}},
	{"20,000 functions in each other", "func f() {\n" + strings.Repeat("func() {", 20_000) + strings.Repeat("}()\n", 20_000) + "}\n", []string{"nested too deep"}},
	{"sum of 60,000 in a line", "var x int\nvar y = x" + strings.Repeat("+x", 60_000) + "\n", []string{"one expression too long"}},
	{"number squared 40 times", "const n0 = 1 << 500\n" + chain(40, "const nNEW = nOLD * nOLD\n") + "var n = n40 > 0\n", []string{"constant multiplication overflow"}},
	{"text doubled 40 times", "const s0 = \"0123456789abcdef\"\n" + chain(40, "const sNEW = sOLD + sOLD\n") + "var s = s40\n", []string{stopped}},
	{"struct doubled 40 times", "type t0 struct{ a, b int }\n" + chain(40, "type tNEW struct{ a, b tOLD }\n") + "var x, y t40\nvar same = x == y\n", []string{stopped}},
	{"type of itself", "type t[P any] struct{ next *t[t[P]] }\n\nvar x t[int]\n", []string{"instantiation cycle"}},
	{"function of ever larger types", "func f[P any](n int) {\n\tif n > 0 {\n\t\tf[[]P](n - 1)\n\t}\n}\n\nfunc init() { f[int](3) }\n", []string{"instantiation cycle"}},
	{"2^24 instances", "func f0[P any]() { _ = *new(P) }\n" + chain(24, "func fNEW[P any]() { fOLD[[]P](); fOLD[*P]() }\n") + "func init() { f24[int]() }\n", []string{stopped}},
	{"14,000 functions", chain(14_000, "func fNEW() {}\n"), []string{compiled}},
	{"name of 250,000 letters", "func " + strings.Repeat("x", 250_000) + "() {}\n", []string{compiled}},
}

// chain are n lines, of which each names itself NEW and the one before OLD: 1 and 0, 2 and 1, and so on.
func chain(n int, line string) string {
	var all strings.Builder
	for i := range n {
		all.WriteString(strings.NewReplacer("OLD", strconv.Itoa(i), "NEW", strconv.Itoa(i+1)).Replace(line))
	}
	return all.String()
}

// What a compiler gets in this test: too little for a bomb, enough for a solution.
const bombCPU, bombMemory = 2 * time.Second, 512 << 20

// A tight sandbox has less room for compilers.
type tight struct{ sandbox.Driver }

func (d tight) Run(ctx context.Context, cmd *sandbox.Command) (sandbox.Result, error) {
	if len(cmd.Files) == 0 { // all but what has a channel to the harness
		cmd.Limits.CPU, cmd.Limits.Memory = bombCPU, bombMemory
	}
	return d.Driver.Run(ctx, cmd)
}

// Bombs are compiled, or the compiler says what is wrong with them, or it is stopped and the learner told so. hotloop itself
// fails at none and does not grow with it, and nothing stays.
func TestCompileBombs(t *testing.T) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil { // who is left behind becomes a child of ours
		t.Fatal(err)
	}
	defer unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
	drivers := map[string]*Runner{"none": newRunner(t), "bwrap": newRunner(t)}
	isolate(t, drivers["bwrap"])
	for name, r := range drivers {
		r.Sandbox = tight{r.Sandbox}
		runOn(t, r, solution(adderReference)) // the kit is compiled once
		for _, bomb := range bombs {
			t.Run(name+"/"+bomb.name, func(t *testing.T) {
				before := peakMemory(t)
				rep := runOn(t, r, solution(adderReference+bomb.code))
				if !slices.ContainsFunc(append(bomb.outcomes, stopped), func(outcome string) bool {
					return outcome == compiled && rep.Verdict == report.Accepted ||
						rep.Verdict == report.CompileError && strings.Contains(rep.Reason, outcome)
				}) {
					t.Errorf("verdict %q, %.300q; want one of %q", rep.Verdict, rep.Reason, bomb.outcomes)
				}
				if grown := peakMemory(t) - before; grown > 100<<20 {
					t.Errorf("the runner grew by %d MiB", grown>>20)
				}
				if left := leftBehind(t); left != "" {
					t.Errorf("the run left processes behind:\n%s", left)
				}
				if left, _ := os.ReadDir(r.Dir); len(left) > 0 {
					t.Errorf("the run left %s behind", left[0])
				}
				t.Logf("%.1f s, +%d MiB: %.200s", rep.Seconds, (peakMemory(t)-before)>>20, rep.Reason)
			})
		}
	}
}

// peakMemory is the most that this process ever had of the machine's memory, in bytes.
func peakMemory(t *testing.T) int64 {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return usage.Maxrss << 10
}

// leftBehind are the processes that have this one as parent and have not ended, a line each.
func leftBehind(t *testing.T) string {
	t.Helper()
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil || len(lists) == 0 {
		t.Fatalf("looking for processes left behind: %v, %d threads", err, len(lists))
	}
	var left []string
	for _, list := range lists {
		pids, _ := os.ReadFile(list)
		for _, pid := range strings.Fields(string(pids)) {
			status, _ := os.ReadFile("/proc/" + pid + "/stat")
			if _, state, _ := bytes.Cut(status, []byte(") ")); len(state) > 0 && state[0] != 'Z' {
				left = append(left, string(status))
			}
		}
	}
	return strings.Join(left, "")
}

// More than a solution may have is not even given to the compiler.
func TestTooMuchToCompile(t *testing.T) {
	files := exercises.Files{"add.go": []byte(adderReference + "func " + strings.Repeat("x", 1<<20) + "() {}\n")}
	rep, _ := run(t, Job{Exercise: "add", Goal: executor.Test, Files: files})
	if rep.Verdict != report.Invalid || !strings.HasPrefix(rep.Reason, "add.go has 1024 KiB; at most 256 KiB are run") || len(rep.Steps) > 0 {
		t.Errorf("verdict %q, %q, %d steps; want it refused", rep.Verdict, rep.Reason, len(rep.Steps))
	}
}
