package harness

import (
	"fmt"
	"math"
	"os"
	"sync"
)

// The descriptors of a test binary.
const (
	helloFile  = 3
	recordFile = 4
	turnFile   = 5
)

// Env must be in the environment of a test binary that has the descriptors; GuardedEnv, if the solution may be a
// stranger's: then the process closes its memory to itself, as far as it can be reached as a file. On one's own machine
// that would be in the way of those who watch the process.
const (
	Env        = envKey + "=1"
	GuardedEnv = envKey + "=guarded"

	envKey = "HOTLOOP_HARNESS"
)

// A channel is the binary's end of what runner and binary say to each other.
type channel struct {
	hello   Hello
	records *os.File
	turns   *os.File // nil unless hello.Bench

	mu    sync.Mutex
	chain *Chain
}

// open opens the channel if the runner offers one. Half a channel ends the process: without it nothing counts anyhow.
func open() *channel {
	env := envKey + "=" + os.Getenv(envKey)
	if env != Env && env != GuardedEnv || !inheritsFiles {
		return nil
	}
	os.Unsetenv(envKey)
	if env == GuardedEnv {
		closeMemory()
	}
	closeOnExec(helloFile, recordFile)
	f := os.NewFile(helloFile, "hello")
	hello, err := readHello(f)
	if err != nil {
		fmt.Fprintln(os.Stderr, "hotloop: reading from descriptor 3:", err)
		os.Exit(2)
	}
	f.Close()
	c := &channel{hello: hello, records: os.NewFile(recordFile, "records"), chain: NewChain(hello.Key)}
	c.hello.Key = [16]byte{}
	if hello.Bench {
		closeOnExec(turnFile)
		c.turns = os.NewFile(turnFile, "turns")
	}
	if hello.Limit > 0 {
		dumpAfter(hello.Limit)
	}
	return c
}

func (c *channel) write(rec *Record) {
	rec.X, rec.Y = finite(rec.X), finite(rec.Y)
	for unit, v := range rec.Extra {
		rec.Extra[unit] = finite(v)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.records.Write(c.chain.Seal(rec))
}

// finite keeps NaN and infinities, which a report in JSON cannot hold, out of the records.
func finite(v float64) float64 {
	switch {
	case math.IsNaN(v):
		return 0
	case math.IsInf(v, 0):
		return math.Copysign(math.MaxFloat64, v)
	}
	return v
}
