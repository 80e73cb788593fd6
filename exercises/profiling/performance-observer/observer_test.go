package perfobserver

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hotloop/exercises/kit"
)

// bubble runs a test on a clock of its own, where synctest.Wait returns when every goroutine waits. A goroutine that
// can never wake up again is a failure.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	defer func() {
		if v := recover(); v != nil {
			t.Errorf("goroutines wait for something that will never come: either Emit waits for an observer, or an observer's goroutine is still there after Close (%v)", v)
		}
	}()
	kit.Limit(t, 5*time.Second, "somebody waits for a lock, perhaps Emit for one that is held while an observer is called")
	synctest.Test(t, test)
}

// newHub is a hub that is closed at the end of the test.
func newHub(t *testing.T, keepPerType int) *Hub {
	t.Helper()
	h := NewHub(keepPerType)
	t.Cleanup(h.Close)
	return h
}

// observe registers an observer that cannot outlive the test.
func observe(t *testing.T, h *Hub, o ObserveOptions, cb func([]Entry, uint64)) *Observer {
	t.Helper()
	obs, err := h.Observe(o, cb)
	if err != nil || obs == nil {
		t.Fatalf("Observe(%+v) = %v, %v; want an observer", o, obs, err)
	}
	return obs
}

// A listener notes what its callback is told. While its gate is shut, a callback does not return.
type listener struct {
	mu      sync.Mutex
	batches []string // "a b c", or "a b c, 6 dropped"
	gate    chan struct{}
	inside  atomic.Int32
	overlap atomic.Bool
}

func newListener() *listener { return &listener{} }

func (l *listener) callback(batch []Entry, dropped uint64) {
	if l.inside.Add(1) > 1 {
		l.overlap.Store(true)
	}
	defer l.inside.Add(-1)
	l.mu.Lock()
	s := names(batch)
	if dropped > 0 {
		s += fmt.Sprintf(", %d dropped", dropped)
	}
	l.batches = append(l.batches, s)
	gate := l.gate
	l.mu.Unlock()
	if gate != nil {
		<-gate
	}
}

// shut makes callbacks wait until the func that it returns is called.
func (l *listener) shut() (open func()) {
	gate := make(chan struct{})
	l.mu.Lock()
	l.gate = gate
	l.mu.Unlock()
	return func() {
		l.mu.Lock()
		l.gate = nil
		l.mu.Unlock()
		close(gate)
	}
}

// want checks all callbacks so far, when nothing is on its way any more.
func (l *listener) want(t *testing.T, done, why string, batches ...string) {
	t.Helper()
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Equal(l.batches, batches) {
		t.Errorf("%s: callbacks got %q, want %q: %s", done, l.batches, batches, why)
	}
	if l.overlap.Load() {
		t.Errorf("%s: two callbacks of one observer ran at a time; want them on one goroutine", done)
	}
}

// wantEntries is like want, where the cut into batches does not matter.
func (l *listener) wantEntries(t *testing.T, done, why string, entries string) {
	t.Helper()
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if got := strings.Join(l.batches, " "); got != entries {
		t.Errorf("%s: callbacks got %q, want %q: %s", done, got, entries, why)
	}
}

func names(entries []Entry) string {
	var all []string
	for _, e := range entries {
		all = append(all, e.Name)
	}
	return strings.Join(all, " ")
}

// emit emits entries of one type, by their names.
func emit(h *Hub, typ, names string) {
	for name := range strings.FieldsSeq(names) {
		h.Emit(Entry{Name: name, Type: typ})
	}
}

var measures = ObserveOptions{Types: []string{"measure"}}

func TestAsyncNotOnCaller(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHub(t, 0)
		got := make(chan []Entry)
		observe(t, h, measures, func(batch []Entry, _ uint64) { got <- batch })
		e := Entry{Name: "query", Type: "measure", Start: time.Second, Duration: time.Millisecond}
		h.Emit(e) // if it calls the observer itself, nobody ever reads from got
		if batch := <-got; !slices.Equal(batch, []Entry{e}) {
			t.Errorf("after Emit(%+v) the callback got %+v, want that entry as it is", e, batch)
		}
	})
}

