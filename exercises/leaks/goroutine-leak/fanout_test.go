package fanout

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// bubble runs a test on a clock of its own: sleeping costs no time, and the clock moves when every goroutine waits. A
// goroutine that is still there two days after the test, and can never wake up again, is a leak.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	defer func() {
		if v := recover(); v != nil {
			t.Errorf("goroutines wait for somebody who has left or will never come, and nothing can wake them: each call of this kind leaves them behind (%v)", v)
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		test(t)
		time.Sleep(2 * oneDay)
	})
}

// A fakeReplica is one that is asked. It listens to its context, unless it is deaf.
type fakeReplica struct {
	takes  time.Duration
	says   string
	fails  error
	throws any // it panics with this
	deaf   bool

	begun time.Time
	asked atomic.Bool
	told  atomic.Bool // its context ended while it was at work
	ended atomic.Bool
}

func (r *fakeReplica) ask(ctx context.Context) (string, error) {
	r.begun = time.Now()
	r.asked.Store(true)
	defer r.ended.Store(true)
	over := ctx.Done()
	if r.deaf {
		over = nil
	}
	select {
	case <-over:
		r.told.Store(true)
		return "interrupted", fmt.Errorf("interrupted: %w", ctx.Err())
	case <-time.After(r.takes):
	}
	if r.throws != nil {
		panic(r.throws)
	}
	return r.says, r.fails
}

func asksOf(replicas ...*fakeReplica) []func(context.Context) (string, error) {
	var fns []func(context.Context) (string, error)
	for _, r := range replicas {
		fns = append(fns, r.ask)
	}
	return fns
}

const oneDay = 24 * time.Hour

var (
	errRefused = errors.New("connection refused")
	errBroken  = errors.New("broken pipe")
	errTooLate = errors.New("too late")
)

// wantFirst calls First and checks what comes of it, and when.
func wantFirst(t *testing.T, ctx context.Context, done string, value string, err error, after time.Duration, why string, replicas ...*fakeReplica) {
	t.Helper()
	before := time.Now()
	v, e := First(ctx, asksOf(replicas...)...)
	if took := time.Since(before); v != value || !errors.Is(e, err) || took != after {
		t.Errorf("%s: First = %q, %v after %v; want %q, %v after %v: %s", done, v, e, took, value, err, after, why)
	}
}

func TestFirstWins(t *testing.T) {
	for winner := range 3 {
		bubble(t, func(t *testing.T) {
			replicas := []*fakeReplica{{takes: oneDay, says: "slow"}, {takes: oneDay, says: "slow"}, {takes: oneDay, says: "slow"}}
			replicas[winner].takes, replicas[winner].says = 100*time.Millisecond, "fast"
			wantFirst(t, t.Context(), fmt.Sprintf("function %d takes 100ms, the others a day", winner), "fast", nil, 100*time.Millisecond,
				"all are asked at once, and nobody waits for a loser", replicas...)
			time.Sleep(time.Hour)
			for i, r := range replicas {
				if i != winner && !r.told.Load() {
					t.Errorf("function %d has won an hour ago, and the context of function %d has not ended: it goes on working for nobody, for a day", winner, i)
				}
			}
		})
	}
}

func TestFirstLosersMayBeDeaf(t *testing.T) {
	bubble(t, func(t *testing.T) {
		late, wrong := &fakeReplica{takes: time.Hour, says: "late", deaf: true}, &fakeReplica{takes: 2 * time.Hour, fails: errTooLate, deaf: true}
		wantFirst(t, t.Context(), "one takes 100ms, two take hours and do not listen to their context", "fast", nil, 100*time.Millisecond,
			"who does not listen cannot be made to end, and need not be waited for", late, &fakeReplica{takes: 100 * time.Millisecond, says: "fast"}, wrong)
		time.Sleep(3 * time.Hour)
		if !late.ended.Load() || !wrong.ended.Load() {
			t.Error("the losers have not come to their end after three hours")
		}
	}) // and here the bubble looks whether their goroutines have
}

func TestFirstGoesOnAfterFailure(t *testing.T) {
	bubble(t, func(t *testing.T) {
		wantFirst(t, t.Context(), "one fails after 10ms, one succeeds after 100ms, one fails after 200ms", "good", nil, 100*time.Millisecond,
			"the first answer counts, not the first failure",
			&fakeReplica{takes: 10 * time.Millisecond, says: "half a page", fails: errRefused}, &fakeReplica{takes: 100 * time.Millisecond, says: "good"}, &fakeReplica{takes: 200 * time.Millisecond, fails: errBroken})
	})
}

