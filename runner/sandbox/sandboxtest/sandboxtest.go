// Package sandboxtest holds programs that misbehave, with what a sandbox driver must say of each, so that all drivers
// are held to the same table:
//
//	func TestHostile(t *testing.T) { sandboxtest.Run(t, driver) }
//	func TestEscapes(t *testing.T) { sandboxtest.RunEscapes(t, driver) } // if the driver isolates; or RunGuestEscapes
//
// [Table] then is what came of it. The test of this package prints it for all drivers that can work on the machine.
package sandboxtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"embed"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"hotloop/runner/sandbox"
)

//go:embed testdata/hostile
var source embed.FS

// Run runs every program of the table with driver, two at a time.
func Run(t *testing.T, driver sandbox.Driver) {
	if err := driver.Available(t.Context()); err != nil {
		t.Skipf("driver %s cannot work here: %v", driver.Name(), err)
	}
	runAll(t, driver, programs, nil)
}

func runAll(t *testing.T, driver sandbox.Driver, programs []program, env []string) {
	hostile := Build(t)
	places := make(chan struct{}, 2)
	for _, p := range programs {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			places <- struct{}{}
			defer func() { <-places }()
			p.run(t, driver, hostile, env)
		})
	}
}

func (p program) run(t *testing.T, driver sandbox.Driver, hostile string, env []string) {
	mark := NewMark()
	var stdout, stderr bytes.Buffer
	cmd := &sandbox.Command{
		Args: []string{hostile, p.name}, Env: append([]string{mark}, env...), Dir: t.TempDir(), Scratch: p.scratch,
		Stdout: &stdout, Stderr: &stderr, Limits: p.limits,
	}
	result, err := driver.Run(context.WithoutCancel(t.Context()), cmd)
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	defer func() { note(driver.Name(), p.name, outcome(result, stdout.String(), t.Failed())) }()
	if left := Survivors(t, mark); len(left) > 0 {
		t.Errorf("processes %v outlived the run", left)
	}
	if !slices.Contains(p.status, result.Status) {
		t.Errorf("status %q, want %q\nresult: %+v\nstderr: %.2000s", result.Status, p.status, result, stderr.String())
	}
	if result.Status == sandbox.Exited && result.ExitCode != p.exit {
		t.Errorf("exit status %d, want %d\nstderr: %.2000s", result.ExitCode, p.exit, stderr.String())
	}
	if result.Status != sandbox.Exited && result.ExitCode != -1 {
		t.Errorf("exit status %d of a program that did not exit, want -1", result.ExitCode)
	}
	if !strings.Contains(result.Reason, p.reason) || (result.Status == sandbox.Exited) != (result.Reason == "") {
		t.Errorf("reason %q after %q, want one with %q", result.Reason, result.Status, p.reason)
	}
	if p.stdout != "" && stdout.String() != p.stdout {
		t.Errorf("stdout %q, want %q", stdout.String(), p.stdout)
	}
	if strings.Contains(stdout.String(), "ESCAPED") && !strings.Contains(p.stdout, "ESCAPED") {
		t.Errorf("it got out:\n%s", stdout.String())
	}
	if limit := p.limits.Output; limit > 0 && int64(stdout.Len()+stderr.Len()) != limit {
		t.Errorf("%d bytes of output were handed on, want the limit, %d", stdout.Len()+stderr.Len(), limit)
	}
	if p.after != nil {
		p.after(t, cmd.Dir)
	}
	if result.Wall <= 0 {
		t.Errorf("wall time %v, want more", result.Wall)
	}
}

var built struct {
	sync.Once
	path string
	err  error
	log  []byte
}

// Build builds the hostile program, once per test binary, and returns its path. Its argument says what to do.
func Build(t testing.TB) string {
	t.Helper()
	built.Do(func() {
		var dir string
		if dir, built.err = os.MkdirTemp("", "hostile"); built.err != nil {
			return
		}
		built.path = filepath.Join(dir, "hostile")
		built.err = build(dir)
	})
	if built.err != nil {
		t.Fatalf("building the hostile program: %v\n%s", built.err, built.log)
	}
	return built.path
}

// Main runs the tests and removes what Build has made. A test binary calls it from TestMain.
func Main(m *testing.M) {
	code := m.Run()
	if built.path != "" {
		os.RemoveAll(filepath.Dir(built.path))
	}
	os.Exit(code)
}

func build(dir string) error {
	files, err := fs.Sub(source, "testdata/hostile")
	if err != nil {
		return err
	}
	if err := os.CopyFS(dir, files); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module hostile\n\ngo 1.26\n"), 0o644); err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-o", built.path, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=")
	built.log, err = cmd.CombinedOutput()
	return err
}

// NewMark is an environment entry by which Survivors finds the processes of one run.
func NewMark() string { return "HOTLOOP_TEST=" + rand.Text() }
