// Package memwatch tells a leak from a heap that is merely busy, by what is left after each collection.
package memwatch

import "time"

// A Point is what one collection has left.
type Point struct {
	GC   uint32 // the number of the collection
	At   time.Time
	Live uint64 // bytes in use after it
}

// A Leak is a trend that a detector holds for one.
type Leak struct {
	From, To    Point   // the window's first and last point
	Growth      uint64  // bytes from From to To
	BytesPerSec float64 // the median of the slopes between all pairs of points
	R2          float64 // how much of the ups and downs a straight line explains, 0 to 1
}

// A Config says what a leak is. Zero values are the defaults.
type Config struct {
	Window    int     // points that are looked at; default 8, at least 3
	MinGrowth uint64  // bytes; default 1 MiB
	MinR2     float64 // default 0.8
	Warmup    int     // points that are left out at the start; default 5, below zero none
}

// A Detector looks for a leak in the points that it is told of. It is safe for concurrent use.
type Detector struct {
	last Point
	more int // points in a row that were more than the one before
}

// NewDetector makes a detector that has seen nothing.
func NewDetector(c Config) *Detector { return &Detector{} } // TODO

// Observe tells of a collection. It returns the leak and true when there is one and it has not been told of yet. A
// collection that is not newer than the latest one is ignored.
func (d *Detector) Observe(p Point) (Leak, bool) {
	if p.Live > d.last.Live { // TODO: five times more in a row is chance, a tooth of a saw, or a warm-up
		d.more++
	} else {
		d.more = 0
	}
	from := d.last
	d.last = p
	return Leak{From: from, To: p, Growth: p.Live - from.Live}, d.more >= 5
}
