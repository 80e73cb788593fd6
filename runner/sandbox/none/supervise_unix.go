//go:build unix

package none

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/child"
)

const (
	firstLook  = time.Millisecond     // a look at the tree comes this long after the start; each next one twice as late
	killPause  = 2 * time.Millisecond // between two attempts to kill the tree
	killWithin = 30 * time.Second     // for all of a tree to die; hundreds of processes on a loaded machine take seconds
)

// A death is the end of one process of the tree, with what it and those it has waited for had used.
type death struct {
	pid    int
	status unix.WaitStatus
	usage  unix.Rusage
}

// A watch is the supervisor's side of a run.
type watch struct {
	spec    *spec
	main    int // process number of the command itself, and of its group
	started time.Time
	outcome outcome
	cpu     time.Duration // the most that was seen: what a program's children used is lost if it ignores their deaths
	deadCPU time.Duration // of the dead
	deadRSS int64         // the largest of the dead
	ending  bool
	giveUp  time.Time
}

// supervise runs the command until nothing is left of it.
func supervise(s *spec, orders <-chan string) *outcome {
	w := &watch{spec: s}
	if err := w.start(); err != nil {
		return &outcome{Error: err.Error()}
	}
	deaths := make(chan death)
	go reap(reapable(w.main), deaths)

	wall := time.NewTimer(s.Limits.Wall)
	pause := firstLook
	next := time.NewTimer(pause)
	if s.Waits {
		next.Stop()
	}
	for {
		select {
		case d, ok := <-deaths:
			if !ok {
				deaths = nil // and there is nobody left to wait for
			} else {
				w.bury(d)
			}
			next.Reset(0)
		case word := <-orders:
			w.obey(word)
			next.Reset(0)
		case <-wall.C:
			w.stop(sandbox.TimeLimit, "")
			next.Reset(0)
		case <-next.C:
			if !w.ending {
				pause = min(2*pause, w.check())
			}
			if deaths == nil && gone(s, w.main) {
				return w.finish()
			}
			if w.ending {
				killTree(w.main)
				pause = killPause
				if time.Now().After(w.giveUp) {
					return &outcome{Error: fmt.Sprintf("processes %v do not die", processes(w.main))}
				}
			}
			next.Reset(pause)
		}
	}
}

// start prepares the supervisor and starts the command in a process group of its own.
func (w *watch) start() error {
	runtime.LockOSThread() // the command is told of the end of the thread that started it, not of the process
	if err := prepare(w.spec); err != nil {
		return fmt.Errorf("preparing the supervisor: %w", err)
	}
	n := firstFile + 3 + w.spec.Files
	files := make([]uintptr, 0, n)
	for fd := firstFile; fd < n; fd++ {
		files = append(files, uintptr(fd))
	}
	pid, err := syscall.ForkExec(w.spec.Path, w.spec.Args, &syscall.ProcAttr{
		Dir: w.spec.Dir, Env: w.spec.Env, Files: files, Sys: attributes(),
	})
	if err != nil {
		return fmt.Errorf("starting %s: %w", w.spec.Path, &os.PathError{Op: "exec", Path: w.spec.Path, Err: err})
	}
	w.main, w.started = pid, time.Now()
	for fd := firstFile; fd < n; fd++ {
		unix.Close(fd) // else a reader of the command's output would wait for the supervisor, too
	}
	return nil
}

// reap tells the deaths of those children that pid stands for in wait4, and closes the channel when there is none left.
func reap(pid int, deaths chan<- death) {
	defer close(deaths)
	for {
		var d death
		var err error
		switch d.pid, err = unix.Wait4(pid, &d.status, 0, &d.usage); err {
		case nil:
			deaths <- d
		case unix.EINTR:
		default:
			return
		}
	}
}

func (w *watch) bury(d death) {
	w.deadCPU += time.Duration(d.usage.Utime.Nano() + d.usage.Stime.Nano())
	w.deadRSS = max(w.deadRSS, d.usage.Maxrss*rssUnit)
	if d.pid == w.main {
		w.ended(d.status)
	}
}

// ended notes how the command itself ended; what it leaves behind is killed.
func (w *watch) ended(status unix.WaitStatus) {
	if w.ending {
		return
	}
	w.stop(sandbox.Exited, "")
	w.outcome.ExitCode = status.ExitStatus()
	if status.Signaled() {
		w.outcome.Status, w.outcome.Signal = sandbox.Signaled, unix.SignalName(status.Signal())
	}
}

func (w *watch) obey(word string) {
	switch word {
	case startLooking: // as after every order
	case stopOutput:
		w.stop(sandbox.OutputLimit, "")
	default:
		w.stop(sandbox.Canceled, "")
	}
}

// stop ends the run. The first reason counts.
func (w *watch) stop(status sandbox.Status, why string) {
	if w.ending {
		return
	}
	w.ending = true
	w.giveUp = time.Now().Add(killWithin)
	w.outcome.Status, w.outcome.ExitCode, w.outcome.Reason = status, -1, why
	w.outcome.Wall = time.Since(w.started)
}

// check compares what the tree uses with the limits and says when to look again.
func (w *watch) check() time.Duration {
	u := look(w.main)
	limits := w.spec.Limits
	if u.rss > limits.Memory && u.procs > 1 {
		u.rss = shared(u) // pages that processes share were counted in each of them
	}
	w.outcome.MaxRSS = max(w.outcome.MaxRSS, u.rss)
	w.cpu = max(w.cpu, u.cpu+w.deadCPU)
	switch {
	case u.rss > limits.Memory:
		w.stop(sandbox.MemoryLimit, "")
	case u.procs > limits.Procs:
		w.stop(sandbox.ProcessLimit, "")
	case w.cpu > limits.CPU:
		w.stop(sandbox.TimeLimit, child.CPUReason(limits))
	}
	if u.rss > limits.Memory/2 || u.procs > limits.Procs/2 {
		return lookClosely
	}
	return lookCalmly
}

// finish adds what is known when all are dead. A process starts with the peak of the one it was forked from, so a peak of
// the dead that is not above the supervisor's own only says something if nothing better is known.
func (w *watch) finish() *outcome {
	w.outcome.CPU = max(w.cpu, w.deadCPU)
	var self unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &self) == nil && (w.deadRSS > self.Maxrss*rssUnit || w.outcome.MaxRSS == 0) {
		w.outcome.MaxRSS = max(w.outcome.MaxRSS, w.deadRSS)
	}
	return &w.outcome
}
