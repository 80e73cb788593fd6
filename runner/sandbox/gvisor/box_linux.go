//go:build amd64 || arm64

package gvisor

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"hotloop/runner/sandbox/cell"
)

// New makes the driver. The helper is the command line of a process that imports this package and calls cell.Enter:
// []string{exe, "__enter"}.
func New(helper []string) *cell.Driver { return cell.New(name, helper, find) }

// install is how to get runsc. Its version is that of the branch "go" of gVisor's repository, which has the files that are
// otherwise generated; nothing newer has been tried.
const install = "build runsc, which takes some minutes: CGO_ENABLED=0 go install -trimpath -ldflags='-s -w' " +
	"gvisor.dev/gvisor/runsc@v0.0.0-20260905035102-160fafc42237, and put it into PATH (GOBIN=/usr/local/bin)"

// A box is gVisor on this machine.
type box struct {
	runsc  string
	kernel string // release of the machine's own
}

func find() (cell.Box, error) {
	path, err := exec.LookPath("runsc")
	if err != nil {
		return nil, &cell.Lack{What: `no program "runsc" in PATH`, Fix: install}
	}
	if path, err = filepath.EvalSymlinks(path); err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return nil, &cell.Lack{What: "runsc cannot be looked at", Fix: install, Err: err}
	}
	if out, err := exec.Command(path, "--version").Output(); err != nil || !strings.HasPrefix(string(out), "runsc version ") {
		return nil, &cell.Lack{What: path + " does not say which gVisor it is", Fix: install, Err: err}
	}
	var system unix.Utsname
	if err := unix.Uname(&system); err != nil {
		return nil, fmt.Errorf("asking for the kernel's release: %w", err)
	}
	return &box{path, unix.ByteSliceToString(system.Release[:])}, nil
}

// Needs are the measured use of runsc's processes, and tasks for the threads of its kernel and for those that resume the
// command's: up to one more for each process on each processor.
func (b *box) Needs(procs int) cell.Needs {
	const (
		memory  = 20 << 20
		threads = 1024
	)
	return cell.Needs{Memory: memory, Tasks: threads, Spare: (procs + nobodys) * runtime.NumCPU(), Private: true}
}

// nobodys are two address spaces of gVisor's that are no process of the command's: all others are copies of the first, and
// one that has been given up is kept for the next.
const nobodys = 2

// Crowded counts the processes in the group that stand for an address space of the command's: the children of gVisor's
// kernel, which is a child of runsc.
func (b *box) Crowded(pids []int, main, most int) bool {
	if len(pids) <= most+nobodys { // nothing to look for, which is always so in an honest run
		return false
	}
	parents := map[int]int{}
	for _, pid := range pids {
		parents[pid] = parent(pid)
	}
	spaces := 0
	for _, pid := range pids {
		if kernel, ok := parents[parents[pid]]; ok && kernel == main {
			spaces++
		}
	}
	return spaces-nobodys > most
}

// parent is the number of a process's parent; 0 if it has just ended.
func parent(pid int) int {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ") // 28182 (exe) S 28151 …
	fields := strings.Fields(after)
	if len(fields) < 2 {
		return 0
	}
	number, _ := strconv.Atoi(fields[1])
	return number
}

func (b *box) Probe() []string { return []string{cell.ProbeKernel + "=" + b.kernel} }

// Ended is runsc's exit status, which is the command's, or that of the kernel if something killed it. What runsc itself
// complains of, it writes as JSON, and then the command was not started.
func (b *box) Ended(e cell.Ending) (code int, err error) {
	if len(e.Status) > 0 {
		return 0, explain(b.runsc, e.Status)
	}
	if e.Exit.Signaled() {
		return 0, errors.New("runsc was killed")
	}
	return e.Exit.ExitStatus(), nil
}

// explain makes a complaint about the machine a *cell.Lack. One about the command stays what it is.
func explain(runsc string, status []byte) error {
	var said struct{ Msg string }
	if json.Unmarshal(status, &said) != nil || said.Msg == "" {
		said.Msg = strings.TrimSpace(string(status))
	}
	err := errors.New(said.Msg)
	switch {
	case strings.Contains(said.Msg, "creating process: "): // all else was made
		return err
	case strings.Contains(said.Msg, syscall.EPERM.Error()), strings.Contains(said.Msg, syscall.EACCES.Error()):
		return &cell.Lack{What: "sandboxes cannot be made", Err: err,
			Fix: cell.AppArmorFix(runsc) + "\nin a container, allow it to make namespaces (docker run --privileged), or use a machine of its own"}
	}
	return &cell.Lack{What: "this runsc cannot make sandboxes here", Err: err, Fix: install}
}
