//go:build amd64 || arm64

package cell

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/child"
)

const (
	look       = 10 * time.Millisecond  // between two looks at the counters; memory and tasks have hard limits besides
	killPause  = 100 * time.Microsecond // after the first attempt to kill what is left; it doubles up to look
	mainGrace  = 100 * time.Millisecond
	killWithin = 10 * time.Second // then something is stuck in the kernel
)

// A run is one command, seen from outside of its sandbox.
type run struct {
	host   *host
	helper []string
	cmd    *sandbox.Command
	limits sandbox.Limits

	needs   Needs
	slot    *slot
	group   *group
	entry   *Entry
	streams *child.Streams
	stderr  head          // what the box itself complains of goes there, too
	main    *exec.Cmd     // the helper, and then the box's program
	exited  chan struct{} // closed when that is gone
	report  *os.File      // of the helper
	status  *os.File      // of the box
	started time.Time

	ending bool
	result sandbox.Result
}

// prepare makes everything that the run needs and that can fail before it starts.
func (r *run) prepare() error {
	program, err := findProgram(r.cmd)
	if err != nil {
		return err
	}
	all, err := binds(r.cmd, program)
	if err != nil {
		return err
	}
	dir := r.cmd.Dir
	if r.cmd.Scratch {
		dir = ""
	}
	if dir != "" && !isDir(dir) {
		return &fs.PathError{Op: "chdir", Path: dir, Err: unix.ENOENT}
	}
	if r.slot, err = r.host.slots.take(dir); err != nil {
		return err
	}
	r.needs = r.host.box.Needs(r.limits.Procs)
	allowed := sandbox.Limits{Memory: r.limits.Memory + r.needs.Memory, Procs: r.taskLimit() + r.needs.Tasks}
	if r.group, err = r.host.groups.create(r.slot.group(), allowed); err != nil {
		return err
	}
	in := &Inside{Command: r.cmd, Args: append([]string{program}, r.cmd.Args[1:]...), Binds: all, Limits: r.limits,
		UID: os.Geteuid(), GID: os.Getegid(), Name: r.slot.group(), staging: r.host.root || r.needs.Private}
	for i := range all {
		if !all[i].Memory {
			all[i].Source = in.Stage(all[i].Path)
		}
	}
	if r.host.root {
		in.UID, in.GID = r.slot.uid, r.slot.uid
		if err := own(dir, in.UID); err != nil {
			return err
		}
	}
	r.entry = r.host.box.Enter(in)
	r.entry.Parent, r.entry.Join, r.entry.Stage = os.Getpid(), r.group.join, in.staged
	if r.host.root {
		r.entry.UID = in.UID
	}
	return nil
}

// taskLimit is what the kernel holds at every moment; that there are no more processes than allowed is seen to later.
func (r *run) taskLimit() int { return r.limits.Procs + r.needs.Spare }

// own gives the files in dir to the user of the run, who must be able to change them. Links are not followed.
func own(dir string, uid int) error {
	if dir == "" {
		return nil
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, uid)
	})
}

// start starts the helper, and returns when it has become the program of the box.
func (r *run) start() (err error) {
	r.cmd = watchStderr(r.cmd, &r.stderr)
	if r.streams, err = child.Open(r.cmd, r.limits.Output); err != nil {
		return err
	}
	var theirs []*os.File
	defer func() {
		for _, f := range theirs {
			f.Close()
		}
	}()
	pipe := func() (ours, end *os.File) {
		if err == nil {
			ours, end, err = os.Pipe()
			theirs = append(theirs, end)
		}
		return ours, end
	}
	var entryEnd, entryPipe *os.File
	if entryEnd, entryPipe, err = os.Pipe(); err != nil {
		return err
	}
	theirs = append(theirs, entryEnd)
	defer entryPipe.Close()
	report, reportEnd := pipe()
	status, statusEnd := pipe()
	r.report, r.status = report, status
	if err != nil {
		return err
	}

	r.main = exec.Command(r.helper[0], r.helper[1:]...)
	r.main.Env = []string{enterKey + "=" + strconv.Itoa(3+len(r.cmd.Files))}
	r.main.Stdin, r.main.Stdout, r.main.Stderr = r.streams.Stdin, r.streams.Stdout, r.streams.Stderr
	r.main.ExtraFiles = append(append([]*os.File{}, r.cmd.Files...), entryEnd, reportEnd, statusEnd)
	r.main.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	r.separate(r.main.SysProcAttr)
	if r.group.born != nil {
		r.main.SysProcAttr.UseCgroupFD, r.main.SysProcAttr.CgroupFD = true, int(r.group.born.Fd())
	}
	if err := r.spawn(); err != nil {
		return err
	}
	r.streams.Start()
	for _, f := range theirs {
		f.Close()
	}
	sendErr := json.NewEncoder(entryPipe).Encode(r.entry)
	entryPipe.Close()
	said, err := io.ReadAll(report)
	complaint, entered := strings.CutPrefix(string(said), entering)
	switch {
	case complaint != "":
		return errors.New(complaint)
	case sendErr != nil || err != nil:
		return fmt.Errorf("talking to the helper: %w", errors.Join(sendErr, err))
	case !entered:
		return fmt.Errorf("the helper ended without a word; is %q a program that enters sandboxes?", strings.Join(r.helper, " "))
	}
	return nil
}

