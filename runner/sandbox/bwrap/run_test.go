//go:build linux && (amd64 || arm64)

package bwrap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/sandboxtest"
)

// eventually polls until ok or until ten seconds are over.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// stdout is what cmd prints. It must exit with status 0.
func stdout(t *testing.T, d *Driver, cmd *sandbox.Command) string {
	t.Helper()
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	result, err := d.Run(t.Context(), cmd)
	if err != nil || result.Status != sandbox.Exited || result.ExitCode != 0 {
		t.Fatalf("Run(%q) = %+v, %v; want exit status 0\n%s", cmd.Args, result, err, complaints.String())
	}
	return out.String()
}

func TestCancel(t *testing.T) {
	d := working(t)
	mark := sandboxtest.NewMark()
	ctx, cancel := context.WithCancel(t.Context())
	type ending struct {
		result sandbox.Result
		err    error
	}
	ended := make(chan ending)
	go func() {
		r, err := d.Run(ctx, &sandbox.Command{Args: []string{sandboxtest.Build(t), "hog-children"}, Env: []string{mark}})
		ended <- ending{r, err}
	}()
	eventually(t, "the program runs", func() bool { return len(sandboxtest.Survivors(t, mark)) == 5 })
	cancel()
	e := <-ended
	if e.err != nil || e.result.Status != sandbox.Canceled || e.result.Reason == "" {
		t.Errorf("Run = %+v, %v; want status %q with a reason", e.result, e.err, sandbox.Canceled)
	}
	if left := sandboxtest.Survivors(t, mark); len(left) > 0 {
		t.Errorf("processes %v outlived the run", left)
	}
	if r, err := d.Run(ctx, &sandbox.Command{Args: []string{"true"}}); err != nil || r.Status != sandbox.Canceled {
		t.Errorf("Run with a context that has ended = %+v, %v; want status %q", r, err, sandbox.Canceled)
	}
}

func TestNothingOutlivesTheDriver(t *testing.T) {
	working(t)
	mark := sandboxtest.NewMark()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	host := exec.Command(exe, sandboxtest.Build(t), "stops-itself")
	host.Env = append(os.Environ(), hostKey+"="+mark)
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	programs := func() int {
		return len(slices.DeleteFunc(sandboxtest.Survivors(t, mark), func(pid int) bool { return pid == host.Process.Pid }))
	}
	eventually(t, "the program runs", func() bool { return programs() == 2 })
	host.Process.Kill()
	host.Wait()
	eventually(t, "the program is gone", func() bool { return programs() == 0 })
}

func TestDescriptors(t *testing.T) {
	d := working(t)
	foreign, err := syscall.Dup(2) // as a shell or an editor might have left one open in us, for all our children
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(foreign)
	var files []*os.File
	for range 2 {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files = append(files, f)
	}
	if got, want := stdout(t, d, &sandbox.Command{Args: []string{sandboxtest.Build(t), "descriptors"}}), "[0 1 2]\n"; got != want {
		t.Errorf("the command has descriptors %q, want %q", got, want)
	}
	cmd := &sandbox.Command{Args: []string{sandboxtest.Build(t), "descriptors"}, Files: files}
	if got, want := stdout(t, d, cmd), "[0 1 2 3 4]\n"; got != want {
		t.Errorf("with two files, the command has descriptors %q, want %q", got, want)
	}
}

func TestEnvironment(t *testing.T) {
	d := working(t)
	t.Setenv("HOTLOOP_TEST_SECRET", "x")
	cmd := &sandbox.Command{Args: []string{sandboxtest.Build(t), "environment"}, Env: []string{"A=1", "B=2=3", "C="}}
	if got, want := stdout(t, d, cmd), "A=1\nB=2=3\nC=\nPWD=/tmp\n"; got != want {
		t.Errorf("the command has the environment %q, want %q", got, want)
	}
}

func TestStreams(t *testing.T) {
	d := working(t)
	long := strings.Repeat("a line that is longer than nothing\n", 10_000)
	if got := stdout(t, d, &sandbox.Command{Args: []string{"cat"}, Stdin: strings.NewReader(long)}); got != long {
		t.Errorf("cat printed %d bytes, want the %d it was given", len(got), len(long))
	}
	var both bytes.Buffer
	cmd := &sandbox.Command{Args: []string{"sh", "-c", "echo 1; echo 2 >&2; echo 3"}, Stdout: &both, Stderr: &both}
	if _, err := d.Run(t.Context(), cmd); err != nil || both.String() != "1\n2\n3\n" {
		t.Errorf("both streams to one writer: %q, %v; want them in order", both.String(), err)
	}
	full := errors.New("disk is full")
	r, w := io.Pipe()
	r.CloseWithError(full)
	cmd = &sandbox.Command{Args: []string{sandboxtest.Build(t), "flood-stdout"}, Stdout: w}
	if _, err := d.Run(t.Context(), cmd); !errors.Is(err, full) {
		t.Errorf("Run = %v, want the writer's error", err)
	}
}

