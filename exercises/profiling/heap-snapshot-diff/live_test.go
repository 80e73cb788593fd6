package heapdiff

import (
	"bytes"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/pprof/profile"
)

// recordEach runs f and has each of its allocations recorded, not one in 512 KiB. What it keeps consists of objects that are
// much larger than that: when a profile is written, smaller ones are scaled up as if they had been sampled.
func recordEach(f func()) {
	rate := runtime.MemProfileRate
	runtime.MemProfileRate = 1
	f()
	runtime.MemProfileRate = rate
}

const liveSize = 4 << 20 // bytes of one object

// thisPackage is the root of all functions of this package.
func thisPackage() string {
	pc, _, _, _ := runtime.Caller(0)
	name := runtime.FuncForPC(pc).Name()
	return name[:strings.LastIndex(name, ".")+1]
}

func liveSnapshot(t *testing.T) *profile.Profile {
	t.Helper()
	p, err := Snapshot()
	if err != nil || p == nil {
		t.Fatalf("Snapshot() = %v, %v; want the heap profile of this process", p, err)
	}
	return p
}

// liveDiff compares this process now with what it was before.
func liveDiff(t *testing.T, before *profile.Profile, roots ...string) []Delta {
	t.Helper()
	deltas, err := Diff(before, liveSnapshot(t), roots)
	if err != nil {
		t.Fatalf("Diff of two snapshots of this process: %v", err)
	}
	return deltas
}

// deltaOf adds up the bytes of the functions that end so.
func deltaOf(deltas []Delta, suffix string) (bytes int64) {
	for _, d := range deltas {
		if strings.HasSuffix(d.Func, suffix) {
			bytes += d.Bytes
		}
	}
	return bytes
}

// nearly leaves room for a few small objects that the runtime allocates now and then in whoever's name. Each of them is
// scaled up to half a megabyte.
func nearly(got, want int64) bool { return got > want-liveSize/2 && got < want+liveSize/2 }

// What the functions below allocate is kept here, if it is kept.
var (
	livePages  [4][]byte
	liveString string
)

//go:noinline
func keepPages() {
	for i := range livePages {
		livePages[i] = make([]byte, liveSize)
	}
}

//go:noinline
func churn() {
	for range 1000 {
		liveString = strings.Repeat("x", 1024)
	}
	liveString = ""
}

//go:noinline
func growBuffer(b *bytes.Buffer) { b.Grow(liveSize) }

func TestSnapshotFindsALeak(t *testing.T) {
	clear(livePages[:])
	before := liveSnapshot(t)
	recordEach(keepPages)
	deltas := liveDiff(t, before)
	if len(deltas) == 0 || !strings.HasSuffix(deltas[0].Func, ".keepPages") || !nearly(deltas[0].Bytes, 4*liveSize) {
		t.Errorf("a process that has kept 4 pages of 4 MiB since the first snapshot: the first of %d deltas is %+v; want keepPages with about 16 MiB: a profile is as old as the last collection", len(deltas), deltas[:min(1, len(deltas))])
	}
	clear(livePages[:])
	if got := deltaOf(liveDiff(t, before), ".keepPages"); !nearly(got, 0) {
		t.Errorf("after the pages were let go, keepPages still has %d bytes; want none: what is garbage must be collected before it is counted", got)
	}
}

func TestSnapshotDoesNotShowChurn(t *testing.T) {
	before := liveSnapshot(t)
	recordEach(churn)
	if got := deltaOf(liveDiff(t, before, thisPackage()), ".churn"); !nearly(got, 0) {
		t.Errorf("1,000 strings of 1 KiB that were made and dropped since the first snapshot: churn has %d bytes; want none: memory that was allocated is not memory that is in use", got)
	}
}

func TestSnapshotShowsWhatIsLetGo(t *testing.T) {
	recordEach(keepPages)
	before := liveSnapshot(t)
	clear(livePages[:])
	deltas := liveDiff(t, before)
	if len(deltas) == 0 {
		t.Fatal("4 pages of 4 MiB were let go since the first snapshot, and there are no deltas; want those of keepPages")
	}
	if last := deltas[len(deltas)-1]; !strings.HasSuffix(last.Func, ".keepPages") || !nearly(-last.Bytes, 4*liveSize) {
		t.Errorf("4 pages of 4 MiB were let go since the first snapshot: the last delta is %+v; want keepPages with about -16 MiB", last)
	}
}

// livePool keeps what is put into it over one collection.
var livePool sync.Pool

//go:noinline
func fillPool() { livePool.Put(&[liveSize]byte{}) }

func TestSnapshotCollectsTwice(t *testing.T) {
	before := liveSnapshot(t)
	for range 2 { // with the race detector, a pool drops some of what it is given
		recordEach(fillPool)
	}
	if got := deltaOf(liveDiff(t, before), ".fillPool"); !nearly(got, 0) {
		t.Errorf("4 MiB were put into a sync.Pool, twice: fillPool has %d bytes; want 0: what a pool holds is gone after the second collection, and is no leak", got)
	}
}

func TestSnapshotWithRoots(t *testing.T) {
	var b bytes.Buffer
	before := liveSnapshot(t)
	recordEach(func() { growBuffer(&b) })
	after := liveSnapshot(t)
	for _, tt := range []struct{ root, want string }{{thisPackage(), ".growBuffer"}, {"bytes.", "bytes.growSlice"}} {
		deltas, err := Diff(before, after, []string{tt.root})
		if err != nil {
			t.Fatal(err)
		}
		if got := deltaOf(deltas, tt.want); !nearly(got, int64(b.Cap())) {
			t.Errorf("growBuffer made room in a buffer for %d bytes: with the root %q, %s has %d bytes; want the buffer's: the site is the innermost frame of the root's", b.Cap(), tt.root, tt.want, got)
		}
	}
	runtime.KeepAlive(&b)
}
