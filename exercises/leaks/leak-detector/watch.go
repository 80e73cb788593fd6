package memwatch

import (
	"context"
	"runtime"
	"runtime/metrics"
	"time"
)

// A sentinel is garbage as soon as it is made. It has a pointer, so that it does not share its memory with others.
type sentinel struct{ _ *sentinel }

// Watch tells d of each collection of this process, and onLeak of what d finds, until ctx ends or stop is called. onLeak is
// called on a goroutine of the watch's own. stop does not wait; no call of onLeak begins after it.
func Watch(ctx context.Context, d *Detector, onLeak func(Leak)) (stop func()) {
	ctx, stop = context.WithCancel(ctx)
	collected := make(chan struct{}, 1)
	var next func(struct{})
	next = func(struct{}) { // on the runtime's goroutine for cleanups, which must not wait
		if ctx.Err() != nil {
			return
		}
		runtime.AddCleanup(&sentinel{}, next, struct{}{})
		select {
		case collected <- struct{}{}:
		default: // one is being read; it will see this collection's numbers
		}
	}
	runtime.AddCleanup(&sentinel{}, next, struct{}{})
	go func() {
		samples := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/gc/heap/live:bytes"}}
		for {
			select {
			case <-ctx.Done():
				return
			case <-collected:
			}
			metrics.Read(samples)
			p := Point{GC: uint32(samples[0].Value.Uint64()), At: time.Now(), Live: samples[1].Value.Uint64()}
			if leak, found := d.Observe(p); found && ctx.Err() == nil {
				onLeak(leak)
			}
		}
	}()
	return stop
}

// Stats are what is in use after a collection.
type Stats struct {
	Bytes   uint64
	Objects uint64
}

// A Diff is what lies between two collections.
type Diff struct {
	Before, After Stats
	Bytes         int64 // more in use than before; below zero: fewer
	Objects       int64
}

// A HeapDiff is a comparison that has begun.
type HeapDiff struct{ before Stats }

// BeginDiff collects and notes what is in use.
func BeginDiff() *HeapDiff { return &HeapDiff{before: collect()} }

// End collects again and compares. It may be called more than once.
func (h *HeapDiff) End() Diff {
	after := collect()
	return Diff{Before: h.before, After: after, Bytes: int64(after.Bytes - h.before.Bytes), Objects: int64(after.Objects - h.before.Objects)}
}

func collect() Stats {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return Stats{Bytes: m.HeapAlloc, Objects: m.HeapObjects}
}
