package chunk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hotloop/exercises/kit"
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

func TestCancelMidway(t *testing.T) {
	const n = 10
	for _, tt := range []struct {
		name string
		want int // steps that were run
		run  func(cancel func(), i int)
	}{
		{"in step 4 of 10, by that step itself", 5, func(cancel func(), i int) {
			if i == 4 {
				cancel()
				cancel()
			}
		}},
		{"in the last step of a chunk, by that step itself", 3, func(cancel func(), i int) {
			if i == 2 {
				cancel()
			}
		}},
		{"in step 3 of 10, by another goroutine", 4, func(cancel func(), i int) {
			if i == 3 {
				go func() { time.Sleep(time.Second); cancel(); cancel() }()
			}
			time.Sleep(2 * time.Second)
		}},
	} {
		bubble(t, func(t *testing.T) {
			l, _ := start(t, t.Context())
			steps := 0
			result := make(chan error, 2)
			var cancel func()
			known := make(chan bool)
			cancel = ForEach(l, n, Budget{Items: 3, Time: patience}, func(i int) {
				<-known
				steps++
				tt.run(cancel, i)
			}, func(err error) { result <- err })
			close(known)
			err := await(t, result, "cancelled "+tt.name, "done must tell that the job is over")
			if !errors.Is(err, ErrCanceled) {
				t.Errorf("cancelled %s: done got %v, want ErrCanceled", tt.name, err)
			}
			cancel()
			time.Sleep(time.Minute)
			settle(t, l)
			if steps != tt.want {
				t.Errorf("cancelled %s: %d steps were run, want %d: nobody waits for what the others compute", tt.name, steps, tt.want)
			}
			if len(result) > 0 {
				t.Errorf("cancelled %s: done was called again, with %v; want once", tt.name, <-result)
			}
		})
	}
}

func TestCancelBetweenChunks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l, _ := start(t, t.Context())
		steps, atCancel := 0, 0
		result := make(chan error, 2)
		var cancel func()
		go l.Post(func() {
			cancel = ForEach(l, 10, Budget{Items: 3}, func(int) { steps++ }, func(err error) { result <- err })
			l.Post(func() { atCancel = steps; cancel() })
		})
		if err := await(t, result, "cancelled by a task between two chunks", "done must tell that the job is over"); !errors.Is(err, ErrCanceled) {
			t.Errorf("cancelled by a task between two chunks: done got %v, want ErrCanceled", err)
		}
		settle(t, l)
		if steps != atCancel || steps != 3 {
			t.Errorf("cancelled after %d of 10 steps with Items: 3: %d were run, want 3", atCancel, steps)
		}
		if len(result) > 0 {
			t.Errorf("cancelled by a task between two chunks: done was called again, with %v; want once", <-result)
		}
	})
}

func TestCancelAfterDone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l, _ := start(t, t.Context())
		result := make(chan error, 2)
		cancel := ForEach(l, 3, Budget{}, func(int) {}, func(err error) { result <- err })
		if err := await(t, result, "ForEach of 3 steps", "done was never called"); err != nil {
			t.Errorf("ForEach of 3 steps: done got %v, want nil", err)
		}
		cancel()
		cancel()
		time.Sleep(time.Minute)
		settle(t, l)
		if len(result) > 0 {
			t.Errorf("cancel after the job was done: done was called again, with %v; want nothing to happen", <-result)
		}
	})
}

func TestPostFromTask(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l, _ := start(t, t.Context())
		const n = 10_000
		var order []int
		full := make(chan bool, 1)
		go l.Post(func() {
			for i := range n {
				if !l.Post(func() { order = append(order, i) }) {
					t.Errorf("Post number %d from a task = false, want true: the loop is open", i)
				}
			}
			if len(order) > 0 {
				t.Errorf("Post from a task ran %d tasks before it returned; want one task at a time", len(order))
			}
			l.Post(func() { full <- true })
		})
		await(t, full, fmt.Sprintf("a task that posts %d others", n), "Post waits for the loop, and the loop for the task that posts: a deadlock")
		settle(t, l)
		if !slices.IsSorted(order) || len(order) != n {
			t.Errorf("a task posted %d others: %d were run, in order: %v; want all of them, first in, first out", n, len(order), slices.IsSorted(order))
		}
	})
}

