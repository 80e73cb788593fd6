package sandboxtest

import (
	"slices"
	"testing"

	"hotloop/runner/sandbox"
)

// RunGuestEscapes is RunEscapes for a driver whose commands have a kernel of their own. That one lets through some of what
// the machine's must not, for there it reaches nothing but themselves; the machine is looked at just the same.
func RunGuestEscapes(t *testing.T, driver sandbox.Driver) {
	rows := slices.Clone(escapes)
	for _, row := range inGuest {
		i := slices.IndexFunc(rows, func(p program) bool { return p.name == row.name })
		if i < 0 {
			t.Fatalf("no program %s has a row", row.name)
		}
		row.limits, row.scratch, row.after = rows[i].limits, rows[i].scratch, rows[i].after
		rows[i] = row
	}
	runEscapes(t, driver, rows)
}

const unsupported = ": address family not supported by protocol\n"

// inGuest are the rows that differ, as gVisor's kernel answers.
var inGuest = []program{
	{name: "lists-root", status: exited, stdout: "[dev etc proc sys tmp]\n[group hosts nsswitch.conf passwd resolv.conf]\n" +
		"/sys: ESCAPED\n" + lines(absent, "/home", "/root", "/usr", "/var", "/run")},
	{name: "lists-devices", status: exited, stdout: "[char fd full fuse net null ptmx pts random shm stderr stdin stdout tty urandom zero]\n"},
	{name: "writes-root", status: exited, stdout: lines(locked, "/x", "/etc/x", "/etc/hosts") + "/dev/x: permission denied\n"},
	{name: "writes-proc", status: exited,
		stdout: lines(absent, "/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches", "/proc/sys/user/max_user_namespaces")},
	{name: "writes-program", status: exited, stdout: lines(": permission denied\n", "write", "remove", "rename") + "chmod" + denied},
	{name: "opens-sockets", status: exited, stdout: lines(denied, "raw", "packet") +
		lines(unsupported, "vsock", "alg", "bluetooth", "xdp") + "audit: protocol not supported\n"},
	{name: "sees-processes", status: exited, stdout: "1 processes, 0 secrets, 0 flags\n"},
	{name: "kills-init", status: signaled, reason: "signal SIGKILL"}, // which it is itself

	{name: "floods-files", status: []sandbox.Status{sandbox.MemoryLimit, sandbox.Exited}, exit: 99}, // whichever is first: making files takes it long
	{name: "gulp", status: exited, stdout: "gulp: <nil>\n"},                                         // nothing is filled before it is used
	{name: "bombs-threads", status: exited, exit: 99},                                               // they are none of the machine's, and bounded by memory

	{name: "uses-keys", status: exited, stdout: "1 function not implemented, 2 permission denied\n"},
	{name: "traces", status: exited, stdout: "101 ESCAPED\n310 ESCAPED\n311 ESCAPED\n" +
		"1 bad file descriptor, 1 function not implemented, 1 operation not permitted, 3 errno 0\n"},
	{name: "mounts", status: exited, stdout: "1 bad address, 1 function not implemented, 7 operation not permitted\n"},
	{name: "unshares", status: exited}, // and both it and its copy tell of the rest
	{name: "talks-to-kernel", status: exited,
		stdout: "1 no such device, 2 operation not permitted, 2 operation not supported, 8 function not implemented\n"},
	{name: "changes-machine", status: exited, stdout: "1 function not implemented, 17 operation not permitted\n"},
	{name: "becomes-root", status: exited, stdout: lines(denied, "setuid", "setgid", "setgroups") + "user 1000\n"},
	{name: "types-for-others", status: exited, stdout: "inappropriate ioctl for device\ninappropriate ioctl for device\ninvalid argument\n"},
	{name: "makes-devices", status: exited, stdout: "pipe: ESCAPED\ndevice" + denied +
		lines(absent, "/dev/mem", "/dev/kmsg", "/dev/vda", "/dev/kvm") + lines(": ESCAPED\n", "/dev/fuse", "/dev/net/tun") + "/dev/vsock" + absent},
}
