//go:build unix

package none

import (
	"os/exec"
	"testing"

	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/sandboxtest"
)

// BenchmarkStartSupervised is a run under the driver. What it takes longer than BenchmarkStartPlain is what
// supervision costs.
func BenchmarkStartSupervised(b *testing.B) {
	d, hostile := driver(b), sandboxtest.Build(b)
	for b.Loop() {
		if _, err := d.Run(b.Context(), &sandbox.Command{Args: []string{hostile, "nothing"}}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStartPlain(b *testing.B) {
	hostile := sandboxtest.Build(b)
	for b.Loop() {
		if err := exec.Command(hostile, "nothing").Run(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLook is one look at a small tree: this process's own children, of which there is one.
func BenchmarkLook(b *testing.B) {
	cmd := exec.Command(sandboxtest.Build(b), "sleep")
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	for b.Loop() {
		if u := look(cmd.Process.Pid); u.procs == 0 {
			b.Fatal("saw no process")
		}
	}
}
