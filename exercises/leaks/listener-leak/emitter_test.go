package emitter

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A calls is a log of which listener was called with what.
type calls struct {
	mu  sync.Mutex
	log []string
}

// as is a listener that writes its name and what it was called with.
func (c *calls) as(name string) func(int) {
	return func(v int) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.log = append(c.log, fmt.Sprint(name, v))
	}
}

// want compares the log with the words and begins a new one.
func (c *calls) want(t *testing.T, done, want, why string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if got := strings.Join(c.log, " "); got != want {
		t.Errorf("%s: called were %q, want %q: %s", done, got, want, why)
	}
	c.log = nil
}

// within fails the test if do has not returned after a while: it waits for a lock that its own caller holds.
func within(t *testing.T, doing string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatalf("%s: still waiting after 5s: a listener was called, or warned, with the emitter's lock held", doing)
	}
}

func TestOrder(t *testing.T) {
	e, c := New[int](Options{}), &calls{}
	if n := e.Emit("tick", 0); n != 0 {
		t.Errorf("Emit of an event that nobody listens to = %d, want 0", n)
	}
	e.On("tick", c.as("a"))
	e.Once("tick", c.as("b"))
	e.OnContext(t.Context(), "tick", c.as("c"))
	e.On("tock", c.as("x"))
	within(t, "Emit of an event with a Once among its listeners", func() {
		if n := e.Emit("tick", 1); n != 3 {
			t.Errorf("Emit of an event with three listeners = %d, want 3", n)
		}
	})
	c.want(t, "first Emit of tick", "a1 b1 c1", "the order is that of registration, whatever the kind")
	if n := e.Emit("tick", 2); n != 2 {
		t.Errorf("second Emit, after the Once has run = %d, want 2", n)
	}
	c.want(t, "second Emit of tick", "a2 c2", "Once is once")
}

func TestOffTakesItsOwnRegistration(t *testing.T) {
	e, c := New[int](Options{}), &calls{}
	a := c.as("a")
	e.On("tick", a)
	e.On("tick", c.as("b"))
	off := e.On("tick", a) // the same function again
	off()
	e.Emit("tick", 1)
	c.want(t, "a b a registered, the second a taken off", "a1 b1", "off belongs to a registration, not to a function")
	off()
	off()
	if n := e.Count("tick"); n != 2 {
		t.Errorf("off called three times: Count = %d, want 2: a component may close twice, and must not close others", n)
	}
}

func TestOnceOffBeforeItsTurn(t *testing.T) {
	e, c := New[int](Options{}), &calls{}
	off := e.Once("tick", c.as("a"))
	off()
	e.Emit("tick", 1)
	c.want(t, "Once, off, Emit", "", "what was taken off is not called")
	off = e.Once("tick", c.as("a"))
	e.On("tick", c.as("b"))
	e.Emit("tick", 2)
	off()
	if n := e.Count("tick"); n != 1 {
		t.Errorf("off of a Once that has run: Count = %d, want 1: there is nothing left that it belongs to", n)
	}
}

func TestOnceRecursive(t *testing.T) {
	e, c := New[int](Options{}), &calls{}
	again := c.as("a")
	e.Once("tick", func(v int) {
		again(v)
		if v < 5 {
			e.Emit("tick", v+1)
		}
	})
	within(t, "a listener of Once emits its own event", func() { e.Emit("tick", 1) })
	c.want(t, "a listener of Once emits its own event", "a1", "it must be off before it is called, not after")
}

func TestOnceConcurrent(t *testing.T) {
	for range 200 {
		e := New[int](Options{})
		var called, told atomic.Int64
		e.On("ready", func(int) { runtime.Gosched() }) // so that all have begun before the first comes to the next one
		e.Once("ready", func(int) { called.Add(1) })
		var wg sync.WaitGroup
		start := make(chan struct{})
		for range 8 {
			wg.Go(func() {
				<-start
				told.Add(int64(e.Emit("ready", 1)))
			})
		}
		close(start)
		wg.Wait()
		if called.Load() != 1 || told.Load() != 8+1 {
			t.Fatalf("eight goroutines emit at once to an On and a Once: the listener of Once ran %d times, and all Emits together called %d; want 1 and 9", called.Load(), told.Load())
		}
	}
}

