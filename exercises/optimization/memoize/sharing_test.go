package memoize

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestShared(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const callers = 100
		s := &slow{}
		m := newMemo(s, Options{})
		answers := together(m, t.Context(), 7, callers)
		for range callers {
			if a := await(t, answers, "100 callers at once"); a.value != 49 || a.err != nil || a.after != time.Second {
				t.Fatalf("one of %d callers at once got %+v, want 49 after 1s", callers, a)
			}
		}
		if len(s.calls) != 1 {
			t.Errorf("%d callers at once: the function was called %d times, want 1: when a popular value is missing, all ask for it at the same moment", callers, len(s.calls))
		}
		if got, w := m.Stats(), (Stats{Misses: 1, Shared: callers - 1}); got != w {
			t.Errorf("%d callers at once: Stats() = %+v, want %+v", callers, got, w)
		}
	})
}

func TestKeysDoNotWaitForOneAnother(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &slow{}
		m := newMemo(s, Options{})
		want(t, m, s, 1, 1, "a new memo", "nothing was known")
		answers := together(m, t.Context(), 2, 1)
		time.Sleep(time.Second / 2)
		begun := time.Now()
		want(t, m, s, 1, 2, "while another key is computed", "the value was known")
		if took := time.Since(begun); took > 0 {
			t.Errorf("a hit while another key is computed took %v, want no time", took)
		}
		want(t, m, s, 3, 3, "while another key is computed", "it is another value")
		if took := time.Since(begun); took != time.Second {
			t.Errorf("a new key while another one is computed took %v, want 1s: nobody may hold the lock while computing", took)
		}
		await(t, answers, "the other key")
	})
}

func TestOneCallerLeaves(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &slow{}
		m := newMemo(s, Options{})
		ctx, cancel := context.WithCancel(context.Background())
		first := together(m, ctx, 6, 1) // the one for whom the computation began
		others := together(m, context.Background(), 6, 2)
		time.Sleep(time.Second / 2)
		cancel()
		if a := await(t, first, "the context of the first of three callers was cancelled"); !errors.Is(a.err, context.Canceled) || a.after != time.Second/2 {
			t.Errorf("the context of the first of three callers was cancelled after 0.5s: it got %+v, want %v at once", a, context.Canceled)
		}
		for range 2 {
			if a := await(t, others, "the first of three callers left"); a.value != 36 || a.err != nil {
				t.Errorf("the first of three callers left: another one got %+v, want 36: one closed tab must not fail everybody else's request", a)
			}
		}
		if len(s.calls) != 1 || len(s.canceled) != 0 {
			t.Errorf("the first of three callers left: %d computations, %d of them cancelled; want 1, 0", len(s.calls), len(s.canceled))
		}
		want(t, m, s, 6, 1, "after the first of three callers left", "the value was computed for the others")
	})
}

func TestAllCallersLeave(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &slow{}
		m := newMemo(s, Options{})
		ctx, cancel := context.WithCancel(context.Background())
		answers := together(m, ctx, 8, 3)
		time.Sleep(time.Second / 2)
		cancel()
		for range 3 {
			if a := await(t, answers, "the contexts of all callers were cancelled"); !errors.Is(a.err, context.Canceled) {
				t.Errorf("the contexts of all callers were cancelled: one got %+v, want %v", a, context.Canceled)
			}
		}
		synctest.Wait()
		if len(s.canceled) != 1 {
			t.Error("the contexts of all callers were cancelled: the computation's context was not; want it cancelled when the last one has left: it works for nobody")
		}
		want(t, m, s, 8, 2, "after all callers left", "what was cancelled is no result")
	})
}

