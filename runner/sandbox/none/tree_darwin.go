package none

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"hotloop/runner/sandbox"
)

const (
	rssUnit = 1 // Rusage.Maxrss is in bytes

	// A look starts ps, which takes some 10 ms.
	lookCalmly  = 100 * time.Millisecond
	lookClosely = 50 * time.Millisecond
)

func available() error {
	if _, err := exec.LookPath(ps); err != nil {
		return fmt.Errorf("sandbox driver none: it needs ps to watch what it runs: %w", err)
	}
	return nil
}

// ps by its full name: a supervisor has no PATH.
const ps = "/bin/ps"

// attributes of the command's process. Nothing here ends it with its supervisor; the driver's sweep does.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// prepare keeps other descriptors than the command's own from it, and sets the limits that the kernel can hold by itself.
func prepare(s *spec) error {
	if err := closeOnExec("/dev/fd"); err != nil {
		return fmt.Errorf("closing foreign descriptors: %w", err)
	}
	return setLimits(s.Limits)
}

// memoryLimits is empty: this kernel does not bound what Go maps.
func memoryLimits(sandbox.Limits) []rlimit { return nil }

// A usage is what the tree uses at one moment.
type usage struct {
	procs int
	pids  []int
	rss   int64 // bytes; pages shared between processes count in each of them
	cpu   time.Duration
}

// known are the processes that were once seen in the tree: an orphan belongs to init, and only its past tells whose it was.
var known = map[int]bool{}

// look adds up the living tree: the command's process group, the descendants of the supervisor, and orphans that were
// seen as descendants before.
func look(main int) usage {
	var u usage
	rows := listProcesses()
	self := os.Getpid()
	for grown := true; grown; { // ps does not list parents before their children
		grown = false
		for _, r := range rows {
			if !known[r.pid] && r.pid != self && (r.parent == self || r.group == main || known[r.parent]) && !r.isPS {
				known[r.pid], grown = true, true
			}
		}
	}
	alive := map[int]bool{}
	for _, r := range rows {
		alive[r.pid] = true
		if known[r.pid] {
			u.procs++
			u.pids = append(u.pids, r.pid)
			u.rss += r.rss
			u.cpu += r.cpu
		}
	}
	for pid := range known {
		if !alive[pid] {
			delete(known, pid) // its number may become another process's
		}
	}
	return u
}

// shared is u.rss: ps does not say what processes share.
func shared(u usage) int64 { return u.rss }

func processes(main int) []int { return look(main).pids }

// killTree stops every process of the tree and then kills them all. The caller repeats it until gone.
func killTree(main int) {
	unix.Kill(-main, unix.SIGSTOP)
	pids := look(main).pids
	for _, sig := range []syscall.Signal{unix.SIGSTOP, unix.SIGKILL} {
		for _, pid := range pids {
			unix.Kill(pid, sig)
		}
	}
	unix.Kill(-main, unix.SIGKILL)
}

// reapable is whose death the supervisor waits for: the command. Orphans are init's, and ps is a child, too.
func reapable(main int) int { return main }

// gone is whether nothing is left of the tree once the command has died.
func gone(s *spec, main int) bool {
	sweep(s.Mark)
	return len(look(main).pids) == 0
}

// sweep kills every process of this user that has mark in its environment.
func sweep(mark string) {
	list, err := exec.Command(ps, "-axEww", "-o", "pid=,command=").Output()
	if err != nil {
		return
	}
	for line := range bytes.Lines(list) {
		if !bytes.Contains(line, []byte(mark)) {
			continue
		}
		if pid, err := strconv.Atoi(string(bytes.Fields(line)[0])); err == nil && pid != os.Getpid() {
			unix.Kill(pid, unix.SIGKILL)
		}
	}
}

// A row is what ps says of one process.
type row struct {
	pid, parent, group int
	rss                int64
	cpu                time.Duration
	isPS               bool // the one that asks
}

func listProcesses() []row {
	cmd := exec.Command(ps, "-axo", "pid=,ppid=,pgid=,rss=,time=")
	list, err := cmd.Output()
	if err != nil {
		return nil
	}
	var rows []row
	for line := range bytes.Lines(list) {
		f := strings.Fields(string(line))
		if len(f) < 5 {
			continue
		}
		number := func(i int) int {
			n, _ := strconv.Atoi(f[i])
			return n
		}
		r := row{pid: number(0), parent: number(1), group: number(2), rss: int64(number(3)) << 10, cpu: clock(f[4])}
		r.isPS = r.pid == cmd.Process.Pid
		rows = append(rows, r)
	}
	return rows
}

// clock reads ps's "[[hours:]minutes:]seconds.hundredths".
func clock(text string) time.Duration {
	var total float64
	for part := range strings.SplitSeq(text, ":") {
		n, _ := strconv.ParseFloat(part, 64)
		total = 60*total + n
	}
	return time.Duration(total * float64(time.Second))
}
