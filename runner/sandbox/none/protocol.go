package none

import (
	"time"

	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/child"
)

// The driver writes one spec to the supervisor's standard input, then orders. The end of that stream means that the
// driver's process is gone. The supervisor writes one outcome to its standard output. What the command itself is given
// stands in descriptors 3 and up: its three standard streams, then its files.

// superviseKey is the environment variable that makes a process that imports this package a supervisor.
const superviseKey = "HOTLOOP_SUPERVISE"

// markKey is the variable in the command's environment that tells its run's processes from all others.
const markKey = "HOTLOOP_RUN"

const (
	// waitDelay is for how long the supervisor's own words are read after its end.
	waitDelay = 200 * time.Millisecond

	// killGrace is for how long a supervisor may take to kill a tree; a fork bomb takes seconds.
	killGrace = 15 * time.Second
)

// A spec is what a supervisor is to run. It goes over a pipe, because everybody can read argv.
type spec struct {
	Path   string
	Args   []string
	Env    []string
	Dir    string
	Files  int      // how many descriptors follow the three standard streams
	Handle []uint64 // Windows: the inherited handles, standard streams first
	Limits sandbox.Limits
	Waits  bool   // the tree is not to be looked at before the order to do so
	Mark   string // "HOTLOOP_RUN=…", also in Env
}

// An order ends a run, or begins the looks at its tree.
type order struct{ Word string }

const (
	stopCanceled = "canceled"
	stopOutput   = "output"
	startLooking = "look"
)

// An outcome is what a supervisor says when the tree is gone.
type outcome struct {
	Error    string // the command could not be started, or the tree could not be killed; nothing else is set
	Status   sandbox.Status
	ExitCode int
	Signal   string
	CPU      time.Duration
	Wall     time.Duration
	MaxRSS   int64
	Reason   string // set where the limits don't say it all
}

// result is the outcome in the words of package sandbox.
func (o *outcome) result(limits sandbox.Limits) sandbox.Result {
	r := sandbox.Result{Status: o.Status, ExitCode: o.ExitCode, Signal: o.Signal, CPU: o.CPU, Wall: o.Wall,
		MaxRSS: o.MaxRSS, Reason: o.Reason}
	if r.Reason == "" {
		r.Reason = child.Reason(r, limits)
	}
	return r
}
