package chunk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

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
