//go:build linux && (amd64 || arm64)

package bwrap

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/sandboxtest"
)

// hostKey makes this test binary a host: a process that runs the command in its arguments with the driver.
const hostKey = "HOTLOOP_TEST_HOST"

func TestMain(m *testing.M) {
	if mark := os.Getenv(hostKey); mark != "" {
		hostRun(mark)
	}
	sandboxtest.Main(m)
}

// parentKey names a host the folder that its control groups are made in, as version 2 has them.
const parentKey = "HOTLOOP_TEST_PARENT"

func hostRun(mark string) {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	d := &Driver{Helper: []string{exe, "__enter"}}
	if parent := os.Getenv(parentKey); parent != "" {
		path, err := findBwrap()
		table, tableErr := newSlotTable()
		if err := errors.Join(err, tableErr); err != nil {
			panic(err)
		}
		d.ready = &host{bwrap: path, groups: &version2{parent: parent}, slots: table, seccomp: seccompFilter()}
	}
	fmt.Println(d.Run(context.Background(), &sandbox.Command{Args: os.Args[1:], Env: []string{mark}, Stdout: os.Stdout}))
	os.Exit(0)
}

// driver enters with this test binary: a process that imports the package is a helper before its main function.
func driver(tb testing.TB) *Driver {
	tb.Helper()
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	return &Driver{Helper: []string{exe, "__enter"}}
}

// working is a driver that can work here.
func working(tb testing.TB) *Driver {
	tb.Helper()
	d := driver(tb)
	if err := d.Available(tb.Context()); err != nil {
		lack, ok := errors.AsType[*Lack](err)
		if !ok {
			tb.Fatalf("Available: %v", err)
		}
		tb.Skipf("%v; %s", lack, lack.Fix)
	}
	return d
}

func TestHostile(t *testing.T) { sandboxtest.Run(t, working(t)) }

func TestEscapes(t *testing.T) { sandboxtest.RunEscapes(t, working(t)) }

func TestSelfTest(t *testing.T) {
	if err := working(t).SelfTest(t.Context()); err != nil {
		t.Error(err)
	}
}
