package kit

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const hangKey = "HOTLOOP_KIT_HANG"

// TestLimit runs itself in a process that hangs.
func TestLimit(t *testing.T) {
	if os.Getenv(hangKey) != "" {
		Limit(t, 50*time.Millisecond, "somebody forgot to unlock")
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			mu.Lock()
			mu.Lock()
		})
	}
	hangs := exec.Command(os.Args[0], "-test.run=^TestLimit$")
	hangs.Env = append(os.Environ(), hangKey+"=1")
	out, err := hangs.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "panic: TestLimit is not over after 50ms: somebody forgot to unlock") {
		t.Errorf("a bubble that waits for a mutex, with a limit: %v\n%s", err, out)
	}
}

func TestLimitEndsWithTheTest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{TB: t}
		Limit(r, time.Minute, "")
		r.end()
		time.Sleep(time.Hour)
	})
}
