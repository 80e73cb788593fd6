package chunk

import (
	"errors"
	"strings"
	"testing"
	"time"
)

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
