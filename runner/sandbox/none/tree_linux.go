package none

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	rssUnit = 1 << 10 // Rusage.Maxrss is in KiB

	// Memory grows at up to 4 GiB/s; a look takes some 50 µs for one process.
	lookCalmly  = 20 * time.Millisecond
	lookClosely = 10 * time.Millisecond
)

func available() error {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		return fmt.Errorf("sandbox driver none: it needs /proc to watch what it runs: %w; mount it with \"mount -t proc proc /proc\"", err)
	}
	return nil
}

// attributes of the command's process. If the supervisor is killed, so is the command; the thread that starts it is the
// main one, which lives as long as the supervisor.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// prepare makes orphans fall to this process, keeps other descriptors than the command's own from it, and sets the
// limits that the kernel can hold by itself.
func prepare(s *spec) error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("becoming the reaper of orphans: %w", err)
	}
	err := unix.CloseRange(firstFile, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EINVAL) { // before Linux 5.11
		err = closeOnExec("/proc/self/fd")
	}
	if err != nil {
		return fmt.Errorf("closing foreign descriptors: %w", err)
	}
	return setLimits(s.Limits)
}

// reapable is whose deaths the supervisor waits for: all its children, since orphans become its children, too.
func reapable(int) int { return -1 }

// gone is whether nothing is left of the tree when no child is left: a descendant has a parent, or is a child.
func gone(*spec, int) bool { return true }

// A statistic is what /proc/PID/stat says of one process.
type statistic struct {
	pid, parent, threads int
	cpu                  time.Duration // with that of its dead children
	rss                  int64         // bytes
}

// A usage is what the tree uses at one moment.
type usage struct {
	procs int
	pids  []int
	rss   int64 // bytes; pages shared between processes count in each of them
	cpu   time.Duration
}

// look adds up the living tree. The supervisor itself is not part of it.
func look(int) usage {
	var u usage
	walk(func(s statistic) {
		u.procs++
		u.pids = append(u.pids, s.pid)
		u.rss += s.rss
		u.cpu += s.cpu
	})
	return u
}

// processes are the living tree's numbers.
func processes(int) []int { return look(0).pids }

// walk visits the descendants of this process, zombies included.
func walk(visit func(statistic)) {
	queue := children(nil, os.Getpid(), 2) // 2: this process has threads, too
	if queue == nil && !childrenFiles() {
		walkAll(visit)
		return
	}
	seen := map[int]bool{}
	for i := 0; i < len(queue); i++ {
		pid := queue[i]
		if seen[pid] {
			continue
		}
		seen[pid] = true
		s, ok := stat(pid)
		if !ok {
			continue
		}
		visit(s)
		queue = children(queue, pid, s.threads)
	}
}

// children appends the children of all threads of a process to pids.
func children(pids []int, pid, threads int) []int {
	dir := "/proc/" + strconv.Itoa(pid) + "/task/"
	if threads <= 1 {
		return parseNumbers(pids, readProc(dir+strconv.Itoa(pid)+"/children"))
	}
	tasks, err := os.Open(dir)
	if err != nil {
		return pids
	}
	defer tasks.Close()
	names, _ := tasks.Readdirnames(-1)
	for _, tid := range names {
		pids = parseNumbers(pids, readProc(dir+tid+"/children"))
	}
	return pids
}

// childrenFiles is whether the kernel was built with CONFIG_PROC_CHILDREN, as those of the distributions are.
func childrenFiles() bool {
	_, err := os.Stat("/proc/self/task/" + strconv.Itoa(os.Getpid()) + "/children")
	return err == nil
}

// walkAll is walk by the parents of all processes of the machine.
func walkAll(visit func(statistic)) {
	byParent := map[int][]statistic{}
	for _, pid := range allProcesses() {
		if s, ok := stat(pid); ok {
			byParent[s.parent] = append(byParent[s.parent], s)
		}
	}
	queue := byParent[os.Getpid()]
	for i := 0; i < len(queue); i++ {
		visit(queue[i])
		queue = append(queue, byParent[queue[i].pid]...)
	}
}

func allProcesses() []int {
	proc, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer proc.Close()
	names, _ := proc.Readdirnames(-1)
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

func stat(pid int) (statistic, bool) {
	text := readProc("/proc/" + strconv.Itoa(pid) + "/stat")
	// The name in parentheses may hold anything, parentheses and spaces as well.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 22 {
		return statistic{}, false
	}
	number := func(n int) int64 { // n as in proc_pid_stat(5), where the state is 3
		v, _ := strconv.ParseInt(string(fields[n-3]), 10, 64)
		return v
	}
	const tick = time.Second / 100 // USER_HZ is 100 wherever Go runs
	return statistic{
		pid:     pid,
		parent:  int(number(4)),
		threads: int(number(20)),
		cpu:     time.Duration(number(14)+number(15)+number(16)+number(17)) * tick,
		rss:     number(24) * int64(os.Getpagesize()),
	}, true
}

// shared is the resident memory of the tree with shared pages divided by those who share them. It walks page tables,
// which takes milliseconds per GiB, so it is only asked when it decides.
func shared(u usage) int64 {
	var sum int64
	for _, pid := range u.pids {
		sum += proportional(pid)
	}
	return sum
}

func proportional(pid int) int64 {
	for line := range bytes.Lines(readProc("/proc/" + strconv.Itoa(pid) + "/smaps_rollup")) {
		if rest, ok := bytes.CutPrefix(line, []byte("Pss:")); ok {
			kib, _ := strconv.ParseInt(string(bytes.Fields(rest)[0]), 10, 64)
			return kib << 10
		}
	}
	s, _ := stat(pid) // a process that does not let itself be looked at
	return s.rss
}

// readProc is the content of a file in /proc, empty if its process is gone. os.ReadFile would ask for the size and try
// to poll, for each of thousands of reads.
func readProc(path string) []byte {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	var content []byte
	buf := make([]byte, 4096)
	for {
		n, err := unix.Read(fd, buf)
		if err == unix.EINTR {
			continue
		}
		if n <= 0 || err != nil {
			return content
		}
		content = append(content, buf[:n]...)
	}
}

func parseNumbers(numbers []int, text []byte) []int {
	for field := range bytes.FieldsSeq(text) {
		if n, err := strconv.Atoi(string(field)); err == nil {
			numbers = append(numbers, n)
		}
	}
	return numbers
}
