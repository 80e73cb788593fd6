package gotool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/version"
	"os"
	"os/exec"
	"runtime"
	"time"

	"hotloop/runner/sandbox"
)

// MinVersion is the oldest Go that the exercises run with: their modules say "go 1.26".
const MinVersion = "1.26"

const install = "install Go " + MinVersion + " or newer from https://go.dev/dl/ and see that its bin folder is in PATH"

// A toolchain is what "go env" says of the go command. The user's settings are read once and handed on one by one, so that
// nothing else of them changes what a run does.
type toolchain struct {
	path    string
	modTime time.Time // of the go command: another one is another toolchain

	GOVERSION, GOROOT, GOCACHE, GOMODCACHE, CC string
}

// toolchain finds the go command, and asks it again only if it was replaced.
func (x *Executor) toolchain() (*toolchain, error) {
	name := x.Go
	if name == "" {
		name = "go"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, fmt.Errorf("no Go toolchain found: %w; %s", err, install)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("looking at the go command: %w", err)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if tc := x.found; tc != nil && tc.path == path && tc.modTime.Equal(info.ModTime()) {
		return tc, nil
	}
	tc, err := askToolchain(path)
	if err != nil {
		return nil, err
	}
	if version.Compare(tc.GOVERSION, "go"+MinVersion) < 0 {
		return nil, fmt.Errorf("%s is %s, too old for the exercises; %s", path, tc.GOVERSION, install)
	}
	tc.modTime = info.ModTime()
	x.found = tc
	return tc, nil
}

func askToolchain(path string) (*toolchain, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "env", "-json", "GOVERSION", "GOROOT", "GOCACHE", "GOMODCACHE", "CC")
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN=local", "GOWORK=off", "GOFLAGS=")
	cmd.Dir = os.TempDir() // a go.mod here and now must not choose the version
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(exit.Stderr))
		}
		return nil, fmt.Errorf("asking %s for its version: %w; %s", path, err, install)
	}
	tc := &toolchain{path: path}
	if err := json.Unmarshal(out, tc); err != nil || !version.IsValid(tc.GOVERSION) {
		return nil, fmt.Errorf("asking %s for its version: it answered %q; %s", path, bytes.TrimSpace(out), install)
	}
	return tc, nil
}

// canRace reports whether the race detector can be linked: it needs a C compiler.
func (tc *toolchain) canRace() bool {
	if tc.CC == "" {
		return false
	}
	_, err := exec.LookPath(tc.CC)
	return err == nil
}

// goCommand is the go command with args, offline and with none of the user's settings but the places of its caches. What
// it cannot remove, because it was killed, lies in dir.
func (tc *toolchain) goCommand(dir string, args ...string) sandbox.Command {
	env := append(inherited(), "GOCACHE="+tc.GOCACHE, "GOMODCACHE="+tc.GOMODCACHE, "GOFLAGS=-mod=readonly", "GO111MODULE=on",
		"GOPROXY=off", "GOSUMDB=off", "GOTOOLCHAIN=local", "GOWORK=off", "GOENV=off", "GOTMPDIR="+dir, noCgo)
	return sandbox.Command{
		Args:     append([]string{tc.path}, args...),
		Env:      env,
		Dir:      dir,
		ReadOnly: []string{tc.GOROOT, tc.GOMODCACHE},
		Limits:   buildLimits,
	}
}

const (
	noCgo = "CGO_ENABLED=0"
	cgo   = "CGO_ENABLED=1"
)

// inherited are the variables that programs need to find their way on a machine.
func inherited() (env []string) {
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "LANG", "SYSTEMROOT", "TEMP", "TMP", "USERPROFILE", "LOCALAPPDATA"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

func binary(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

// Version is the toolchain's, "go1.26.8"; empty if there is none.
func (x *Executor) Version() string {
	tc, err := x.toolchain()
	if err != nil {
		return ""
	}
	return tc.GOVERSION
}