func TestFirstAllFail(t *testing.T) {
	bubble(t, func(t *testing.T) {
		before := time.Now()
		v, err := First(t.Context(), asksOf(&fakeReplica{takes: 3 * time.Second, says: "half a page", fails: errRefused},
			&fakeReplica{takes: time.Second, fails: errBroken}, &fakeReplica{takes: 2 * time.Second, fails: errTooLate})...)
		took := time.Since(before)
		if want := errors.Join(errRefused, errBroken, errTooLate).Error(); v != "" || err == nil || err.Error() != want || took != 3*time.Second {
			t.Errorf("three fail, after 3s, 1s, 2s: First = %q, %q after %v; want \"\", %q after 3s: errors.Join of all errors in the order of the arguments, so that logs can be compared",
				v, err, took, want)
		}
		for _, e := range []error{errRefused, errBroken, errTooLate} {
			if !errors.Is(err, e) {
				t.Errorf("errors.Is(err, %v) is false; want each of the errors to be found", e)
			}
		}
	})
}

func TestFirstOfNone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		wantFirst(t, t.Context(), "without functions", "", ErrNone, 0, "nobody will ever answer")
	})
}

func TestFirstCallerLeaves(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		listens := &fakeReplica{takes: oneDay}
		wantFirst(t, ctx, "ctx is cancelled after 1s, one function is deaf for an hour", "", context.Canceled, time.Second,
			"who has cancelled has gone, and waits for nobody", listens, &fakeReplica{takes: time.Hour, says: "late", deaf: true})
		synctest.Wait()
		if !listens.told.Load() {
			t.Error("ctx was cancelled, and the context of the function that listens has not ended")
		}
	})
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		wantFirst(t, ctx, "the deadline of ctx is in 1s", "", context.DeadlineExceeded, time.Second,
			"a deadline is the usual way in which ctx ends", &fakeReplica{takes: time.Hour, says: "late", deaf: true})
	})
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r := &fakeReplica{takes: time.Second, says: "useless", deaf: true}
		wantFirst(t, ctx, "ctx has ended before", "", context.Canceled, 0, "nobody waits for the answer", r)
		synctest.Wait()
		if r.asked.Load() {
			t.Error("ctx had ended before First was called, and a function was called nonetheless")
		}
	})
}

type visitorKey struct{}

func TestContextIsTheCallers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx := context.WithValue(t.Context(), visitorKey{}, "ada")
		who := func(ctx context.Context) (string, error) { return fmt.Sprint(ctx.Value(visitorKey{})), nil }
		const why = "traces and identities travel in the context"
		if v, err := First(ctx, who); v != "ada" || err != nil {
			t.Errorf("First: the function finds %q in its context, error %v; want %q: %s", v, err, "ada", why)
		}
		if v, err := Gather(ctx, 1, who); len(v) != 1 || v[0] != "ada" || err != nil {
			t.Errorf("Gather: the function finds %q in its context, error %v; want %q: %s", v, err, "ada", why)
		}
		in := make(chan int, 1)
		in <- 1
		close(in)
		for v := range Map(ctx, in, 1, func(ctx context.Context, _ int) string { return fmt.Sprint(ctx.Value(visitorKey{})) }) {
			if v != "ada" {
				t.Errorf("Map: f finds %q in its context; want %q: %s", v, "ada", why)
			}
		}
	})
}

func TestContextEndsWithTheCall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var given []context.Context
		one := func(ctx context.Context) (string, error) {
			given = append(given, ctx)
			return "good", nil
		}
		First(t.Context(), one)
		Gather(t.Context(), 1, one, one)
		time.Sleep(time.Hour)
		for i, ctx := range given {
			if ctx.Err() == nil {
				t.Errorf("First of one and Gather of two have returned, and the context of function %d of these three has not ended: it stays registered with the caller's for as long as that lives", i)
			}
		}
	})
}

func TestManyCallersRace(t *testing.T) {
	const callers, calls = 8, 125
	slow := func(context.Context) (int, error) {
		time.Sleep(time.Millisecond)
		return 0, errTooLate
	}
	bubble(t, func(t *testing.T) {
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				for i := range calls {
					one := func(context.Context) (int, error) { return i, nil }
					if v, err := First(t.Context(), slow, one, slow); v != i || err != nil {
						t.Errorf("First of %d and two that fail = %d, %v; want %d, nil", i, v, err, i)
					}
					if v, err := Gather(t.Context(), 2, one, one, one); err != nil || len(v) != 3 || v[0] != i || v[1] != i || v[2] != i {
						t.Errorf("Gather of three times %d = %v, %v", i, v, err)
					}
					if _, err := Gather(t.Context(), 3, slow, slow, slow, one); !errors.Is(err, errTooLate) {
						t.Errorf("Gather of three that fail: error %v, want %v", err, errTooLate)
					}
					in := filledWith(3)
					close(in)
					sum := 0
					for v := range Map(t.Context(), in, 2, func(_ context.Context, v int) int { return i + v }) {
						sum += v
					}
					if sum != 3*i+3 {
						t.Errorf("the sum of the answers %d, %d, %d of Map = %d", i, i+1, i+2, sum)
					}
				}
			})
		}
		wg.Wait()
	})
}
