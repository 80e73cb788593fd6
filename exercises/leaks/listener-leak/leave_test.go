package emitter

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"

	"hotloop/exercises/kit"
)

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
