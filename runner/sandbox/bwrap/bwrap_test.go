//go:build linux && (amd64 || arm64)

package bwrap

import (
	"errors"
	"os"
	"testing"

	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/sandboxtest"
)

func TestMain(m *testing.M) { sandboxtest.Main(m) }

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

var _ sandbox.Driver = (*Driver)(nil)
