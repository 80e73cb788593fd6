//go:build amd64 || arm64

package cell

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"hotloop/runner/sandbox"
)

// A group is the control group of one run.
type group struct {
	dirs   []string // one for each hierarchy
	procs  string   // the file that lists processes
	join   []string // files to write a process number into; empty if processes are born in the group
	born   *os.File // version 2: the group's folder
	killer string   // version 2: the file that kills all
	files  counters
}

// counters are the files that tell what a group has used. They stay open, to be read often.
type counters struct {
	ooms, refusals, cpu, peak *os.File
	cpuKey                    string        // before the number; empty: the file is the number
	cpuUnit                   time.Duration // of the number
}

// A usage is what a group has used so far.
type usage struct {
	pids     []int         // processes that are alive now
	ooms     int           // processes that the kernel killed because of the memory limit
	refusals int           // processes or threads that the task limit refused
	cpu      time.Duration // of all, the dead included
}

// A cgroups is where this process may make groups, found once.
type cgroups interface {
	// create makes the group name with limits of memory, and of tasks as Procs. A group of that name was left by a process that is gone.
	create(name string, l sandbox.Limits) (*group, error)
}

// findCgroups finds where groups can be made: in version 1 of control groups, or in version 2, where the group that this
// process is in was delegated.
func findCgroups() (cgroups, error) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, &Lack{What: "cannot see what is mounted", Fix: `mount /proc: "mount -t proc proc /proc"`, Err: err}
	}
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, &Lack{What: "this kernel has no control groups", Fix: "use a kernel with CONFIG_CGROUPS"}
	}
	hierarchies := readHierarchies(string(mounts), string(own))
	if h, ok := hierarchies["memory"]; ok {
		return findVersion1(h, hierarchies)
	}
	if h, ok := hierarchies[""]; ok {
		return findVersion2(h)
	}
	return nil, &Lack{What: "no control groups are mounted", Fix: `mount them: "mount -t cgroup2 cgroup2 /sys/fs/cgroup"`}
}

// A hierarchy is a mounted tree of control groups.
type hierarchy struct {
	mount string
	own   string // folder of the group that this process is in
}

// readHierarchies finds the hierarchies by controller; the one of version 2 is "".
func readHierarchies(mounts, own string) map[string]hierarchy {
	paths := map[string]string{}
	for line := range strings.Lines(own) { // 4:memory:/user.slice
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) == 3 {
			for controller := range strings.SplitSeq(fields[1], ",") {
				paths[controller] = fields[2]
			}
		}
	}
	found := map[string]hierarchy{}
	for line := range strings.Lines(mounts) { // 30 23 0:26 / /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory
		before, after, ok := strings.Cut(strings.TrimSpace(line), " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(kind) < 3 {
			continue
		}
		root, mount := fields[3], fields[4]
		add := func(controller string) {
			path, ok := paths[controller]
			if !ok {
				return
			}
			h := hierarchy{mount: mount, own: mount}
			if rel, err := filepath.Rel(root, path); err == nil && filepath.IsLocal(rel) {
				if dir := filepath.Join(mount, rel); isDir(dir) {
					h.own = dir
				}
			}
			found[controller] = h
		}
		switch kind[0] {
		case "cgroup2":
			add("")
		case "cgroup":
			for option := range strings.SplitSeq(kind[2], ",") {
				if !strings.HasPrefix(option, "name=") {
					add(option)
				}
			}
		}
	}
	return found
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// usage reads the counters.
func (g *group) usage() usage {
	u := usage{
		pids:     g.processes(),
		ooms:     int(keyed(readAt(g.files.ooms), "oom_kill")),
		refusals: int(keyed(readAt(g.files.refusals), "max")),
	}
	if text := readAt(g.files.cpu); g.files.cpuKey != "" {
		u.cpu = time.Duration(keyed(text, g.files.cpuKey)) * g.files.cpuUnit
	} else {
		u.cpu = time.Duration(number(text)) * g.files.cpuUnit
	}
	return u
}

// peak is the most memory that the group held at one time, page cache and tmpfs included.
func (g *group) peak() int64 { return number(readAt(g.files.peak)) }

// kill kills everything in the group; main, if not 0, is left to notice it by itself. It is repeated until the group is
// empty. The first process of a namespace takes all others with it.
func (g *group) kill(main int) {
	if g.killer != "" && os.WriteFile(g.killer, []byte("1"), 0) == nil {
		return
	}
	for _, pid := range g.processes() {
		if pid != main {
			unix.Kill(pid, unix.SIGKILL)
		}
	}
}

// processes are the numbers of those in the group.
func (g *group) processes() []int { return listed(g.procs) }

// listed reads a list of processes. The file is opened anew each time: version 1 makes the list when it is opened.
func listed(file string) (pids []int) {
	text, _ := os.ReadFile(file)
	for field := range bytes.FieldsSeq(text) {
		if pid, err := strconv.Atoi(string(field)); err == nil && pid > 1 {
			pids = append(pids, pid)
		}
	}
	return pids
}

// remove removes the group, which is empty. The kernel may take a moment to agree.
func (g *group) remove() error {
	for _, f := range []*os.File{g.files.ooms, g.files.refusals, g.files.cpu, g.files.peak, g.born} {
		if f != nil {
			f.Close()
		}
	}
	var errs []error
	for _, dir := range g.dirs {
		errs = append(errs, removeGroup(dir))
	}
	return errors.Join(errs...)
}

func removeGroup(dir string) error {
	for deadline := time.Now().Add(time.Second); ; time.Sleep(time.Millisecond) {
		err := syscall.Rmdir(dir)
		if err == nil || err == syscall.ENOENT {
			return nil
		}
		if err != syscall.EBUSY || time.Now().After(deadline) {
			return fmt.Errorf("removing the control group %s: %w", dir, err)
		}
	}
}

// makeGroup makes the folder of a group anew.
func makeGroup(dir string) error {
	err := os.Mkdir(dir, 0o755)
	if !errors.Is(err, os.ErrExist) {
		return err
	}
	for _, pid := range listed(dir + "/cgroup.procs") { // left by a run whose driver was killed
		unix.Kill(pid, unix.SIGKILL)
	}
	if err := removeGroup(dir); err != nil {
		return err
	}
	return os.Mkdir(dir, 0o755)
}

// A setting is a file of a group and what to write into it.
type setting struct {
	file, value string
	optional    bool // not on every kernel
}

func apply(dir string, settings []setting) error {
	for _, s := range settings {
		err := os.WriteFile(filepath.Join(dir, s.file), []byte(s.value), 0)
		if err != nil && !s.optional {
			return fmt.Errorf("limiting the control group: %w", err)
		}
	}
	return nil
}

// readAt is the content of an open counter.
func readAt(f *os.File) []byte {
	if f == nil {
		return nil
	}
	buf := make([]byte, 4096)
	for n := 0; ; {
		m, err := unix.Pread(int(f.Fd()), buf[n:], int64(n))
		if err == unix.EINTR {
			continue
		}
		if m <= 0 || err != nil {
			return buf[:n]
		}
		if n += m; n == len(buf) {
			buf = append(buf, make([]byte, len(buf))...)
		}
	}
}

// keyed is the number behind key in lines like "oom_kill 3".
func keyed(text []byte, key string) int64 {
	for line := range bytes.Lines(text) {
		if name, value, ok := bytes.Cut(line, []byte(" ")); ok && string(name) == key {
			return number(value)
		}
	}
	return 0
}

func number(text []byte) int64 {
	n, _ := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	return n
}
