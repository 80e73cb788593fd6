package fanout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// wantGather calls Gather and checks what comes of it, and when.
func wantGather(t *testing.T, ctx context.Context, limit int, done string, values []string, err error, after time.Duration, why string, replicas ...*fakeReplica) {
	t.Helper()
	before := time.Now()
	got, e := Gather(ctx, limit, asksOf(replicas...)...)
	if took := time.Since(before); !slices.Equal(got, values) || !errors.Is(e, err) || took != after {
		t.Errorf("%s: Gather with limit %d = %q, %v after %v; want %q, %v after %v: %s", done, limit, got, e, took, values, err, after, why)
	}
	for i, r := range replicas {
		if r.asked.Load() && !r.ended.Load() {
			t.Errorf("%s: Gather has returned, and function %d is still running: the caller believes that it may close what that uses", done, i)
		}
	}
}

// wantNotAsked checks that a function was not called, not even in a moment from now.
func wantNotAsked(t *testing.T, done string, r *fakeReplica) {
	t.Helper()
	synctest.Wait()
	if r.asked.Load() {
		t.Errorf("%s: a further function was called; its answer is of use to nobody", done)
	}
}

func TestGatherOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for _, limit := range []int{0, -1, 3, 4} {
			wantGather(t, t.Context(), limit, "three functions take 3s, 2s, 1s", []string{"a", "b", "c"}, nil, 3*time.Second,
				"values are in the order of the arguments, and a limit below 1 is none",
				&fakeReplica{takes: 3 * time.Second, says: "a"}, &fakeReplica{takes: 2 * time.Second, says: "b"}, &fakeReplica{takes: time.Second, says: "c"})
		}
		wantGather(t, t.Context(), 2, "without functions", nil, nil, 0, "there is nothing to wait for")
	})
}

func TestGatherLimit(t *testing.T) {
	const s = time.Second
	takes := []time.Duration{3 * s, 1 * s, 1 * s, 1 * s, 2 * s}
	for _, tt := range []struct {
		limit int
		begun []time.Duration
		total time.Duration
	}{
		{1, []time.Duration{0, 3 * s, 4 * s, 5 * s, 6 * s}, 8 * s},
		{2, []time.Duration{0, 0, 1 * s, 2 * s, 3 * s}, 5 * s},
		{3, []time.Duration{0, 0, 0, 1 * s, 1 * s}, 3 * s},
		{9, []time.Duration{0, 0, 0, 0, 0}, 3 * s},
	} {
		bubble(t, func(t *testing.T) {
			var replicas []*fakeReplica
			var values []string
			for i, d := range takes {
				values = append(values, fmt.Sprint(i))
				replicas = append(replicas, &fakeReplica{takes: d, says: values[i]})
			}
			start := time.Now()
			wantGather(t, t.Context(), tt.limit, fmt.Sprintf("functions take %v", takes), values, nil, tt.total,
				"a place that is free is taken at once", replicas...)
			var begun []time.Duration
			for _, r := range replicas {
				begun = append(begun, r.begun.Sub(start))
			}
			if !slices.Equal(begun, tt.begun) {
				t.Errorf("functions take %v: with limit %d Gather started them after %v; want %v: in the order of the arguments, one as soon as one of %d has ended",
					takes, tt.limit, begun, tt.begun, tt.limit)
			}
		})
	}
}

func TestGatherErrorEnds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		listens, third := &fakeReplica{takes: oneDay}, &fakeReplica{takes: time.Second}
		const done = "the second of three fails after 1s"
		wantGather(t, t.Context(), 2, done, nil, errRefused, time.Second, "the first error cancels the rest and is returned",
			listens, &fakeReplica{takes: time.Second, says: "half a page", fails: errRefused}, third)
		if !listens.told.Load() {
			t.Errorf("%s: the context of the first has not ended", done)
		}
		wantNotAsked(t, done, third)
	})
}

func TestGatherFirstErrorCounts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		third := &fakeReplica{takes: time.Second}
		const done = "the first of three is deaf and fails after 2s, the second after 1s"
		wantGather(t, t.Context(), 2, done, nil, errBroken, 2*time.Second,
			"later errors are most often the consequence of the first", &fakeReplica{takes: 2 * time.Second, fails: errRefused, deaf: true}, &fakeReplica{takes: time.Second, fails: errBroken}, third)
		wantNotAsked(t, done, third)
	})
}

func TestGatherWaits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		third := &fakeReplica{takes: time.Second}
		const done = "the first of three is deaf for an hour and succeeds, the second fails after 1s"
		wantGather(t, t.Context(), 2, done, nil, errBroken, time.Hour, "what was started has to end first: the caller will close what it uses",
			&fakeReplica{takes: time.Hour, says: "late", deaf: true}, &fakeReplica{takes: time.Second, fails: errBroken}, third)
		wantNotAsked(t, done, third)
	})
}

func TestGatherCallerLeaves(t *testing.T) {
	const why = "the end of ctx ends it as an error does, and is the error if no function failed"
	cancelled := func(t *testing.T) context.Context {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		return ctx
	}
	deaf := func(err error) *fakeReplica {
		return &fakeReplica{takes: 3 * time.Second, says: "late", deaf: true, fails: err}
	}
	bubble(t, func(t *testing.T) {
		const done = "ctx is cancelled after 1s, two functions are deaf for 3s, one waits"
		third := &fakeReplica{takes: time.Second}
		wantGather(t, cancelled(t), 2, done, nil, context.Canceled, 3*time.Second, why, deaf(nil), deaf(nil), third)
		wantNotAsked(t, done, third)
	})
	bubble(t, func(t *testing.T) {
		wantGather(t, cancelled(t), 2, "ctx is cancelled after 1s, two functions are deaf for 3s, no other waits", nil, context.Canceled, 3*time.Second, why, deaf(nil), deaf(nil))
	})
	bubble(t, func(t *testing.T) {
		wantGather(t, cancelled(t), 2, "ctx is cancelled after 1s, two functions are deaf for 3s, one of them fails", nil, errBroken, 3*time.Second, why, deaf(nil), deaf(errBroken))
	})
	bubble(t, func(t *testing.T) {
		listens := &fakeReplica{takes: oneDay}
		wantGather(t, cancelled(t), 0, "ctx is cancelled after 1s, and the function listens", nil, context.Canceled, time.Second, why, listens)
	})
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		const done = "ctx has ended before"
		r := &fakeReplica{takes: time.Second}
		wantGather(t, ctx, 0, done, nil, context.Canceled, 0, why, r)
		wantNotAsked(t, done, r)
	})
}
