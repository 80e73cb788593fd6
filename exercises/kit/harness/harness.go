// Package harness is the side of hotloop that lives inside a test binary: it tells the runner which tests ran and how
// they ended, over a channel that what the learner prints cannot imitate, and takes turns at benchmarks. Under plain
// "go test" it does nothing. It imports the standard library only.
//
// hotloop builds the tests with a main function that calls Main (TestMain, under go test), with a call of Track in each
// top-level test, and with calls of Begin and End around each benchmark's loop. The runner starts the binary with
// HOTLOOP_HARNESS=1 and the descriptors
//
//	3  one Hello: the key of the records, the seed, what to do
//	4  to which the binary writes its records, one a line
//	5  from which it reads its turns, when it is there to run benchmarks
//
// The channel is opened when this package is initialised, before the learner's package is. It holds against programs that
// print, exit or meddle with descriptors and arguments; code that writes to the memory of its own process can forge it.
// Who runs strangers' code therefore sees to it that unsafe, reflect, syscall and their like are not in it.
package harness

import (
	"os"
	"runtime/debug"
	"strconv"
	"testing"
)

// maxStack ends a runaway recursion with "stack overflow" before it meets the memory limit, which would hide the cause.
const maxStack = 64 << 20

// out is nil under plain "go test".
var out = open()

// Seed is the seed of the run's random inputs: the runner's, else HOTLOOP_SEED, else 1.
func Seed() uint64 {
	if out != nil {
		return out.hello.Seed
	}
	if seed, err := strconv.ParseUint(os.Getenv("HOTLOOP_SEED"), 10, 64); err == nil {
		return seed
	}
	return 1
}

// Point tells the runner one point of a chart.
func Point(series, unit, axis string, x, y float64) {
	if out != nil {
		out.write(&Record{Kind: PointRecord, Name: series, Unit: unit, Axis: axis, X: x, Y: y})
	}
}

// Main runs the tests, or takes turns at the benchmarks, as the runner asked for, and returns the exit status. The keys
// of benchmarks are names without the prefix "Benchmark".
func Main(m *testing.M, benchmarks map[string]func(*testing.B)) int {
	debug.SetMaxStack(maxStack)
	if out == nil {
		return m.Run()
	}
	if out.hello.Bench {
		return out.takeTurns(benchmarks)
	}
	code := m.Run()
	out.write(&Record{Kind: ExitRecord, Code: code})
	return code
}
