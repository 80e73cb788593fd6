package lru

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hotloop/exercises/kit"
)

func newCache[K comparable, V any](tb testing.TB, max int, onEvict func(K, V, Reason)) *Cache[K, V] {
	tb.Helper()
	c, err := New(max, onEvict)
	if err != nil || c == nil {
		tb.Fatalf("New(%d) = %v, %v; want a cache", max, c, err)
	}
	return c
}

// filled is a cache of that size with the keys set in order, so that the last one is the most recent. The value of a
// key is ten times the key.
func filled(tb testing.TB, max int, keys ...int) *Cache[int, int] {
	tb.Helper()
	c := newCache[int, int](tb, max, nil)
	for _, k := range keys {
		c.Set(k, 10*k)
	}
	return c
}

// wantKeys checks which keys are there, and their order of use.
func wantKeys(tb testing.TB, c *Cache[int, int], done, why string, want ...int) {
	tb.Helper()
	if got := c.Keys(); !slices.Equal(got, want) {
		tb.Errorf("%s: Keys() = %v, want %v: %s", done, got, want, why)
	}
}

var reasonNames = map[Reason]string{Evicted: "Evicted", Deleted: "Deleted", Replaced: "Replaced", Purged: "Purged"}

// event is what onEvict was told, for people.
func event(k, v int, why Reason) string {
	return fmt.Sprintf("%d=%d %s", k, v, reasonNames[why])
}

func TestEvictsLeastRecent(t *testing.T) {
	c := newCache[int, int](t, 3, nil)
	for k := 1; k <= 3; k++ {
		if c.Set(k, 10*k) {
			t.Errorf("Set(%d) in a cache of size 3 evicted an entry while there was room", k)
		}
	}
	if !c.Set(4, 40) {
		t.Error("Set(4) in a full cache of size 3 reports no eviction: the cache grows without bound")
	}
	if v, ok := c.Get(1); ok {
		t.Errorf("after Set 1, 2, 3, 4 with size 3: Get(1) = %d, true; want a miss, since 1 was used least recently", v)
	}
	if n := c.Len(); n != 3 {
		t.Errorf("after Set 1, 2, 3, 4 with size 3: Len() = %d, want 3: the bound is what keeps memory flat", n)
	}
	wantKeys(t, c, "after Set 1, 2, 3, 4 with size 3", "the three most recent ones stay", 4, 3, 2)
}

func TestGetRefreshes(t *testing.T) {
	c := filled(t, 3, 1, 2, 3)
	c.Get(1)
	c.Set(4, 40)
	wantKeys(t, c, "after Set 1, 2, 3, Get(1), Set 4 with size 3",
		"reading 1 made it recent, so 2 is the oldest (evicting 1 would be FIFO)", 4, 1, 3)
}

func TestSetExistingReplaces(t *testing.T) {
	var told []string
	c := newCache(t, 2, func(k, v int, why Reason) { told = append(told, event(k, v, why)) })
	c.Set(1, 10)
	c.Set(2, 20)
	if c.Set(1, 11) {
		t.Error("Set of a key that is there, in a full cache, reports an eviction: no room was needed")
	}
	wantKeys(t, c, "after Set 1, 2 and 1 again", "setting a key makes it the most recent, and evicts nobody", 1, 2)
	if v, ok := c.Get(1); v != 11 || !ok {
		t.Errorf("after Set(1, 10), Set(1, 11): Get(1) = %d, %v; want 11, true", v, ok)
	}
	if want := []string{event(1, 10, Replaced)}; !slices.Equal(told, want) {
		t.Errorf("onEvict was told %q, want %q: the old value left the cache and may need closing", told, want)
	}
}

func TestStoredZeroIsHit(t *testing.T) {
	c := newCache[string, int](t, 2, nil)
	c.Set("visitors", 0)
	if v, ok := c.Get("visitors"); v != 0 || !ok {
		t.Errorf(`after Set("visitors", 0): Get = %d, %v; want 0, true: zero is a value like any other`, v, ok)
	}
	if v, ok := c.Get("unknown"); v != 0 || ok {
		t.Errorf(`Get("unknown") = %d, %v; want 0, false: a miss must not look like a stored zero`, v, ok)
	}
	if v, ok := c.Peek("unknown"); v != 0 || ok {
		t.Errorf(`Peek("unknown") = %d, %v; want 0, false: a miss must not look like a stored zero`, v, ok)
	}
}

func TestPeekLeavesNoTrace(t *testing.T) {
	c := filled(t, 3, 1, 2, 3)
	if v, ok := c.Peek(1); v != 10 || !ok {
		t.Errorf("Peek(1) = %d, %v; want 10, true", v, ok)
	}
	c.Peek(7)
	wantKeys(t, c, "after Set 1, 2, 3, Peek(1)", "looking must not change the order of use", 3, 2, 1)
	if hits, misses, _ := c.Stats(); hits != 0 || misses != 0 {
		t.Errorf("after two calls of Peek: %d hits, %d misses; want none: monitoring would distort what it measures", hits, misses)
	}
}

