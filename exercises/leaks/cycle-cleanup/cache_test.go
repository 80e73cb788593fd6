package handle

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"weak"

	"hotloop/exercises/kit"
)

// A testImage is large enough, and has a pointer in it, so that it has memory of its own.
type testImage struct {
	name string
	data [256]byte
}

func (i *testImage) String() string {
	if i == nil {
		return "nil"
	}
	return i.name
}

// newImages is a cache of them, and how often each was made.
func newImages() (*WeakCache[string, testImage], func(name string) int) {
	var mu sync.Mutex
	made := map[string]int{}
	cache := NewWeakCache(func(name string) *testImage {
		mu.Lock()
		defer mu.Unlock()
		made[name]++
		return &testImage{name: name}
	})
	return cache, func(name string) int {
		mu.Lock()
		defer mu.Unlock()
		return made[name]
	}
}

func TestSameValueWhileHeld(t *testing.T) {
	cache, made := newImages()
	if n := cache.Len(); n != 0 {
		t.Errorf("Len() of a new cache = %d", n)
	}
	a, b := cache.Get("a"), cache.Get("b")
	if a == nil || a.name != "a" || b == nil || b.name != "b" || a == b {
		t.Fatalf(`Get("a") = %v, Get("b") = %v; want what mk made of each key`, a, b)
	}
	for range 3 {
		runtime.GC()
		if cache.Get("a") != a || cache.Get("b") != b {
			t.Error("Get of a key whose value is held, after a collection: another value; want the same as long as anybody holds it")
		}
	}
	if made("a") != 1 || made("b") != 1 || cache.Len() != 2 {
		t.Errorf("two keys, values held: made %d and %d times, Len() = %d; want 1, 1, 2", made("a"), made("b"), cache.Len())
	}
	runtime.KeepAlive(a)
	runtime.KeepAlive(b)
}

// getSome gets so many values and returns one of them, number held.
//
//go:noinline
func getSome(cache *WeakCache[string, testImage], n, held int) *testImage {
	var one *testImage
	for i := range n {
		if v := cache.Get(fmt.Sprint("image ", i)); i == held {
			one = v
		}
	}
	return one
}

func TestDeadEntriesDisappear(t *testing.T) {
	cache, made := newImages()
	held := getSome(cache, 1000, 7)
	if !afterCollections(func() bool { return cache.Len() == 1 }) {
		t.Errorf("1,000 values made and one of them held: Len() = %d after five collections, want 1: a value that nobody else holds must go, and its entry with it", cache.Len())
	}
	if cache.Get("image 7") != held || made("image 7") != 1 {
		t.Error("the one value that is held: Get returns another one")
	}
	again := cache.Get("image 8")
	if made("image 8") != 2 || again == nil || again.name != "image 8" {
		t.Errorf(`Get("image 8") after its value was collected = %v, made %d times; want a new one, made for the second time`, again, made("image 8"))
	}
	runtime.KeepAlive(held)
	runtime.KeepAlive(again)
	runtime.KeepAlive(cache)
}

// getAndDrop gets a value and lets go of it.
//
//go:noinline
func getAndDrop(cache *WeakCache[string, testImage]) weak.Pointer[testImage] {
	return weak.Make(cache.Get("a"))
}

