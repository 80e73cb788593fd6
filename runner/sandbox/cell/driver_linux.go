//go:build amd64 || arm64

package cell

import (
	"context"
	"fmt"
	"sync"
	"syscall"

	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/child"
)

// A Driver runs commands in boxes of one kind. It must not be copied after its first use.
type Driver struct {
	// Parent is the folder that control groups are made in, of version 2, if not beneath the group of this process. Limits
	// of controllers that are not switched on there do not hold.
	Parent string

	name   string
	helper []string
	find   func() (Box, error)

	mu    sync.Mutex
	ready *host
}

// New makes the driver of that name. The helper is the command line of a process that imports this package and calls
// Enter: []string{exe, "__enter"}. What find returns is kept; its error is a *Lack.
func New(name string, helper []string, find func() (Box, error)) *Driver {
	return &Driver{name: name, helper: helper, find: find}
}

// Name is the driver's.
func (d *Driver) Name() string { return d.name }

// A Box is a program that makes sandboxes, found on this machine.
type Box interface {
	// Needs is what the program takes for itself, beside a command of at most so many processes.
	Needs(procs int) Needs

	// Enter says what the helper does to become the program, around one command.
	Enter(*Inside) *Entry

	// Ended is the exit status of the command, as shells tell it: over 128 after a signal. It is asked when the program has
	// ended without having been stopped. An error says that the command was not started, and why.
	Ended(Ending) (code int, err error)

	// Crowded is whether more than most processes are the command's, of those in its group. The program is main.
	Crowded(pids []int, main, most int) bool

	// Probe is what the self-test is to know when it looks around inside, as "KEY=value": see ProbeFilter and ProbeKernel.
	Probe() []string
}

// Needs are what a box takes for itself of the group's limits, and what it wants to be prepared.
type Needs struct {
	Memory  int64 // bytes
	Tasks   int   // processes and threads
	Spare   int   // tasks that a command may have beside its processes, for their threads
	Private bool  // mounts of its own, with a /tmp for its files, even if we are not root
}

// An Ending is what is known of how a box's program ended.
type Ending struct {
	Exit   syscall.WaitStatus
	Status []byte // written to the descriptor StatusFD
	Stderr string // the beginning of what the program, or the command, wrote to standard error
}

// Run starts cmd in a box and a control group of its own and waits until nothing of it is left.
func (d *Driver) Run(ctx context.Context, cmd *sandbox.Command) (sandbox.Result, error) {
	if ctx.Err() != nil {
		return sandbox.Result{Status: sandbox.Canceled, ExitCode: -1, Reason: child.CanceledReason}, nil
	}
	h, err := d.look()
	if err != nil {
		return sandbox.Result{}, err
	}
	r := &run{host: h, helper: d.helper, cmd: cmd, limits: child.Limits(cmd.Limits)}
	defer r.close()
	failed := func(doing string, err error) (sandbox.Result, error) {
		return sandbox.Result{}, fmt.Errorf("sandbox driver %s: %s %s: %w", d.name, doing, nameOf(cmd), d.named(err))
	}
	if err := r.prepare(); err != nil {
		return failed("preparing", err)
	}
	if err := r.start(); err != nil {
		return failed("starting", err)
	}
	result, err := r.wait(ctx)
	if err != nil {
		return failed("running", err)
	}
	return result, nil
}

func nameOf(cmd *sandbox.Command) string {
	if len(cmd.Args) == 0 {
		return "a command without arguments"
	}
	return cmd.Args[0]
}
