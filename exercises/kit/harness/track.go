package harness

import (
	"runtime"
	"testing"
	"time"
)

// Track tells the runner that test t has begun, and when it ends, how. hotloop inserts the call as the first statement of
// each top-level test, so that the end is told after all that the test itself does at its end.
func Track(t *testing.T) {
	if out == nil {
		return
	}
	out.write(&Record{Kind: RunRecord, Name: t.Name()})
	start := time.Now()
	t.Cleanup(func() {
		out.write(&Record{Kind: EndRecord, Name: t.Name(), Status: status(t), Seconds: time.Since(start).Seconds()})
	})
}

// status is how t is about to end. While a test's function panics, or leaves by a Goexit that is none of testing's own,
// t does not know of it yet; the stack does.
func status(t *testing.T) string {
	switch {
	case unwinding("runtime.gopanic"):
		return Panic
	case t.Failed():
		return Fail
	case t.Skipped():
		return Skip
	case unwinding("runtime.Goexit"):
		return Panic
	}
	return Pass
}

// unwinding reports whether function is among the callers.
func unwinding(function string) bool {
	pc := make([]uintptr, 64)
	frames := runtime.CallersFrames(pc[:runtime.Callers(2, pc)])
	for {
		frame, more := frames.Next()
		if frame.Function == function {
			return true
		}
		if !more {
			return false
		}
	}
}
