package harness

import (
	"syscall"
	"time"
	"unsafe"
)

const (
	setDumpable    = 4 // of prctl
	clockMonotonic = 1
	clockThreadCPU = 3
)

// cpuNow reads the CPU time of the calling goroutine's thread: what others do meanwhile, on this machine or in the
// collector's threads, is not in it. getrusage would count in microseconds.
func cpuNow() cpuReading {
	return cpuReading{thread: syscall.Gettid(), time: clock(clockThreadCPU)}
}

// clock reads a clock of the kernel's; 0 if it has none of that number.
func clock(id int) time.Duration {
	var ts syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, uintptr(id), uintptr(unsafe.Pointer(&ts)), 0)
	return time.Duration(ts.Nano())
}

// dumpAfter has the kernel send SIGQUIT after limit, at which the runtime prints where every goroutine is and ends the
// process. A timer of the runtime's own would keep it from seeing a deadlock at once.
func dumpAfter(limit time.Duration) {
	event := struct {
		value  uintptr
		signal int32
		notify int32 // 0: a signal
		_      [48]byte
	}{signal: int32(syscall.SIGQUIT)}
	var timer int32
	if _, _, errno := syscall.RawSyscall(syscall.SYS_TIMER_CREATE, clockMonotonic,
		uintptr(unsafe.Pointer(&event)), uintptr(unsafe.Pointer(&timer))); errno != 0 {
		return // the sandbox ends it, without the stacks
	}
	when := struct{ interval, value syscall.Timespec }{value: syscall.NsecToTimespec(int64(limit))}
	syscall.RawSyscall6(syscall.SYS_TIMER_SETTIME, uintptr(timer), 0, uintptr(unsafe.Pointer(&when)), 0, 0, 0)
}

// closeMemory makes the files of this process in /proc root's, /proc/self/mem among them. Where nobody in the sandbox is
// root, package os then cannot write to memory.
func closeMemory() { syscall.RawSyscall(syscall.SYS_PRCTL, setDumpable, 0, 0) }
