package perfobserver

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
)

func TestDisconnectInsideCallback(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, l := newHub(t, 0), newListener()
		var o *Observer
		o = observe(t, h, measures, func(batch []Entry, dropped uint64) {
			o.Disconnect()
			o.Disconnect() // a second time does nothing
			h.Emit(Entry{Name: "from the callback", Type: "measure"})
			l.callback(batch, dropped)
		})
		emit(h, "measure", "a")
		synctest.Wait()
		emit(h, "measure", "b")
		l.want(t, "the callback disconnects its observer, and emits", "one who wants a single entry disconnects when it comes; no other callback follows", "a")
		wantDone(t, o, "the callback disconnected its observer and returned")
		if err := o.Err(); err != nil {
			t.Errorf("after Disconnect: Err() = %v, want nil: this is no failure", err)
		}
	})
}

func TestDisconnectWhileBusy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, l := newHub(t, 0), newListener()
		o := observe(t, h, measures, l.callback)
		open := l.shut()
		emit(h, "measure", "a")
		synctest.Wait()
		emit(h, "measure", "b c")
		o.Disconnect() // if it waits for the callback, nobody ever opens the gate
		emit(h, "measure", "d")
		if got := o.TakeRecords(); len(got) != 0 {
			t.Errorf("after Disconnect with two entries waiting: TakeRecords() = %q, want none", names(got))
		}
		synctest.Wait()
		select {
		case <-o.Done():
			t.Error("after Disconnect, while the callback is still running: Done is closed; want it open until the callback has returned: who waits for it closes what the callback uses")
		default:
		}
		open()
		wantDone(t, o, "after Disconnect, when the callback has returned")
		l.want(t, "two entries waited when Disconnect was called", "no callback begins after Disconnect", "a")
	})
}

// wantDone checks that the observer has ended.
func wantDone(t *testing.T, o *Observer, done string) {
	t.Helper()
	synctest.Wait()
	select {
	case <-o.Done():
	default:
		t.Errorf("%s: Done is open; want it closed when the observer's goroutine has ended", done)
	}
}

func TestCloseLeavesNoGoroutine(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, l := newHub(t, 10), newListener()
		var all []*Observer
		for range 100 {
			all = append(all, observe(t, h, measures, l.callback))
		}
		l.want(t, "100 observers, nothing emitted", "no entry, no callback")
		h.Close()
		h.Close()
		for i, o := range all {
			wantDone(t, o, fmt.Sprintf("after Close, observer %d of 100", i))
			if t.Failed() {
				return
			}
		}
		emit(h, "measure", "late")
		late := observe(t, h, ObserveOptions{Types: []string{"measure"}, Buffered: true}, l.callback)
		wantDone(t, late, "Observe on a closed hub")
		l.want(t, "Emit and Observe on a closed hub", "what is closed delivers nothing")
	})
}

// The last one, because a panic that nobody recovers from ends the program and with it all later tests.
func TestPanicIsolated(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, healthy := newHub(t, 0), newListener()
		wrong := errors.New("connection refused")
		value := observe(t, h, measures, func([]Entry, uint64) { panic("no exporter") })
		wrapped := observe(t, h, measures, func([]Entry, uint64) { panic(wrong) })
		observe(t, h, measures, healthy.callback)
		emit(h, "measure", "a")
		synctest.Wait()
		emit(h, "measure", "b")
		healthy.wantEntries(t, "two of three observers panic: the third", "one bad observer must not stop the others, nor the program", "a b")
		wantDone(t, value, "the callback panicked")
		wantDone(t, wrapped, "the callback panicked")
		if got := value.TakeRecords(); len(got) != 0 {
			t.Errorf("the callback panicked, then an entry was emitted: TakeRecords() = %q, want none: an observer that has ended collects no more", names(got))
		}
		if err := value.Err(); err == nil || !strings.Contains(err.Error(), "no exporter") {
			t.Errorf(`the callback panics with "no exporter": Err() = %v, want an error with the text in it`, err)
		}
		if err := wrapped.Err(); !errors.Is(err, wrong) {
			t.Errorf("the callback panics with an error: Err() = %v, want one that wraps it", err)
		}
	})
}
