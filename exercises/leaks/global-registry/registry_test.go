package registry

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hotloop/exercises/kit"
)

const mib = 1 << 20 // bytes

// observe notes one event of 1 for each word.
func observe(r *Registry, words string) {
	for _, key := range strings.Fields(words) {
		r.Observe(key, 1)
	}
}

// recentKeys are the keys of the latest events, newest first, as one text.
func recentKeys(r *Registry) string {
	var keys []string
	for _, e := range r.Recent() {
		keys = append(keys, e.Key)
	}
	return strings.Join(keys, " ")
}

func TestCountsAndRecent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		r := New(10, 10)
		r.Observe("login", 1)
		time.Sleep(time.Second)
		r.Observe("order", 3)
		time.Sleep(time.Second)
		r.Observe("login", 4)
		want := []Event{{"login", 4, start.Add(2 * time.Second)}, {"order", 3, start.Add(time.Second)}, {"login", 1, start}}
		if got := r.Recent(); !slices.EqualFunc(got, want, func(a, b Event) bool { return a.Key == b.Key && a.N == b.N && a.At.Equal(b.At) }) {
			t.Errorf("after login 1, order 3, login 4, a second apart: Recent() = %v, want %v: newest first, each with its own time", got, want)
		}
		for key, want := range map[string]int64{"login": 5, "order": 3, "logout": 0} {
			if got := r.Count(key); got != want {
				t.Errorf("after login 1, order 3, login 4: Count(%q) = %d, want %d", key, got, want)
			}
		}
		if r.Len() != 2 || r.Other() != 0 {
			t.Errorf("after events of two keys, with room for ten: Len() = %d, Other() = %d; want 2 and 0: asking for a key must not make it known", r.Len(), r.Other())
		}
	})
}

func TestRecentIsBounded(t *testing.T) {
	r := New(3, 10)
	if got := r.Recent(); len(got) != 0 {
		t.Errorf("before the first event: Recent() = %v, want none", got)
	}
	for i, want := range []string{"a", "b a", "c b a", "d c b", "e d c", "f e d", "g f e"} {
		observe(r, string(rune('a'+i)))
		if got := recentKeys(r); got != want {
			t.Fatalf("room for 3 events, %d observed in the order of the alphabet: the latest are %q, want %q", i+1, got, want)
		}
	}
	one := New(1, 1)
	observe(one, "a b c")
	if got := recentKeys(one); got != "c" {
		t.Errorf("room for 1 event, a b c observed: the latest are %q, want c", got)
	}
}

func TestKeysAreBounded(t *testing.T) {
	r := New(10, 2)
	observe(r, "a b c a d c b a")
	for key, want := range map[string]int64{"a": 3, "b": 2, "c": 0, "d": 0} {
		if got := r.Count(key); got != want {
			t.Errorf("room for 2 keys, observed a b c a d c b a: Count(%q) = %d, want %d: the first two keys are counted, also when the registry is full", key, got, want)
		}
	}
	if r.Len() != 2 || r.Other() != 3 {
		t.Errorf("room for 2 keys, observed a b c a d c b a: Len() = %d, Other() = %d; want 2, and 3 for c d c: nothing observed is lost, it loses its name only", r.Len(), r.Other())
	}
	if got := recentKeys(r); got != "a b c d a c b a" {
		t.Errorf("the latest events are %q, want %q: events keep their keys, also those that are not counted apart", got, "a b c d a c b a")
	}
}

func TestRegistriesAreIndependent(t *testing.T) {
	a, b := New(5, 5), New(5, 5)
	observe(a, "x y")
	if b.Len() != 0 || b.Count("x") != 0 || len(b.Recent()) != 0 {
		t.Errorf("x and y were observed by another registry, and this one has Len() = %d, Count(x) = %d, Recent() = %v: two owners share one state, and so do two tests", b.Len(), b.Count("x"), b.Recent())
	}
	b.Reset()
	if a.Count("x") != 1 {
		t.Errorf("another registry was reset, and this one forgot: Count(x) = %d, want 1", a.Count("x"))
	}
}

func TestDroppedRegistryIsGarbage(t *testing.T) {
	growth := kit.HeapGrowth(40, func(int) {
		r := New(1000, 1000)
		for k := range 1000 {
			r.Observe(fmt.Sprintf("key %d", k), 1)
		}
	})
	if growth > mib {
		t.Errorf("40 registries with 1,000 keys each were made and dropped, and %s are still there: something outside the registry holds on to them", kit.Bytes(growth))
	}
}