func TestBatchesPending(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, l := newHub(t, 0), newListener()
		observe(t, h, measures, l.callback)
		open := l.shut()
		emit(h, "measure", "a")
		synctest.Wait()
		emit(h, "measure", "b c d")
		l.want(t, "the callback is busy with a, and b, c, d come", "one callback at a time; the rest waits", "a")
		open()
		l.want(t, "the callback returns", "all that waited comes in one batch, in order: an exporter that sends a request for each entry never catches up", "a", "b c d")
		emit(h, "measure", "e")
		l.want(t, "one more, when nothing waits", "no entry comes twice", "a", "b c d", "e")
	})
}

func TestTypeFilter(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, both, gc := newHub(t, 0), newListener(), newListener()
		types := []string{"measure", "mark"}
		observe(t, h, ObserveOptions{Types: types}, both.callback)
		observe(t, h, ObserveOptions{Types: []string{"gc"}}, gc.callback)
		types[0] = "nothing"
		for _, e := range []string{"mark a", "gc b", "measure c", "resource d"} {
			typ, name, _ := strings.Cut(e, " ")
			emit(h, typ, name)
		}
		both.wantEntries(t, "mark a, gc b, measure c, resource d, for measure and mark", "an observer gets the types that it asked for when it registered", "a c")
		gc.wantEntries(t, "mark a, gc b, measure c, resource d, for gc", "an observer gets the types that it asked for", "b")
	})
}

func TestBufferedReplay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, l := newHub(t, 3), newListener()
		emit(h, "mark", "m1 m2")
		emit(h, "measure", "x1")
		emit(h, "mark", "m3 m4")
		emit(h, "measure", "x2")
		emit(h, "gc", "g1 g2 g3 g4 g5")
		observe(t, h, ObserveOptions{Types: []string{"measure", "mark"}, Buffered: true}, l.callback)
		emit(h, "mark", "m5")
		emit(h, "measure", "x3")
		l.wantEntries(t, "NewHub(3), m1 m2 x1 m3 m4 x2 and five of another type, then a buffered observer, then m5 x3",
			"first the newest three of each of its types as they were emitted, then what comes: an exporter that starts late must not see time run backwards", "m2 x1 m3 m4 x2 m5 x3")

		small := newListener()
		observe(t, h, ObserveOptions{Types: []string{"mark"}, Buffered: true, QueueMax: 2}, small.callback)
		small.want(t, "a buffered observer with QueueMax 2 and a history of three", "the bound holds for the history as well", "m4 m5, 1 dropped")
	})
}

func TestUnbufferedSeesNoHistory(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, l := newHub(t, 10), newListener()
		emit(h, "measure", "before")
		observe(t, h, measures, l.callback)
		emit(h, "measure", "after")
		l.wantEntries(t, "one before and one after Observe, not buffered", "without Buffered an observer sees what comes after it", "after")

		none, keep0 := newListener(), newHub(t, 0)
		emit(keep0, "measure", "before")
		observe(t, keep0, ObserveOptions{Types: []string{"measure"}, Buffered: true}, none.callback)
		none.wantEntries(t, "NewHub(0), one entry, then a buffered observer", "this hub remembers nothing", "")
	})
}

func TestTakeRecords(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, l := newHub(t, 0), newListener()
		o := observe(t, h, ObserveOptions{Types: []string{"measure"}, QueueMax: 3}, l.callback)
		open := l.shut()
		emit(h, "measure", "a")
		synctest.Wait()
		emit(h, "measure", "b c d e f")
		if got := names(o.TakeRecords()); got != "d e f" {
			t.Errorf("five entries wait in a queue of three: TakeRecords() = %q, want %q", got, "d e f")
		}
		if got := o.TakeRecords(); len(got) != 0 {
			t.Errorf("TakeRecords() again = %q, want none: they were taken", names(got))
		}
		open()
		l.want(t, "the callback returns after TakeRecords", "what was taken is not delivered", "a")
		emit(h, "measure", "g")
		l.want(t, "one more entry", "two were dropped since the callback before, and it must be told; TakeRecords tells nobody", "a", "g, 2 dropped")
	})
}

