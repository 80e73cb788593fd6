//go:build !linux

package sandboxtest

import (
	"bytes"
	"os/exec"
	"strconv"
	"testing"
)

// Survivors are the numbers of the processes that have mark in their environment.
func Survivors(t testing.TB, mark string) []int {
	t.Helper()
	list, err := exec.Command("ps", "-axEww", "-o", "pid=,command=").Output()
	if err != nil {
		t.Fatalf("looking for survivors with ps: %v", err)
	}
	var pids []int
	for line := range bytes.Lines(list) {
		if !bytes.Contains(line, []byte(mark)) {
			continue
		}
		if pid, err := strconv.Atoi(string(bytes.Fields(line)[0])); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