func TestKeyIsNotPinned(t *testing.T) {
	r := New(200, 25) // half of the keys are counted apart, all events are remembered
	growth := kit.HeapGrowth(100, func(i int) {
		body := strings.Repeat(fmt.Sprintf("request %04d ", i/2), mib/13) // each key comes twice, of two bodies
		r.Observe(body[:12], 1)
	})
	runtime.KeepAlive(r)
	if growth > mib {
		t.Errorf("100 keys of 12 bytes were observed, each the start of a body of 1 MiB, and the heap grew by %s: a substring keeps the whole string, so the registry keeps every body", kit.Bytes(growth))
	}
}

func TestResetGivesMemoryBack(t *testing.T) {
	const keys = 50_000
	r := New(keys, keys)
	fill := func() {
		for i := range keys {
			r.Observe(fmt.Sprintf("key %d", i), 1)
		}
	}
	before := kit.HeapLive()
	fill()
	r.Reset()
	if growth := int64(kit.HeapLive()) - int64(before); growth > mib {
		t.Errorf("after %d keys and Reset the heap is larger by %s, want at most 1 MiB: a map that is cleared keeps its buckets, a slice cut to length 0 its array", keys, kit.Bytes(growth))
	}
	if r.Len() != 0 || r.Count("key 1") != 0 || r.Other() != 0 || len(r.Recent()) != 0 {
		t.Errorf("after Reset: Len() = %d, Count = %d, Other() = %d, %d recent events; want nothing", r.Len(), r.Count("key 1"), r.Other(), len(r.Recent()))
	}
	observe(r, "a b a")
	if r.Count("a") != 2 || recentKeys(r) != "a b a" {
		t.Errorf("after Reset and a b a: Count(a) = %d, the latest are %q; want 2 and %q: a registry can be used again", r.Count("a"), recentKeys(r), "a b a")
	}
}

func TestResetForgetsOther(t *testing.T) {
	r := New(2, 1)
	observe(r, "a b c")
	r.Reset()
	if r.Other() != 0 {
		t.Errorf("after Reset: Other() = %d, want 0", r.Other())
	}
	observe(r, "b c")
	if r.Count("b") != 1 || r.Other() != 1 || recentKeys(r) != "c b" {
		t.Errorf("room for 1 key and 2 events, after Reset and b c: Count(b) = %d, Other() = %d, the latest are %q; want 1, 1 and %q", r.Count("b"), r.Other(), recentKeys(r), "c b")
	}
}

func TestRecentIsACopy(t *testing.T) {
	r := New(3, 3)
	observe(r, "a b c")
	events := r.Recent()
	for i := range events {
		events[i].Key = "overwritten"
	}
	if got := recentKeys(r); got != "c b a" {
		t.Errorf("the caller overwrote what Recent gave it, and now Recent says %q, want %q: it must be a copy", got, "c b a")
	}
	events = r.Recent()
	observe(r, "d")
	r.Recent()
	if events[0].Key != "c" {
		t.Errorf("an event was observed after Recent, and what Recent gave has changed to %q in front, want c", events[0].Key)
	}
}

func TestUnusualEvents(t *testing.T) {
	r := New(5, 5)
	r.Observe("", 2)
	r.Observe("zero", 0)
	r.Observe("", -5)
	if r.Count("") != -3 || r.Len() != 2 {
		t.Errorf(`after "" 2, zero 0, "" -5: Count("") = %d, Len() = %d; want -3 and 2: the empty key is a key, an event of 0 makes its key known, and sums may fall`, r.Count(""), r.Len())
	}
	if got := len(r.Recent()); got != 3 {
		t.Errorf("after three events: %d recent ones, want 3", got)
	}
}

func TestLimitsBelowOnePanic(t *testing.T) {
	for _, limits := range [][2]int{{0, 1}, {1, 0}, {-1, 5}, {5, -1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("New(%d, %d) returns; want a panic: a registry that may keep nothing is a mistake of the program", limits[0], limits[1])
				}
			}()
			New(limits[0], limits[1])
		}()
	}
}

// The last one: a map that is written by two goroutines at once ends the program.
func TestConcurrentUseRace(t *testing.T) {
	const goroutines, each, reads = 8, 1000, 200
	r := New(10, 4)
	r.Observe("a", 0)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				r.Observe(string(rune('a'+(g+i)%8)), 1)
			}
		})
	}
	for _, read := range []func(){
		func() { r.Count("a") }, func() { r.Other() }, func() { r.Len() }, func() { r.Recent() },
	} {
		wg.Go(func() {
			for range reads {
				read()
			}
		})
	}
	wg.Wait()
	sum := r.Other()
	for key := 'a'; key < 'i'; key++ {
		sum += r.Count(string(key))
	}
	if sum != goroutines*each || r.Len() != 4 {
		t.Errorf("8 goroutines observed %d events of 8 keys, with room for 4 keys: all sums together are %d, Len() = %d; want %d and 4", goroutines*each, sum, r.Len(), goroutines*each)
	}
}
