package chunk

import (
	"context"
	"testing"
	"time"

	"hotloop/exercises/kit"
)

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
	for _, inQueue := range []int{1, 10} {
		l, ended := NewLoop(), make(chan error, 1)
		go func() { ended <- l.Run(context.Background()) }()
		run := func(n int, limit time.Duration) uint64 {
			over := make(chan struct{})
			var task func()
			task = func() {
				if n--; n > 0 {
					l.Post(task)
				} else if n == 0 {
					close(over)
				}
			}
			go func() {
				for range inQueue {
					l.Post(task)
				}
			}()
			within(t, limit, "tasks that post themselves again", over)
			return kit.HeapLive()
		}
		if before, after := run(few, 3*time.Second), run(many, 10*time.Second); after > before+limit {
			t.Errorf("%d tasks, %d in the queue at a time: the live heap has grown by %s, want at most %s: the queue of a service that runs for weeks must not remember how many tasks there were",
				many, inQueue, kit.Bytes(int64(after-before)), kit.Bytes(limit))
		}
		l.Close()
		<-ended
	}
}
