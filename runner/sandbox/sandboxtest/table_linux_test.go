package sandboxtest_test

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/bwrap"
	"hotloop/runner/sandbox/cell"
	"hotloop/runner/sandbox/gvisor"
	"hotloop/runner/sandbox/none"
	"hotloop/runner/sandbox/sandboxtest"
)

func TestMain(m *testing.M) { sandboxtest.Main(m) }

// A column is a driver, and how it is shown that nothing gets out of it; nil if it does not isolate.
type column struct {
	driver  sandbox.Driver
	escapes func(*testing.T, sandbox.Driver)
}

// drivers are all that there are; some may not be able to work here. This test binary is their small program, too: they
// look at its arguments before its main function does.
func drivers(tb testing.TB) []column {
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	return []column{
		{none.Driver{Supervisor: []string{exe, "__supervise"}}, nil},
		{bwrap.New([]string{exe, "__enter"}), sandboxtest.RunEscapes},
		{gvisor.New([]string{exe, "__enter"}), sandboxtest.RunGuestEscapes},
	}
}

// TestDriverTable runs every hostile program under every driver that can work here, and prints the table.
func TestDriverTable(t *testing.T) {
	for _, d := range drivers(t) {
		t.Run(d.driver.Name(), func(t *testing.T) {
			if lack, ok := errors.AsType[*cell.Lack](d.driver.Available(t.Context())); ok {
				t.Skipf("%v; %s", lack, lack.Fix)
			}
			sandboxtest.Run(t, d.driver)
			if d.escapes != nil {
				d.escapes(t, d.driver)
			}
		})
	}
	fmt.Printf("\n%s\n", sandboxtest.Table())
}
