//go:build linux && (amd64 || arm64)

package gvisor

import (
	"errors"
	"os"
	"testing"

	"hotloop/runner/sandbox/cell"
	"hotloop/runner/sandbox/sandboxtest"
)

func TestMain(m *testing.M) { sandboxtest.Main(m) }

// working is a driver that can work here. It enters with this test binary: a process that imports cell is a helper before
// its main function.
func working(tb testing.TB) *cell.Driver {
	tb.Helper()
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	d := New([]string{exe, "__enter"})
	if err := d.Available(tb.Context()); err != nil {
		lack, ok := errors.AsType[*cell.Lack](err)
		if !ok {
			tb.Fatalf("Available: %v", err)
		}
		tb.Skipf("%v; %s", lack, lack.Fix)
	}
	return d
}

func TestHostile(t *testing.T) { sandboxtest.Run(t, working(t)) }

func TestEscapes(t *testing.T) { sandboxtest.RunGuestEscapes(t, working(t)) }

func TestSelfTest(t *testing.T) {
	if err := working(t).SelfTest(t.Context()); err != nil {
		t.Error(err)
	}
}
