package emitter

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hotloop/exercises/kit"
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

func TestContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, c := New[int](Options{}), &calls{}
		ctx, cancel := context.WithCancel(t.Context())
		e.OnContext(ctx, "tick", c.as("a"))
		off := e.OnContext(ctx, "tick", c.as("b"))
		e.On("tick", c.as("c"))
		off()
		e.Emit("tick", 1)
		c.want(t, "two with a context, one of them taken off", "a1 c1", "off works before the context ends, too")
		cancel()
		synctest.Wait()
		e.Emit("tick", 2)
		c.want(t, "after the context has ended", "c2", "the request is over, and so is its listener")
		off()
		if n := e.Count("tick"); n != 1 {
			t.Errorf("off after the context has ended: Count = %d, want 1", n)
		}
		late := e.OnContext(ctx, "tick", c.as("late"))
		e.Emit("tick", 3)
		c.want(t, "registered with a context that has ended before", "c3", "there is nobody any more to be told")
		late() // there is nothing to take off; callers do it all the same
	})
}

// A listener that is off must not be held by a context that lives on: a server's lives for months.
func TestOffLeavesNothingAtTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for name, leave := range map[string]func(e *Emitter[int], off func()){
		"off":       func(_ *Emitter[int], off func()) { off() },
		"RemoveAll": func(e *Emitter[int], _ func()) { e.RemoveAll("tick") },
	} {
		leavesNothing(t, ctx, New[int](Options{}), name, leave)
	}
}

// leavesNothing has a listener of e leave, and looks whether ctx holds it still.
func leavesNothing(t *testing.T, ctx context.Context, e *Emitter[int], how string, leave func(e *Emitter[int], off func())) {
	t.Helper()
	gone := kit.Collected(func() (*[4096]byte, func()) {
		request := new([4096]byte)
		off := e.OnContext(ctx, "tick", func(v int) { request[0] = byte(v) })
		e.Emit("tick", 1)
		return request, func() {
			leave(e, off)
			off = nil
			for range 100 {
				runtime.Gosched()
			}
		}
	})
	if !gone {
		t.Errorf("taken off by %s, while its context lives on: what the listener closes over is still reachable; something still waits for the context on its behalf", how)
	}
	runtime.KeepAlive(e)
}

func TestWarning(t *testing.T) {
	for _, tt := range []struct {
		max, limit int
	}{{0, 10}, {2, 2}, {-1, 0}} {
		var warned []string
		var e *Emitter[int]
		e = New[int](Options{MaxListeners: tt.max, OnWarn: func(event string, n int) {
			warned = append(warned, fmt.Sprint(event, " ", n, "/", e.Count(event)))
		}})
		fill := func() (offs []func()) {
			for range tt.limit + 3 {
				offs = append(offs, e.On("tick", func(int) {}))
			}
			return offs
		}
		var want []string
		if tt.limit > 0 {
			want = []string{fmt.Sprintf("tick %d/%[1]d", tt.limit+1)}
		}
		var offs []func()
		within(t, "the emitter warns, and is asked for the count", func() { offs = fill() })
		if !slices.Equal(warned, want) {
			t.Errorf("MaxListeners: %d, %d listeners added: warned of %q, want %q: once, when the limit is first exceeded", tt.max, tt.limit+3, warned, want)
		}
		offs[0]()
		e.On("tick", func(int) {})
		if len(warned) != len(want) {
			t.Errorf("MaxListeners: %d, one listener replaced: warned again, %q: once is enough as long as there are listeners", tt.max, warned)
		}
		e.RemoveAll("tick")
		fill()
		if len(warned) != 2*len(want) {
			t.Errorf("MaxListeners: %d, all removed and added again: warned %d times together, want %d: an event that was empty is a new one", tt.max, len(warned), 2*len(want))
		}
	}
	quiet := New[int](Options{MaxListeners: 1})
	quiet.On("tick", func(int) {})
	quiet.On("tick", func(int) {}) // nobody to warn
	for range 2 {
		quiet.On("tock", func(int) {})
	}
}

// A listener may be taken off by OnWarn, before OnContext has returned.
func TestOffInOnWarnLeavesNothingAtTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var e *Emitter[int]
	e = New[int](Options{MaxListeners: 1, OnWarn: func(event string, _ int) { e.RemoveAll(event) }})
	e.On("tick", func(int) {}) // the next one is too many
	leavesNothing(t, ctx, e, "RemoveAll in OnWarn, before OnContext has returned", func(*Emitter[int], func()) {})
}

func TestWarningAfterTheLastOff(t *testing.T) {
	warned := 0
	e := New[int](Options{MaxListeners: 1, OnWarn: func(string, int) { warned++ }})
	for range 2 {
		a, b := e.On("tick", func(int) {}), e.On("tick", func(int) {})
		a()
		b()
	}
	for range 2 {
		e.Once("tick", func(int) {})
		e.Once("tick", func(int) {})
		e.Emit("tick", 1)
	}
	if warned != 4 {
		t.Errorf("four times two listeners came and all left, with room for one: warned %d times, want 4: off, and Once when it has run, leave an event that is new the next time", warned)
	}
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

// The last one: a map that is written by two goroutines at once ends the program.
func TestConcurrentUseRace(t *testing.T) {
	const goroutines, each = 8, 1000
	e := New[int](Options{MaxListeners: -1})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var got atomic.Int64
	e.On("tick", func(int) { got.Add(1) })
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				var off func()
				switch (g + i) % 3 {
				case 0:
					off = e.On("tick", func(int) {})
				case 1:
					off = e.Once("tick", func(int) {})
				default:
					off = e.OnContext(ctx, "tick", func(int) {})
				}
				e.Emit("tick", i)
				e.Count("tick")
				e.Events()
				off()
			}
		})
	}
	wg.Wait()
	if n := got.Load(); n != goroutines*each {
		t.Errorf("%d Emits while others come and go: the listener that stays was called %d times", goroutines*each, n)
	}
	if n := e.Count("tick"); n != 1 {
		t.Errorf("all others are off: Count = %d, want 1", n)
	}
}
