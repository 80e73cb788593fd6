package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"hotloop/runner/sandbox/bwrap"
	"hotloop/runner/sandbox/cell"
	"hotloop/runner/sandbox/gvisor"
)

// TestMain puts hotloop itself into PATH, as a program that tests start like anybody else.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"hotloop": main})
}

// TestScript runs the command lines in testdata/script, one behaviour a file. $C is the flag for the small content that
// most of them use; HOME is the script's own folder, so ~/hotloop is its workspace.
func TestScript(t *testing.T) {
	content, err := filepath.Abs("testdata/content")
	if err != nil {
		t.Fatal(err)
	}
	goCache := goEnv(t, "GOCACHE")
	cache := t.TempDir() // naive and reference are built once for all scripts
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("GOCACHE", goCache)
			env.Setenv("XDG_CACHE_HOME", cache)
			env.Setenv("GOTOOLCHAIN", "local")
			env.Setenv("GOPROXY", "off")
			env.Setenv("C", "--content="+content)
			env.Setenv("CONTENT", content)
			return nil
		},
		Condition: func(cond string) (bool, error) {
			works, ok := isolating[cond]
			if !ok {
				return false, fmt.Errorf("no condition %q", cond)
			}
			return works(), nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":  exits,
			"listen": listen,
			"tree":   copyTree,
		},
	})
}

// isolating is whether the sandboxes that isolate work on this machine.
var isolating = map[string]func() bool{
	bwrapSandbox:  sync.OnceValue(func() bool { return works(bwrap.New) }),
	gvisorSandbox: sync.OnceValue(func() bool { return works(gvisor.New) }),
}

func works(driver func(helper []string) *cell.Driver) bool {
	exe, err := os.Executable()
	return err == nil && driver([]string{exe, enterWord}).Available(context.Background()) == nil
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Skipf("needs Go (https://go.dev/dl): %v", err)
	}
	return strings.TrimSpace(string(out))
}

// exits N program args… runs the program, which must end with status N.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS program [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("running %s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("%s ended with status %d, want %d", args[1], got, want)
	}
}

// listen VAR takes a port on the loopback until the script ends, and sets VAR to its address and VARPORT to its port.
func listen(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: listen VAR")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv(args[0], l.Addr().String())
	_, port, err := net.SplitHostPort(l.Addr().String())
	ts.Check(err)
	ts.Setenv(args[0]+"PORT", port)
}

// tree FROM TO copies a folder.
func copyTree(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: tree FROM TO")
	}
	ts.Check(os.CopyFS(ts.MkAbs(args[1]), os.DirFS(ts.MkAbs(args[0]))))
}