func TestCloseDrains(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l, ended := start(t, t.Context())
		gate := make(chan struct{})
		var ran []string
		result := make(chan error, 1)
		go func() {
			l.Post(func() { <-gate; ran = append(ran, "first") })
			ForEach(l, 10, Budget{Items: 3}, func(int) {}, func(err error) { ran = append(ran, "job"); result <- err })
			l.Post(func() { ran = append(ran, "second") })
		}()
		time.Sleep(time.Second)
		l.Close()
		if l.Post(func() { ran = append(ran, "late") }) {
			t.Error("Post after Close = true, want false: the caller must learn that its task will not run")
		}
		ForEach(l, 3, Budget{}, func(int) { ran = append(ran, "late step") }, func(error) { ran = append(ran, "late job") })
		select {
		case err := <-ended:
			t.Fatalf("Run returned %v when Close was called, with tasks in the queue; want them run first", err)
		default:
		}
		close(gate)
		if err := await(t, ended, "Close of a loop with tasks", "Run must return when the last one is done"); err != nil {
			t.Errorf("Run of a loop that was closed = %v, want nil", err)
		}
		if want := []string{"first", "second", "job"}; !slices.Equal(ran, want) {
			t.Errorf("a task, a job of 4 chunks, a task, Close, and then others: %v were run, want %v: what was accepted before Close is done, a job to its end, and nothing else", ran, want)
		}
		if len(result) == 0 {
			t.Error("Close while a job is under way: its done was never called")
		} else if err := <-result; err != nil {
			t.Errorf("Close while a job is under way: its done got %v, want nil", err)
		}
	})
}

func TestCloseWhileIdle(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l, ended := start(t, t.Context())
		settle(t, l)
		l.Close()
		if err := await(t, ended, "Close of a loop that waits for tasks", "Run must notice"); err != nil {
			t.Errorf("Run of a loop that was closed = %v, want nil", err)
		}
	})
}

func TestContextEndsRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		_, ended := start(t, ctx)
		time.Sleep(time.Second)
		cancel()
		if err := await(t, ended, "the context of an idle loop was cancelled", "Run must notice while it waits"); !errors.Is(err, context.Canceled) {
			t.Errorf("Run whose context was cancelled = %v, want %v", err, context.Canceled)
		}

		ctx, cancel = context.WithCancel(t.Context())
		l, ended := start(t, ctx)
		late := false
		go func() {
			l.Post(func() { time.Sleep(time.Second); cancel() })
			l.Post(func() { late = true })
		}()
		if err := await(t, ended, "a task cancelled the context of its loop", "Run must notice between two tasks"); !errors.Is(err, context.Canceled) {
			t.Errorf("Run whose context was cancelled by a task = %v, want %v", err, context.Canceled)
		}
		if late {
			t.Error("a task cancelled the context of its loop, and the next task was run; want Run to end between the two")
		}
		l.Close() // whoever still waits in Post
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

func TestConcurrentPost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const goroutines, posts = 8, 1000
		l, ended := start(t, t.Context())
		var seen [goroutines][]int // without a lock: tasks do not run at the same time
		var wg sync.WaitGroup
		for g := range goroutines {
			wg.Go(func() {
				for i := range posts {
					l.Post(func() { seen[g] = append(seen[g], i) })
					if i%100 == 0 {
						ForEach(l, 3, Budget{Items: 1}, func(int) {}, func(error) {})
					}
				}
			})
		}
		wg.Wait()
		l.Close()
		if err := await(t, ended, "Close after 8 goroutines posted", "Run must end when the queue is empty"); err != nil {
			t.Errorf("Run of a loop that was closed = %v, want nil", err)
		}
		for g, got := range seen {
			if len(got) != posts || !slices.IsSorted(got) {
				t.Errorf("goroutine %d of %d posted %d tasks: %d were run, in order: %v; want all, each goroutine's in its order", g, goroutines, posts, len(got), slices.IsSorted(got))
			}
		}
	})
}

