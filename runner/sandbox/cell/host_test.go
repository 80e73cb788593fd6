//go:build linux && (amd64 || arm64)

package cell

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotloop/runner/sandbox"
)

func TestHierarchies(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"memory/a/b", "cpu/a", "unified"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	mounts := strings.ReplaceAll(`30 23 0:26 / ROOT/memory rw,nosuid - cgroup cgroup rw,memory
31 23 0:27 /a ROOT/cpu rw shared:3 - cgroup cgroup rw,cpu,cpuacct
32 23 0:28 / ROOT/systemd rw - cgroup cgroup rw,name=systemd
33 23 0:29 / ROOT/unified rw - cgroup2 cgroup2 rw,nsdelegate
34 23 0:30 / /proc rw - proc proc rw
`, "ROOT", root)
	got := readHierarchies(mounts, "5:memory:/a/b\n4:cpu,cpuacct:/a\n3:name=systemd:/\n0::/not/visible/here\n")
	want := map[string]string{"memory": root + "/memory/a/b", "cpu": root + "/cpu", "cpuacct": root + "/cpu", "": root + "/unified"}
	for controller, own := range want {
		if got[controller].own != own {
			t.Errorf("this process's group for %q is in %q, want %q", controller, got[controller].own, own)
		}
	}
	if len(got) != len(want) {
		t.Errorf("hierarchies %v, want %d", got, len(want))
	}
}

// What version 2 tells in its files, as the kernel's documentation has it.
func TestVersion2Counters(t *testing.T) {
	dir := t.TempDir()
	open := func(name, content string) *os.File {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	open("cgroup.procs", "101\n102\n103\n104\n105\n")
	g := &group{procs: filepath.Join(dir, "cgroup.procs"), files: counters{
		ooms:     open("memory.events", "low 0\nhigh 0\nmax 12\noom 1\noom_kill 3\noom_group_kill 1\n"),
		refusals: open("pids.events", "max 7\n"),
		cpu:      open("cpu.stat", "usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\n"),
		peak:     open("memory.peak", "67108864\n"), cpuKey: "usage_usec", cpuUnit: time.Microsecond,
	}}
	want := usage{pids: []int{101, 102, 103, 104, 105}, ooms: 3, refusals: 7, cpu: 1500 * time.Millisecond}
	if got := g.usage(); !reflect.DeepEqual(got, want) || g.peak() != 64<<20 {
		t.Errorf("usage %+v, peak %d; want %+v, %d", got, g.peak(), want, 64<<20)
	}
}

// A group that a killed driver has left is taken away, with what still runs in it.
func TestLeftGroup(t *testing.T) {
	groups, err := findCgroups()
	if lack, ok := errors.AsType[*Lack](err); ok {
		t.Skipf("%s; %s", lack.What, lack.Fix)
	}
	if err != nil {
		t.Fatal(err)
	}
	name := (&slot{uid: firstUID + slots + 1}).group()
	limits := sandbox.Limits{Memory: 64 << 20, Procs: 10}
	left, err := groups.create(name, limits)
	if err != nil {
		t.Fatal(err)
	}
	sleeper := exec.Command("sleep", "60")
	if err := sleeper.Start(); err != nil {
		t.Fatal(err)
	}
	for _, dir := range left.dirs {
		if err := os.WriteFile(dir+"/cgroup.procs", []byte(strconv.Itoa(sleeper.Process.Pid)), 0); err != nil {
			t.Fatal(err)
		}
	}
	died := make(chan error, 1)
	go func() { died <- sleeper.Wait() }()
	g, err := groups.create(name, limits)
	if err != nil {
		t.Fatal(err)
	}
	defer g.remove()
	if err := <-died; err == nil {
		t.Error("what was in the group ended by itself")
	}
	if pids := g.processes(); len(pids) > 0 {
		t.Errorf("the new group has processes %v", pids)
	}
}
