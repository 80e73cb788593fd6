//go:build unix && !linux

package main

import (
	"syscall"
	"time"
)

const mapPopulate = 0

// threadTime is the CPU time of all threads so far: of one alone, this system does not tell.
func threadTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		fail(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
