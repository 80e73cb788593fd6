package heapdiff

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/pprof/profile"

	"hotloop/exercises/kit"
)

// benchFile is a snapshot of 310 KB, made once: 6,000 nodes of 300 names, a third of them objects.
var benchFile = sync.OnceValues(func() (file string, objects int) {
	r := kit.Rand(&testing.B{})
	var nodes []v8Node
	for range 6000 {
		kind := v8Types[r.IntN(len(v8Types))]
		if r.IntN(4) == 0 {
			kind = "object"
		}
		if kind == "object" || kind == "closure" {
			objects++
		}
		nodes = append(nodes, v8Node{kind, fmt.Sprint("Name", r.IntN(300)), 8 * r.IntN(100)})
	}
	return v8File(r, v8Fields, v8Types, nodes), objects
})

// A snapshot of about 310 KB.
func BenchmarkParseV8(b *testing.B) {
	file, objects := benchFile()
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		classes, err := ParseV8(strings.NewReader(file))
		if err != nil {
			b.Fatal(err)
		}
		n = 0
		for _, c := range classes {
			n += c.Count
		}
	}
	if n != objects {
		b.Fatalf("ParseV8: %d objects and closures; want %d", n, objects)
	}
}

// What three parts of a program have in use, by its own snapshots: one leaks, one fills a cache, one works in rounds. It
// has no target.
func BenchmarkPicture(b *testing.B) {
	var rows int
	for b.Loop() {
		rows = benchPicture(b)
	}
	b.ReportMetric(float64(rows), "growing-sites")
}

//go:noinline
func benchLeak() []byte { return make([]byte, liveSize) }

//go:noinline
func benchCache() []byte { return make([]byte, liveSize) }

//go:noinline
func benchRound() []byte { return make([]byte, liveSize) }

func benchPicture(b *testing.B) int {
	const steps = 8
	var leak, cache, round [][]byte
	first, err := Snapshot()
	if err != nil {
		b.Fatal(err)
	}
	snaps := append(make([]*profile.Profile, 0, steps+1), first)
	for step := 1; step <= steps; step++ {
		recordEach(func() {
			leak = append(leak, benchLeak())
			if len(cache) < 6 {
				cache = append(cache, benchCache(), benchCache())
			}
			if round = append(round, benchRound()); step%4 == 0 {
				round = nil
			}
		})
		p, err := Snapshot()
		if err != nil {
			b.Fatal(err)
		}
		snaps = append(snaps, p)
		deltas, err := Diff(first, p, []string{thisPackage()})
		if err != nil {
			b.Fatal(err)
		}
		for series, suffix := range map[string]string{"leak": ".benchLeak", "cache": ".benchCache", "round": ".benchRound"} {
			kit.Point(series, "B", "snapshots", float64(step), float64(deltaOf(deltas, suffix)))
		}
	}
	grown, err := Growing(snaps, []string{thisPackage()}, 1<<10)
	if err != nil {
		b.Fatal(err)
	}
	runtime.KeepAlive([][][]byte{leak, cache, round})
	return len(grown)
}
