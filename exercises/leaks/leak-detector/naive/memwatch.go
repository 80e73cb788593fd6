// Package memwatch tells a leak from a heap that is merely busy, by what is left after each collection.
//
// It is the obvious one: it keeps the points, and works out all the numbers for each of them. A detector of leaks that
// grows with each collection, and costs most where there is none.
package memwatch

import (
	"context"
	"runtime"
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
	c      Config
	mu     sync.Mutex
	points []Point
	fired  bool
	level  uint64
	quiet  int
}

// NewDetector makes a detector that has seen nothing.
func NewDetector(c Config) *Detector {
	if c.Window <= 0 {
		c.Window = 8
	}
	if c.Window < 3 {
		c.Window = 3
	}
	if c.MinGrowth == 0 {
		c.MinGrowth = 1 << 20
	}
	if c.MinR2 <= 0 || c.MinR2 != c.MinR2 {
		c.MinR2 = 0.8
	}
	if c.Warmup == 0 {
		c.Warmup = 5
	}
	if c.Warmup < 0 {
		c.Warmup = 0
	}
	return &Detector{c: c}
}

// Observe tells of a collection. It returns the leak and true when there is one and it has not been told of yet. A
// collection that is not newer than the latest one is ignored.
func (d *Detector) Observe(p Point) (Leak, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := len(d.points); n > 0 && p.GC <= d.points[n-1].GC {
		return Leak{}, false
	}
	d.points = append(d.points, p)
	if len(d.points) < d.c.Warmup+d.c.Window {
		return Leak{}, false
	}
	leak, found := d.judge(d.points[len(d.points)-d.c.Window:])
	if found && !d.fired {
		d.fired, d.level, d.quiet = true, p.Live, 0
		return leak, true
	}
	if found {
		d.quiet = 0
	} else {
		d.quiet++
	}
	if d.quiet >= 3*d.c.Window || float64(p.Live) <= float64(d.level)*0.8 {
		d.fired = false
	}
	return Leak{}, false
}

func (d *Detector) judge(w []Point) (Leak, bool) {
	var xs, ys, slopes []float64
	fell := false
	for i, p := range w {
		xs = append(xs, float64(i))
		ys = append(ys, float64(p.Live))
		if i > 0 && ys[i] < 0.9*ys[i-1] {
			fell = true
		}
		for _, earlier := range w[:i] {
			if dt := p.At.Sub(earlier.At); dt > 0 {
				slopes = append(slopes, (float64(p.Live)-float64(earlier.Live))/dt.Seconds())
			}
		}
	}
	mx, my := mean(xs), mean(ys)
	var xx, xy, yy []float64
	for i := range xs {
		dx, dy := xs[i]-mx, ys[i]-my
		xx, xy, yy = append(xx, dx*dx), append(xy, dx*dy), append(yy, dy*dy)
	}
	r2 := 0.0
	if v := mean(yy); v > 0 {
		r2 = min(1, mean(xy)*mean(xy)/(mean(xx)*v))
	}
	slope := 0.0
	if n := len(slopes); n > 0 {
		slices.Sort(slopes)
		slope = mean([]float64{slopes[n/2], slopes[(n-1)/2]})
	}
	first, last := w[0], w[len(w)-1]
	if last.Live <= first.Live {
		return Leak{}, false
	}
	leak := Leak{From: first, To: last, Growth: last.Live - first.Live, BytesPerSec: slope, R2: r2}
	return leak, !fell && slope > 0 && r2 >= d.c.MinR2 && leak.Growth >= d.c.MinGrowth && float64(leak.Growth) >= 0.1*float64(first.Live)
}

func mean(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return sum / float64(len(xs))
}

// Watch tells d of each collection of this process, and onLeak of what d finds, until ctx ends or stop is called. onLeak is
// called on a goroutine of the watch's own. stop does not wait; no call of onLeak begins after it.
func Watch(ctx context.Context, d *Detector, onLeak func(Leak)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	gcs := make(chan bool, 1)
	watchNext(ctx, gcs)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-gcs:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				leak, found := d.Observe(Point{GC: m.NumGC, At: time.Now(), Live: m.HeapAlloc})
				if found && ctx.Err() == nil {
					onLeak(leak)
				}
			}
		}
	}()
	return cancel
}

type probe struct{ self *probe }

func watchNext(ctx context.Context, gcs chan bool) {
	runtime.SetFinalizer(new(probe), func(*probe) {
		if ctx.Err() != nil {
			return
		}
		select {
		case gcs <- true:
		default:
		}
		watchNext(ctx, gcs)
	})
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
func BeginDiff() *HeapDiff { return &HeapDiff{readStats()} }

// End collects again and compares. It may be called more than once.
func (h *HeapDiff) End() Diff {
	now := readStats()
	return Diff{h.before, now, int64(now.Bytes) - int64(h.before.Bytes), int64(now.Objects) - int64(h.before.Objects)}
}

func readStats() Stats {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return Stats{m.HeapAlloc, m.HeapObjects}
}
