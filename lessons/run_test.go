package lessons

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestEveryBlockPrintsWhatIsRecorded runs each block of each page in its real runtime and compares what it prints with
// the output on the page, but for labs. Interpreted blocks are compiled here; that the interpreter agrees is its package's test.
func TestEveryBlockPrintsWhatIsRecorded(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: the blocks of the lessons are not run; run go test ./lessons without it")
	}
	slots := make(chan struct{}, min(2, runtime.NumCPU()))
	for lesson := range load(t).All() {
		blocks := lesson.Blocks()
		for _, b := range blocks {
			if b.Run == RunLab {
				continue // needs a browser: TestBrowser/Labs of cmd/hotloop runs them all
			}
			t.Run(lesson.ID+"/"+b.ID, func(t *testing.T) {
				t.Parallel()
				slots <- struct{}{}
				defer func() { <-slots }()
				proveBlock(t, b, blocks)
			})
		}
	}
}

func proveBlock(t *testing.T, b *Block, all []*Block) {
	if b.Run == RunNone {
		t.Skipf("the page does not run it: %s", b.Why)
	}
	needTools(t, b)
	dir := t.TempDir()
	for _, f := range b.Files {
		i := slices.IndexFunc(all, func(o *Block) bool { return o.ID == f.Block })
		write(t, dir, f.Name, all[i].Source)
	}
	// A time is another one while something else takes the processor: a block that measures may be wrong once, not thrice.
	tries := 1
	if strings.Contains(b.Output, "~") {
		tries = 3
	}
	for try := 1; ; try++ {
		stdout, stderr, exit := runBlock(t, b, dir)
		if exit != b.Exit {
			t.Fatalf("exit status %d, want %d\nstdout:\n%s\nstderr:\n%s", exit, b.Exit, stdout, stderr)
		}
		err := Match(b.Output, stdout, b.Expect)
		if err == nil {
			return
		}
		if try == tries {
			t.Fatalf("the page records another output: %v\nprinted, the last of %d times:\n%s\nstderr:\n%s", err, tries, stdout, stderr)
		}
		t.Logf("try %d: %v", try, err)
	}
}

func needTools(t *testing.T, b *Block) {
	t.Helper()
	tools := slices.Clone(b.Needs)
	switch b.Run {
	case RunNode, RunWorker:
		tools = append(tools, "node")
	case RunShell:
		tools = append(tools, "bash")
	default:
		tools = append(tools, "go")
	}
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("block %s is not run: install %s (Debian, Ubuntu: apt-get install %[2]s; Node.js must be 20 or newer)", b.ID, tool)
		}
	}
}

// workerShim stands for the page's worker: the same prelude, then the block in an async function.
const workerShim = `
import fs from 'node:fs';
const AsyncFunction = (async () => {}).constructor;
(0, eval)(fs.readFileSync('dom-lite.js', 'utf8'));
await new AsyncFunction(fs.readFileSync('block.js', 'utf8'))();
`

// runBlock runs the block in dir, within twice its time limit: this machine may be busier than the learner's.
func runBlock(t *testing.T, b *Block, dir string) (stdout, stderr string, exit int) {
	t.Helper()
	var args, env []string
	switch b.Run {
	case RunWorker:
		write(t, dir, "dom-lite.js", DOMLite)
		write(t, dir, "block.js", b.Source)
		write(t, dir, "main.mjs", workerShim)
		args = []string{"node", "main.mjs"}
	case RunNode:
		write(t, dir, "main.mjs", b.Source)
		args = slices.Concat([]string{"node"}, b.Flags, []string{"main.mjs"})
	case RunGo, RunInterp:
		write(t, dir, "main.go", b.Source)
		write(t, dir, "go.mod", "module snippet\n\ngo 1.26\n")
		buildBlock(t, dir, b.Flags)
		args = []string{filepath.Join(dir, "snippet")}
	case RunShell:
		args = []string{"bash", "-eu", "-c", b.Source}
	}
	if b.Memory != "" {
		env = append(env, "GOMEMLIMIT="+b.Memory+"iB", "NODE_OPTIONS=--max-old-space-size="+strings.TrimSuffix(b.Memory, "M"))
	}

	ctx, cancel := context.WithTimeout(t.Context(), 2*b.Timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = dir, append(os.Environ(), env...), time.Second
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if failed := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &failed) || ctx.Err() != nil) {
		t.Fatalf("running %s: %v, after %s\nstdout:\n%s\nstderr:\n%s", strings.Join(args, " "), err, 2*b.Timeout, &out, &errs)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// buildBlock is no part of the block's time. It needs no network: blocks import the standard library only.
func buildBlock(t *testing.T, dir string, flags []string) {
	t.Helper()
	for _, args := range [][]string{
		slices.Concat([]string{"build"}, flags, []string{"-o", "snippet", "."}),
		{"vet", "."},
	} {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOTOOLCHAIN=local", "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", args[0], err, out)
		}
	}
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A comparison that cannot fail would make the test above worthless: each recorded output must refuse a changed one.
func TestRecordedOutputsCanFail(t *testing.T) {
	for lesson := range load(t).All() {
		for _, b := range lesson.Blocks() {
			if b.Run == RunNone || b.Expect == ExpectNone {
				continue
			}
			for _, wrong := range []string{"", "something else"} {
				if Match(b.Output, wrong, b.Expect) == nil {
					t.Errorf("%s: the recorded output accepts %q", b.ID, wrong)
				}
			}
			if err := plausible(b); err != nil {
				t.Errorf("%s: %v", b.ID, err)
			}
		}
	}
}

// plausible says whether a line of the output holds anything but a matcher for everything.
func plausible(b *Block) error {
	for _, line := range lines(b.Output) {
		if strings.TrimSpace(line) == "<any>" {
			return fmt.Errorf("a line is <any> alone")
		}
	}
	return nil
}
