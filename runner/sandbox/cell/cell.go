// Package cell is what the isolating drivers share: each command runs in a box that the driver's own program makes
// (bubblewrap, gVisor), as a user of its own, and in a control group that bounds memory, tasks and CPU time.
//
//	driver ─ starts ─► this program as a helper ─ exec ─► the program that makes the box ─ in it ─► the command
//	  │                 Enter: lists files as root,         told what to do by descriptors and files that
//	  │                 joins the group, sets limits,       nobody else sees, not in argv
//	  │                 gives up being root
//	  └─ watches the group's counters every 10 ms; they say why a run was ended, not what was printed
//
// Running as root is the way on hosts that have version 1 of control groups; each run then has a user of its own, and is
// never root. Otherwise the group that this process was started in must be delegated, as systemd does, and commands run
// as the same user in another user namespace.
package cell

import "fmt"

// A Lack says what this machine lacks for a driver, and what to do about it.
type Lack struct {
	Driver string
	What   string
	Fix    string
	Err    error // may be nil
}

func (l *Lack) Error() string {
	if l.Err != nil {
		return fmt.Sprintf("the sandbox %s cannot work here: %s: %v", l.Driver, l.What, l.Err)
	}
	return fmt.Sprintf("the sandbox %s cannot work here: %s", l.Driver, l.What)
}

func (l *Lack) Unwrap() error { return l.Err }

// Hint is the fix.
func (l *Lack) Hint() string { return l.Fix }
