// Package none is the sandbox driver "none": a supervised process with limits and no isolation. What runs in it may read
// and write whatever its user may; it is for a learner's own code on the learner's own machine. What it promises is that
// a run ends: limits hold for the whole tree of processes, and nothing that was started outlives the run.
//
// Every run has a supervisor of its own: this program again, as a child, with [Supervise] as its main function. The
// supervisor is the one that orphans fall back to, watches what the tree uses, and kills all of it when the command has
// ended, a limit is exceeded, or the driver's process is gone, however that came about.
//
//   - Linux: the supervisor is a child subreaper and walks /proc. Nothing escapes it short of killing it; then the driver
//     ends what still carries the run's mark in its environment.
//   - macOS and other Unix systems: the tree is what "ps" shows, every 100 ms. A program that detaches itself twice in
//     between and also clears its environment is missed.
//   - Windows: the supervisor puts itself into a job object, which is a hard limit for memory and processes.
//
// The command's environment holds one variable more than it was given, HOTLOOP_RUN, the mark of the run.
package none

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/child"
)

// A Driver runs commands under a supervisor. It holds nothing and needs no closing.
type Driver struct {
	// Supervisor is the command line of a process that imports this package and calls Supervise:
	// []string{exe, "__supervise"}.
	Supervisor []string

	// grace is for how long a supervisor may take to kill a tree before it is taken for dead; zero is killGrace.
	grace time.Duration
}

// Name is "none".
func (Driver) Name() string { return "none" }

// Available says whether this system lets a supervisor see and kill what it has started.
func (d Driver) Available(ctx context.Context) error {
	if len(d.Supervisor) == 0 {
		return errors.New("sandbox driver none: no command line for the supervisor was given")
	}
	if _, err := exec.LookPath(d.Supervisor[0]); err != nil {
		return fmt.Errorf("sandbox driver none: looking for the supervisor: %w", err)
	}
	return available()
}

// Run starts cmd under a supervisor and waits until its whole tree of processes is gone. A Stdin that is not an *os.File
// is read from until the command ends; a Read that is blocked then is not waited for.
func (d Driver) Run(ctx context.Context, cmd *sandbox.Command) (sandbox.Result, error) {
	if err := ctx.Err(); err != nil {
		return sandbox.Result{Status: sandbox.Canceled, ExitCode: -1, Reason: child.CanceledReason}, nil
	}
	if canBeAlone && cmd.Alone {
		result, err := runAlone(ctx, cmd)
		if err != nil {
			return sandbox.Result{}, fmt.Errorf("sandbox driver none: running %s: %w", cmd.Args[0], err)
		}
		return result, nil
	}
	r, err := d.start(cmd)
	if err != nil {
		return sandbox.Result{}, fmt.Errorf("sandbox driver none: %w", err)
	}
	result, err := r.wait(ctx)
	if err != nil {
		return sandbox.Result{}, fmt.Errorf("sandbox driver none: running %s: %w", cmd.Args[0], err)
	}
	return result, nil
}

// A run is one command under its supervisor, seen from the driver.
type run struct {
	sup     *exec.Cmd
	crash   *tail // what the supervisor itself complained of
	spec    spec
	waits   <-chan struct{} // see sandbox.Command
	grace   time.Duration
	orders  *os.File // to the supervisor; closed, it ends the run
	reports *os.File // from the supervisor
	started time.Time
	streams *child.Streams
}

func (d Driver) start(cmd *sandbox.Command) (_ *run, err error) {
	if len(d.Supervisor) == 0 {
		return nil, errors.New("no command line for the supervisor was given")
	}
	s, err := newSpec(cmd)
	if err != nil {
		return nil, err
	}
	r := &run{spec: s, waits: cmd.Waits, grace: cmp.Or(d.grace, killGrace), crash: &tail{}}
	var theirs closers // the supervisor's ends, which it has copies of once it runs
	defer theirs.close()
	defer func() {
		if err != nil {
			r.close()
		}
	}()

	ordersEnd, orders, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	theirs.add(ordersEnd)
	r.orders = orders
	reports, reportsEnd, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	theirs.add(reportsEnd)
	r.reports = reports

	if r.streams, err = child.Open(cmd, s.Limits.Output); err != nil {
		return nil, err
	}

	r.sup = exec.Command(d.Supervisor[0], d.Supervisor[1:]...)
	r.sup.Env = supervisorEnv()
	r.sup.Stdin, r.sup.Stdout, r.sup.Stderr = ordersEnd, reportsEnd, r.crash
	r.sup.WaitDelay = waitDelay
	if err := handOver(r.sup, &r.spec, append([]*os.File{r.streams.Stdin, r.streams.Stdout, r.streams.Stderr}, cmd.Files...)); err != nil {
		return nil, err
	}
	if err := r.sup.Start(); err != nil {
		return nil, fmt.Errorf("starting the supervisor: %w", err)
	}
	r.started = time.Now()
	return r, nil
}

