// Package kit is what the exercises' tests measure with: live heap, goroutines, collectability, allocations, latencies
// under load, random inputs. Only tests import it; a learner's own files never do. It works under plain "go test"; under
// hotloop the readings also become charts.
package kit

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"
	"weak"

	"hotloop/exercises/kit/harness"
)

// Rand is the source of a run's random inputs. Under hotloop its seed is another one in each run and stands in the
// report, so that a failure can be repeated; under plain "go test" it is HOTLOOP_SEED, else 1.
func Rand(tb testing.TB) *rand.Rand {
	tb.Helper()
	seed := harness.Seed()
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("random inputs of seed %d; HOTLOOP_SEED=%d repeats them", seed, seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))
}

// Point adds one point to a chart of the exercise's own: y in unit over x, where axis names what x is. Under plain
// "go test" it does nothing.
func Point(series, unit, axis string, x, y float64) { harness.Point(series, unit, axis, x, y) }

// Goroutines is by how many goroutines f leaves more behind than there were before, once their number has stopped
// falling.
func Goroutines(f func()) int {
	before := runtime.NumGoroutine()
	f()
	return max(0, settled(before)-before)
}

// settled waits until no more than enough goroutines are left, or until their number has not fallen for so many looks,
// and returns it. Looks are counted and not time, because on a busy machine time passes while nobody runs.
func settled(enough int) int {
	const looks = 30
	least := runtime.NumGoroutine()
	for same := 0; least > enough && same < looks; same++ {
		time.Sleep(time.Millisecond)
		if n := runtime.NumGoroutine(); n < least {
			least, same = n, 0
		}
	}
	return least
}

// NoLeaks fails the test at its end if goroutines that began after this call are still there a second later, and shows
// where they wait.
func NoLeaks(tb testing.TB) {
	tb.Helper()
	before := goroutines()
	tb.Cleanup(func() {
		for deadline := time.Now().Add(time.Second); ; time.Sleep(time.Millisecond) {
			left := goroutines()
			maps.DeleteFunc(left, func(id, _ string) bool { _, old := before[id]; return old })
			if len(left) == 0 {
				return
			}
			if time.Now().After(deadline) {
				stacks := slices.Sorted(maps.Values(left))
				tb.Errorf("%d goroutines are still running after the test:\n\n%s", len(left), strings.Join(stacks, "\n\n"))
				return
			}
		}
	})
}

// goroutines are the stacks of all goroutines by their ids, as far as they fit into a mebibyte.
func goroutines() map[string]string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	all := map[string]string{}
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		// "goroutine 18 [chan receive]:"
		if head := strings.Fields(stack); len(head) > 1 && head[0] == "goroutine" {
			all[head[1]] = stack
		}
	}
	return all
}

// Collected says whether what build returns is garbage once release has been called: whether it is gone after at most
// five collections. build returns the object to watch and a func that drops the last reference the test itself holds,
// or nil. The object must be large enough to have memory of its own: 16 bytes, or a pointer in it.
func Collected[T any](build func() (object *T, release func())) bool {
	object, release := watch(build)
	if release != nil {
		release()
	}
	for range 5 {
		runtime.GC()
		if object.Value() == nil {
			return true
		}
	}
	return false
}

// watch is a function of its own so that no pointer to the object stays behind in a caller's frame.
//
//go:noinline
func watch[T any](build func() (*T, func())) (weak.Pointer[T], func()) {
	object, release := build()
	return weak.Make(object), release
}

// Allocs is the mean number of heap objects and of bytes that one call of f allocates, over runs calls after one to warm
// up, with the collector off and one processor, so that others' allocations don't count.
func Allocs(runs int, f func()) (objects, bytes float64) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	f()
	var a, b runtime.MemStats
	runtime.ReadMemStats(&a)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&b)
	return float64(b.Mallocs-a.Mallocs) / float64(runs), float64(b.TotalAlloc-a.TotalAlloc) / float64(runs)
}

// Bytes writes a number of bytes for people: "1.5 MiB".
func Bytes(n int64) string {
	f, units := float64(n), "B KiB MiB GiB"
	for i, u := range strings.Fields(units) {
		if f < 1024 || i == 3 {
			if i == 0 {
				return fmt.Sprintf("%d B", n)
			}
			return fmt.Sprintf("%.1f %s", f, u)
		}
		f /= 1024
	}
	return ""
}
