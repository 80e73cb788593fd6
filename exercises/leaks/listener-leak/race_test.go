package emitter

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
)

// The last one: a map that is written by two goroutines at once ends the program.
func TestConcurrentUseRace(t *testing.T) {
	const goroutines, each = 8, 1000
	e := New[int](Options{MaxListeners: -1})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var got atomic.Int64
	e.On("tick", func(int) { got.Add(1) })
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				var off func()
				switch (g + i) % 3 {
				case 0:
					off = e.On("tick", func(int) {})
				case 1:
					off = e.Once("tick", func(int) {})
				default:
					off = e.OnContext(ctx, "tick", func(int) {})
				}
				e.Emit("tick", i)
				e.Count("tick")
				e.Events()
				off()
			}
		})
	}
	wg.Wait()
	if n := got.Load(); n != goroutines*each {
		t.Errorf("%d Emits while others come and go: the listener that stays was called %d times", goroutines*each, n)
	}
	if n := e.Count("tick"); n != 1 {
		t.Errorf("all others are off: Count = %d, want 1", n)
	}
}
