// Package sandbox runs one command with limits, isolated as far as the chosen driver can. It knows nothing of Go, tests
// or exercises. Drivers live in the packages below it; who wants one is handed it.
package sandbox

import (
	"context"
	"io"
	"os"
	"time"
)

// A Driver runs commands. Drivers are safe for concurrent use.
type Driver interface {
	// Name is the word for the driver in reports and on the command line: "none", "bwrap", "gvisor".
	Name() string

	// Available is nil if the driver can work on this machine; else it says why not and what to do about it.
	Available(ctx context.Context) error

	// Run starts cmd, waits for it and for every process it started, and kills what is left. When ctx ends, so does the
	// command, and the status is Canceled. The error is non-nil only if the driver itself failed; a command that
	// crashes or exceeds a limit is a Result.
	Run(ctx context.Context, cmd *Command) (Result, error)
}

// A Command is a program to run, shaped like os/exec.Cmd.
type Command struct {
	Args []string // Args[0] is the program: an absolute path, or a name looked up in PATH
	Env  []string // the whole environment, "KEY=value"; nothing is inherited
	Dir  string   // working directory; writable for the command

	// ReadOnly lists files and folders the command may read, beside Dir, the program itself and the shared libraries that
	// it is linked with. What is not there is left out. Driver "none" cannot enforce it.
	ReadOnly []string

	// Scratch says that Dir is empty and that nobody looks at it afterwards, so that a driver may keep it in memory.
	Scratch bool

	// Alone says that the program is no stranger's and starts no others, as a compiler. A driver may then leave out what
	// keeps hold of a tree of processes.
	Alone bool

	Stdin          io.Reader  // nil: empty
	Stdout, Stderr io.Writer  // nil: discarded. Called from one goroutine each
	Files          []*os.File // become descriptors 3, 4, … of the command, as in os/exec.Cmd.ExtraFiles

	// Waits, if not nil, is closed when the command gets something to do; until then it does nothing but read from Stdin.
	// A driver can spare itself looks at what the command uses so long, since several such commands may stand by for hours.
	Waits <-chan struct{}

	Limits Limits
}

// Limits bound the whole process tree of a command. Zero means the driver's default, which is never "unlimited".
type Limits struct {
	CPU    time.Duration // user + system time of the tree
	Wall   time.Duration // since the start
	Memory int64         // resident bytes of the tree
	Output int64         // bytes of standard output and error together
	Procs  int           // processes alive at once
}

// A Result says how a command ended and what it used.
type Result struct {
	Status   Status
	ExitCode int           // of the command itself; -1 when it did not exit
	Signal   string        // with Signaled: the signal's name
	CPU      time.Duration // user + system time of the tree
	Wall     time.Duration
	MaxRSS   int64  // peak resident bytes of the tree, as far as the driver can see
	Reason   string // for people: "Stopped: memory limit 256 MiB exceeded (peak 261 MiB)."; empty after Exited
}

// A Status says why a command ended. Reason: counters and signals, never the text that a command printed.
type Status string

const (
	Exited       Status = "exited"
	Signaled     Status = "signaled"
	Canceled     Status = "canceled"
	TimeLimit    Status = "time limit exceeded"
	MemoryLimit  Status = "memory limit exceeded"
	OutputLimit  Status = "output limit exceeded"
	ProcessLimit Status = "process limit exceeded"
)
