// Package memwatch tells a leak from a heap that is merely busy, by what is left after each collection.
//
// Here the points are a ring, the sums of the straight line are kept from point to point and moved along, the median is
// selected and not sorted for, and each collection has a small goroutine of its own.
package memwatch

import (
	"cmp"
	"context"
	"math/rand/v2"
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
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
	lock sync.Mutex
	rule Config

	any    bool
	newest uint32
	skip   int // points of the warm-up that are still to come

	ring  []Point
	next  int // place of the next point, and of the oldest one when the ring is full
	full  bool
	falls int // points of the ring that are below 90 % of the one before

	alarm *alarm
	pairs []float64
}

// An alarm is one that was given, until it is armed again.
type alarm struct {
	below float64 // armed again at or below
	calm  int
}

// NewDetector makes a detector that has seen nothing.
func NewDetector(c Config) *Detector {
	c.Window = max(3, cmp.Or(max(0, c.Window), 8))
	c.MinGrowth = cmp.Or(c.MinGrowth, 1<<20)
	if c.MinR2 != c.MinR2 || c.MinR2 <= 0 {
		c.MinR2 = 0.8
	}
	return &Detector{rule: c, skip: max(0, cmp.Or(c.Warmup, 5)), ring: make([]Point, c.Window)}
}

// Observe tells of a collection. It returns the leak and true when there is one and it has not been told of yet. A
// collection that is not newer than the latest one is ignored.
func (d *Detector) Observe(p Point) (Leak, bool) {
	d.lock.Lock()
	defer d.lock.Unlock()
	if d.any && d.newest >= p.GC {
		return Leak{}, false
	}
	d.any, d.newest = true, p.GC
	if d.skip > 0 {
		d.skip--
		return Leak{}, false
	}
	d.put(p)
	leak, found := d.test()
	switch {
	case found && d.alarm == nil:
		d.alarm = &alarm{below: float64(p.Live) - float64(p.Live)/5}
		return leak, true
	case d.alarm == nil:
		return Leak{}, false
	case found:
		d.alarm.calm = 0
	default:
		d.alarm.calm++
	}
	if d.alarm.calm == 3*len(d.ring) || float64(p.Live) <= d.alarm.below {
		d.alarm = nil
	}
	return Leak{}, false
}

// at is the point with number i, of which 0 is the oldest; the ring is full.
func (d *Detector) at(i int) Point { return d.ring[(d.next+i)%len(d.ring)] }

func fell(before, after Point) bool { return float64(after.Live) < float64(before.Live)*0.9 }

func (d *Detector) put(p Point) {
	if d.full && fell(d.at(0), d.at(1)) {
		d.falls--
	}
	if d.full || d.next > 0 {
		if last := d.ring[(d.next+len(d.ring)-1)%len(d.ring)]; fell(last, p) {
			d.falls++
		}
	}
	d.ring[d.next] = p
	d.next = (d.next + 1) % len(d.ring)
	d.full = d.full || d.next == 0
}

func (d *Detector) test() (leak Leak, found bool) {
	if !d.full || d.falls > 0 {
		return
	}
	n := len(d.ring)
	first, last := d.at(0), d.at(n-1)
	if last.Live <= first.Live {
		return
	}
	grown := last.Live - first.Live
	if grown < d.rule.MinGrowth || float64(grown)/float64(first.Live) < 0.1 {
		return
	}
	// Values are taken above the first one: the sums of their squares then lose no digits that matter.
	var sum, sumSquares, moment float64
	for i := range n {
		y := float64(d.at(i).Live) - float64(first.Live)
		sum += y
		sumSquares += y * y
		moment += y * (float64(i) - float64(n-1)/2)
	}
	variance := sumSquares - sum*sum/float64(n)
	if variance <= 0 {
		return
	}
	xx := float64(n) * (float64(n)*float64(n) - 1) / 12
	r2 := moment / variance * moment / xx
	if r2 < d.rule.MinR2 {
		return
	}
	rate := d.rate()
	return Leak{first, last, grown, rate, min(r2, 1)}, rate > 0
}

// rate is the median of the slopes.
func (d *Detector) rate() float64 {
	d.pairs = d.pairs[:0]
	for j := range d.ring {
		for i := range j {
			a, b := d.at(i), d.at(j)
			if b.At.After(a.At) {
				d.pairs = append(d.pairs, (float64(b.Live)-float64(a.Live))/b.At.Sub(a.At).Seconds())
			}
		}
	}
	n := len(d.pairs)
	if n == 0 {
		return 0
	}
	return pick(d.pairs, (n-1)/2)/2 + pick(d.pairs, n/2)/2
}

// pick is the k-th smallest of values, whose order it changes.
func pick(values []float64, k int) float64 {
	for {
		pivot := values[rand.IntN(len(values))]
		low, same := 0, 0 // values[:low] are smaller, values[low:low+same] equal
		for i, v := range values {
			if v > pivot {
				continue
			}
			values[i] = values[low+same]
			if v == pivot {
				values[low+same] = v
				same++
				continue
			}
			values[low+same] = values[low]
			values[low] = v
			low++
		}
		switch {
		case k < low:
			values = values[:low]
		case k < low+same:
			return pivot
		default:
			values, k = values[low+same:], k-low-same
		}
	}
}

// A watch is one that runs.
type watch struct {
	over     atomic.Bool
	detector *Detector
	onLeak   func(Leak)
	turn     sync.Mutex // points are read one after the other
}

// Watch tells d of each collection of this process, and onLeak of what d finds, until ctx ends or stop is called. onLeak is
// called on a goroutine of the watch's own. stop does not wait; no call of onLeak begins after it.
func Watch(ctx context.Context, d *Detector, onLeak func(Leak)) (stop func()) {
	w := &watch{detector: d, onLeak: onLeak}
	leave := context.AfterFunc(ctx, func() { w.over.Store(true) })
	if ctx.Err() == nil {
		w.wait()
	}
	return func() {
		w.over.Store(true)
		leave()
	}
}

// wait has the end of an object that nobody holds tell of the next collection.
func (w *watch) wait() {
	runtime.AddCleanup(&struct{ room [64]byte }{}, func(w *watch) {
		if !w.over.Load() {
			w.wait()
			go w.read()
		}
	}, w)
}

func (w *watch) read() {
	w.turn.Lock()
	s := [2]metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(s[:])
	leak, found := w.detector.Observe(Point{uint32(s[1].Value.Uint64()), time.Now(), s[0].Value.Uint64()})
	w.turn.Unlock()
	if found && !w.over.Load() {
		w.onLeak(leak)
	}
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
type HeapDiff struct{ then Stats }

// BeginDiff collects and notes what is in use.
func BeginDiff() *HeapDiff {
	h := new(HeapDiff)
	h.then = h.End().After
	return h
}

// End collects again and compares. It may be called more than once.
func (h *HeapDiff) End() Diff {
	runtime.GC()
	s := [2]metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/objects:objects"}}
	metrics.Read(s[:])
	now := Stats{s[0].Value.Uint64(), s[1].Value.Uint64()}
	return Diff{h.then, now, int64(now.Bytes) - int64(h.then.Bytes), int64(now.Objects) - int64(h.then.Objects)}
}
