package none

import (
	"os"
	"os/exec"
	"slices"
	"testing"

	"hotloop/runner/sandbox/sandboxtest"
)

// Kernels without the files that list children are rare, so the two ways to see the tree are compared.
func TestWalks(t *testing.T) {
	cmd := exec.Command(sandboxtest.Build(t), "hydra")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		for _, pid := range pidsOf(walk) {
			if p, err := os.FindProcess(pid); err == nil {
				p.Kill()
			}
		}
		cmd.Wait()
	}()
	eventually(t, "a chain of four processes is seen in both ways", func() bool {
		by, all := pidsOf(walk), pidsOf(walkAll)
		return len(by) == 4 && slices.Contains(by, cmd.Process.Pid) && slices.Equal(by, all)
	})
	s, ok := stat(cmd.Process.Pid)
	if !ok || s.parent != os.Getpid() || s.rss <= 0 || s.threads < 1 {
		t.Errorf("stat of a child = %+v, %v", s, ok)
	}
	if pss := proportional(cmd.Process.Pid); pss <= 0 || pss > s.rss+8<<20 {
		t.Errorf("proportional memory of a child = %d bytes, resident %d", pss, s.rss)
	}
}

func pidsOf(walk func(func(statistic))) []int {
	var pids []int
	walk(func(s statistic) { pids = append(pids, s.pid) })
	slices.Sort(pids)
	return pids
}
