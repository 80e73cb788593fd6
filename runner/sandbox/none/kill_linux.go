package none

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// killTree stops every process of the tree, so that none can start others or notice that its fellows die, and then kills
// them all. The caller repeats it until nothing is left: processes may be born while it looks.
func killTree(main int) {
	const rounds = 20
	unix.Kill(-main, unix.SIGSTOP) // the whole group at once, which the walk cannot
	stopped := map[int]bool{}
	for range rounds {
		before := len(stopped)
		walk(func(s statistic) {
			if !stopped[s.pid] {
				stopped[s.pid] = true
				unix.Kill(s.pid, unix.SIGSTOP)
			}
		})
		if len(stopped) == before {
			break
		}
	}
	unix.Kill(-main, unix.SIGKILL)
	for pid := range stopped {
		unix.Kill(pid, unix.SIGKILL)
	}
}

// sweep kills every process on the machine that has mark in its environment. It is for a tree whose supervisor was
// killed.
func sweep(mark string) {
	deadline := time.Now().Add(killGrace)
	for quiet := 0; quiet < 2 && time.Now().Before(deadline); {
		marked := withMark(mark)
		quiet++
		for _, sig := range []unix.Signal{unix.SIGSTOP, unix.SIGKILL} {
			for _, pid := range marked {
				quiet = 0
				unix.Kill(pid, sig)
			}
		}
		time.Sleep(killPause)
	}
}

func withMark(mark string) []int {
	var pids []int
	for _, pid := range allProcesses() {
		if pid != os.Getpid() && bytes.Contains(readProc("/proc/"+strconv.Itoa(pid)+"/environ"), []byte(mark)) {
			pids = append(pids, pid)
		}
	}
	return pids
}