// wait sees the run to its end and says how it went.
func (r *run) wait(ctx context.Context) (sandbox.Result, error) {
	defer r.close()
	r.streams.Start()

	sendErr := json.NewEncoder(r.orders).Encode(r.spec)
	reported := make(chan *outcome, 1)
	go func() {
		var o outcome
		if err := json.NewDecoder(r.reports).Decode(&o); err != nil {
			reported <- nil
			return
		}
		reported <- &o
	}()

	o := r.watch(ctx, reported)
	r.orders.Close()
	waitErr := r.sup.Wait()
	if o == nil {
		sweep(r.spec.Mark) // the supervisor did not get to it
	}
	copyErr := r.streams.Finish()

	switch {
	case o == nil && killed(r.sup.ProcessState):
		o = r.orphaned(ctx)
	case o == nil:
		err := errors.Join(sendErr, waitErr)
		if text := r.crash.String(); text != "" {
			return sandbox.Result{}, fmt.Errorf("the supervisor failed: %w\n%s", err, text)
		}
		return sandbox.Result{}, fmt.Errorf("the supervisor ended without a report: %w; is %q a program that supervises?",
			err, strings.Join(r.sup.Args, " "))
	case o.Error != "":
		return sandbox.Result{}, errors.New(o.Error)
	}
	if copyErr != nil {
		return sandbox.Result{}, fmt.Errorf("handing on the output: %w", copyErr)
	}
	result := o.result(r.spec.Limits)
	if r.streams.Exceeded() {
		result.Status, result.ExitCode, result.Signal = sandbox.OutputLimit, -1, ""
		result.Reason = child.OutputReason(r.spec.Limits)
	}
	return result, nil
}

// watch waits for the supervisor's report, hands on why the run should stop, and loses patience with a supervisor that
// does not answer, since the program may have stopped or killed it. Then it returns nil.
func (r *run) watch(ctx context.Context, reported <-chan *outcome) *outcome {
	patience := time.NewTimer(r.spec.Limits.Wall + r.grace)
	defer patience.Stop()
	done, full, waits := ctx.Done(), r.streams.Full(), r.waits
	for {
		select {
		case o := <-reported:
			return o
		case <-done:
			done = nil
			r.order(stopCanceled)
			patience.Reset(r.grace)
		case <-full:
			full = nil
			r.order(stopOutput)
			patience.Reset(r.grace)
		case <-waits:
			waits = nil
			r.order(startLooking)
		case <-patience.C:
			r.sup.Process.Kill()
			return nil
		}
	}
}

// order tells the supervisor what to do. One that is gone is noticed elsewhere.
func (r *run) order(word string) { json.NewEncoder(r.orders).Encode(order{Word: word}) }

// orphaned is the outcome of a run whose supervisor was killed.
func (r *run) orphaned(ctx context.Context) *outcome {
	o := &outcome{Status: sandbox.Signaled, ExitCode: -1, Signal: "SIGKILL", Wall: time.Since(r.started)}
	o.Reason = "The process that supervises the run was killed, by your program or by somebody else; the run was ended."
	switch {
	case ctx.Err() != nil:
		o.Status, o.Signal, o.Reason = sandbox.Canceled, "", ""
	case o.Wall > r.spec.Limits.Wall:
		o.Status, o.Signal, o.Reason = sandbox.TimeLimit, "", ""
	}
	return o
}

func (r *run) close() {
	for _, f := range []*os.File{r.orders, r.reports} {
		if f != nil {
			f.Close()
		}
	}
	if r.streams != nil {
		r.streams.Close()
	}
}

// newSpec checks cmd and fills in the defaults.
func newSpec(cmd *sandbox.Command) (spec, error) {
	if len(cmd.Args) == 0 {
		return spec{}, errors.New("a command without arguments")
	}
	path := cmd.Args[0]
	if !strings.ContainsAny(path, `/\`) {
		found, err := exec.LookPath(path)
		if err != nil {
			return spec{}, err
		}
		path = found
	}
	mark := markKey + "=" + rand.Text()
	return spec{
		Path:   path,
		Args:   cmd.Args,
		Env:    append(append([]string{}, cmd.Env...), mark),
		Dir:    cmd.Dir,
		Files:  len(cmd.Files),
		Limits: child.Limits(cmd.Limits),
		Waits:  cmd.Waits != nil,
		Mark:   mark,
	}, nil
}

// closers are files to close together.
type closers []io.Closer

func (c *closers) add(f io.Closer) { *c = append(*c, f) }

func (c *closers) close() {
	for _, f := range *c {
		f.Close()
	}
}

// A tail keeps the first 16 KiB written to it.
type tail struct{ bytes.Buffer }

func (t *tail) Write(p []byte) (int, error) {
	const most = 16 << 10
	if room := most - t.Len(); room > 0 {
		t.Buffer.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}
