package kit

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"time"

	"hotloop/exercises/kit/harness"
)

// HeapLive is the live heap in bytes: what is still allocated after forced collections. They are at least two, because the
// first one may only move pools to their victim caches and queue finalizers and cleanups. Those have run when the heap is
// read, and what they let go of is collected, unless one of them does not come to an end. Of one reading and the next
// the runtime's own part differs by a few hundred bytes, and by 480 for each goroutine more than there ever were at once.
func HeapLive() uint64 {
	const collections = 5 // at most: finalizers of objects that hold each other run one after the other
	spareThreads()
	for n, queued := 0, uint64(0); n < collections; n++ {
		runtime.GC()
		before := queued
		if queued = cleanedUp(); n > 0 && queued == before {
			break
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	harness.HeapWasRead()
	return m.HeapAlloc
}

// spareThreads has the runtime start a few threads more than it needs. For each one it takes 5 KB of heap that it never
// gives back, and on a busy machine it may find at any time that it needs one more: that is nobody's leak.
var spareThreads = sync.OnceFunc(func() {
	n := min(runtime.GOMAXPROCS(0), 16) + 6
	var together, ended sync.WaitGroup
	together.Add(n)
	for range n {
		ended.Go(func() {
			runtime.LockOSThread() // no other goroutine uses the thread of one that waits
			defer runtime.UnlockOSThread()
			together.Done()
			together.Wait()
		})
	}
	ended.Wait()
})

// cleanedUp waits until all finalizers and cleanups that are queued have run, or until their number has not fallen for so
// many looks, and returns how many were ever queued.
func cleanedUp() (queued uint64) {
	const looks = 50
	counts := []metrics.Sample{
		{Name: "/gc/finalizers/executed:finalizers"}, {Name: "/gc/cleanups/executed:cleanups"},
		{Name: "/gc/finalizers/queued:finalizers"}, {Name: "/gc/cleanups/queued:cleanups"},
	}
	for same, last := 0, uint64(0); ; same++ {
		metrics.Read(counts)
		run := counts[0].Value.Uint64() + counts[1].Value.Uint64()
		queued = counts[2].Value.Uint64() + counts[3].Value.Uint64()
		if run > last {
			same, last = 0, run
		}
		if run >= queued || same == looks {
			return queued
		}
		time.Sleep(time.Millisecond)
	}
}

// HeapGrowth is how many bytes of live heap ops calls of f leave behind. A twentieth of the calls is made before the
// first reading, so that tables that fill once don't count. Growth below zero is reported as zero.
func HeapGrowth(ops int, f func(i int)) int64 {
	warm := ops / 20
	for i := range warm {
		f(i)
	}
	before := HeapLive()
	for i := warm; i < ops; i++ {
		f(i)
	}
	return max(0, int64(HeapLive())-int64(before))
}

// HeapSeries calls f points × perPoint times and reads the live heap after each perPoint calls. The readings become the
// series name, in bytes over calls; the return value is the growth from the first reading to the last.
func HeapSeries(name string, points, perPoint int, f func(i int)) int64 {
	first := HeapLive()
	harness.Point(name, "B", "calls", 0, float64(first))
	last := first
	for p := range points {
		for i := range perPoint {
			f(p*perPoint + i)
		}
		last = HeapLive()
		harness.Point(name, "B", "calls", float64((p+1)*perPoint), float64(last))
	}
	return max(0, int64(last)-int64(first))
}
