package memwatch

import (
	"context"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"hotloop/exercises/kit"
)

// The tests of this file watch this process. Collections are theirs, and nobody else's.
func onlyOwnCollections(t *testing.T) {
	percent := debug.SetGCPercent(-1)
	t.Cleanup(func() { debug.SetGCPercent(percent) })
	runtime.GC()
}

// What the tests leak, and what they drop, is held here, where the compiler cannot see that nobody needs it.
var testBallast, testRubbish [][]byte

// leakUntil keeps a mebibyte more after each collection until told is true, at most so many times. It says whether it was.
func leakUntil(times int, told func() bool) bool {
	defer func() { testBallast = nil }()
	for range times {
		testBallast = append(testBallast, make([]byte, oneMiB))
		collectAndLetKnow()
		if told() {
			return true
		}
	}
	return false
}

// collectAndLetKnow forces a collection, and lets who watches come to know of it: the cleanups of what has died run first,
// and then the watch's goroutine.
func collectAndLetKnow() {
	ran := make(chan struct{})
	runtime.AddCleanup(new([64]byte), func(ran chan struct{}) { close(ran) }, ran)
	runtime.GC()
	select {
	case <-ran:
	case <-time.After(10 * time.Millisecond): // the learner's takes longer, or never ends
	}
	time.Sleep(100 * time.Microsecond) // in fact about a millisecond, which is the timer's grain
}

// endedCollections are so many after the end of a watch. One that goes on tells of a leak at the fourth at the latest: the
// first is a fall, which arms a detector that has told before, and three points fill the window.
const endedCollections = 10

func neverTold() bool { return false }

func TestWatchSeesCollections(t *testing.T) {
	onlyOwnCollections(t)
	leaks := make(chan Leak, 10)
	before := time.Now()
	stop := Watch(t.Context(), NewDetector(Config{}), func(l Leak) { leaks <- l })
	defer stop()
	if !leakUntil(100, func() bool { return len(leaks) > 0 }) {
		t.Fatal("100 collections, each with a mebibyte more in use: no leak was told of; want a point for each collection, also for the second and all later ones")
	}
	l := <-leaks
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if n := l.To.GC - l.From.GC; n < 7 || l.To.GC > m.NumGC {
		t.Errorf("the leak's 8 points are of collections %d to %d, and the process had %d; want 8 different ones", l.From.GC, l.To.GC, m.NumGC)
	}
	if perGC := float64(l.Growth) / float64(l.To.GC-l.From.GC); perGC < 0.7*oneMiB || perGC > 1.3*oneMiB {
		t.Errorf("a mebibyte more at each collection: Growth %s from collection %d to %d; want about %d MiB", kit.Bytes(int64(l.Growth)), l.From.GC, l.To.GC, l.To.GC-l.From.GC)
	}
	if l.From.At.Before(before) || !l.From.At.Before(l.To.At) || l.To.At.After(time.Now()) || l.BytesPerSec <= 0 {
		t.Errorf("the leak is from %v to %v, %v bytes a second; want times between the test's begin and now", l.From.At, l.To.At, l.BytesPerSec)
	}
}

func TestWatchStops(t *testing.T) {
	onlyOwnCollections(t)
	ctx, cancel := context.WithCancel(t.Context())
	kit.NoLeaks(t)
	for _, tt := range []struct {
		name string
		end  func(stop func())
	}{
		{"stop", func(stop func()) { stop(); stop() }},
		{"the end of ctx", func(func()) { cancel() }},
	} {
		name := tt.name
		var told atomic.Int64
		d := NewDetector(Config{Window: 3, Warmup: -1})
		stop := Watch(ctx, d, func(Leak) { told.Add(1) })
		if !leakUntil(100, func() bool { return told.Load() > 0 }) {
			t.Errorf("before %s: 100 collections, each with a mebibyte more in use: no leak was told of", name)
		}
		tt.end(stop)
		time.Sleep(time.Millisecond) // a call that had begun before
		before := told.Load()
		leakUntil(endedCollections, neverTold)
		if n := told.Load() - before; n > 0 {
			t.Errorf("after %s: told of %d more leaks; want no call of onLeak", name, n)
		}
		if _, found := d.Observe(Point{GC: 1}); found {
			t.Errorf("after %s: a point of collection 1 is a leak", name)
		}
	}
}

func TestWatchEndedBefore(t *testing.T) {
	onlyOwnCollections(t)
	kit.NoLeaks(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var told atomic.Int64
	Watch(ctx, NewDetector(Config{Window: 3, Warmup: -1}), func(Leak) { told.Add(1) })
	leakUntil(endedCollections, neverTold)
	if n := told.Load(); n > 0 {
		t.Errorf("ctx had ended before Watch: told of %d leaks, want none", n)
	}
}

func TestStopInsideOnLeak(t *testing.T) {
	onlyOwnCollections(t)
	kit.NoLeaks(t)
	stop := make(chan func(), 1)
	ended := make(chan struct{})
	stop <- Watch(t.Context(), NewDetector(Config{Window: 3, Warmup: -1}), func(Leak) {
		s := <-stop
		s()
		close(ended)
	})
	ok := leakUntil(100, func() bool {
		select {
		case <-ended:
			return true
		default:
			return false
		}
	})
	if !ok {
		t.Error("onLeak calls stop: that has not returned after 100 collections; want it not to wait for who calls it")
	}
}

func TestDiffCountsWhatIsKept(t *testing.T) {
	onlyOwnCollections(t)
	defer func() { testBallast = nil }()
	testBallast = make([][]byte, 1000)
	testRubbish = [][]byte{make([]byte, 8*oneMiB)}
	testRubbish = nil
	h := BeginDiff()
	for i := range testBallast {
		testBallast[i] = make([]byte, 4096)
		testRubbish = append(testRubbish, make([]byte, 10*1024))
	}
	testRubbish = nil
	d := h.End()
	if float64(d.Bytes) < 3.8*oneMiB || float64(d.Bytes) > 4.1*oneMiB || d.Objects < 950 || d.Objects > 1050 {
		t.Errorf("1,000 slices of 4 KiB are kept, 8 MiB before and 10 MiB in between were dropped: Bytes %s, Objects %d; want 3.9 MiB and 1,000 within 5%%: what was dropped doesn't count, on neither side",
			kit.Bytes(d.Bytes), d.Objects)
	}
	if d.Bytes != int64(d.After.Bytes)-int64(d.Before.Bytes) || d.Objects != int64(d.After.Objects)-int64(d.Before.Objects) || d.Before.Bytes == 0 || d.Before.Objects == 0 {
		t.Errorf("Diff %+v: want Bytes and Objects to be what After has more than Before", d)
	}

	h = BeginDiff()
	clear(testBallast)
	if d := h.End(); float64(d.Bytes) > -3.8*oneMiB || float64(d.Bytes) < -4.1*oneMiB || d.Objects > -950 || d.Objects < -1050 {
		t.Errorf("1,000 slices of 4 KiB were dropped: Bytes %d, Objects %d; want about -4,100,000 and -1,000", d.Bytes, d.Objects)
	}
	testBallast[0] = make([]byte, 8*oneMiB)
	if d := h.End(); float64(d.Bytes) < 4*oneMiB || float64(d.Bytes) > 4.3*oneMiB {
		t.Errorf("End again, when 8 MiB more are in use and 3.9 MiB less: Bytes %s, want 4.1 MiB more than at BeginDiff", kit.Bytes(d.Bytes))
	}
}