// separate gives the helper mounts of its own, if it has any to make. Who is not root is it for that in a user namespace.
func (r *run) separate(attr *syscall.SysProcAttr) {
	switch {
	case len(r.entry.Stage) == 0:
	case r.host.root:
		attr.Unshareflags = syscall.CLONE_NEWNS
	default:
		uid, gid := os.Geteuid(), os.Getegid()
		attr.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
		attr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN}
	}
}

// spawn starts the helper from a thread that stays until it is gone: it would be killed with the thread.
func (r *run) spawn() error {
	started := make(chan error, 1)
	r.exited = make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(r.exited)
		r.started = time.Now()
		err := r.main.Start()
		started <- err
		if err == nil {
			_ = r.main.Wait() // how it ended is in ProcessState
		}
	}()
	return <-started
}

// wait sees the run to its end and says how it went.
func (r *run) wait(ctx context.Context) (sandbox.Result, error) {
	var status bytes.Buffer
	var reading sync.WaitGroup
	reading.Go(func() { io.Copy(&status, r.status) })

	r.watch(ctx)
	err := r.killAll()
	copyErr := r.streams.Finish()
	reading.Wait()
	if err != nil {
		return sandbox.Result{}, err
	}
	if copyErr != nil {
		return sandbox.Result{}, fmt.Errorf("handing on the output: %w", copyErr)
	}
	if err := r.settle(status.Bytes()); err != nil {
		return sandbox.Result{}, err
	}
	return r.result, nil
}

// watch returns when the box has ended, or when the run is to end.
func (r *run) watch(ctx context.Context) {
	wall := time.NewTimer(time.Until(r.started.Add(r.limits.Wall)))
	defer wall.Stop()
	ticks := time.NewTicker(look)
	defer ticks.Stop()
	waits := r.cmd.Waits
	if waits != nil {
		ticks.Stop()
	}
	for !r.ending {
		select {
		case <-r.exited:
			return
		case <-ctx.Done():
			r.stop(sandbox.Canceled, "")
		case <-r.streams.Full():
			r.stop(sandbox.OutputLimit, "")
		case <-wall.C:
			r.stop(sandbox.TimeLimit, "")
		case <-waits:
			waits = nil
			ticks.Reset(look)
		case <-ticks.C:
			r.check()
		}
	}
}

// check compares the counters with the limits.
func (r *run) check() {
	u := r.group.usage()
	switch {
	case u.ooms > 0:
		r.stop(sandbox.MemoryLimit, "")
	case r.host.box.Crowded(u.pids, r.main.Process.Pid, r.limits.Procs):
		r.stop(sandbox.ProcessLimit, "")
	case u.refusals > 0:
		r.stop(sandbox.ProcessLimit, fmt.Sprintf("Your program tried to start more than %d processes or threads.", r.taskLimit()))
	case u.cpu > r.limits.CPU:
		r.stop(sandbox.TimeLimit, child.CPUReason(r.limits))
	}
}

// stop ends the run. The first reason counts.
func (r *run) stop(status sandbox.Status, why string) {
	if r.ending {
		return
	}
	r.ending = true
	r.result.Status, r.result.ExitCode, r.result.Reason = status, -1, why
	r.result.Wall = time.Since(r.started)
}

// killAll kills what is left, and returns when nobody is. The box itself is given a moment to bury its children:
// otherwise the dead are left to the machine's first process.
func (r *run) killAll() error {
	begun := time.Now()
	for pause := killPause; ; pause = min(2*pause, look) {
		main := r.main.Process.Pid
		if time.Since(begun) > mainGrace {
			main = 0
		}
		r.group.kill(main)
		select {
		case <-r.exited:
			if len(r.group.processes()) == 0 {
				return nil
			}
		default:
		}
		if time.Since(begun) > killWithin {
			return fmt.Errorf("processes %v do not die", r.group.processes())
		}
		time.Sleep(pause)
	}
}

func (r *run) close() {
	for _, f := range []*os.File{r.report, r.status} {
		if f != nil {
			f.Close()
		}
	}
	if r.streams != nil {
		r.streams.Close()
	}
	if r.main != nil && r.main.Process != nil {
		r.killAll() // a helper that failed has ended already
	}
	if r.group != nil {
		r.group.remove()
	}
	if r.slot != nil {
		r.slot.free()
	}
}
