package sandboxtest

import (
	"testing"
	"time"

	"hotloop/runner/sandbox"
)

// A program is a row of the table: what the hostile program is told to do, and what a driver must say of it.
type program struct {
	name   string
	limits sandbox.Limits
	status []sandbox.Status // one of them
	exit   int              // exit status, after Exited
	reason string           // part of the reason
	stdout string           // all of the output, if it matters

	scratch bool                           // nobody looks into its folder afterwards
	after   func(t *testing.T, dir string) // looks into it
}

// Shorthands for the table.
var (
	exited   = []sandbox.Status{sandbox.Exited}
	timeIsUp = []sandbox.Status{sandbox.TimeLimit}
	tooBig   = []sandbox.Status{sandbox.MemoryLimit}
	tooMuch  = []sandbox.Status{sandbox.OutputLimit}
	signaled = []sandbox.Status{sandbox.Signaled}
	tooMany  = []sandbox.Status{sandbox.ProcessLimit}
)

func wall(d time.Duration) sandbox.Limits { return sandbox.Limits{Wall: d} }

func memory(mib int64) sandbox.Limits { return sandbox.Limits{Memory: mib << 20} }

func output(kib int64) sandbox.Limits { return sandbox.Limits{Output: kib << 10} }

const short = 300 * time.Millisecond

var programs = []program{
	{name: "loop", limits: wall(short), status: timeIsUp, reason: "Stopped after 300 ms: time limit."},
	{name: "sleep", limits: wall(short), status: timeIsUp, reason: "Stopped after 300 ms: time limit."},
	{name: "deaf", limits: wall(short), status: timeIsUp, reason: "time limit"},
	{name: "stops-itself", limits: wall(short), status: timeIsUp, reason: "time limit"},
	{name: "hydra", limits: wall(short), status: timeIsUp, reason: "time limit"},
	{name: "spin", limits: sandbox.Limits{CPU: short}, status: timeIsUp, reason: "CPU time"},

	{name: "hog", limits: memory(64), status: tooBig, reason: "Stopped: memory limit 64 MiB exceeded (peak "},
	{name: "hog-children", limits: memory(96), status: tooBig, reason: "Stopped: memory limit 96 MiB exceeded (peak "},

	{name: "flood-stdout", limits: output(64), status: tooMuch, reason: "output limit 64 KiB exceeded"},
	{name: "flood-stderr", limits: output(64), status: tooMuch, reason: "output limit 64 KiB exceeded"},
	{name: "flood-line", limits: output(1024), status: tooMuch, reason: "output limit 1 MiB exceeded"},

	{name: "fork-bomb", limits: sandbox.Limits{Procs: 12}, status: tooMany,
		reason: "Your program tried to start more than 12 processes."},
	{name: "many-goroutines", status: exited},
	{name: "many-threads", status: exited},
	{name: "zombies", status: exited},

	{name: "daemon", status: exited, stdout: "detached\n"},
	{name: "holds-stdout", status: exited},
	{name: "kills-group", status: signaled, reason: "signal SIGKILL"},
	// Where the program sees its supervisor, it may kill it; where it does not, it waits until its time is up.
	{name: "kills-parent", limits: wall(2 * time.Second), status: []sandbox.Status{sandbox.Signaled, sandbox.TimeLimit}},

	{name: "exit-0", status: exited},
	{name: "exit-3", status: exited, exit: 3},
	{name: "panic", status: exited, exit: 2},
	{name: "nil-pointer", status: exited, exit: 2},
	{name: "stack-overflow", status: exited, exit: 2},
	{name: "deadlock", status: exited, exit: 2},
	{name: "closes-stdio", status: exited},
	{name: "garbage", status: exited, stdout: everyByte() + "\x1b]0;owned\x07\x1b[2J\x00\xe2\x82"},
	{name: "descriptors", status: exited, stdout: "[0 1 2]\n"},
}

func everyByte() string {
	all := make([]byte, 256)
	for b := range all {
		all[b] = byte(b)
	}
	return string(all)
}
