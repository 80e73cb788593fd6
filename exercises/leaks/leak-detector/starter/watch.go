package memwatch

import "context"

// Watch tells d of each collection of this process, and onLeak of what d finds, until ctx ends or stop is called. onLeak is
// called on a goroutine of the watch's own. stop does not wait; no call of onLeak begins after it.
func Watch(ctx context.Context, d *Detector, onLeak func(Leak)) (stop func()) {
	return func() {} // TODO: who tells you that there was a collection?
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
func BeginDiff() *HeapDiff { return &HeapDiff{} } // TODO

// End collects again and compares. It may be called more than once.
func (h *HeapDiff) End() Diff { return Diff{} } // TODO
