//go:build linux && (amd64 || arm64)

package bwrap

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/sandboxtest"
)

// Every "no" comes with what to do about it.
func TestLacks(t *testing.T) {
	lack := func(err error, want string) {
		t.Helper()
		l, ok := errors.AsType[*Lack](err)
		if !ok || l.Fix == "" || !strings.Contains(l.Error()+l.Fix, want) {
			t.Errorf("error %v, want a *Lack with a fix and %q", err, want)
		}
	}
	fake := func(name, script string, mode os.FileMode) {
		t.Helper()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "bwrap"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, "bwrap"), mode); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", dir)
		_, err := findBwrap()
		lack(err, name)
	}
	fake("0.6.1 is too old", "#!/bin/sh\necho bubblewrap 0.6.1\n", 0o755)
	fake("does not start", "#!/bin/sh\nexit 1\n", 0o755)
	fake("chmod u-s", "#!/bin/sh\necho bubblewrap 0.9.0\n", 0o755|os.ModeSetuid)
	t.Setenv("PATH", t.TempDir())
	_, err := findBwrap()
	lack(err, "apt-get install bubblewrap")

	for complaint, want := range map[string]string{
		"bwrap: setting up uid map: Permission denied":                               "/etc/apparmor.d/bwrap",
		"bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted":               "/etc/apparmor.d/bwrap",
		"bwrap: Creating new namespace failed: Operation not permitted":              "a machine of its own",
		"bwrap: Can't mount proc on /newroot/proc: Operation not permitted":          "unmask /proc",
		"bwrap: No permissions to create new namespace, likely because the kernel …": "a machine of its own",
	} {
		lack(explain(complaint), want)
	}
}

func TestNewEnough(t *testing.T) {
	for version, want := range map[string]bool{"0.8.0": true, "0.11.0": true, "1.0": true, "0.7.99": false, "0.6": false, "": false, "x": false} {
		if got := newEnough(version); got != want {
			t.Errorf("newEnough(%q) = %v", version, got)
		}
	}
}

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

// The way of version 2, in whichever hierarchy of it there is: here it may have no controllers, and then limits are not
// tested.
func TestVersion2(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("makes control groups, which takes root")
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	h, ok := readHierarchies(string(mounts), "0::/")[""]
	if !ok {
		t.Skip(`no control groups of version 2 are mounted: "mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified"`)
	}
	d := working(t)
	own := *d.ready
	own.groups = &version2{parent: h.mount}
	v2 := &Driver{Helper: d.Helper, ready: &own}

	if got := stdout(t, v2, &sandbox.Command{Args: []string{sandboxtest.Build(t), "descriptors"}}); got != "[0 1 2]\n" {
		t.Errorf("descriptors %q", got)
	}
	mark := sandboxtest.NewMark()
	result, err := v2.Run(t.Context(), &sandbox.Command{
		Args: []string{sandboxtest.Build(t), "hydra"}, Env: []string{mark}, Limits: sandbox.Limits{Wall: 300 * time.Millisecond},
	})
	if err != nil || result.Status != sandbox.TimeLimit {
		t.Errorf("Run = %+v, %v, want status %q", result, err, sandbox.TimeLimit)
	}
	if left := sandboxtest.Survivors(t, mark); len(left) > 0 {
		t.Errorf("processes %v outlived the run", left)
	}
	if result.CPU <= 0 {
		t.Errorf("CPU time %v", result.CPU)
	}
	result, err = v2.Run(t.Context(), &sandbox.Command{Args: []string{sandboxtest.Build(t), "fork-bomb"}, Limits: sandbox.Limits{Procs: 12}})
	if err != nil || result.Status != sandbox.ProcessLimit {
		t.Errorf("Run = %+v, %v, want status %q", result, err, sandbox.ProcessLimit)
	}
}

// An ordinary user, whom a control group of version 2 was delegated to, needs no root: the same flags, but the same user
// outside.
func TestOrdinaryUser(t *testing.T) {
	const uid = firstUID + slots + 2
	if os.Geteuid() != 0 {
		t.Skip("becomes another user, which takes root")
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	h, ok := readHierarchies(string(mounts), "0::/")[""]
	if !ok {
		t.Skip(`no control groups of version 2 are mounted: "mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified"`)
	}
	working(t)
	parent := filepath.Join(h.mount, "hotloop-test-"+strconv.Itoa(os.Getpid()))
	leaf := filepath.Join(parent, "leaf")
	for _, dir := range []string{parent, leaf} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{dir, dir + "/cgroup.procs"} {
			if err := os.Chown(path, uid, uid); err != nil {
				t.Fatal(err)
			}
		}
	}
	defer func() {
		if err := errors.Join(removeGroup(leaf), removeGroup(parent)); err != nil {
			t.Error(err)
		}
	}()
	into, err := os.Open(leaf)
	if err != nil {
		t.Fatal(err)
	}
	defer into.Close()

	// Programs where that user can reach them.
	dir, err := os.MkdirTemp("", "hotloop-ordinary-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string]string{"hostile": sandboxtest.Build(t), "test": exe} {
		content, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), content, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for program, want := range map[string]string{
		"lists-root":    "[dev etc proc tmp]\n",
		"dials-outside": "tcp: network is unreachable\n",
		"unshares":      "clone: operation not permitted\n",
		"exit-3":        "{exited 3 ",
	} {
		cmd := exec.Command(filepath.Join(dir, "test"), filepath.Join(dir, "hostile"), program)
		cmd.Dir = "/"
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), hostKey + "=X=1", parentKey + "=" + parent, "TMPDIR=" + dir, "XDG_RUNTIME_DIR=/tmp"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}, UseCgroupFD: true, CgroupFD: int(into.Fd())}
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s printed %q, %v; want %q in it", program, out, err, want)
		}
	}
	os.RemoveAll("/tmp/hotloop-" + strconv.Itoa(uid))
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
	want := usage{procs: 3, ooms: 3, refusals: 7, cpu: 1500 * time.Millisecond}
	if got := g.usage(); got != want || g.peak() != 64<<20 {
		t.Errorf("usage %+v, peak %d; want %+v, %d", got, g.peak(), want, 64<<20)
	}
}

// A group that a killed driver has left is taken away, with what still runs in it.
func TestLeftGroup(t *testing.T) {
	d := working(t)
	name := (&slot{uid: firstUID + slots + 1}).group()
	limits := sandbox.Limits{Memory: 64 << 20, Procs: 10}
	left, err := d.ready.groups.create(name, limits)
	if err != nil {
		t.Fatal(err)
	}
	sleeper := exec.Command(sandboxtest.Build(t), "sleep")
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
	g, err := d.ready.groups.create(name, limits)
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
