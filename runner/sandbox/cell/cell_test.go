//go:build linux && (amd64 || arm64)

package cell_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/bwrap"
	"hotloop/runner/sandbox/cell"
	"hotloop/runner/sandbox/gvisor"
	"hotloop/runner/sandbox/sandboxtest"
)

// drivers are all that have a box, by name.
var drivers = map[string]func(helper []string) *cell.Driver{"bwrap": bwrap.New, "gvisor": gvisor.New}

// driver enters with this test binary: a process that imports cell is a helper before its main function.
func driver(tb testing.TB, name string) *cell.Driver {
	tb.Helper()
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	return drivers[name]([]string{exe, "__enter"})
}

// each runs a test with each driver, as far as they can work here.
func each(t *testing.T, test func(*testing.T, *cell.Driver)) {
	t.Helper()
	for name := range drivers {
		t.Run(name, func(t *testing.T) {
			d := driver(t, name)
			if err := d.Available(t.Context()); err != nil {
				lack, ok := errors.AsType[*cell.Lack](err)
				if !ok {
					t.Fatalf("Available: %v", err)
				}
				t.Skipf("%v; %s", lack, lack.Fix)
			}
			test(t, d)
		})
	}
}

// hostKey makes this test binary a host: a process that runs the command in its arguments with the driver of that name.
// The command has what the host itself has as descriptor 3.
const hostKey = "HOTLOOP_TEST_HOST"

// parentKey names a host the folder that its control groups are made in, as version 2 has them.
const parentKey = "HOTLOOP_TEST_PARENT"

func TestMain(m *testing.M) {
	if name := os.Getenv(hostKey); name != "" {
		hostRun(name)
	}
	sandboxtest.Main(m)
}

func hostRun(name string) {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	d := drivers[name]([]string{exe, "__enter"})
	d.Parent = os.Getenv(parentKey)
	cmd := &sandbox.Command{Args: os.Args[1:], Stdout: os.Stdout, Files: []*os.File{os.NewFile(3, "from outside")}}
	fmt.Println(d.Run(context.Background(), cmd))
	os.Exit(0)
}

func TestSelfTest(t *testing.T) {
	each(t, func(t *testing.T, d *cell.Driver) {
		if err := d.SelfTest(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
