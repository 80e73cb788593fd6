package memoize

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// bubble runs a test on a clock of its own: sleeping costs no time, and the clock moves when every goroutine waits. At
// its end, a goroutine that can never wake up again is a leak.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	defer func() {
		if v := recover(); v != nil {
			t.Errorf("callers or computations are still there, and nothing can wake them: whoever waits for a result must get one, or leave (%v)", v)
		}
	}()
	synctest.Test(t, test)
}

// A slow function squares a number in one second. It counts, and it fails as it is told.
type slow struct {
	mu       sync.Mutex
	calls    []int // arguments
	canceled []error
	fail     func(call int) error // of the n-th call, counted from 1; may panic
}

func (s *slow) square(ctx context.Context, n int) (int, error) {
	s.mu.Lock()
	s.calls = append(s.calls, n)
	call := len(s.calls)
	s.mu.Unlock()
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		s.mu.Lock()
		s.canceled = append(s.canceled, ctx.Err())
		s.mu.Unlock()
		return 0, ctx.Err()
	}
	if s.fail != nil {
		if err := s.fail(call); err != nil {
			return 0, err
		}
	}
	return n * n, nil
}

func same(n int) (int, error) { return n, nil }

func newMemo(s *slow, o Options) *Memo[int, int, int] { return New(same, s.square, o) }

// want calls the memo, and checks the result and how often the function was called so far.
func want(t *testing.T, m *Memo[int, int, int], s *slow, n, calls int, done, why string) {
	t.Helper()
	if v, err := m.Call(t.Context(), n); v != n*n || err != nil {
		t.Errorf("%s: Call(%d) = %d, %v; want %d, nil", done, n, v, err, n*n)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.calls) != calls {
		t.Errorf("%s: after Call(%d) the function was called %d times, want %d: %s", done, n, len(s.calls), calls, why)
	}
}

// An answer is what one of several callers got.
type answer struct {
	value int
	err   error
	after time.Duration
}

// together calls the memo from so many goroutines at once, and returns what each will have got.
func together(m *Memo[int, int, int], ctx context.Context, n, callers int) <-chan answer {
	answers := make(chan answer, callers)
	begun := time.Now()
	for range callers {
		go func() {
			v, err := m.Call(ctx, n)
			answers <- answer{v, err, time.Since(begun)}
		}()
	}
	synctest.Wait()
	return answers
}

// await takes one answer; a caller that has none in an hour will never have one.
func await(t *testing.T, answers <-chan answer, done string) (a answer) {
	t.Helper()
	select {
	case a = <-answers:
	case <-time.After(time.Hour):
		t.Fatalf("%s: no answer within an hour", done)
	}
	return a
}

func TestHitAfterMiss(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &slow{}
		m := newMemo(s, Options{})
		want(t, m, s, 3, 1, "a new memo", "nothing was known")
		begun := time.Now()
		want(t, m, s, 3, 1, "the second time", "the value was known")
		if took := time.Since(begun); took > 0 {
			t.Errorf("the second Call(3) took %v, want no time", took)
		}
		want(t, m, s, 4, 2, "another argument", "it is another value")
		want(t, m, s, 0, 3, "an argument whose result is zero", "nothing was known")
		want(t, m, s, 0, 3, "an argument whose result is zero, again", "zero is a value like any other")
		if got, w := m.Stats(), (Stats{Hits: 2, Misses: 3}); got != w || m.Len() != 3 {
			t.Errorf("after three computations and two hits: Stats() = %+v, Len() = %d; want %+v, 3", got, m.Len(), w)
		}
	})
}

func TestKeyDecides(t *testing.T) {
	bubble(t, func(t *testing.T) {
		odd := errors.New("no key for odd numbers")
		s := &slow{}
		m := New(func(n int) (string, error) {
			if n%2 == 1 {
				return "", odd
			}
			return fmt.Sprint(n % 10), nil
		}, s.square, Options{})
		m.Call(t.Context(), 4)
		if v, err := m.Call(t.Context(), 14); v != 16 || err != nil {
			t.Errorf("Call(4), then Call(14), whose key is the same = %d, %v; want the value known from Call(4), 16", v, err)
		}
		if _, err := m.Call(t.Context(), 5); !errors.Is(err, odd) {
			t.Errorf("Call(5), for which key returns an error = %v, want that error", err)
		}
		if len(s.calls) != 1 {
			t.Errorf("two calls of the same key and one without: the function was called with %v, want [4]: without a key nobody could find the result again", s.calls)
		}
		if got, w := m.Stats(), (Stats{Hits: 1, Misses: 1}); got != w {
			t.Errorf("two calls of the same key and one without: Stats() = %+v, want %+v", got, w)
		}
	})
}