// Between the end of a value and its cleanup any time may pass. Here another cleanup, which does not return, keeps the
// runtime's goroutine for them busy meanwhile; where there are several of these goroutines, it is left to chance.
func TestLateCleanup(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for range 20 {
		cache, made := newImages()
		begun, release := make(chan bool), make(chan bool)
		func() {
			runtime.AddCleanup(&testImage{name: "blocks"}, func(int) { begun <- true; <-release }, 0)
		}()
		old := getAndDrop(cache)
		for i := 0; i < 100 && old.Value() != nil; i++ {
			runtime.GC()
		}
		gone := old.Value() == nil
		second := cache.Get("a") // the cleanup of the first may not have run yet
		if gone && (second == nil || second.name != "a" || made("a") != 2) {
			t.Fatalf("the value of a key was collected and the key is asked for at once: Get = %v, made %d times; want a new one, made for the second time", second, made("a"))
		}
		runtime.GC()
		<-begun
		close(release)
		for range 5 { // time for the late cleanup
			runtime.GC()
			time.Sleep(100 * time.Microsecond)
		}
		if third := cache.Get("a"); third != second || cache.Len() != 1 {
			t.Fatalf("a key was asked for again before the cleanup of its first value ran: later Get returns the same value: %v, Len() = %d; want true, 1: a late cleanup must not take the entry of another value", third == second, cache.Len())
		}
		runtime.KeepAlive(second)
	}
}

func TestPanicOfMakeLeavesTheCacheWhole(t *testing.T) {
	broken := true
	cache := NewWeakCache(func(k int) *testImage {
		if broken {
			panic("no such image")
		}
		return &testImage{name: fmt.Sprint(k)}
	})
	func() {
		defer func() {
			if v := recover(); v != "no such image" {
				t.Errorf("mk panics: Get panics with %v, want the same", v)
			}
		}()
		cache.Get(1)
	}()
	broken = false
	done := make(chan *testImage, 1)
	go func() { done <- cache.Get(1) }()
	select {
	case v := <-done:
		if v == nil || v.name != "1" || cache.Len() != 1 {
			t.Errorf("Get after a panic of mk for the same key = %v, Len() = %d; want a value, 1", v, cache.Len())
		}
		runtime.KeepAlive(v)
	case <-time.After(5 * time.Second):
		t.Fatal("Get after a panic of mk: still waiting after 5s for a lock that nobody gives back")
	}
}

func TestOneValueForAllWhoAsk(t *testing.T) {
	const askers = 16
	var made atomic.Int64
	cache := NewWeakCache(func(k int) *testImage {
		made.Add(1)
		time.Sleep(time.Millisecond) // all ask while the first value is being made
		return &testImage{name: fmt.Sprint(k)}
	})
	got := make([]*testImage, askers)
	var wg sync.WaitGroup
	begin := make(chan bool)
	for i := range got {
		wg.Go(func() {
			<-begin
			got[i] = cache.Get(7)
		})
	}
	close(begin)
	wg.Wait()
	if n := made.Load(); n != 1 || slices.ContainsFunc(got, func(v *testImage) bool { return v == nil || v != got[0] }) {
		t.Errorf("%d goroutines ask for a new key at once: mk was called %d times, want 1, and the same value for all: what is made twice is held twice", askers, n)
	}
	runtime.KeepAlive(got)
}

// The last one: a map that is written by two goroutines at once ends the program.
func TestConcurrentUseRace(t *testing.T) {
	const goroutines, each, keys = 8, 1000, 32
	cache, _ := newImages()
	var wg sync.WaitGroup
	seed := kit.Rand(t).IntN(keys)
	for g := range goroutines {
		wg.Go(func() {
			var held *testImage
			for i := range each {
				key := fmt.Sprint((seed + g*7 + i*i) % keys)
				v := cache.Get(key)
				if v == nil || v.name != key {
					t.Errorf("Get(%q) = %v while others use the cache and values are collected", key, v)
					return
				}
				if held == nil || i%5 == 0 {
					held = v
				}
				if cache.Get(held.name) != held {
					t.Errorf("Get(%q) is another value than the one that is held", held.name)
					return
				}
				if i%100 == 0 {
					runtime.GC()
				}
				if n := cache.Len(); n < 1 || n > keys {
					t.Errorf("Len() = %d with %d different keys, one of them held", n, keys)
					return
				}
			}
		})
	}
	wg.Wait()
	if !afterCollections(func() bool { return cache.Len() == 0 }) {
		t.Errorf("all values let go: Len() = %d after five collections, want 0", cache.Len())
	}
}
