//go:build amd64 || arm64

package bwrap

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/child"
)

// What a command is and has inside, beside what it was given.
const (
	insideID    = 1000
	sharedBytes = 16 << 20
	scratch     = 64 << 20  // bytes in /tmp and in a Dir in memory
	workspace   = 256 << 20 // bytes in /tmp of a command whose Dir is kept: a compiler's
)

// etc makes "localhost", users and groups have names. Nothing of the machine's own is in it.
var etc = []struct{ name, content string }{
	{"hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n"},
	{"passwd", "learner:x:1000:1000::/tmp:/nonexistent\nnobody:x:65534:65534::/nonexistent:/nonexistent\n"},
	{"group", "learner:x:1000:\nnogroup:x:65534:\n"},
	{"nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"},
	{"resolv.conf", ""},
}

// processLimits are what the kernel holds for each process by itself.
func processLimits(l sandbox.Limits) []rlimit {
	const (
		fileSize  = 128 << 20
		openFiles = 4096
	)
	return []rlimit{
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_FSIZE, fileSize},
		{unix.RLIMIT_NOFILE, openFiles},
		{unix.RLIMIT_CPU, uint64(l.CPU.Seconds()) + 5}, // the group's counter is stricter
	}
}

// A bind is a path of the machine that the command sees under the same name.
type bind struct {
	path     string
	writable bool
	memory   bool   // not the machine's, but an empty folder in memory
	source   string // where bwrap finds it
}

// binds are what the command sees: its Dir, unless that is in memory; what it may read; itself; its libraries. Those that
// lie in others come after them.
func binds(cmd *sandbox.Command, program string) ([]bind, error) {
	libraries, err := child.Libraries(program)
	if err != nil {
		return nil, err
	}
	var all []bind
	if cmd.Dir != "" {
		all = append(all, bind{path: cmd.Dir, writable: true, memory: cmd.Scratch})
	}
	for _, path := range slices.Concat(cmd.ReadOnly, libraries, []string{program}) {
		if !filepath.IsAbs(path) {
			return nil, fmt.Errorf("%s is no absolute path", path)
		}
		path = filepath.Clean(path)
		if !slices.ContainsFunc(all, func(b bind) bool { return b.path == path }) && exists(path) {
			all = append(all, bind{path: path})
		}
	}
	slices.SortStableFunc(all, func(a, b bind) int {
		return cmp.Compare(strings.Count(a.path, "/"), strings.Count(b.path, "/"))
	})
	for i := range all {
		all[i].source = all[i].path
	}
	return all, nil
}

// flags are bwrap's.
func flags(cmd *sandbox.Command, all []bind) []string {
	f := []string{
		"--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
		"--disable-userns", "--assert-userns-disabled", "--uid", strconv.Itoa(insideID), "--gid", strconv.Itoa(insideID),
		"--hostname", "sandbox", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
		"--json-status-fd", strconv.Itoa(bwrapStatus), "--seccomp", strconv.Itoa(bwrapSeccomp), "--clearenv",
	}
	for _, kv := range cmd.Env {
		if key, value, ok := strings.Cut(kv, "="); ok && key != "" {
			f = append(f, "--setenv", key, value)
		}
	}
	tmp := scratch
	if !cmd.Scratch {
		tmp = workspace
	}
	f = append(f, "--proc", "/proc", "--dev", "/dev", "--size", strconv.Itoa(sharedBytes), "--perms", "1777", "--tmpfs", "/dev/shm",
		"--remount-ro", "/dev", "--size", strconv.Itoa(tmp), "--perms", "1777", "--tmpfs", "/tmp")
	for i, file := range etc {
		f = append(f, "--perms", "0444", "--file", strconv.Itoa(bwrapFiles+i), "/etc/"+file.name)
	}
	for _, b := range all {
		switch {
		case b.memory:
			f = append(f, "--size", strconv.Itoa(scratch), "--perms", "0700", "--tmpfs", b.path)
		case b.writable:
			f = append(f, "--bind", b.source, b.path)
		default:
			f = append(f, "--ro-bind", b.source, b.path)
		}
	}
	return append(f, "--remount-ro", "/", "--chdir", cmp.Or(cmd.Dir, "/tmp"))
}
