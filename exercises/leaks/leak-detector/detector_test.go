package memwatch

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hotloop/exercises/kit"
)

const oneMiB = 1 << 20

// A toldHistory tells a detector of one collection after the other, and notes what it says.
type toldHistory struct {
	d     *Detector
	gc    uint32
	at    time.Time
	fired []int // after how many points
	leaks []Leak
}

func newHistory(c Config) *toldHistory {
	return &toldHistory{d: NewDetector(c), at: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
}

// later tells of a collection so much later than the last one, and of what it left.
func (h *toldHistory) later(after time.Duration, live uint64) {
	h.gc++
	h.at = h.at.Add(after)
	if leak, found := h.d.Observe(Point{GC: h.gc, At: h.at, Live: live}); found {
		h.fired = append(h.fired, int(h.gc))
		h.leaks = append(h.leaks, leak)
	}
}

// add tells of collections that are ten seconds apart.
func (h *toldHistory) add(mebibytes ...float64) *toldHistory {
	for _, m := range mebibytes {
		h.later(10*time.Second, uint64(m*oneMiB))
	}
	return h
}

// flat adds n times the same.
func (h *toldHistory) flat(n int, m float64) *toldHistory {
	for range n {
		h.add(m)
	}
	return h
}

// rise adds n points, the first one above m by step, each further one above the last.
func (h *toldHistory) rise(n int, m, step float64) *toldHistory {
	for range n {
		m += step
		h.add(m)
	}
	return h
}

func (h *toldHistory) want(t *testing.T, done, why string, fired ...int) {
	t.Helper()
	if !slices.Equal(h.fired, fired) {
		t.Errorf("%s: told of a leak after points %v, want %v: %s", done, h.fired, fired, why)
	}
}

func nearlyEqual(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Abs(b) }

func TestLinearLeakIsToldOnce(t *testing.T) {
	h := newHistory(Config{}).rise(100, 20, 2)
	h.want(t, "20 MiB, and 2 MiB more at each of 100 collections", "5 to warm up, 8 to look at, and one alarm for one leak", 13)
	if len(h.leaks) == 0 {
		return
	}
	at := func(n uint32) time.Time {
		return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n) * 10 * time.Second)
	}
	got := h.leaks[0]
	want := Leak{From: Point{6, at(6), 32 * oneMiB}, To: Point{13, at(13), 46 * oneMiB}, Growth: 14 * oneMiB, BytesPerSec: 0.2 * oneMiB, R2: 1}
	if !nearlyEqual(got.BytesPerSec, want.BytesPerSec) || !nearlyEqual(got.R2, want.R2) {
		t.Errorf("2 MiB more every 10s: BytesPerSec %v, R2 %v; want %v, %v", got.BytesPerSec, got.R2, want.BytesPerSec, want.R2)
	}
	if got.BytesPerSec, got.R2 = want.BytesPerSec, want.R2; got != want {
		t.Errorf("the leak is %+v, want %+v: From and To are the first and the last point of the window", got, want)
	}
}

