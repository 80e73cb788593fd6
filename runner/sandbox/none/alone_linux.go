package none

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/child"
)

// canBeAlone is whether runAlone works on this system.
const canBeAlone = true

// runAlone runs a command that starts no others. There is no tree to watch and no orphan to catch, so that this process
// does without a supervisor; the kernel kills the command if this process is gone.
func runAlone(ctx context.Context, cmd *sandbox.Command) (sandbox.Result, error) {
	s, err := newSpec(cmd)
	if err != nil {
		return sandbox.Result{}, err
	}
	streams, err := child.Open(cmd, s.Limits.Output)
	if err != nil {
		return sandbox.Result{}, err
	}
	defer streams.Close()
	runtime.LockOSThread() // what the kernel waits for is the end of the thread that has started the command
	defer runtime.UnlockOSThread()
	a := &alone{limits: s.Limits, started: time.Now(), ended: make(chan error, 1)}
	a.cmd = &exec.Cmd{Path: s.Path, Args: s.Args, Env: cmd.Env, Dir: s.Dir, SysProcAttr: attributes(), ExtraFiles: cmd.Files,
		Stdin: streams.Stdin, Stdout: streams.Stdout, Stderr: streams.Stderr}
	if err := a.cmd.Start(); err != nil {
		return sandbox.Result{}, fmt.Errorf("starting %s: %w", s.Path, err)
	}
	streams.Start()
	go func() { a.ended <- a.cmd.Wait() }()
	a.watch(ctx, streams.Full())
	if err := streams.Finish(); err != nil {
		return sandbox.Result{}, fmt.Errorf("handing on the output: %w", err)
	}
	if streams.Exceeded() {
		a.stop(sandbox.OutputLimit, "")
	}
	return a.result()
}

// An alone is such a command while it runs.
type alone struct {
	cmd     *exec.Cmd
	limits  sandbox.Limits
	started time.Time
	ended   chan error
	err     error

	outcome outcome // Status is set when the command must end before its time
}

// watch waits for the end of the command, and brings it about when a limit is exceeded.
func (a *alone) watch(ctx context.Context, full <-chan struct{}) {
	wall := time.NewTimer(a.limits.Wall)
	defer wall.Stop()
	pause := firstLook
	next := time.NewTimer(pause)
	defer next.Stop()
	for done := ctx.Done(); ; {
		select {
		case a.err = <-a.ended:
			return
		case <-done:
			done = nil
			a.stop(sandbox.Canceled, "")
		case <-full:
			full = nil
			a.stop(sandbox.OutputLimit, "")
		case <-wall.C:
			a.stop(sandbox.TimeLimit, "")
		case <-next.C:
			a.look()
			pause = min(2*pause, lookCalmly)
			next.Reset(pause)
		}
	}
}

func (a *alone) look() {
	now, ok := stat(a.cmd.Process.Pid)
	if !ok {
		return
	}
	a.outcome.MaxRSS = max(a.outcome.MaxRSS, now.rss)
	switch {
	case now.rss > a.limits.Memory:
		a.stop(sandbox.MemoryLimit, "")
	case now.cpu > a.limits.CPU:
		a.stop(sandbox.TimeLimit, child.CPUReason(a.limits))
	}
}

// stop kills the command. The first reason counts.
func (a *alone) stop(status sandbox.Status, why string) {
	if a.outcome.Status == "" {
		a.outcome.Status, a.outcome.Reason, a.outcome.ExitCode = status, why, -1
	}
	a.cmd.Process.Kill() // nothing happens if it has ended
}

func (a *alone) result() (sandbox.Result, error) {
	state := a.cmd.ProcessState
	if state == nil {
		return sandbox.Result{}, fmt.Errorf("waiting for %s: %w", a.cmd.Path, a.err)
	}
	o := &a.outcome
	o.Wall, o.CPU = time.Since(a.started), state.UserTime()+state.SystemTime()
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		o.MaxRSS = max(o.MaxRSS, usage.Maxrss*rssUnit)
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && o.Status == "" {
		o.Status, o.ExitCode = sandbox.Exited, status.ExitStatus()
		if status.Signaled() {
			o.Status, o.Signal = sandbox.Signaled, unix.SignalName(status.Signal())
		}
	}
	return o.result(a.limits), nil
}
