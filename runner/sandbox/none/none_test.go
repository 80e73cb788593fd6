//go:build unix

package none

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
	"hotloop/runner/sandbox/child"
	"hotloop/runner/sandbox/sandboxtest"
)

// hostKey makes this test binary a host: a process that runs the command in its arguments with the driver.
const hostKey = "HOTLOOP_TEST_HOST"

func TestMain(m *testing.M) {
	if mark := os.Getenv(hostKey); mark != "" {
		host(mark)
	}
	sandboxtest.Main(m)
}

func host(mark string) {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	d := Driver{Supervisor: []string{exe, "__supervise"}}
	cmd := &sandbox.Command{Args: os.Args[1:], Env: []string{mark}, Stdout: os.Stdout}
	result, err := d.Run(context.Background(), cmd)
	fmt.Println(result, err)
	os.Exit(0)
}

// driver supervises with this test binary: a process that imports the package is a supervisor before its main function.
func driver(tb testing.TB) Driver {
	tb.Helper()
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	return Driver{Supervisor: []string{exe, "__supervise"}}
}

func TestHostile(t *testing.T) { sandboxtest.Run(t, driver(t)) }

// eventually polls until ok or until ten seconds are over.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func TestNothingOutlivesTheDriver(t *testing.T) {
	mark := sandboxtest.NewMark()
	host := exec.Command(driver(t).Supervisor[0], sandboxtest.Build(t), "stops-itself")
	host.Env = []string{hostKey + "=" + mark}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	// The program and the helper that it starts; the supervisor and the host don't have the mark as an entry of theirs.
	programs := func() int {
		n := 0
		for _, pid := range sandboxtest.Survivors(t, mark) {
			if pid != host.Process.Pid {
				n++
			}
		}
		return n
	}
	eventually(t, "the program runs", func() bool { return programs() == 2 })
	host.Process.Kill()
	host.Wait()
	eventually(t, "the program is gone", func() bool { return programs() == 0 })
}