// The numbers are worked out by hand in the statement's way.
func TestSlopeIsTheMedian(t *testing.T) {
	type point struct {
		second int
		live   float64
	}
	for _, tt := range []struct {
		done   string
		points []point
		slope  float64 // MiB/s; 0: no leak
		r2     float64
	}{
		{"an outlier at the end", []point{{0, 10}, {1, 12}, {3, 16}, {4, 30}}, 3.5, 1024.0 / 1220},
		{"slopes 1, 1, 2, 2.5, 2.5, 4", []point{{0, 10}, {1, 11}, {2, 15}, {3, 16}}, 2.25, 121.0 / 130},
		{"three slopes: 1, 2, 3", []point{{0, 10}, {1, 11}, {2, 14}}, 2, 12.0 / 13},
		{"two points at the same time, slopes of the other pairs: 1, 2", []point{{0, 10}, {0, 12}, {2, 14}}, 1.5, 1},
		{"an hour's pause before the last", []point{{0, 10}, {1, 12}, {3601, 14}}, 4.0 / 3601, 1},
		{"all at the same time", []point{{0, 10}, {0, 12}, {0, 14}}, 0, 0},
		{"a clock that was set back", []point{{2, 10}, {1, 12}, {0, 14}}, 0, 0},
	} {
		h := newHistory(Config{Window: len(tt.points), Warmup: -1})
		start := h.at
		for _, p := range tt.points {
			h.later(start.Add(time.Duration(p.second)*time.Second).Sub(h.at), uint64(p.live*oneMiB))
		}
		if tt.slope == 0 {
			h.want(t, tt.done, "without a slope there is no leak")
			continue
		}
		h.want(t, tt.done, "it grew, by more than a tenth, and nearly in a line", len(tt.points))
		if len(h.leaks) > 0 && !(nearlyEqual(h.leaks[0].BytesPerSec, tt.slope*oneMiB) && nearlyEqual(h.leaks[0].R2, tt.r2)) {
			t.Errorf("%s: BytesPerSec %v MiB/s, R2 %v; want %v MiB/s, %v", tt.done, h.leaks[0].BytesPerSec/oneMiB, h.leaks[0].R2, tt.slope, tt.r2)
		}
	}
}

func TestStepIsNoLeak(t *testing.T) {
	for _, high := range []float64{115, 150, 400, 10_000} {
		newHistory(Config{}).flat(20, 100).flat(40, high).want(t, "100 MiB, then all at once more, then flat",
			"a table was loaded, or a pool filled; that is one allocation, and no trend")
	}
	h := newHistory(Config{}).flat(20, 100)
	for _, live := range []uint64{150, 150, 150, 150, 150, 150, 150, 150, 150} {
		h.later(time.Second, live*oneMiB)
	}
	h.later(time.Hour, 300*oneMiB)
	h.add(300, 300, 300, 300, 300, 300, 300, 300).want(t, "a step across an hour without collections",
		"R2 is over the order of points; over time, a pause makes a straight line of any step")
}

func TestFallIsNoLeak(t *testing.T) {
	newHistory(Config{Warmup: -1}).add(10, 20, 30, 40, 50, 60, 52, 70).want(t, "10 MiB more each time, and once 13 % less",
		"who gives back a tenth at once holds on to nothing: it is the tooth of a saw")
	newHistory(Config{Warmup: -1}).add(10, 20, 30, 40, 50, 60, 55, 70).want(t, "10 MiB more each time, and once 8 % less",
		"a request was over; the trend is the same", 8)
	newHistory(Config{Warmup: -1}).add(30, 20, 30, 40, 50, 60, 70, 80, 90).want(t, "a fall, then 10 MiB more each time",
		"the fall from the first to the second point is a fall, too, as long as both are in the window", 9)
	newHistory(Config{Warmup: -1}).rise(20, 100, -2).want(t, "100 MiB, and 2 MiB less at each collection", "it shrinks")
}

func TestWarmup(t *testing.T) {
	const why = "a process that starts fills its caches; the first points don't count"
	newHistory(Config{}).rise(5, 0, 20).flat(40, 100).want(t, "0 to 100 MiB in the first 5 points, then flat", why)
	newHistory(Config{Warmup: 9}).rise(9, 0, 20).flat(40, 180).want(t, "0 to 180 MiB in the first 9 points, then flat, with Warmup 9", why)
	newHistory(Config{Warmup: 2}).rise(20, 0, 20).want(t, "20 MiB more at each point, with Warmup 2", "the window is full then", 10)
	newHistory(Config{Warmup: -1}).rise(20, 0, 20).want(t, "20 MiB more at each point, with Warmup -1", "below zero there is no warm-up", 8)
}

