package handle

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"hotloop/exercises/kit"
)

const benchPoints, perPoint = 10, 20

// The live heap that 200 forgotten files leave, each with a page, of 64 KiB.
func BenchmarkForgottenKept(b *testing.B) {
	var kept int64
	for b.Loop() {
		tab := new(Table)
		kept = kit.HeapSeries("live heap", benchPoints, perPoint, func(int) { Open(tab).AddPage() })
		runtime.KeepAlive(tab)
	}
	b.ReportMetric(float64(kept), "kept-B")
}

// How many of these files' handles are open after each collection, beside files with a finalizer in the cycle and files
// that are closed.
func BenchmarkForgottenOpen(b *testing.B) {
	var open int
	for b.Loop() {
		tab := new(Table)
		for p := range benchPoints {
			for range perPoint {
				Open(tab).AddPage()
			}
			runtime.GC()
			open = benchSettled(tab)
			point := func(series string, n int) { kit.Point(series, "1", "files", float64((p+1)*perPoint), float64(n)) }
			point("open handles", open)
			point("open handles, finalizer in the cycle", benchFinalized()[p])
			point("open handles, closed", benchClosed()[p])
		}
	}
	b.ReportMetric(float64(open), "open-handles")
}

// benchSettled is the number of open handles once it has stopped falling: cleanups run a little after the collection.
func benchSettled(tab *Table) int {
	least := tab.Live()
	for same := 0; same < 3; same++ {
		time.Sleep(100 * time.Microsecond)
		if n := tab.Live(); n < least {
			least, same = n, 0
		}
	}
	return least
}

// A benchCycle is a file as it was, small because it is never freed, with the finalizer that was to close it.
type benchCycle struct {
	table  *Table
	handle int
	page   *benchCycle
}

// benchFinalized are the open handles of such files, counted once.
var benchFinalized = sync.OnceValue(func() (open []int) {
	tab := new(Table)
	for range benchPoints {
		for range perPoint {
			f := &benchCycle{table: tab, handle: tab.Open(), page: new(benchCycle)}
			f.page.page = f
			runtime.SetFinalizer(f, func(f *benchCycle) { f.table.Close(f.handle) })
		}
		runtime.GC()
		open = append(open, benchSettled(tab))
	}
	return open
})

// benchClosed are the open handles of files that are closed after use.
var benchClosed = sync.OnceValue(func() (open []int) {
	tab := new(Table)
	for range benchPoints {
		for range perPoint {
			f := Open(tab)
			f.AddPage()
			f.Close()
		}
		open = append(open, tab.Live())
	}
	return open
})

// A hit in a cache of 1,000 values, all held.
func BenchmarkCacheHit(b *testing.B) {
	cache, held := benchHeld()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if cache.Get(i%len(held)) != held[i%len(held)] {
			b.Fatal("Get returns another value than the one that is held")
		}
		i++
	}
}

var benchHeld = sync.OnceValues(func() (*WeakCache[int, testImage], []*testImage) {
	cache := NewWeakCache(func(k int) *testImage { return &testImage{name: fmt.Sprint(k)} })
	held := make([]*testImage, 1000)
	for i := range held {
		held[i] = cache.Get(i)
	}
	return cache, held
})
