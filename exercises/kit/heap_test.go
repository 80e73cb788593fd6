package kit

import (
	"runtime"
	"sync"
	"testing"
	"time"
)

var kept [][]byte

func TestHeapGrowth(t *testing.T) {
	kept = nil
	const ops, size = 200, 10_000
	grown := HeapGrowth(ops, func(int) { kept = append(kept, make([]byte, size)) })
	// A twentieth of the calls is made before the first reading.
	if least, most := int64(ops*size*9/10), int64(ops*size*5/4); grown < least || grown > most {
		t.Errorf("after keeping %d × %d bytes HeapGrowth = %d, want %d to %d", ops, size, grown, least, most)
	}
	kept = nil
	if grown := HeapGrowth(ops, func(int) { _ = make([]byte, size) }); grown > size {
		t.Errorf("after allocating and keeping nothing HeapGrowth = %d, want about 0", grown)
	}
}

func TestHeapSeriesCallsInOrder(t *testing.T) {
	kept = nil
	var calls []int
	grown := HeapSeries("test", 4, 5, func(i int) {
		calls = append(calls, i)
		kept = append(kept, make([]byte, 10_000))
	})
	kept = nil
	if len(calls) != 20 || calls[0] != 0 || calls[19] != 19 {
		t.Errorf("HeapSeries called f with %v, want 0 to 19", calls)
	}
	if grown < 190_000 || grown > 260_000 {
		t.Errorf("after keeping 20 × 10,000 bytes HeapSeries = %d", grown)
	}
}

// A large is an object that waits for its finalizer or cleanup.
type large struct {
	data [50_000]byte
	next *large
}

// What waits for a finalizer or a cleanup that has not run yet is no leak, however long those take.
func TestHeapLiveWaitsForFinalizers(t *testing.T) {
	const objects = 20
	slow := func() { time.Sleep(time.Millisecond) }
	for name, f := range map[string]func(int){
		"finalizer": func(int) { runtime.SetFinalizer(new(large), func(*large) { slow() }) },
		"cleanup":   func(int) { runtime.AddCleanup(&large{}, func(*large) { slow() }, new(large)) },
		"finalizers of objects that hold each other": func(int) {
			var l *large
			for range 3 {
				l = &large{next: l}
				runtime.SetFinalizer(l, func(*large) {})
			}
		},
	} {
		if grown := HeapSeries(name, 1, objects, f); grown > 50_000 {
			t.Errorf("%s: of %d objects that nobody refers to, %s are kept; want nothing", name, objects, Bytes(grown))
		}
	}
}

func TestHeapLiveDoesNotWaitForEver(t *testing.T) {
	gate, ended := make(chan struct{}), make(chan struct{})
	before := HeapLive()
	runtime.SetFinalizer(new(large), func(*large) {
		<-gate
		close(ended)
	})
	if grown := int64(HeapLive()) - int64(before); grown < 50_000 {
		t.Errorf("an object whose finalizer does not end counts as %d bytes, want it to be alive", grown)
	}
	close(gate)
	<-ended
}

// The runtime's memory of threads is not what a solution keeps: those that are needed between two readings are there.
func TestHeapLiveHasThreadsReady(t *testing.T) {
	before := HeapLive()
	had, _ := runtime.ThreadCreateProfile(nil)
	gate := make(chan struct{})
	var locked, ended sync.WaitGroup
	for range 3 {
		locked.Add(1)
		ended.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			locked.Done()
			<-gate
		})
	}
	locked.Wait()
	grown := int64(HeapLive()) - int64(before)
	close(gate)
	ended.Wait()
	if has, _ := runtime.ThreadCreateProfile(nil); has != had || grown > 4000 {
		t.Errorf("three threads that wait: %d threads, heap grown by %d bytes; want the %d threads that there were", has, grown, had)
	}
}
