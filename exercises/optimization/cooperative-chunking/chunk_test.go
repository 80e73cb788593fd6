package chunk

import (
	"context"
	"fmt"
	"slices"
	"strings"
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
			t.Errorf("the loop or somebody who called it waits for what can never come: Post must return at once, and Run when its context ends (%v)", v)
		}
	}()
	synctest.Test(t, test)
}

// start runs a new loop on a goroutine of its own. ended gets what Run returned.
func start(t *testing.T, ctx context.Context) (l *Loop, ended <-chan error) {
	t.Helper()
	result := make(chan error, 1)
	l = NewLoop()
	go func() { result <- l.Run(ctx) }()
	return l, result
}

// patience is how long tests wait, on their own clock, for what should have come long since.
const patience = time.Hour

func await[T any](t *testing.T, c <-chan T, done, why string) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatalf("%s: nothing within %v: %s", done, patience, why)
	}
	return v
}

// settle waits until the loop has run all that was posted so far.
func settle(t *testing.T, l *Loop) {
	t.Helper()
	reached := make(chan bool, 1)
	go l.Post(func() { reached <- true })
	await(t, reached, "Post of a task to a running loop", "the loop no longer runs tasks")
}

// runJob runs one job to its end and returns what done got.
func runJob(t *testing.T, l *Loop, n int, b Budget, step func(int)) error {
	t.Helper()
	result := make(chan error, 2)
	ForEach(l, n, b, step, func(err error) { result <- err })
	err := await(t, result, fmt.Sprintf("ForEach of %d steps", n), "done was never called; who waits for the job waits for ever")
	settle(t, l)
	if len(result) > 0 {
		t.Errorf("ForEach of %d steps called done a second time, with %v; want once: the second answer to a request is a crash", n, <-result)
	}
	return err
}

// chunkSizes runs a job and tells how many steps each of its chunks had: a task that posts itself again looks between
// any two of them.
func chunkSizes(t *testing.T, l *Loop, n int, b Budget, step func(int)) (sizes []int) {
	t.Helper()
	steps, seen, over := 0, 0, false
	look := func() {
		if steps > seen {
			sizes = append(sizes, steps-seen)
			seen = steps
		}
	}
	var probe func()
	probe = func() {
		look()
		if !over {
			l.Post(probe)
		}
	}
	gate, result := make(chan struct{}), make(chan error, 1)
	go func() {
		l.Post(func() { <-gate }) // until both are in the queue
		ForEach(l, n, b, func(i int) { steps++; step(i) }, func(err error) { look(); over = true; result <- err })
		l.Post(probe)
	}()
	time.Sleep(time.Second)
	close(gate)
	if err := await(t, result, fmt.Sprintf("ForEach of %d steps next to a task that posts itself again", n), "the job must go on after it has let others in"); err != nil {
		t.Errorf("ForEach of %d steps that all return: done got %v, want nil", n, err)
	}
	settle(t, l)
	return sizes
}

func TestAllStepsInOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l, _ := start(t, t.Context())
		const n = 10_000
		var got []int
		if err := runJob(t, l, n, Budget{}, func(i int) { got = append(got, i) }); err != nil {
			t.Errorf("ForEach of %d steps: done got %v, want nil", n, err)
		}
		for i, v := range got {
			if v != i {
				t.Fatalf("ForEach of %d steps: call %d was step(%d), want step(%d): each index once, in order", n, i, v, i)
			}
		}
		if len(got) != n {
			t.Errorf("ForEach of %d steps called step %d times before done; want each index once", n, len(got))
		}
	})
}

func TestTwoJobsInterleave(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l, _ := start(t, t.Context())
		var order []string
		ended := make(chan error, 2)
		done := func(err error) { ended <- err }
		job := func(name string) func(int) {
			return func(i int) { order = append(order, fmt.Sprint(name, i)) }
		}
		// Both begin in one task, so that neither has a head start.
		go l.Post(func() {
			ForEach(l, 7, Budget{Items: 3}, job("A"), done)
			ForEach(l, 5, Budget{Items: 3}, job("B"), done)
		})
		await(t, ended, "two jobs begun by one task", "neither ended: a task must be able to post")
		await(t, ended, "two jobs begun by one task", "one of them never ended")
		settle(t, l)
		if want := strings.Fields("A0 A1 A2 B0 B1 B2 A3 A4 A5 B3 B4 A6"); !slices.Equal(order, want) {
			t.Errorf("jobs A of 7 and B of 5 steps, Items: 3, ran %v,\nwant %v: the next chunk goes to the end of the queue, else the first job keeps the loop to itself", order, want)
		}
	})
}

func TestZeroSteps(t *testing.T) {
	for _, n := range []int{0, -1} {
		bubble(t, func(t *testing.T) {
			l, _ := start(t, t.Context())
			returned := false
			result := make(chan bool, 2)
			go l.Post(func() {
				ForEach(l, n, Budget{}, func(i int) { t.Errorf("ForEach of %d steps called step(%d)", n, i) }, func(err error) {
					if err != nil {
						t.Errorf("ForEach of %d steps: done got %v, want nil", n, err)
					}
					result <- returned
				})
				returned = true
			})
			if !await(t, result, fmt.Sprintf("ForEach of %d steps, called by a task", n), "done was never called") {
				t.Errorf("ForEach of %d steps called done before it returned; want it later, from the loop: callers must not find done called now and then early", n)
			}
			settle(t, l)
			if len(result) > 0 {
				t.Errorf("ForEach of %d steps called done twice", n)
			}
		})
	}
}
