//go:build linux && (amd64 || arm64)

package cell_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/cell"
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
func stdout(t *testing.T, d *cell.Driver, cmd *sandbox.Command) string {
	t.Helper()
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	result, err := d.Run(t.Context(), cmd)
	if err != nil || result.Status != sandbox.Exited || result.ExitCode != 0 {
		t.Fatalf("Run(%q) = %+v, %v; want exit status 0\n%s", cmd.Args, result, err, complaints.String())
	}
	return out.String()
}

// A witness is held open by the processes of a run, for as long as there are any.
type witness struct{ ours, theirs *os.File }

func newWitness(t *testing.T) *witness {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.Close()
		w.Close()
	})
	return &witness{r, w}
}

// files are for the command; the program gets it as descriptor 3.
func (w *witness) files() []*os.File { return []*os.File{w.theirs} }

// gone fails the test unless nobody holds it any more, or does soon.
func (w *witness) gone(t *testing.T) {
	t.Helper()
	w.theirs.Close()
	w.ours.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadAll(w.ours); err != nil {
		t.Errorf("a process outlived the run: %v", err)
	}
}

// busy is a program of three processes that prints a word and never ends.
var busy = []string{"sh", "-c", "(while :; do :; done) & (while :; do :; done) & echo ready; while :; do :; done"}

func TestCancel(t *testing.T) {
	each(t, func(t *testing.T, d *cell.Driver) {
		w := newWitness(t)
		ctx, cancel := context.WithCancel(t.Context())
		type ending struct {
			result sandbox.Result
			err    error
		}
		ended := make(chan ending)
		ready, says := io.Pipe()
		go func() {
			r, err := d.Run(ctx, &sandbox.Command{Args: busy, Stdout: says, Files: w.files()})
			ended <- ending{r, err}
		}()
		if _, err := io.ReadFull(ready, make([]byte, len("ready\n"))); err != nil {
			t.Fatal(err)
		}
		cancel()
		e := <-ended
		if e.err != nil || e.result.Status != sandbox.Canceled || e.result.Reason == "" {
			t.Errorf("Run = %+v, %v; want status %q with a reason", e.result, e.err, sandbox.Canceled)
		}
		w.gone(t)
		if r, err := d.Run(ctx, &sandbox.Command{Args: []string{"true"}}); err != nil || r.Status != sandbox.Canceled {
			t.Errorf("Run with a context that has ended = %+v, %v; want status %q", r, err, sandbox.Canceled)
		}
	})
}

func TestNothingOutlivesTheDriver(t *testing.T) {
	each(t, func(t *testing.T, d *cell.Driver) {
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		w := newWitness(t)
		host := exec.Command(exe, busy...)
		host.Env = append(os.Environ(), hostKey+"="+d.Name())
		host.ExtraFiles = w.files()
		said, err := host.StdoutPipe()
		if err == nil {
			err = host.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.ReadFull(said, make([]byte, len("ready\n")))
		host.Process.Kill()
		host.Wait()
		if err != nil {
			t.Errorf("the program never ran: %v", err)
		}
		w.gone(t)
	})
}

func TestDescriptors(t *testing.T) {
	each(t, func(t *testing.T, d *cell.Driver) {
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
	})
}

// added is what drivers' programs add to an environment.
var added = map[string]string{"bwrap": "PWD=/tmp\n", "gvisor": "HOME=/tmp\n"}

func TestEnvironment(t *testing.T) {
	each(t, func(t *testing.T, d *cell.Driver) {
		t.Setenv("HOTLOOP_TEST_SECRET", "x")
		cmd := &sandbox.Command{Args: []string{sandboxtest.Build(t), "environment"}, Env: []string{"A=1", "B=2=3", "C="}}
		if got, want := stdout(t, d, cmd), "A=1\nB=2=3\nC=\n"+added[d.Name()]; got != want {
			t.Errorf("the command has the environment %q, want %q", got, want)
		}
	})
}

func TestStreams(t *testing.T) {
	each(t, func(t *testing.T, d *cell.Driver) {
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
	})
}

// A command sees its folder, writable, what it may read, and neither in its place in memory.
func TestFolders(t *testing.T) {
	each(t, func(t *testing.T, d *cell.Driver) {
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
	})
}

// Root is not what a command runs as, and two that run at once are not the same user, unless they share a folder.
func TestUsers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("users are given to runs only if the tests run as root")
	}
	each(t, func(t *testing.T, d *cell.Driver) {
		shared := t.TempDir()
		var users []uint32
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		for i, dir := range []string{t.TempDir(), shared, shared} {
			made := filepath.Join(dir, strconv.Itoa(i))
			wg.Go(func() {
				d.Run(ctx, &sandbox.Command{Args: []string{"sh", "-c", "echo >" + made + "; while :; do :; done"}, Dir: dir})
			})
			var info os.FileInfo
			eventually(t, "the program makes a file", func() bool {
				var err error
				info, err = os.Stat(made)
				return err == nil
			})
			users = append(users, info.Sys().(*syscall.Stat_t).Uid)
		}
		if users[0] < cell.FirstUID || users[1] < cell.FirstUID || users[0] == users[1] || users[1] != users[2] {
			t.Errorf("users %v of a run and of two others in one folder; want two users from %d on", users, cell.FirstUID)
		}
	})
}

