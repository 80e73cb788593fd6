//go:build unix && !linux

package harness

import (
	"syscall"
	"time"
)

// cpuNow reads the CPU time of the process, in microseconds: threads have no clock that a program may read by a plain
// system call here.
func cpuNow() cpuReading {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return cpuReading{}
	}
	return cpuReading{time: time.Duration(u.Utime.Nano() + u.Stime.Nano())}
}

// dumpAfter leaves it to the sandbox to end the process.
func dumpAfter(time.Duration) {}

// closeMemory does nothing: there is no sandbox for strangers' code here.
func closeMemory() {}

// pin cannot keep a thread on a processor here.
func pin(int) bool { return false }

func unpin() {}
