package harness

import (
	"math/bits"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// A cpuSet is the kernel's set of processors.
type cpuSet [16]uint64

// free are the processors that the process may use.
var free = func() (set cpuSet) {
	affinity(syscall.SYS_SCHED_GETAFFINITY, 0, &set)
	return set
}()

// pinned is the thread that is kept on one processor: 0 if none is.
var pinned struct {
	thread atomic.Int64
	used   atomic.Int64 // nanoseconds of CPU time, when it was last looked at
}

func affinity(call uintptr, thread int, set *cpuSet) bool {
	_, _, errno := syscall.RawSyscall(call, uintptr(thread), unsafe.Sizeof(*set), uintptr(unsafe.Pointer(set)))
	return errno == 0
}

func (set cpuSet) size() (n int) {
	for _, word := range set {
		n += bits.OnesCount64(word)
	}
	return n
}

// nth is one processor of a set that is not empty, counted from 1 and round about.
func (set cpuSet) nth(n int) (one cpuSet) {
	n = 1 + (n-1)%set.size()
	for i, word := range set {
		for ; word != 0; word &= word - 1 {
			if n--; n == 0 {
				one[i] = word & -word
				return one
			}
		}
	}
	return one
}

// pin keeps the calling thread on one of the processors that the process may use, counted from 1 and round about. The
// collector's threads stay free.
func pin(n int) bool {
	if free.size() == 0 {
		return false
	}
	one := free.nth(n)
	if !affinity(syscall.SYS_SCHED_SETAFFINITY, 0, &one) {
		return false
	}
	now := cpuNow()
	pinned.used.Store(int64(now.time))
	if watch == nil {
		watch = time.AfterFunc(starvedAfter, look)
	} else {
		watch.Reset(starvedAfter)
	}
	pinned.thread.Store(int64(now.thread))
	return true
}

// unpin frees all threads: those that a pinned one has started are pinned, too.
func unpin() {
	thread := int(pinned.thread.Swap(0))
	if thread == 0 {
		return
	}
	watch.Stop()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		affinity(syscall.SYS_SCHED_SETAFFINITY, thread, &free)
	}
	for _, t := range threads {
		if id, err := strconv.Atoi(t.Name()); err == nil {
			affinity(syscall.SYS_SCHED_SETAFFINITY, id, &free)
		}
	}
}

const starvedAfter = 100 * time.Millisecond

// watch looks after the pinned thread: if it gets no time on its processor, it goes on where it gets some. Beside programs
// that keep all processors busy, Linux 6.18 lets a thread that may use only one of them wait for 13 s and longer, as if its
// group had had its share (seen in /sys/kernel/debug/sched/debug). Where nothing moves, nothing is looked at again, and a
// process that never pins has no timer: while one is pending, the runtime does not see a deadlock.
var watch *time.Timer

func look() {
	thread := int(pinned.thread.Load())
	if thread == 0 {
		return
	}
	used := int64(clock(clockOf(thread)))
	if used-pinned.used.Swap(used) > int64(starvedAfter/100) {
		watch.Reset(starvedAfter)
		return
	}
	others := free
	var kept cpuSet
	affinity(syscall.SYS_SCHED_GETAFFINITY, thread, &kept)
	for i := range others {
		others[i] &^= kept[i]
	}
	affinity(syscall.SYS_SCHED_SETAFFINITY, thread, &others) // away from there at once; refused if there are no others
	unpin()
}

// clockOf is the clock of the CPU time of any thread of this process, as pthread_getcpuclockid makes it.
func clockOf(thread int) int { return ^thread<<3 | 4 | 2 }