func TestDelete(t *testing.T) {
	var told []string
	c := newCache(t, 3, func(k, v int, why Reason) { told = append(told, event(k, v, why)) })
	for k := 1; k <= 3; k++ {
		c.Set(k, 10*k)
	}
	if !c.Delete(2) {
		t.Error("Delete(2) of a key that is there = false, want true")
	}
	if c.Delete(2) {
		t.Error("the second Delete(2) = true, want false: it was gone")
	}
	if want := []string{event(2, 20, Deleted)}; !slices.Equal(told, want) {
		t.Errorf("onEvict was told %q, want %q", told, want)
	}
	wantKeys(t, c, "after Set 1, 2, 3, Delete(2)", "a deleted key must leave the order of use as well as the map", 3, 1)
	if c.Set(4, 40) {
		t.Error("Set(4) after a Delete evicted an entry: the place of the deleted one is free")
	}
	wantKeys(t, c, "after Set 1, 2, 3, Delete(2), Set 4", "all three fit", 4, 3, 1)
}

func TestKeysOrder(t *testing.T) {
	c := filled(t, 4, 1, 2, 3, 4)
	wantKeys(t, c, "after Set 1, 2, 3, 4", "the most recent one comes first", 4, 3, 2, 1)
	c.Get(4)
	wantKeys(t, c, "after Get of the most recent key", "it stays where it is", 4, 3, 2, 1)
	c.Get(2)
	wantKeys(t, c, "after Get(2)", "an entry from the middle moves to the front", 2, 4, 3, 1)
	clear(c.Keys())
	wantKeys(t, c, "after clearing the slice that Keys returned", "it is the caller's copy", 2, 4, 3, 1)
}

func TestResize(t *testing.T) {
	var told []string
	c := newCache(t, 4, func(k, v int, why Reason) { told = append(told, event(k, v, why)) })
	for k := 1; k <= 4; k++ {
		c.Set(k, 10*k)
	}
	if n, err := c.Resize(2); n != 2 || err != nil {
		t.Errorf("Resize(2) of a cache with 4 entries = %d, %v; want 2 evicted", n, err)
	}
	wantKeys(t, c, "after Set 1, 2, 3, 4, Resize(2)", "the oldest ones go", 4, 3)
	if want := []string{event(1, 10, Evicted), event(2, 20, Evicted)}; !slices.Equal(told, want) {
		t.Errorf("onEvict was told %q, want %q: the oldest first", told, want)
	}
	if n, err := c.Resize(3); n != 0 || err != nil {
		t.Errorf("Resize(3) of a cache with 2 entries = %d, %v; want none evicted", n, err)
	}
	c.Set(5, 50)
	wantKeys(t, c, "after Resize(3), Set 5", "there is room again", 5, 4, 3)
	if n, err := c.Resize(0); n != 0 || !errors.Is(err, ErrSize) {
		t.Errorf("Resize(0) = %d, %v; want 0, ErrSize", n, err)
	}
	wantKeys(t, c, "after Resize(0) was refused", "nothing changes", 5, 4, 3)
}

// stuck is how long a call may take before the test calls it a deadlock. It is not a measure of speed.
const stuck = 2 * time.Second

func TestOnEvictMayUseTheCache(t *testing.T) {
	var c *Cache[int, int]
	told := 0
	c = newCache(t, 2, func(k, v int, why Reason) {
		told++
		c.Get(k)
		c.Peek(k)
		c.Len()
		if k < 100 {
			c.Set(k+100, v) // a second level: what leaves comes back under another key
		}
	})
	done := make(chan string)
	go func() {
		for _, step := range []struct {
			name string
			do   func()
		}{
			{"Set of a new key", func() { c.Set(1, 1); c.Set(2, 2); c.Set(3, 3) }},
			{"Set of a key that is there", func() { c.Set(3, 3); c.Set(3, 4) }},
			{"Delete", func() { c.Delete(3) }},
			{"Resize", func() { c.Set(4, 4); c.Set(5, 5); c.Resize(1) }},
			{"Purge", func() { c.Set(6, 6); c.Purge() }},
		} {
			done <- step.name + " started"
			step.do()
			done <- step.name + " ended"
		}
		close(done)
	}()
	last := "nothing"
	for {
		select {
		case step, ok := <-done:
			if ok {
				last = step
				continue
			}
			if told == 0 {
				t.Error("onEvict was never called")
			}
			return
		case <-time.After(stuck):
			t.Fatalf("%s, and never came back: onEvict used the cache while the caller still held the lock; call it after unlocking", last)
		}
	}
}

func TestPurge(t *testing.T) {
	var told []string
	c := newCache(t, 3, func(k, v int, why Reason) { told = append(told, event(k, v, why)) })
	for k := 1; k <= 3; k++ {
		c.Set(k, 10*k)
	}
	c.Get(1)
	c.Purge()
	if want := []string{event(2, 20, Purged), event(3, 30, Purged), event(1, 10, Purged)}; !slices.Equal(told, want) {
		t.Errorf("onEvict was told %q, want %q: all of them, the least recently used first", told, want)
	}
	if n := c.Len(); n != 0 {
		t.Errorf("after Purge: Len() = %d, want 0", n)
	}
	wantKeys(t, c, "after Purge", "nothing is left")
	if hits, misses, evictions := c.Stats(); hits != 1 || misses != 0 || evictions != 0 {
		t.Errorf("after one hit and Purge: Stats() = %d, %d, %d; want 1, 0, 0: purging is not evicting, and the counts go on", hits, misses, evictions)
	}
	c.Set(7, 70)
	wantKeys(t, c, "after Purge, Set 7", "the cache works on", 7)
}

