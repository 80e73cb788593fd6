// Package memwatch tells a leak from a heap that is merely busy, by what is left after each collection.
package memwatch

import (
	"slices"
	"sync"
	"time"
)

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
	c Config

	mu     sync.Mutex
	seen   int    // points, without those that were ignored
	last   uint32 // the latest collection
	window []Point
	slopes []float64 // room for those of all pairs

	fired bool   // and not armed again
	level uint64 // Live when it fired
	quiet int    // points in a row that showed no leak
}

// NewDetector makes a detector that has seen nothing.
func NewDetector(c Config) *Detector {
	if c.Window <= 0 {
		c.Window = 8
	}
	c.Window = max(3, c.Window)
	if c.MinGrowth == 0 {
		c.MinGrowth = 1 << 20
	}
	if !(c.MinR2 > 0) { // NaN is not
		c.MinR2 = 0.8
	}
	if c.Warmup == 0 {
		c.Warmup = 5
	}
	return &Detector{c: c, window: make([]Point, 0, c.Window)}
}

// Observe tells of a collection. It returns the leak and true when there is one and it has not been told of yet. A
// collection that is not newer than the latest one is ignored.
func (d *Detector) Observe(p Point) (Leak, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.seen > 0 && p.GC <= d.last {
		return Leak{}, false
	}
	d.last = p.GC
	if d.seen++; d.seen <= d.c.Warmup {
		return Leak{}, false
	}
	if len(d.window) == d.c.Window {
		d.window = slices.Delete(d.window, 0, 1)
	}
	d.window = append(d.window, p)

	leak, found := d.look()
	if found && !d.fired {
		d.fired, d.level, d.quiet = true, p.Live, 0
		return leak, true
	}
	if d.quiet++; found {
		d.quiet = 0
	}
	if float64(p.Live) <= 0.8*float64(d.level) || d.quiet >= 3*d.c.Window {
		d.fired = false
	}
	return Leak{}, false
}

// look looks for a leak in the window. What costs most comes last: nearly always there is none.
func (d *Detector) look() (Leak, bool) {
	if len(d.window) < d.c.Window {
		return Leak{}, false
	}
	from, to := d.window[0], d.window[len(d.window)-1]
	if to.Live <= from.Live {
		return Leak{}, false
	}
	growth := to.Live - from.Live
	if growth < d.c.MinGrowth || float64(growth) < 0.1*float64(from.Live) {
		return Leak{}, false
	}
	for i, p := range d.window[1:] {
		if float64(p.Live) < 0.9*float64(d.window[i].Live) {
			return Leak{}, false
		}
	}
	r2 := fit(d.window)
	if r2 < d.c.MinR2 {
		return Leak{}, false
	}
	slope := d.medianSlope()
	return Leak{From: from, To: to, Growth: growth, BytesPerSec: slope, R2: r2}, slope > 0
}

// fit is the squared correlation of Live and the position in the window. It takes the position and not the time, because
// a long pause between two collections makes a line of any step.
func fit(window []Point) float64 {
	n := float64(len(window))
	var mean float64
	for _, p := range window {
		mean += float64(p.Live) / n
	}
	var xx, xy, yy float64
	for i, p := range window {
		dx, dy := float64(i)-(n-1)/2, float64(p.Live)-mean
		xx += dx * dx
		xy += dx * dy
		yy += dy * dy
	}
	return min(1, xy*xy/(xx*yy))
}

// medianSlope is the estimator of Theil and Sen, in bytes a second. Pairs of which the second is not later are left out;
// without any other pair it is 0.
func (d *Detector) medianSlope() float64 {
	d.slopes = d.slopes[:0]
	for i, a := range d.window {
		for _, b := range d.window[i+1:] {
			if dt := b.At.Sub(a.At).Seconds(); dt > 0 {
				d.slopes = append(d.slopes, (float64(b.Live)-float64(a.Live))/dt)
			}
		}
	}
	n := len(d.slopes)
	if n == 0 {
		return 0
	}
	slices.Sort(d.slopes)
	return (d.slopes[(n-1)/2] + d.slopes[n/2]) / 2
}
