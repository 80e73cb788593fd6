package sandboxtest

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// Survivors are the numbers of the processes that have mark in their environment. The dead that nobody has waited for
// don't count: they have none.
func Survivors(t testing.TB, mark string) []int {
	t.Helper()
	environments, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil || len(environments) == 0 {
		t.Fatalf("looking for survivors in /proc: %d processes, %v", len(environments), err)
	}
	var pids []int
	for _, name := range environments {
		env, err := os.ReadFile(name) // others' processes may forbid it, and ours may just have ended
		if err == nil && bytes.Contains(env, []byte(mark)) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			pids = append(pids, pid)
		}
	}
	return pids
}