func TestAddedDuringEmit(t *testing.T) {
	e, c := New[int](Options{}), &calls{}
	e.On("tick", func(v int) {
		c.as("a")(v)
		e.On("tick", c.as("b"))
	})
	within(t, "a listener adds a listener", func() { e.Emit("tick", 1) })
	c.want(t, "a listener adds a listener", "a1", "Emit works on the listeners of the moment when it began; else it may never end")
	e.Emit("tick", 2)
	c.want(t, "the next Emit", "a2 b2", "the added one is there now")
}

func TestRemovedDuringEmit(t *testing.T) {
	e, c := New[int](Options{}), &calls{}
	var offs []func()
	e.On("tick", func(v int) {
		c.as("a")(v)
		for _, off := range offs {
			off()
		}
	})
	offs = append(offs, e.On("tick", c.as("b")), e.Once("tick", c.as("once")))
	e.On("tick", c.as("c"))
	within(t, "a listener takes others off", func() { e.Emit("tick", 1) })
	c.want(t, "a takes b and a Once off", "a1 b1 c1", "b was there when Emit began; a Once that is off is not called; c must not be skipped because the list moved up")
	e.Emit("tick", 2)
	c.want(t, "the next Emit", "a2 c2", "b is off now")
}

func TestListenersMayUseTheEmitter(t *testing.T) {
	e, c := New[int](Options{}), &calls{}
	e.On("outer", func(v int) {
		e.Emit("inner", v)
		if e.Count("outer") != 1 || !slices.Equal(e.Events(), []string{"inner", "outer"}) {
			t.Errorf("asked from a listener: Count = %d, Events = %v; want 1, [inner outer]", e.Count("outer"), e.Events())
		}
		e.RemoveAll("inner")
	})
	e.On("inner", c.as("i"))
	within(t, "a listener emits, asks and removes", func() { e.Emit("outer", 1) })
	c.want(t, "a listener emits another event", "i1", "on the goroutine of the caller, at once")
}

func TestEvents(t *testing.T) {
	e := New[int](Options{})
	if got := e.Events(); len(got) != 0 {
		t.Errorf("a new emitter has events: %q", got)
	}
	off := e.On("b", func(int) {})
	e.Once("c", func(int) {})
	e.On("a", func(int) {})
	if got, want := e.Events(), []string{"a", "b", "c"}; !slices.Equal(got, want) {
		t.Errorf("Events() = %q, want %q, sorted", got, want)
	}
	off()
	e.Emit("c", 1)
	e.Emit("unknown", 1)
	if got, want := e.Events(), []string{"a"}; !slices.Equal(got, want) {
		t.Errorf("b taken off, c's Once has run, unknown emitted: Events() = %q, want %q", got, want)
	}
	if n := e.Count("b"); n != 0 {
		t.Errorf("Count of an event that is gone = %d, want 0", n)
	}
}

func TestPanicLeavesTheEmitterWhole(t *testing.T) {
	e, c := New[int](Options{}), &calls{}
	e.On("tick", c.as("a"))
	e.Once("tick", func(int) { panic("no such user") })
	e.On("tick", c.as("b"))
	func() {
		defer func() {
			if v := recover(); v != "no such user" {
				t.Errorf("a listener panics: Emit panics with %v, want the same", v)
			}
		}()
		e.Emit("tick", 1)
	}()
	c.want(t, "the second of three listeners panics", "a1", "the panic ends this Emit")
	within(t, "Emit after a panic", func() { e.Emit("tick", 2) })
	c.want(t, "the next Emit", "a2 b2", "a Once that has panicked has run; the others are still there")
}

func TestRemoveAll(t *testing.T) {
	e, c := New[int](Options{}), &calls{}
	off := e.On("tick", c.as("a"))
	e.Once("tick", c.as("b"))
	e.On("tock", c.as("x"))
	e.RemoveAll("tick")
	e.RemoveAll("unknown")
	e.On("tick", c.as("new"))
	off()
	e.Emit("tick", 1)
	e.Emit("tock", 2)
	c.want(t, "RemoveAll of tick, a new listener, then off of one that was removed", "new1 x2", "off of a removed one does nothing, and other events keep theirs")
}
