package chunk

import (
	"context"
	"testing"
	"time"

	"hotloop/exercises/kit"
)

// run runs one job on a loop of its own, on this goroutine, and returns when it is done.
func run(tb testing.TB, n int, budget Budget, step func(int)) {
	l := NewLoop()
	ForEach(l, n, budget, step, func(err error) {
		if err != nil {
			tb.Errorf("a job of %d steps ended with %v", n, err)
		}
		l.Close()
	})
	if err := l.Run(context.Background()); err != nil {
		tb.Fatal(err)
	}
}

// A hundred thousand steps that do next to nothing: what is left is what the cutting costs.
func BenchmarkCheapSteps(b *testing.B) {
	const steps = 100_000
	b.ReportAllocs()
	for b.Loop() {
		sum := 0
		run(b, steps, Budget{}, func(i int) { sum += i })
		if sum != steps*(steps-1)/2 {
			b.Fatalf("the steps add up to %d, want %d", sum, steps*(steps-1)/2)
		}
	}
}

// How often the clock is read in a hundred thousand steps of 100 ns on that clock.
func BenchmarkClockReads(b *testing.B) {
	var reads int
	for b.Loop() {
		now := time.Unix(0, 0)
		reads = 0
		clock := func() time.Time { reads++; return now }
		run(b, 100_000, Budget{Now: clock}, func(int) { now = now.Add(100 * time.Nanosecond) })
	}
	b.ReportMetric(float64(reads), "clock-reads")
}

// The longest that a task waits while a job of 200,000 steps of 1 µs is under way, in steps, with a budget of 2 ms. A
// task that posts itself again is always waiting.
func BenchmarkProbeWait(b *testing.B) {
	const steps = 200_000
	var worst float64
	for b.Loop() {
		now := time.Unix(0, 0)
		worst = gap(b, steps, Budget{Items: 1 << 30, Time: 2 * time.Millisecond, Now: func() time.Time { return now }},
			func(i int) { now = now.Add(time.Microsecond) }, func(at int) float64 { return float64(at) })
	}
	b.ReportMetric(worst, "steps-waited")
}

// gap runs a job next to a task that posts itself again, and returns the longest time between two runs of that task, on
// a clock that is told how many steps have been run.
func gap(b *testing.B, n int, budget Budget, step func(int), clock func(steps int) float64) (longest float64) {
	l := NewLoop()
	steps, last, over := 0, clock(0), false
	var probe func()
	probe = func() {
		now := clock(steps)
		longest = max(longest, now-last)
		last = now
		if !over {
			l.Post(probe)
		}
	}
	l.Post(probe)
	ForEach(l, n, budget, func(i int) { steps++; step(i) }, func(error) { over = true; l.Close() })
	if err := l.Run(context.Background()); err != nil {
		b.Fatal(err)
	}
	return longest
}

// Half a million cheap steps in chunks of 10 to 500,000, bounded by their number alone: the whole takes the longer the
// smaller they are, and who waits meanwhile waits the longer the larger they are.
func BenchmarkChunkSize(b *testing.B) {
	const steps, axis = 500_000, "steps in a chunk"
	var longest float64
	for b.Loop() {
		for _, size := range []int{10, 50, 250, 1000, 5000, 25_000, 100_000, 500_000} {
			sum := 0
			begun := time.Now()
			wait := gap(b, steps, Budget{Items: size, Time: time.Minute}, func(i int) { sum += i },
				func(int) float64 { return time.Since(begun).Seconds() })
			kit.Point("whole job", "s", axis, float64(size), time.Since(begun).Seconds())
			kit.Point("longest wait", "s", axis, float64(size), wait)
			if size == 1000 {
				longest = wait
			}
		}
	}
	b.ReportMetric(longest, "wait-sec")
}
