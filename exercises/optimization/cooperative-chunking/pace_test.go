package chunk

import (
	"slices"
	"testing"
	"time"
)

func TestItemsBound(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l, _ := start(t, t.Context())
		for _, items := range []int{1, 3, 100} {
			n, want := 2*items+1, []int{items, items, 1}
			if got := chunkSizes(t, l, n, Budget{Items: items, Time: patience}, func(int) {}); !slices.Equal(got, want) {
				t.Errorf("%d quick steps, Items: %d: chunks of %v, want %v: as many as allowed, since each change costs", n, items, got, want)
			}
		}
	})
}

func TestTimeBudgetWins(t *testing.T) {
	const budget = 5 * time.Millisecond
	bubble(t, func(t *testing.T) {
		l, _ := start(t, t.Context())
		got := chunkSizes(t, l, 60, Budget{Items: 1 << 30, Time: budget}, func(int) { time.Sleep(time.Millisecond) })
		if slices.Max(got) > 6 || slices.Max(got) < 5 {
			t.Errorf("60 steps of 1ms, Time: %v, Items without end: chunks of %v, want 5 steps each (6 if the last had begun): no number of steps fits all steps", budget, got)
		}
		got = chunkSizes(t, l, 4, Budget{Items: 1 << 30, Time: budget}, func(int) { time.Sleep(time.Second) })
		if want := []int{1, 1, 1, 1}; !slices.Equal(got, want) {
			t.Errorf("4 steps of 1s, Time: %v: chunks of %v, want %v: a step cannot be interrupted, and the next one can wait", budget, got, want)
		}
		// A clock of the caller's own, which moves with each step. The loop's real one stands still.
		now := time.Unix(0, 0)
		got = chunkSizes(t, l, 60, Budget{Items: 1 << 30, Time: budget, Now: func() time.Time { return now }},
			func(int) { now = now.Add(time.Millisecond) })
		if slices.Max(got) > 6 || slices.Max(got) < 5 {
			t.Errorf("60 steps of 1ms on the clock Now, Time: %v: chunks of %v, want 5 steps each (6 if the last had begun)", budget, got)
		}
	})
}

func TestBudgetDefaults(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l, _ := start(t, t.Context())
		if got, want := chunkSizes(t, l, 3000, Budget{Time: patience}, func(int) {}), []int{1024, 1024, 952}; !slices.Equal(got, want) {
			t.Errorf("3000 steps, Items not set: chunks of %v, want %v", got, want)
		}
		got := chunkSizes(t, l, 12, Budget{Items: 1 << 30}, func(int) { time.Sleep(time.Millisecond) })
		if slices.Max(got) > 3 || slices.Max(got) < 2 {
			t.Errorf("12 steps of 1ms, Time not set: chunks of %v, want 2 steps each (3 if the third had begun): the default is 2ms", got)
		}
	})
}

// The clock stands still, as it seems to do while steps are quick: nothing but their number tells when to look again.
func TestLooksOnceIn64Steps(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l, _ := start(t, t.Context())
		const n = 10_000
		now, unseen, most := time.Unix(0, 0), 0, 0
		clock := func() time.Time { unseen = 0; return now }
		err := runJob(t, l, n, Budget{Items: 1 << 30, Time: patience, Now: clock}, func(int) {
			unseen++
			most = max(most, unseen)
		})
		if err != nil {
			t.Errorf("ForEach of %d steps: done got %v, want nil", n, err)
		}
		if most > 64 {
			t.Errorf("%d quick steps: %d of them between two looks at the clock, want at most 64: however quick they were, each of the next ones may take a millisecond", n, most)
		}
	})
}

func TestProbeLatency(t *testing.T) {
	const budget, total = 2 * time.Millisecond, 60 * time.Millisecond
	for _, each := range []time.Duration{20 * time.Microsecond, 100 * time.Microsecond, time.Millisecond, 3 * time.Millisecond} {
		bubble(t, func(t *testing.T) {
			l, _ := start(t, t.Context())
			var worst time.Duration
			over := make(chan error, 1)
			ForEach(l, int(total/each), Budget{Items: 1 << 30, Time: budget}, func(int) { time.Sleep(each) }, func(err error) { over <- err })
			for len(over) == 0 {
				time.Sleep(370 * time.Microsecond) // no divisor of a step
				posted := time.Now()
				l.Post(func() { worst = max(worst, time.Since(posted)) })
			}
			settle(t, l)
			if limit := budget + max(each, budget/8); worst > limit {
				t.Errorf("job of %d steps of %v with Time: %v: a task posted meanwhile waited %v, want at most %v: this is the latency of everything else that the goroutine serves",
					total/each, each, budget, worst, limit)
			}
		})
	}
}
