package kit

import (
	"fmt"
	"testing"
	"time"
)

// Limit ends the process, and says why, if the test is not over after d. It is for what nothing else ends before the
// time limit of all tests: a goroutine that waits for a mutex keeps a bubble of testing/synctest from going on, and from
// telling of a deadlock. Call it outside the bubble, whose clock stands still then.
func Limit(tb testing.TB, d time.Duration, why string) {
	tb.Helper()
	timer := time.AfterFunc(d, func() { panic(fmt.Sprintf("%s is not over after %v: %s", tb.Name(), d, why)) })
	tb.Cleanup(func() { timer.Stop() })
}