// The function does not notice that it was cancelled, and is still busy when the next caller comes.
func TestNextAfterAllLeftStartsAnew(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var calls atomic.Int64
		m := New(same, func(context.Context, int) (int64, error) {
			n := calls.Add(1)
			time.Sleep(time.Minute)
			return n, nil
		}, Options{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := m.Call(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Call with 1s to spare of a function that takes a minute = %v, want %v", err, context.DeadlineExceeded)
		}
		for _, done := range []string{"after the only caller left", "a second time"} {
			if v, err := m.Call(t.Context(), 1); v != 2 || err != nil {
				t.Errorf("Call %s, while the abandoned computation was still busy = result of computation %d, %v; want that of a new one, 2: the first one was told to stop, so its result cannot be trusted", done, v, err)
			}
		}
		time.Sleep(time.Hour)
		if v, _ := m.Call(t.Context(), 1); v != 2 {
			t.Errorf("an hour later Call = result of computation %d, want 2: the abandoned one must not overwrite it", v)
		}
	})
}

func TestContextOfTheComputation(t *testing.T) {
	bubble(t, func(t *testing.T) {
		type name struct{}
		var its context.Context
		m := New(same, func(ctx context.Context, n int) (string, error) {
			its = ctx
			time.Sleep(time.Second)
			who, _ := ctx.Value(name{}).(string)
			return who, ctx.Err()
		}, Options{})
		ctx := context.WithValue(t.Context(), name{}, "request 17")
		if v, err := m.Call(ctx, 1); v != "request 17" || err != nil {
			t.Errorf("the function asked its context for a value of the caller's: got %q, %v; want it: traces and loggers travel in there", v, err)
		}
		if synctest.Wait(); its.Err() == nil {
			t.Error("the computation is over, and its context was not cancelled: what the function has left waiting for that waits for ever")
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := m.Call(ended, 2); !errors.Is(err, context.Canceled) {
			t.Errorf("Call with a context that has ended = %v, want %v", err, context.Canceled)
		}
		synctest.Wait()
		if got := m.Stats(); got.Misses != 1 {
			t.Errorf("Call with a context that has ended: %d computations, want 1, that of the call before: it must not start what nobody waits for", got.Misses)
		}
	})
}

func TestConcurrentUse(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const goroutines, each, keys, max = 8, 1000, 20, 10
		m := New(same, func(_ context.Context, n int) (int, error) {
			if n%7 == 3 {
				return 0, errors.ErrUnsupported
			}
			return n * n, nil
		}, Options{Max: max, TTL: time.Minute})
		var wg sync.WaitGroup
		for g := range goroutines {
			wg.Go(func() {
				for i := range each {
					n := (i*7 + g*3) % keys
					v, err := m.Call(t.Context(), n)
					if n%7 == 3 && !errors.Is(err, errors.ErrUnsupported) || n%7 != 3 && (v != n*n || err != nil) {
						t.Errorf("Call(%d) while others call = %d, %v", n, v, err)
						return
					}
					if i%50 == 0 {
						m.Forget(n)
					}
					if l := m.Len(); l > max {
						t.Errorf("Len() = %d while %d goroutines call, want at most Max, %d", l, goroutines, max)
						return
					}
				}
			})
		}
		wg.Wait()
		s := m.Stats()
		if got := s.Hits + s.Misses + s.Shared; got != goroutines*each {
			t.Errorf("%d calls: Stats() = %+v, hits, misses and shared together are %d", goroutines*each, s, got)
		}
	})
}

// The last one, because a panic that nobody recovers from ends the program and with it all later tests.
func TestPanicReachesAll(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &slow{fail: func(call int) error {
			if call == 1 {
				panic("no such product")
			}
			return nil
		}}
		m := newMemo(s, Options{})
		answers := together(m, t.Context(), 5, 3)
		for range 3 {
			a := await(t, answers, "three callers of a computation that panics")
			p, ok := errors.AsType[*PanicError](a.err)
			if !ok {
				t.Fatalf("one of three callers of a computation that panics got %+v, want a *PanicError", a)
			}
			if p.Value != "no such product" || !strings.Contains(string(p.Stack), "square") || !strings.Contains(p.Error(), "no such product") {
				t.Errorf("a computation panics: error %q, Value %v, Stack\n%s\nwant the panic's value, and the stack that shows where it was", p, p.Value, p.Stack)
			}
		}
		want(t, m, s, 5, 2, "after a panic", "a panic is no result")
		if !slices.Equal(s.calls, []int{5, 5}) {
			t.Errorf("after a panic and a success the function was called with %v, want [5 5]", s.calls)
		}
	})
}