func TestErrorIsNotRemembered(t *testing.T) {
	bubble(t, func(t *testing.T) {
		down := errors.New("backend is down")
		s := &slow{fail: func(call int) error {
			if call == 1 {
				return down
			}
			return nil
		}}
		m := newMemo(s, Options{})
		answers := together(m, t.Context(), 5, 3)
		for range 3 {
			if a := await(t, answers, "three callers of a computation that fails"); !errors.Is(a.err, down) {
				t.Errorf("one of three callers of a computation that fails got %+v, want the error %q", a, down)
			}
		}
		if n := m.Len(); n != 0 {
			t.Errorf("after a computation that failed: Len() = %d, want 0", n)
		}
		want(t, m, s, 5, 2, "after a failure", "one failure must not last longer than the outage")
		want(t, m, s, 5, 2, "after a failure and a success", "the value was known")
	})
}

func TestMax(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &slow{}
		m := newMemo(s, Options{Max: 3})
		for n := 1; n <= 3; n++ {
			want(t, m, s, n, n, "a new memo for three values", "nothing was known")
		}
		want(t, m, s, 1, 3, "three values of three", "it was known")
		want(t, m, s, 4, 4, "a fourth value", "nothing was known")
		if n := m.Len(); n != 3 {
			t.Errorf("four values, Max: 3: Len() = %d, want 3: a memo without a bound is a leak", n)
		}
		want(t, m, s, 1, 4, "1, 2, 3, 1, 4 with Max: 3", "1 was used after 2, which should have gone")
		want(t, m, s, 3, 4, "1, 2, 3, 1, 4 with Max: 3", "3 was used after 2, which should have gone")
		want(t, m, s, 2, 5, "1, 2, 3, 1, 4 with Max: 3", "2 was used least recently")
		if got := m.Stats().Evicted; got != 2 {
			t.Errorf("five values computed, Max: 3: Stats().Evicted = %d, want 2", got)
		}
		m.Forget(1)
		if n := m.Len(); n != 2 {
			t.Errorf("three values, one of them forgotten: Len() = %d, want 2", n)
		}
		want(t, m, s, 9, 6, "a new value after Forget", "nothing was known")
		if got := m.Stats().Evicted; got != 2 {
			t.Errorf("a new value after Forget, with room for it: Stats().Evicted = %d, want 2 as before", got)
		}
	})
}

func TestTTL(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &slow{}
		m := newMemo(s, Options{TTL: time.Minute, Max: 2})
		want(t, m, s, 1, 1, "a new memo", "nothing was known")
		time.Sleep(time.Minute - 1)
		want(t, m, s, 1, 1, "1ns before the TTL has passed, counted from the end of the computation", "it is younger than the TTL")
		time.Sleep(1)
		want(t, m, s, 1, 2, "exactly when the TTL has passed", "a value is good while it is younger, and reading it does not make it younger")
		time.Sleep(time.Hour)
		want(t, m, s, 2, 3, "an hour later, another key", "nothing was known")
		want(t, m, s, 1, 4, "an hour later", "it was too old")
		if got := m.Stats().Evicted; got != 0 {
			t.Errorf("two keys that grew too old, Max: 2: Stats().Evicted = %d, want 0: nothing had to make room", got)
		}
		want(t, m, s, 3, 5, "2, 1, 3 with Max: 2, after 1 was computed anew", "nothing was known")
		want(t, m, s, 1, 5, "2, 1, 3 with Max: 2, after 1 was computed anew", "2 was used least recently")
		if got := m.Stats().Evicted; got != 1 || m.Len() != 2 {
			t.Errorf("2, 1, 3 with Max: 2, after 1 was computed anew: Stats().Evicted = %d, Len() = %d; want 1, 2", got, m.Len())
		}
	})
}

func TestForgetDuringFlight(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &slow{}
		m := newMemo(s, Options{})
		m.Forget(3) // which is not there
		before := together(m, t.Context(), 3, 2)
		time.Sleep(time.Second / 2)
		m.Forget(3)
		after := together(m, t.Context(), 3, 1)
		for range 2 {
			if a := await(t, before, "Forget during a computation"); a.value != 9 || a.err != nil || a.after != time.Second {
				t.Errorf("Forget during a computation: one who waited for it got %+v, want 9 after 1s, as if nothing had happened", a)
			}
		}
		if a := await(t, after, "a Call after Forget during a computation"); a.value != 9 || a.err != nil || a.after != time.Second {
			t.Errorf("a Call after Forget during a computation got %+v, want 9 after 1s: it must not join one that read the old data", a)
		}
		if len(s.calls) != 2 {
			t.Errorf("two callers, Forget, one caller: %d computations, want 2", len(s.calls))
		}
		want(t, m, s, 3, 2, "after the second computation", "that one is remembered")

		alone := together(m, t.Context(), 4, 1)
		m.Forget(4)
		await(t, alone, "Forget during a computation")
		want(t, m, s, 4, 4, "after a computation that was forgotten under way", "its result may be the old data that Forget was called for")
		m.Forget(4)
		want(t, m, s, 4, 5, "after Forget", "it was forgotten")
	})
}
