package kit

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
)

func TestRandRepeats(t *testing.T) {
	a, b := Rand(t), Rand(t)
	for range 10 {
		if x, y := a.Uint64(), b.Uint64(); x != y {
			t.Fatalf("two sources of one run differ: %d, %d; want the same inputs for every variant", x, y)
		}
	}
}

// A recorder is a test whose outcome is looked at.
type recorder struct {
	testing.TB
	failed   bool
	log      strings.Builder
	cleanups []func()
}

func (r *recorder) Helper()                   {}
func (r *recorder) Failed() bool              { return r.failed }
func (r *recorder) Cleanup(f func())          { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Logf(f string, a ...any)   { fmt.Fprintf(&r.log, f+"\n", a...) }
func (r *recorder) Errorf(f string, a ...any) { r.failed = true; r.Logf(f, a...) }

func (r *recorder) end() {
	for _, f := range r.cleanups {
		f()
	}
}

func TestRandTellsTheSeedOfAFailure(t *testing.T) {
	passing := &recorder{}
	Rand(passing)
	passing.end()
	if passing.log.Len() > 0 {
		t.Errorf("a test that passed logs %q, want nothing", &passing.log)
	}
	failing := &recorder{failed: true}
	Rand(failing)
	failing.end()
	if !strings.Contains(failing.log.String(), "HOTLOOP_SEED=") {
		t.Errorf("a test that failed logs %q, want the seed that repeats it", &failing.log)
	}
}

func TestGoroutines(t *testing.T) {
	if n := Goroutines(func() { go func() {}() }); n != 0 {
		t.Errorf("of a goroutine that ends, %d are left; want 0", n)
	}
	stop := make(chan struct{})
	if n := Goroutines(func() {
		for range 3 {
			go func() { <-stop }()
		}
	}); n != 3 {
		t.Errorf("of three goroutines that wait, %d are left; want 3", n)
	}
	close(stop)
	if n := settled(1); n < 1 {
		t.Errorf("%d goroutines are left; want at least the test's own", n)
	}
}

func TestNoLeaks(t *testing.T) {
	clean := &recorder{}
	NoLeaks(clean)
	done := make(chan struct{})
	go close(done)
	<-done
	clean.end()
	if clean.failed {
		t.Errorf("a test without leaks fails: %s", &clean.log)
	}

	leaky := &recorder{}
	NoLeaks(leaky)
	stop := make(chan struct{})
	go waitHere(stop)
	leaky.end()
	if !leaky.failed || !strings.Contains(leaky.log.String(), "waitHere") {
		t.Errorf("a test that leaks a goroutine reports %q; want where it waits", &leaky.log)
	}
	close(stop)
}

func waitHere(stop chan struct{}) { <-stop }

func TestCollected(t *testing.T) {
	type object struct{ data [64]byte }
	if !Collected(func() (*object, func()) { return new(object), nil }) {
		t.Error("an object that nobody refers to is said to be alive")
	}
	var held *object
	build := func() (*object, func()) {
		held = new(object)
		return held, nil
	}
	if Collected(build) {
		t.Error("an object that is referred to is said to be garbage")
	}
	runtime.KeepAlive(held)
	if !Collected(func() (*object, func()) {
		held = new(object)
		return held, func() { held = nil }
	}) {
		t.Error("an object whose last reference was released is said to be alive")
	}
}

func TestAllocs(t *testing.T) {
	objects, bytes := Allocs(100, func() { kept = [][]byte{make([]byte, 1024)} })
	kept = nil
	if objects != 2 || bytes < 1024 || bytes > 1200 {
		t.Errorf("of a call that makes a slice and an array of 1,024 bytes: %v objects, %v bytes; want 2, a little more than 1024", objects, bytes)
	}
	if objects, bytes := Allocs(100, func() {}); objects != 0 || bytes != 0 {
		t.Errorf("of a call that makes nothing: %v objects, %v bytes", objects, bytes)
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 5 << 20: "5.0 MiB", 3 << 40: "3072.0 GiB", -5: "-5 B"} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestMain(m *testing.M) {
	os.Unsetenv("HOTLOOP_SEED")
	os.Exit(m.Run())
}
