package sandboxtest_test

import (
	"fmt"
	"os"
	"testing"

	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/bwrap"
	"hotloop/runner/sandbox/none"
	"hotloop/runner/sandbox/sandboxtest"
)

func TestMain(m *testing.M) { sandboxtest.Main(m) }

// TestDriverTable runs every hostile program under every driver that can work here, and prints the table. This test binary
// is both drivers' small program, too: they look at the arguments before its main function does.
func TestDriverTable(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []struct {
		driver  sandbox.Driver
		escapes func(*testing.T, sandbox.Driver) // nil: it does not isolate
	}{
		{none.Driver{Supervisor: []string{exe, "__supervise"}}, nil},
		{&bwrap.Driver{Helper: []string{exe, "__enter"}}, sandboxtest.RunEscapes},
	} {
		t.Run(d.driver.Name(), func(t *testing.T) {
			sandboxtest.Run(t, d.driver)
			if d.escapes != nil {
				d.escapes(t, d.driver)
			}
		})
	}
	fmt.Printf("\n%s\n", sandboxtest.Table())
}