func TestCancel(t *testing.T) {
	mark := sandboxtest.NewMark()
	ctx, cancel := context.WithCancel(t.Context())
	type ending struct {
		result sandbox.Result
		err    error
	}
	ended := make(chan ending)
	go func() {
		r, err := driver(t).Run(ctx, &sandbox.Command{
			Args: []string{sandboxtest.Build(t), "hog-children"}, Env: []string{mark},
		})
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
	if r, err := driver(t).Run(ctx, &sandbox.Command{Args: []string{"true"}}); err != nil || r.Status != sandbox.Canceled {
		t.Errorf("Run with a context that has ended = %+v, %v; want status %q", r, err, sandbox.Canceled)
	}
}

func TestStoppedSupervisor(t *testing.T) {
	d := driver(t)
	d.grace = 200 * time.Millisecond
	mark := sandboxtest.NewMark()
	result, err := d.Run(t.Context(), &sandbox.Command{
		Args: []string{sandboxtest.Build(t), "stops-parent"}, Env: []string{mark},
		Limits: sandbox.Limits{Wall: 300 * time.Millisecond},
	})
	if err != nil || result.Status != sandbox.TimeLimit {
		t.Errorf("Run = %+v, %v; want status %q", result, err, sandbox.TimeLimit)
	}
	if left := sandboxtest.Survivors(t, mark); len(left) > 0 {
		t.Errorf("processes %v outlived the run", left)
	}
}

func TestDescriptors(t *testing.T) {
	// One that a shell or an editor might have left open in us, for all our children to have.
	foreign, err := syscall.Dup(2)
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
	if got, want := stdout(t, &sandbox.Command{Args: []string{sandboxtest.Build(t), "descriptors"}}), "[0 1 2]\n"; got != want {
		t.Errorf("the command has descriptors %q, want %q", got, want)
	}
	cmd := &sandbox.Command{Args: []string{sandboxtest.Build(t), "descriptors"}, Files: files}
	if got, want := stdout(t, cmd), "[0 1 2 3 4]\n"; got != want {
		t.Errorf("with two files, the command has descriptors %q, want %q", got, want)
	}
}

// stdout is what cmd prints. It must exit with status 0.
func stdout(t *testing.T, cmd *sandbox.Command) string {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout = &out
	result, err := driver(t).Run(t.Context(), cmd)
	if err != nil || result.Status != sandbox.Exited || result.ExitCode != 0 {
		t.Fatalf("Run(%q) = %+v, %v; want exit status 0", cmd.Args, result, err)
	}
	return out.String()
}

func TestEnvironment(t *testing.T) {
	t.Setenv("HOTLOOP_TEST_SECRET", "x")
	got := stdout(t, &sandbox.Command{Args: []string{sandboxtest.Build(t), "environment"}, Env: []string{"A=1", "B=2"}})
	lines := strings.Fields(got)
	if len(lines) != 3 || lines[0] != "A=1" || lines[1] != "B=2" || !strings.HasPrefix(lines[2], markKey+"=") {
		t.Errorf("the command has the environment %q, want A, B and %s", lines, markKey)
	}
}

func TestStreams(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("a line that is longer than nothing\n", 10_000)
	if got := stdout(t, &sandbox.Command{Args: []string{"cat"}, Stdin: strings.NewReader(long)}); got != long {
		t.Errorf("cat printed %d bytes, want the %d it was given", len(got), len(long))
	}
	if got := stdout(t, &sandbox.Command{Args: []string{"pwd"}, Dir: dir}); got != dir+"\n" {
		t.Errorf("pwd = %q, want %q", got, dir)
	}
	if got := stdout(t, &sandbox.Command{Args: []string{"true"}, Stdin: endless{}}); got != "" {
		t.Errorf("true printed %q", got)
	}

	var both bytes.Buffer
	cmd := &sandbox.Command{Args: []string{"sh", "-c", "echo 1; echo 2 >&2; echo 3"}, Stdout: &both, Stderr: &both}
	if _, err := driver(t).Run(t.Context(), cmd); err != nil || both.String() != "1\n2\n3\n" {
		t.Errorf("both streams to one writer: %q, %v; want them in order", both.String(), err)
	}

	cmd = &sandbox.Command{Args: []string{"sh", "-c", "echo out; echo err >&2"}}
	if result, err := driver(t).Run(t.Context(), cmd); err != nil || result.Status != sandbox.Exited {
		t.Errorf("output that nobody wants: %+v, %v", result, err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// A slow reader of the output gets all of it, however long the program has been gone.
func TestSlowWriter(t *testing.T) {
	const bytes = 60_000 // fits into a pipe, so that the program ends at once
	r, w := io.Pipe()
	mark := sandboxtest.NewMark()
	done := make(chan error, 1)
	go func() {
		_, err := driver(t).Run(context.Background(), &sandbox.Command{
			Args: []string{"sh", "-c", fmt.Sprintf("head -c %d /dev/zero", bytes)}, Env: []string{mark}, Stdout: w,
		})
		w.CloseWithError(err)
		done <- err
	}()
	first := make([]byte, 1)
	if _, err := io.ReadFull(r, first); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the program is gone", func() bool { return len(sandboxtest.Survivors(t, mark)) == 0 })
	time.Sleep(2 * waitDelay) // nothing to poll for: the driver must not do anything
	rest, err := io.ReadAll(r)
	if err != nil || len(rest) != bytes-1 {
		t.Errorf("read %d bytes more, %v; want %d", len(rest), err, bytes-1)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestFailingWriter(t *testing.T) {
	full := errors.New("disk is full")
	r, w := io.Pipe()
	r.CloseWithError(full)
	cmd := &sandbox.Command{Args: []string{sandboxtest.Build(t), "flood-stdout"}, Stdout: w}
	if _, err := driver(t).Run(t.Context(), cmd); !errors.Is(err, full) {
		t.Errorf("Run = %v, want the writer's error", err)
	}
}

func TestOurFaults(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	tests := []struct {
		name   string
		driver Driver
		cmd    sandbox.Command
		want   string
	}{
		{"no such program", driver(t), sandbox.Command{Args: []string{missing}}, "no such file"},
		{"not in PATH", driver(t), sandbox.Command{Args: []string{"hotloop-no-such-program"}}, "executable file not found"},
		{"no such folder", driver(t), sandbox.Command{Args: []string{"true"}, Dir: missing}, "no such file"},
		{"no arguments", driver(t), sandbox.Command{}, "without arguments"},
		{"no supervisor", Driver{}, sandbox.Command{Args: []string{"true"}}, "supervisor"},
		{"missing supervisor", Driver{Supervisor: []string{missing}}, sandbox.Command{Args: []string{"true"}}, "starting the supervisor"},
		{"not a supervisor", Driver{Supervisor: []string{"true"}}, sandbox.Command{Args: []string{"true"}}, "without a report"},
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
	result, err := driver(t).Run(t.Context(), cmd)
	if err != nil || result.Status != sandbox.Exited {
		t.Fatalf("Run = %+v, %v; want status %q", result, err, sandbox.Exited)
	}
	if result.MaxRSS < 32<<20 || result.MaxRSS > 200<<20 {
		t.Errorf("peak %s of a program that fills 40 MiB", child.Size(result.MaxRSS))
	}
	if result.CPU <= 0 || result.Wall <= 0 {
		t.Errorf("CPU %v, wall %v of a program that worked", result.CPU, result.Wall)
	}
}

// One system call may fill memory faster than anybody looks; the kernel's own limit refuses it.
func TestGulp(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has a limit for what one process maps")
	}
	cmd := &sandbox.Command{Args: []string{sandboxtest.Build(t), "gulp"}, Limits: sandbox.Limits{Memory: 64 << 20}}
	if got, want := stdout(t, cmd), "gulp: cannot allocate memory\n"; got != want {
		t.Errorf("mapping 2 GiB: %q, want %q", got, want)
	}
}

func TestNothingIsLeftOpen(t *testing.T) {
	run := func() {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				var out bytes.Buffer
				cmd := &sandbox.Command{Args: []string{"cat"}, Stdin: strings.NewReader("x"), Stdout: &out}
				if _, err := driver(t).Run(t.Context(), cmd); err != nil || out.String() != "x" {
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

func TestAvailable(t *testing.T) {
	if err := driver(t).Available(t.Context()); err != nil {
		t.Errorf("Available = %v on a machine where the other tests pass", err)
	}
	if err := (Driver{}).Available(t.Context()); err == nil {
		t.Error("Available = nil without a supervisor")
	}
	if err := (Driver{Supervisor: []string{"hotloop-no-such-program"}}).Available(t.Context()); err == nil {
		t.Error("Available = nil with a supervisor that is not there")
	}
}