func TestOurFaults(t *testing.T) {
	each(t, func(t *testing.T, d *cell.Driver) {
		missing := filepath.Join(t.TempDir(), "missing")
		notELF := filepath.Join(t.TempDir(), "script")
		if err := os.WriteFile(notELF, []byte("#!/no/such/interpreter\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		tests := []struct {
			name   string
			driver *cell.Driver
			cmd    sandbox.Command
			want   string
		}{
			{"no such program", d, sandbox.Command{Args: []string{missing}}, "no such file"},
			{"not in PATH", d, sandbox.Command{Args: []string{"hotloop-no-such-program"}}, "executable file not found"},
			{"no such folder", d, sandbox.Command{Args: []string{"true"}, Dir: missing}, "no such file"},
			{"cannot be executed", d, sandbox.Command{Args: []string{notELF}}, "o such file"},
			{"no arguments", d, sandbox.Command{}, "no arguments"},
			{"relative path", d, sandbox.Command{Args: []string{"true"}, ReadOnly: []string{"x"}}, "no absolute path"},
			{"no helper", drivers[d.Name()](nil), sandbox.Command{Args: []string{"true"}}, "helper"},
			{"missing helper", drivers[d.Name()]([]string{missing}), sandbox.Command{Args: []string{"true"}}, "starting true"},
			{"not a helper", drivers[d.Name()]([]string{"/bin/true"}), sandbox.Command{Args: []string{"true"}}, "helper"},
		}
		for _, tt := range tests {
			_, err := tt.driver.Run(t.Context(), &tt.cmd)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: Run = %v, want an error with %q", tt.name, err, tt.want)
			}
		}
	})
}

func TestUsage(t *testing.T) {
	each(t, func(t *testing.T, d *cell.Driver) {
		cmd := &sandbox.Command{Args: []string{sandboxtest.Build(t), "fill"}}
		result, err := d.Run(t.Context(), cmd)
		if err != nil || result.Status != sandbox.Exited {
			t.Fatalf("Run = %+v, %v; want status %q", result, err, sandbox.Exited)
		}
		if result.MaxRSS < 36<<20 || result.MaxRSS > 200<<20 {
			t.Errorf("peak %d bytes of a program that fills 40 MiB", result.MaxRSS)
		}
		if result.CPU <= 0 || result.Wall <= 0 {
			t.Errorf("CPU %v, wall %v of a program that worked", result.CPU, result.Wall)
		}
	})
}

func TestNothingIsLeft(t *testing.T) {
	each(t, func(t *testing.T, d *cell.Driver) {
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
		if users := d.Reserved(); len(users) > 0 {
			t.Errorf("users %v are still reserved", users)
		}
		dirs, err := d.Groups(cell.NobodysUID)
		if err != nil {
			t.Fatal(err)
		}
		for _, dir := range dirs {
			if _, err := os.Stat(dir); err == nil {
				t.Errorf("the control group %s is still there", dir)
			}
		}
	})
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
