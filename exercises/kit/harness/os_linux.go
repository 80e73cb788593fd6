package harness

import (
	"math/bits"
	"os"
	"strconv"
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
	var ts syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockThreadCPU, uintptr(unsafe.Pointer(&ts)), 0)
	return cpuReading{thread: syscall.Gettid(), time: time.Duration(ts.Nano())}
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

// A cpuSet is the kernel's set of processors.
type cpuSet [16]uint64

// free are the processors that the process may use.
var free = func() (set cpuSet) {
	affinity(syscall.SYS_SCHED_GETAFFINITY, 0, &set)
	return set
}()

func affinity(call uintptr, thread int, set *cpuSet) bool {
	_, _, errno := syscall.RawSyscall(call, uintptr(thread), unsafe.Sizeof(*set), uintptr(unsafe.Pointer(set)))
	return errno == 0
}

func (set *cpuSet) size() (n int) {
	for _, word := range set {
		n += bits.OnesCount64(word)
	}
	return n
}

// pin keeps the calling thread on one of the processors that the process may use, counted from 1 and round about. The
// collector's threads stay free.
func pin(n int) bool {
	n = 1 + (n-1)%max(1, free.size())
	var only cpuSet
	for i, word := range free {
		for ; word != 0; word &= word - 1 {
			if n--; n == 0 {
				only[i] = 1 << bits.TrailingZeros64(word)
				return affinity(syscall.SYS_SCHED_SETAFFINITY, 0, &only)
			}
		}
	}
	return false
}

// unpin frees all threads: those that a pinned one has started are pinned, too.
func unpin() {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		affinity(syscall.SYS_SCHED_SETAFFINITY, loop.begun.thread, &free)
	}
	for _, t := range threads {
		if id, err := strconv.Atoi(t.Name()); err == nil {
			affinity(syscall.SYS_SCHED_SETAFFINITY, id, &free)
		}
	}
}