func TestSlowObserver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, slow, quick := newHub(t, 0), newListener(), newListener()
		observe(t, h, ObserveOptions{Types: []string{"measure"}, QueueMax: 4}, slow.callback)
		observe(t, h, measures, quick.callback)
		open := slow.shut()
		emit(h, "measure", "first")
		synctest.Wait()
		emit(h, "measure", "1 2 3 4 5 6 7 8 9 10")
		quick.wantEntries(t, "one observer is blocked, ten entries come: the other one", "nobody waits for the slow one", "first 1 2 3 4 5 6 7 8 9 10")
		open()
		slow.want(t, "QueueMax 4, ten entries while the callback is blocked", "the newest four stay, and the callback learns how many are missing: memory stays bounded, and the numbers stay honest", "first", "7 8 9 10, 6 dropped")
		emit(h, "measure", "11")
		slow.want(t, "one more, when it has caught up", "dropped counts since the callback before", "first", "7 8 9 10, 6 dropped", "11")
	})
}

func TestNoTypes(t *testing.T) {
	h := newHub(t, 0)
	for _, types := range [][]string{nil, {}} {
		if o, err := h.Observe(ObserveOptions{Types: types}, func([]Entry, uint64) {}); o != nil || !errors.Is(err, ErrNoTypes) {
			t.Errorf("Observe with types %v = %v, %v; want nil, ErrNoTypes: an observer of nothing is a mistake, and should say so", types, o, err)
		}
	}
}

func TestCallbackMayUseTheHub(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, l, inner := newHub(t, 10), newListener(), newListener()
		var o *Observer
		o = observe(t, h, measures, func(batch []Entry, dropped uint64) {
			l.callback(batch, dropped)
			if batch[0].Name == "a" {
				emit(h, "measure", "b")
				observe(t, h, ObserveOptions{Types: []string{"measure"}, Buffered: true}, inner.callback)
				o.TakeRecords()
				emit(h, "measure", "c")
			}
		})
		emit(h, "measure", "a")
		l.want(t, "on a the callback emits b, takes it back and emits c", "a callback may use the hub: call it without holding a lock", "a", "c")
		inner.wantEntries(t, "an observer registered by a callback", "history first, then what comes", "a b c")
	})
}

func TestEmitRace(t *testing.T) {
	const emitters, entries, observers = 8, 1000, 4
	bubble(t, func(t *testing.T) {
		h := newHub(t, 100)
		var counts [observers]struct{ delivered, dropped, disordered, overlapping int }
		for i := range counts {
			c := &counts[i]
			var inside atomic.Bool
			var last [emitters]time.Duration
			observe(t, h, ObserveOptions{Types: []string{"measure"}, QueueMax: 200}, func(batch []Entry, dropped uint64) {
				if !inside.CompareAndSwap(false, true) {
					c.overlapping++
				}
				defer inside.Store(false)
				c.dropped += int(dropped)
				for _, e := range batch {
					c.delivered++
					if from := int(e.Duration); e.Start <= last[from] {
						c.disordered++
					} else {
						last[from] = e.Start
					}
				}
			})
		}
		var wg sync.WaitGroup
		for g := range emitters {
			wg.Go(func() {
				for i := range entries {
					h.Emit(Entry{Name: "query", Type: "measure", Start: time.Duration(i + 1), Duration: time.Duration(g)})
				}
			})
		}
		wg.Wait()
		h.Emit(Entry{Name: "last", Type: "measure", Start: entries + 1}) // tells what was dropped before
		synctest.Wait()
		for i, c := range counts {
			if c.delivered+c.dropped != emitters*entries+1 {
				t.Errorf("%d goroutines emit %d entries each, and one more comes: observer %d got %d and was told of %d dropped; want %d together: none may be lost in silence",
					emitters, entries, i, c.delivered, c.dropped, emitters*entries+1)
			}
			if c.disordered > 0 {
				t.Errorf("observer %d: %d entries came before an older one of the same goroutine; want the order of emission", i, c.disordered)
			}
			if c.overlapping > 0 {
				t.Errorf("observer %d: its callback ran %d times while it was running; want one goroutine for each observer", i, c.overlapping)
			}
		}
	})
}