func TestPurgeGivesMemoryBack(t *testing.T) {
	const n, limit = 20_000, 64 << 10
	c := newCache[int, int](t, n, nil)
	before := kit.HeapLive()
	for i := range n {
		c.Set(i, i)
	}
	full := kit.HeapLive()
	c.Purge()
	after := kit.HeapLive()
	if kept := int64(after) - int64(before); kept > limit {
		t.Errorf("%d entries took %s; after Purge %s of it are still held, want at most %s: a map never gives its buckets back",
			n, kit.Bytes(int64(full)-int64(before)), kit.Bytes(kept), kit.Bytes(limit))
	}
	runtime.KeepAlive(c)
}

func TestSizeMustHoldSomething(t *testing.T) {
	for _, max := range []int{0, -1} {
		if c, err := New[int, int](max, nil); !errors.Is(err, ErrSize) || c != nil {
			t.Errorf("New(%d) = %v, %v; want nil, ErrSize: a cache without a bound is the leak of the story", max, c, err)
		}
	}
	c := newCache[int, int](t, 1, nil)
	c.Set(1, 10)
	if !c.Set(2, 20) {
		t.Error("the second key in a cache of size 1 evicted nothing")
	}
	wantKeys(t, c, "after Set 1, 2 with size 1", "one place, the latest key has it", 2)
	c.Delete(2)
	c.Set(3, 30)
	wantKeys(t, c, "after Delete(2), Set 3 with size 1", "the place is free again", 3)
}

func TestStats(t *testing.T) {
	c := filled(t, 2, 1, 2, 3) // evicts 1
	c.Get(2)
	c.Get(3)
	c.Get(1)
	c.Set(3, 31)
	c.Delete(2)
	c.Set(4, 40)
	if _, err := c.Resize(1); err != nil { // evicts 3
		t.Errorf("Resize(1) = %v, want no error", err)
	}
	hits, misses, evictions := c.Stats()
	if hits != 2 || misses != 1 || evictions != 2 {
		t.Errorf("after 2 hits, 1 miss, an eviction by Set and one by Resize, a Replace and a Delete: Stats() = %d, %d, %d; want 2, 1, 2",
			hits, misses, evictions)
	}
}

// A block is so large that copying it takes time: a Get that does not lock out a Set returns half of the old value and
// half of the new one.
type block [2048]uint64

func newBlock(n uint64) (b block) {
	for i := range b {
		b[i] = n
	}
	return b
}

// Goroutines that happen to take turns prove nothing. So they go on until enough calls of Get have seen a Set of another
// goroutine begin or end meanwhile; where that is rare, on one processor or a very busy machine, for so long.
func TestConcurrentUse(t *testing.T) {
	const goroutines, calls, keys, size, enough = 8, 100, 3, 2, 100
	var told, gets, sets, overlaps atomic.Int64
	c := newCache(t, size, func(int, block, Reason) { told.Add(1) })
	deadline := time.Now().Add(700 * time.Millisecond)
	var wg sync.WaitGroup
	for g := range goroutines {
		mine := newBlock(uint64(g))
		wg.Go(func() {
			for i := 0; i < calls || overlaps.Load() < enough && time.Now().Before(deadline); i++ {
				k := (i*3 + g) % keys
				before := sets.Load()
				v, ok := c.Get(k)
				if sets.Load() != before {
					overlaps.Add(1)
				}
				gets.Add(1)
				if ok && (v[0] != v[len(v)/2] || v[0] != v[len(v)-1]) {
					t.Errorf("Get(%d) while others call Set returned parts of two values: Get needs the lock as well", k)
					return
				}
				switch i % 8 {
				default:
					sets.Add(1)
					c.Set(k, mine)
					sets.Add(1)
				case 5:
					c.Delete(k)
				case 6:
					c.Peek(k)
				case 7:
					c.Len()
				}
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	hits, misses, _ := c.Stats()
	if got, want := hits+misses, uint64(gets.Load()); got != want {
		t.Errorf("%d goroutines called Get %d times together: hits + misses = %d: Get writes (it counts and it moves), so it needs the lock",
			goroutines, want, got)
	}
	// Keys is not asked: in a list that is linked to itself it would never end.
	for k := range size {
		c.Set(keys+k, newBlock(0))
	}
	for k := range size {
		if _, ok := c.Peek(keys + k); !ok || c.Len() != size {
			t.Errorf("after concurrent use, with %d new keys in a cache of that size: Peek(%d) finds it: %v, Len() = %d; map and order no longer agree",
				size, keys+k, ok, c.Len())
		}
	}
	if told.Load() == 0 {
		t.Errorf("after %d calls with more keys than places onEvict was never called", gets.Load())
	}
}
