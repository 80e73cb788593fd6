//go:build amd64 || arm64

package cell

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotloop/runner/sandbox"
)

// version2 makes groups in a folder whose controllers are switched on.
type version2 struct {
	parent      string
	controllers []string // that every group has
}

const delegate = `start hotloop in a group of its own: "systemd-run --user --scope -p Delegate=yes hotloop …", or as a service with Delegate=memory pids`

// needed are the controllers without which there is no hard limit.
var neededControllers = []string{"memory", "pids"}

// findVersion2 finds a folder for groups: that of this process, if it was delegated to us and nobody else is in it; for
// root, one at the top of the tree.
func findVersion2(h hierarchy) (cgroups, error) {
	v, err := delegated(h.own)
	if err != nil && os.Geteuid() == 0 {
		v, err = topmost(h.mount)
	}
	if err != nil {
		return nil, &Lack{What: "no control groups can be made for runs", Fix: delegate, Err: err}
	}
	return v, nil
}

// delegated makes dir, the group of this process, a parent of groups. Processes may only be in leaves then, so this one
// moves into a leaf.
func delegated(dir string) (*version2, error) {
	if slices.IndexFunc(neededControllers, func(c string) bool { return !lists(dir+"/cgroup.subtree_control", c) }) < 0 {
		return usable(dir)
	}
	procs, err := os.ReadFile(dir + "/cgroup.procs")
	if err != nil {
		return nil, err
	}
	if self := strconv.Itoa(os.Getpid()); string(bytes.TrimSpace(procs)) != self {
		return nil, fmt.Errorf("other processes are in the group %s, too", dir)
	}
	leaf := filepath.Join(dir, "hotloop")
	if err := os.Mkdir(leaf, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	if err := os.WriteFile(leaf+"/cgroup.procs", []byte("0"), 0); err != nil {
		return nil, err
	}
	if err := enable(dir); err != nil {
		return nil, err
	}
	return usable(dir)
}

// topmost makes a parent of groups for root in the root of the hierarchy, which may hold processes as well.
func topmost(mount string) (*version2, error) {
	if err := enable(mount); err != nil {
		return nil, err
	}
	dir := filepath.Join(mount, "hotloop")
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	if err := enable(dir); err != nil {
		return nil, err
	}
	return usable(dir)
}

// enable switches the controllers on for the groups in dir.
func enable(dir string) error {
	for _, c := range neededControllers {
		if err := os.WriteFile(dir+"/cgroup.subtree_control", []byte("+"+c), 0); err != nil {
			return fmt.Errorf("switching the controller %s on: %w", c, err)
		}
	}
	return nil
}

// within makes groups in a folder, with those controllers that it has switched on.
func within(dir string) (cgroups, error) {
	v, err := usable(dir)
	if err != nil {
		return nil, &Lack{What: "no control groups can be made in " + dir, Fix: delegate, Err: err}
	}
	v.controllers = slices.DeleteFunc(slices.Clone(neededControllers), func(c string) bool { return !lists(dir+"/cgroup.subtree_control", c) })
	return v, nil
}

// usable is dir if groups can be made in it.
func usable(dir string) (*version2, error) {
	probe := filepath.Join(dir, "hotloop-probe-"+strconv.Itoa(os.Getpid()))
	if err := os.Mkdir(probe, 0o755); err != nil {
		return nil, err
	}
	if err := removeGroup(probe); err != nil {
		return nil, err
	}
	return &version2{parent: dir, controllers: neededControllers}, nil
}

func lists(file, word string) bool {
	text, err := os.ReadFile(file)
	return err == nil && slices.Contains(strings.Fields(string(text)), word)
}

// create makes a group. Limits of controllers that it is not to have are not set: tests do without.
func (v *version2) create(name string, l sandbox.Limits) (_ *group, err error) {
	dir := filepath.Join(v.parent, name)
	if err := makeGroup(dir); err != nil {
		return nil, err
	}
	g := &group{dirs: []string{dir}, procs: dir + "/cgroup.procs", killer: dir + "/cgroup.kill"}
	defer func() {
		if err != nil {
			g.remove()
		}
	}()
	settings := map[string][]setting{
		"memory": {
			{file: "memory.max", value: strconv.FormatInt(l.Memory, 10)},
			{file: "memory.oom.group", value: "1"},
			{file: "memory.swap.max", value: "0", optional: true}, // there is none without swap
		},
		"pids": {{file: "pids.max", value: strconv.Itoa(l.Procs)}},
	}
	for _, c := range v.controllers {
		if err := apply(dir, settings[c]); err != nil {
			return nil, err
		}
	}
	open := func(name string, optional bool) (f *os.File) {
		if err == nil {
			f, err = os.Open(filepath.Join(dir, name))
		}
		if optional && errors.Is(err, os.ErrNotExist) {
			err = nil
		}
		return f
	}
	bare := len(v.controllers) == 0
	g.born = open("", false)
	g.files = counters{ooms: open("memory.events", bare), refusals: open("pids.events", bare),
		cpu: open("cpu.stat", false), cpuKey: "usage_usec", cpuUnit: time.Microsecond,
		peak: open("memory.peak", true)} // since Linux 5.19
	return g, err
}
