//go:build amd64 || arm64

package cell

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"hotloop/runner/sandbox"
)

// version1 makes groups in the hierarchies of version 1, each beneath the group that this process is in.
type version1 struct {
	memory, pids string
	cpuacct      string // may be empty
}

func findVersion1(memory hierarchy, all map[string]hierarchy) (cgroups, error) {
	v := version1{memory: memory.own, cpuacct: all["cpuacct"].own}
	pids, ok := all["pids"]
	if !ok {
		return nil, &Lack{What: "no control groups that count processes are mounted",
			Fix: `mount them: "mkdir -p /sys/fs/cgroup/pids && mount -t cgroup -o pids pids /sys/fs/cgroup/pids"`}
	}
	v.pids = pids.own
	if os.Geteuid() != 0 {
		return nil, &Lack{What: "control groups of version 1, as here, are for root only",
			Fix: "start hotloop as root: each run gets a user of its own and is never root; or boot with systemd.unified_cgroup_hierarchy=1"}
	}
	return v, nil
}

func (v version1) create(name string, l sandbox.Limits) (_ *group, err error) {
	g := &group{}
	defer func() {
		if err != nil {
			g.remove()
		}
	}()
	add := func(parent string, settings ...setting) (dir string) {
		if parent == "" || err != nil {
			return ""
		}
		dir = filepath.Join(parent, name)
		if !slices.Contains(g.dirs, dir) { // two controllers may share a hierarchy
			if err = makeGroup(dir); err != nil {
				return ""
			}
			g.dirs = append(g.dirs, dir)
			// One thread, not a process: for that the kernel need not wait until nobody forks, which takes it up to 15 ms.
			g.join = append(g.join, dir+"/tasks")
		}
		err = apply(dir, settings)
		return dir
	}
	most := strconv.FormatInt(l.Memory, 10)
	memory := add(v.memory, setting{file: "memory.limit_in_bytes", value: most},
		setting{file: "memory.memsw.limit_in_bytes", value: most, optional: true},
		setting{file: "memory.swappiness", value: "0", optional: true})
	pids := add(v.pids, setting{file: "pids.max", value: strconv.Itoa(l.Procs)})
	cpuacct := add(v.cpuacct)
	if err != nil {
		return nil, err
	}
	open := func(file string) (f *os.File) {
		if err == nil {
			f, err = os.Open(file)
		}
		return f
	}
	g.procs = pids + "/cgroup.procs"
	g.files = counters{ooms: open(memory + "/memory.oom_control"),
		refusals: open(pids + "/pids.events"), peak: open(memory + "/memory.max_usage_in_bytes"), cpuUnit: time.Nanosecond}
	if cpuacct != "" {
		g.files.cpu = open(cpuacct + "/cpuacct.usage")
	}
	return g, err
}