func TestSmallGrowthIsNoLeak(t *testing.T) {
	const step = 10_000
	for _, tt := range []struct {
		limit uint64
		want  []int
	}{{7 * step, []int{8}}, {7*step + 1, nil}} {
		h := newHistory(Config{Warmup: -1, MinGrowth: tt.limit})
		for i := range uint64(20) {
			h.later(time.Second, 300_000+step*i)
		}
		h.want(t, "10 kB more at each point", "MinGrowth is the least growth from the first to the last of 8 points that counts", tt.want...)
	}
	h := newHistory(Config{Warmup: -1})
	for i := range uint64(20) {
		h.later(time.Second, 400_000+149_000*i)
	}
	h.want(t, "149 kB more at each point", "1.04 MB is less than a mebibyte, the default")

	const why = "the growth must be a tenth of what was there; a large heap breathes by more than a mebibyte"
	newHistory(Config{Warmup: -1}).rise(60, 1024, 14.5).want(t, "1 GiB, and 14.5 MiB more at each point: 9.8 % in 8 points", why)
	newHistory(Config{Warmup: -1}).rise(60, 1024, 14.9).want(t, "1 GiB, and 14.9 MiB more at each point: 10.04 % in the first 8 points", why, 8)
}

func TestConfigDefaults(t *testing.T) {
	for _, c := range []Config{{}, {Window: -3, MinR2: -1}, {MinR2: math.NaN()}, {Window: 8, MinGrowth: oneMiB, MinR2: 0.8, Warmup: 5}} {
		newHistory(c).rise(40, 20, 2).want(t, "2 MiB more at each point", "zero, below zero and NaN are the defaults", 13)
		newHistory(c).flat(20, 100).flat(20, 130).want(t, "a step", "zero, below zero and NaN are the defaults")
	}
	newHistory(Config{Window: 1, Warmup: -1}).rise(20, 20, 4).want(t, "Window 1", "a window has at least three points: two are always in a line", 3)
	newHistory(Config{Window: 3, Warmup: -1, MinR2: 0.95}).add(10, 11, 14, 17, 20).want(t, "10, 11, 14, 17, 20 MiB with MinR2 0.95", "the first window's R2 is 0.92", 4)
	newHistory(Config{Window: 20, Warmup: -1}).rise(40, 20, 4).want(t, "Window 20", "not before the window is full", 20)
}

func TestOlderCollectionsAreIgnored(t *testing.T) {
	h := newHistory(Config{})
	for i := range 40 {
		h.add(20 + 2*float64(i))
		for _, gc := range []uint32{h.gc, h.gc - 1, 0} {
			if _, found := h.d.Observe(Point{GC: gc, At: h.at.Add(time.Second), Live: 1 << 40}); found {
				t.Errorf("a point of collection %d after one of collection %d: told of a leak", gc, h.gc)
			}
		}
	}
	h.want(t, "each collection told of again, and older ones too", "what comes twice counts once, for the warm-up too", 13)

	d := NewDetector(Config{Window: 3, Warmup: -1})
	for gc := range uint32(3) {
		_, found := d.Observe(Point{GC: gc, At: time.Unix(int64(gc), 0), Live: (10 + uint64(gc)) * 4 * oneMiB})
		if found != (gc == 2) {
			t.Errorf("collections 0, 1, 2 of a leak, Window 3: at collection %d Observe is %v; want true at the third", gc, found)
		}
	}
}

func TestArmedAgainByFall(t *testing.T) {
	leak := func() *toldHistory { return newHistory(Config{}).rise(13, 20, 2) } // told of at 46 MiB
	h := leak().rise(60, 32.5, 4)
	h.want(t, "told of at 46 MiB, then 36.5 MiB, then a leak again",
		"20 % below 46 MiB is 36.8; the second leak is seen when the fall has left the window", 13, 21)
	if len(h.leaks) == 2 && !nearlyEqual(h.leaks[1].BytesPerSec, 0.4*oneMiB) {
		t.Errorf("the second leak of a detector is 4 MiB every 10s: BytesPerSec %v, want %v: only what is in the window counts", h.leaks[1].BytesPerSec, 0.4*oneMiB)
	}
	leak().rise(60, 33.1, 4).want(t, "told of at 46 MiB, then 37.1 MiB, then a leak again",
		"somebody gave back a little, and the leak goes on", 13)
	leak().rise(5, 46, -1.9).rise(60, 36.5, 4).want(t, "told of at 46 MiB, then in small steps down to 36.5 MiB, then a leak again",
		"the fall counts from where it was told of, and not from the last point", 13, 23)
}

