package fanout

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// These stand last, because a panic that nobody recovers from ends the program and with it all later tests.

// panicOf is the value with which f panics, or nil.
func panicOf(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

func TestFirstPanics(t *testing.T) {
	bubble(t, func(t *testing.T) {
		wantFirst(t, t.Context(), "one panics after 10ms, one succeeds after 100ms", "good", nil, 100*time.Millisecond,
			"a panic is a failure like others, and there is a success", &fakeReplica{takes: 10 * time.Millisecond, throws: "no such row"}, &fakeReplica{takes: 100 * time.Millisecond, says: "good"})
	})
	bubble(t, func(t *testing.T) {
		wantFirst(t, t.Context(), "one succeeds after 10ms, one panics an hour later", "good", nil, 10*time.Millisecond,
			"nobody waits for a loser", &fakeReplica{takes: time.Hour, throws: "no such row", deaf: true}, &fakeReplica{takes: 10 * time.Millisecond, says: "good"})
		time.Sleep(2 * time.Hour) // a panic of a loser must not end the program
	})
	bubble(t, func(t *testing.T) {
		before := time.Now()
		v := panicOf(func() {
			First(t.Context(), asksOf(&fakeReplica{takes: 300 * time.Millisecond, fails: errBroken},
				&fakeReplica{takes: 20 * time.Millisecond, throws: "no such row"},
				&fakeReplica{takes: 10 * time.Millisecond, throws: "not mine", fails: errBroken})...)
		})
		if took := time.Since(before); v != "no such row" || took != 300*time.Millisecond {
			t.Errorf("one fails, two panic, none succeeds: First panics with %v after %v; want the value of the panic that is first in the order of the arguments, after 300ms: a bug must show in the goroutine of who called, and not end the program from another",
				v, took)
		}
	})
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		wantFirst(t, ctx, "one panics after 10ms, ctx ends after 1s, one is deaf for an hour", "", context.DeadlineExceeded, time.Second,
			"the other might still have succeeded", &fakeReplica{takes: 10 * time.Millisecond, throws: "no such row"}, &fakeReplica{takes: time.Hour, deaf: true})
	})
}

func TestGatherPanics(t *testing.T) {
	for _, tt := range []struct {
		done     string
		took     time.Duration
		replicas []*fakeReplica
	}{
		{"the first is cancelled, the second panics after 1s", time.Second, []*fakeReplica{{takes: oneDay}, {takes: time.Second, throws: "no such row"}}},
		{"the first is deaf for an hour, the second panics after 1s", time.Hour, []*fakeReplica{{takes: time.Hour, deaf: true}, {takes: time.Second, throws: "no such row"}}},
		{"the first fails after 1s, the second is deaf and panics after 2s", 2 * time.Second, []*fakeReplica{{takes: time.Second, fails: errBroken}, {takes: 2 * time.Second, throws: "no such row", deaf: true}}},
		{"the first panics after 1s, the second is deaf and fails after 2s", 2 * time.Second, []*fakeReplica{{takes: time.Second, throws: "no such row"}, {takes: 2 * time.Second, fails: errBroken, deaf: true}}},
	} {
		bubble(t, func(t *testing.T) {
			third := &fakeReplica{takes: time.Second}
			before := time.Now()
			v := panicOf(func() { Gather(t.Context(), 2, asksOf(tt.replicas[0], tt.replicas[1], third)...) })
			if took := time.Since(before); v != "no such row" || took != tt.took {
				t.Errorf("%s, limit 2: Gather panics with %v after %v; want the value of the panic after %v, when all that was started has ended: a bug must show, whatever errors there are besides",
					tt.done, v, took, tt.took)
			}
			synctest.Wait()
			if third.asked.Load() {
				t.Errorf("%s, limit 2: a third function was called after that", tt.done)
			}
		})
	}
}