// A command sees its folder, writable, what it may read, and neither in its place in memory.
func TestFolders(t *testing.T) {
	d := working(t)
	dir, readable := t.TempDir(), filepath.Join(t.TempDir(), "readable")
	for _, file := range []string{filepath.Join(dir, "mine"), readable} {
		if err := os.WriteFile(file, []byte(filepath.Base(file)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sh := func(script string) *sandbox.Command {
		return &sandbox.Command{Args: []string{"sh", "-c", script}, Dir: dir, ReadOnly: []string{readable, "/not/there"}}
	}
	if got, want := stdout(t, d, sh("read a <mine; read b <"+readable+"; echo $a $b; echo kept >made; echo * ; echo >>"+readable+" || :")),
		"mine readable\nmade mine\n"; got != want {
		t.Errorf("in its folder, the command printed %q, want %q", got, want)
	}
	if content, err := os.ReadFile(filepath.Join(dir, "made")); err != nil || string(content) != "kept\n" {
		t.Errorf("what it made in its folder is %q, %v", content, err)
	}
	if content, err := os.ReadFile(readable); err != nil || string(content) != "readable" {
		t.Errorf("what it may read is now %q, %v", content, err)
	}
	scratch := sh("echo lost >made; echo *; pwd")
	scratch.Scratch = true
	if got, want := stdout(t, d, scratch), "made\n"+dir+"\n"; got != want {
		t.Errorf("in a folder in memory, the command printed %q, want %q", got, want)
	}
	if content, err := os.ReadFile(filepath.Join(dir, "made")); err != nil || string(content) != "kept\n" {
		t.Errorf("a folder in memory changed the one on disk: %q, %v", content, err)
	}
}

// Root is not what a command runs as, and two that run at once are not the same user, unless they share a folder.
func TestUsers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("users are given to runs only if the tests run as root")
	}
	d := working(t)
	shared := t.TempDir()
	var users []uint32
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for _, dir := range []string{t.TempDir(), shared, shared} {
		mark := sandboxtest.NewMark()
		wg.Go(func() {
			d.Run(ctx, &sandbox.Command{Args: []string{sandboxtest.Build(t), "sleep"}, Env: []string{mark}, Dir: dir})
		})
		var pid int
		eventually(t, "the program runs", func() bool {
			for _, pid = range sandboxtest.Survivors(t, mark) {
				return true
			}
			return false
		})
		info, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
		if err != nil {
			t.Fatal(err)
		}
		users = append(users, info.Sys().(*syscall.Stat_t).Uid)
	}
	if users[0] < firstUID || users[1] < firstUID || users[0] == users[1] || users[1] != users[2] {
		t.Errorf("users %v of a run and of two others in one folder; want two users from %d on", users, firstUID)
	}
}

func TestOurFaults(t *testing.T) {
	d := working(t)
	missing := filepath.Join(t.TempDir(), "missing")
	notELF := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(notELF, []byte("#!/no/such/interpreter\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		driver *Driver
		cmd    sandbox.Command
		want   string
	}{
		{"no such program", d, sandbox.Command{Args: []string{missing}}, "no such file"},
		{"not in PATH", d, sandbox.Command{Args: []string{"hotloop-no-such-program"}}, "executable file not found"},
		{"no such folder", d, sandbox.Command{Args: []string{"true"}, Dir: missing}, "no such file"},
		{"cannot be executed", d, sandbox.Command{Args: []string{notELF}}, "execvp"},
		{"no arguments", d, sandbox.Command{}, "no arguments"},
		{"relative path", d, sandbox.Command{Args: []string{"true"}, ReadOnly: []string{"x"}}, "no absolute path"},
		{"no helper", &Driver{}, sandbox.Command{Args: []string{"true"}}, "helper"},
		{"missing helper", &Driver{Helper: []string{missing}}, sandbox.Command{Args: []string{"true"}}, "starting true"},
		{"not a helper", &Driver{Helper: []string{"/bin/true"}}, sandbox.Command{Args: []string{"true"}}, "helper"},
	}
	for _, tt := range tests {
		_, err := tt.driver.Run(t.Context(), &tt.cmd)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Run = %v, want an error with %q", tt.name, err, tt.want)
		}
	}
}

func TestUsage(t *testing.T) {
	cmd := &sandbox.Command{Args: []string{sandboxtest.Build(t), "fill"}}
	result, err := working(t).Run(t.Context(), cmd)
	if err != nil || result.Status != sandbox.Exited {
		t.Fatalf("Run = %+v, %v; want status %q", result, err, sandbox.Exited)
	}
	if result.MaxRSS < 40<<20 || result.MaxRSS > 200<<20 {
		t.Errorf("peak %d bytes of a program that fills 40 MiB", result.MaxRSS)
	}
	if result.CPU <= 0 || result.Wall <= 0 {
		t.Errorf("CPU %v, wall %v of a program that worked", result.CPU, result.Wall)
	}
}

func TestNothingIsLeft(t *testing.T) {
	d := working(t)
	run := func() {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				var out bytes.Buffer
				cmd := &sandbox.Command{Args: []string{"cat"}, Stdin: strings.NewReader("x"), Stdout: &out, Dir: t.TempDir(), Scratch: true}
				if _, err := d.Run(t.Context(), cmd); err != nil || out.String() != "x" {
					t.Errorf("Run = %v, output %q", err, out.String())
				}
			})
		}
		wg.Wait()
	}
	run() // what the runtime opens once
	files, goroutines := openFiles(t), runtime.NumGoroutine()
	for range 5 {
		run()
	}
	eventually(t, "no more goroutines than before", func() bool { return runtime.NumGoroutine() <= goroutines })
	if now := openFiles(t); !slices.Equal(now, files) {
		t.Errorf("open descriptors %v, before: %v", now, files)
	}
	for _, s := range d.ready.slots.held {
		t.Errorf("user %d is still reserved", s.uid)
	}
	mine := &slot{uid: firstUID + slots}
	g, err := d.ready.groups.create(mine.group(), sandbox.Limits{Memory: 64 << 20, Procs: 1})
	if err != nil {
		t.Fatal(err)
	}
	dirs := g.dirs
	if err := g.remove(); err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("the control group %s is still there", dir)
		}
	}
}

// openFiles are this process's descriptors below 200.
func openFiles(t *testing.T) []int {
	t.Helper()
	var open []int
	for fd := range 200 {
		var st syscall.Stat_t
		if syscall.Fstat(fd, &st) == nil {
			open = append(open, fd)
		}
	}
	return open
}