// These two are about real memory, and so not in a bubble; real time passes only if a solution hangs.

func within(t *testing.T, d time.Duration, done string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(d):
		t.Fatalf("%s: not over after %v; somebody waits for the loop, and the loop waits for them", done, d)
	}
}

func TestTasksAreNotKept(t *testing.T) {
	const tasks = 8
	for i := range tasks - 1 {
		l := NewLoop()
		reached, goOn, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		collected := kit.Collected(func() (*[64]byte, func()) {
			object := new([64]byte)
			posted := make(chan struct{})
			go func() {
				defer close(posted)
				for k := range tasks {
					switch k {
					case i:
						l.Post(func() { object[0]++ })
					case i + 1:
						l.Post(func() { close(reached); <-goOn })
					default:
						l.Post(func() {})
					}
				}
			}()
			within(t, 3*time.Second, "Post before Run", posted)
			return object, func() {
				go func() { ended <- l.Run(context.Background()) }()
				within(t, 3*time.Second, "Run of what was posted before", reached)
			}
		})
		close(goOn)
		l.Close()
		<-ended
		if !collected {
			t.Errorf("task %d of %d has been run, and the next one is running: what the first one closes over is still there after five collections; a task that was run is garbage, however long the queue is", i, tasks)
		}
	}
}

func TestQueueDoesNotGrow(t *testing.T) {
	const few, many, limit = 1000, 50_000, 64 << 10
	l, ended := NewLoop(), make(chan error, 1)
	go func() { ended <- l.Run(context.Background()) }()
	run := func(n int, limit time.Duration) uint64 {
		over := make(chan struct{})
		var task func()
		task = func() {
			if n--; n == 0 {
				close(over)
				return
			}
			l.Post(task)
		}
		go l.Post(task)
		within(t, limit, "a task that posts itself again", over)
		return kit.HeapLive()
	}
	if before, after := run(few, 3*time.Second), run(many, 10*time.Second); after > before+limit {
		t.Errorf("%d tasks, one in the queue at a time: the live heap has grown by %s, want at most %s: the queue of a service that runs for weeks must not remember how many tasks there were",
			many, kit.Bytes(int64(after-before)), kit.Bytes(limit))
	}
	l.Close()
	<-ended
}

// The last one, because a panic that nobody recovers from ends the program and with it all later tests.
func TestPanicInStep(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l, _ := start(t, t.Context())
		steps := 0
		err := runJob(t, l, 10, Budget{Items: 3}, func(i int) {
			steps++
			if i == 4 {
				panic("row 4 is broken")
			}
		})
		p, ok := errors.AsType[*PanicError](err)
		if !ok {
			t.Fatalf("step 4 of 10 panics: done got %v, want a *PanicError: one bad row must not end the loop that serves everybody", err)
		}
		if p.Value != "row 4 is broken" || !strings.Contains(string(p.Stack), "TestPanicInStep") {
			t.Errorf("step 4 of 10 panics: Value is %v and Stack\n%s\nwant the panic's value, and the stack that shows where it was", p.Value, p.Stack)
		}
		if !strings.Contains(p.Error(), "row 4 is broken") {
			t.Errorf("PanicError.Error() = %q, want the panic's value in it", p.Error())
		}
		if steps != 5 {
			t.Errorf("step 4 of 10 panics: %d steps were run, want 5: the job is over", steps)
		}
		if err := runJob(t, l, 10, Budget{}, func(int) {}); err != nil {
			t.Errorf("a job after one that panicked: done got %v, want nil", err)
		}
	})
}
