// Package bwrap is the sandbox driver "bwrap": each command runs in namespaces of its own, made by bubblewrap, and in a
// control group that bounds memory, tasks and CPU time. It is for code that others send, on Linux only.
//
// A command sees the files that it was given and nothing else, the loopback of a network of its own, its own processes,
// and about 280 harmless system calls. Nothing but Dir is writable for longer than it runs, and nothing of it outlives
// the run: it all dies with the namespace, and the control group shows when nobody is left.
//
//	driver ─ starts ─► this program as a helper ─ exec ─► bwrap ─ in the namespaces ─► the command
//	  │                 Enter: lists files as root,         flags from a descriptor,
//	  │                 joins the group, sets limits,       not in argv
//	  │                 gives up being root
//	  └─ watches the group's counters every 10 ms; they say why a run was ended, not what was printed
//
// Within its sandbox, a command may do what it likes to itself and to the namespace's first process, which is bwrap's and
// has no more rights: an exit status is no evidence.
//
// Running as root is the way on hosts that have version 1 of control groups; each run then has a user of its own, and is
// never root. Otherwise the group that this process was started in must be delegated, as systemd does, and commands run
// as the same user in another user namespace.
package bwrap

import (
	"context"
	"fmt"
	"sync"

	"hotloop/runner/sandbox"
)

// A Driver runs commands in bubblewrap. It must not be copied after its first use.
type Driver struct {
	// Helper is the command line of a process that imports this package and calls Enter: []string{exe, "__enter"}.
	Helper []string

	mu    sync.Mutex
	ready *host
}

// Name is "bwrap".
func (*Driver) Name() string { return "bwrap" }

// A Lack says what this machine lacks, and what to do about it.
type Lack struct {
	What string
	Fix  string
	Err  error // may be nil
}

func (l *Lack) Error() string {
	if l.Err != nil {
		return fmt.Sprintf("the sandbox bwrap cannot work here: %s: %v", l.What, l.Err)
	}
	return "the sandbox bwrap cannot work here: " + l.What
}

func (l *Lack) Unwrap() error { return l.Err }

// Hint is the fix.
func (l *Lack) Hint() string { return l.Fix }

var _ interface {
	sandbox.Driver
	SelfTest(context.Context) error
} = (*Driver)(nil)