func TestArmedAgainByQuiet(t *testing.T) {
	// After a fall to 40.4 MiB no window shows a leak until the fourth point of the next rise: R2 is 0.72 at the third.
	leak := func() *toldHistory { return newHistory(Config{}).rise(13, 20, 2) }
	leak().flat(21, 40.4).rise(40, 40.4, 4).want(t, "told of, 21 points flat and 3 that are no leak yet, then a leak again",
		"after 24 points without a leak, 3 windows, it is a new one", 13, 38)
	leak().flat(20, 40.4).rise(40, 40.4, 4).want(t, "told of, 20 points flat and 3 that are no leak yet, then a leak again",
		"23 points are not enough", 13)
	leak().flat(20, 40.4).rise(8, 40.4, 4).flat(20, 63.7).rise(40, 63.7, 6).want(t, "told of, then twice 23 points without a leak, and a leak between them",
		"the quiet points must come in a row", 13)
}

func TestNumbersStayFinite(t *testing.T) {
	random := kit.Rand(t)
	extremes := []uint64{0, 0, 1, oneMiB, 10 * oneMiB, 1 << 40, math.MaxInt64, math.MaxUint64}
	told := 0
	for range 300 {
		c := Config{Window: 3 + random.IntN(6), MinGrowth: 1, MinR2: 0.01, Warmup: -1}
		d := NewDetector(c)
		at := time.Unix(0, 0)
		live := extremes[random.IntN(len(extremes))]
		for gc := range uint32(60) {
			switch random.IntN(4) {
			case 0:
				live = extremes[random.IntN(len(extremes))]
			case 1:
				live += live / 4
			case 2:
				live += random.Uint64N(oneMiB)
			}
			at = at.Add(time.Duration(random.IntN(3)) * time.Second * time.Duration(random.IntN(1000)-100))
			leak, found := d.Observe(Point{GC: gc, At: at, Live: live})
			if !found {
				continue
			}
			told++
			if !(leak.BytesPerSec > 0) || math.IsInf(leak.BytesPerSec, 0) || !(leak.R2 >= c.MinR2 && leak.R2 <= 1+1e-9) {
				t.Fatalf("points at the limits of their types: told of %+v; want a slope above 0 and an R2 from %v to 1", leak, c.MinR2)
			}
			if leak.Growth != leak.To.Live-leak.From.Live || leak.To.Live <= leak.From.Live || leak.To.GC != gc || leak.From.GC >= gc {
				t.Fatalf("collection %d: told of %+v; want a growth from the first to the last point of the window", gc, leak)
			}
		}
		h := newHistory(c)
		h.flat(20, float64(random.IntN(3)))
		h.want(t, "the same value 20 times", "zero divided by zero is no straight line")
	}
	if told == 0 {
		t.Error("3% and more of growth in random places of 300 histories, MinGrowth 1, MinR2 0.01: told of no leak")
	}
}

func TestObserveRace(t *testing.T) {
	const goroutines, calls = 8, 1000
	h := newHistory(Config{})
	var gc atomic.Uint32
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range calls {
				n := gc.Add(1)
				p := Point{GC: n, At: h.at.Add(time.Duration(n) * time.Second), Live: uint64(n) * oneMiB}
				if leak, found := h.d.Observe(p); found && leak.To != p {
					t.Errorf("Observe of %+v: told of a leak to %+v; want it to end at the point that was told of", p, leak.To)
				}
			}
		})
	}
	wg.Wait()
	h.gc, h.at = gc.Load(), h.at.Add(2*goroutines*calls*time.Second)
	h.rise(40, 0, 2) // the first point is a fall
	h.want(t, "eight goroutines have told of 8,000 collections, then the heap is empty, and a leak follows",
		"a detector that two goroutines have used at a time must go on as before", goroutines*calls+8)
}
