package main

import (
	"syscall"
	"time"
	"unsafe"
)

const mapPopulate = syscall.MAP_POPULATE

// threadTime is the CPU time of this thread so far.
func threadTime() time.Duration {
	const clockThread = 3
	var ts syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockThread, uintptr(unsafe.Pointer(&ts)), 0); errno != 0 {
		fail(errno)
	}
	return time.Duration(ts.Nano())
}
