package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// What tries to get out of a sandbox. Each prints what came of it, a line for each attempt; "ESCAPED" is what must never
// be among them. In the environment, SECRET is a file of the machine, PORT and SOCKET are addresses of a server on it,
// VICTIM is a process, all for the test to see whether they were reached.
func init() {
	for name, f := range map[string]func(){
		"reads-secret":     func() { read(os.Getenv("SECRET")) },
		"reads-passwords":  func() { read("/etc/shadow"); read("/etc/ssh/sshd_config"); read("/root/.bashrc") },
		"lists-root":       listRoot,
		"lists-devices":    func() { list("/dev") },
		"writes-root":      func() { write("/x"); write("/etc/x"); write("/etc/hosts"); write("/dev/x") },
		"writes-proc":      writeProc,
		"writes-program":   writeProgram,
		"dials-outside":    func() { dial("tcp", "192.0.2.1:80"); dial("udp", "192.0.2.1:53"); dial("tcp", "[2001:db8::1]:80") },
		"dials-host":       func() { dial("tcp", os.Getenv("PORT")); dial("unix", os.Getenv("SOCKET")) },
		"dials-itself":     dialItself,
		"opens-sockets":    openSockets,
		"sees-processes":   seeProcesses,
		"kills-victim":     killVictim,
		"kills-init":       killInit,
		"kills-all":        func() { try("kill -1", kill(-1)); fmt.Println("still here") },
		"links-out":        linkOut,
		"setuid-file":      setuidFile,
		"deep-folders":     deepFolders,
		"floods-files":     floodFiles,
		"floods-disk":      floodDisk,
		"big-file":         bigFile,
		"floods-shm":       func() { fill("/dev/shm/x", 256) },
		"hogs-memfd":       hogMemfd,
		"hogs-sysv":        hogSysV,
		"bombs-threads":    bombThreads,
		"uses-keys":        func() { calls(248, 249, 250) },                // add_key request_key keyctl
		"traces":           func() { calls(101, 310, 311, 438, 312, 440) }, // ptrace process_vm_readv _writev pidfd_getfd kcmp process_madvise
		"mounts":           func() { calls(165, 166, 155, 161, 428, 429, 430, 432, 442) },
		"unshares":         unshare,
		"talks-to-kernel":  talkToKernel,
		"changes-machine":  changeMachine,
		"becomes-root":     becomeRoot,
		"other-numbers":    func() { calls(0x40000000+39, 100_000) }, // x32's getpid, and one that nobody knows
		"types-for-others": typeForOthers,
		"makes-devices":    makeDevices,
	} {
		programs[name] = f
	}
}

// try prints what came of one attempt.
func try(what string, err error) {
	var errno syscall.Errno
	switch {
	case err == nil:
		fmt.Println(what+":", "ESCAPED")
	case errors.As(err, &errno):
		fmt.Println(what+":", errno)
	default:
		fmt.Println(what+":", err)
	}
}

func base(path string) string { return filepath.Base(path) }

func read(path string) {
	_, err := os.ReadFile(path)
	try(base(path), err)
}

func write(path string) { try(path, os.WriteFile(path, []byte("x"), 0o644)) }

func names(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return []string{err.Error()}
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func list(dir string) { fmt.Println(names(dir)) }

func listRoot() {
	list("/")
	list("/etc")
	for _, dir := range []string{"/sys", "/home", "/root", "/usr", "/var", "/run"} {
		_, err := os.ReadDir(dir)
		try(dir, err)
	}
}

func writeProc() {
	for _, path := range []string{"/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches", "/proc/sys/user/max_user_namespaces"} {
		_, err := os.OpenFile(path, os.O_WRONLY, 0)
		try(path, err)
	}
}

func writeProgram() {
	exe, err := os.Executable()
	if err != nil {
		fail(err)
	}
	try("write", os.WriteFile(exe, nil, 0o700))
	try("remove", os.Remove(exe))
	try("rename", os.Rename(exe, exe+".old"))
	try("chmod", os.Chmod(exe, 0o777))
}

func dial(network, address string) {
	conn, err := net.DialTimeout(network, address, time.Second)
	if err == nil && network == "udp" {
		_, err = conn.Write([]byte("x"))
	}
	try(network, err)
}

// dialItself is allowed: exercises have servers.
func dialItself() {
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		fail(err)
	}
	go func() {
		if conn, err := l.Accept(); err == nil {
			fmt.Fprint(conn, "hello")
			conn.Close()
		}
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		fail(err)
	}
	var b bytes.Buffer
	b.ReadFrom(conn)
	fmt.Println(b.String())
}

func openSockets() {
	for _, s := range []struct {
		name                   string
		family, kind, protocol int
	}{
		{"raw", syscall.AF_INET, syscall.SOCK_RAW, syscall.IPPROTO_ICMP},
		{"packet", syscall.AF_PACKET, syscall.SOCK_RAW, 0},
		{"vsock", 40, syscall.SOCK_STREAM, 0},
		{"alg", 38, syscall.SOCK_SEQPACKET, 0},
		{"bluetooth", 31, syscall.SOCK_RAW, 0},
		{"xdp", 44, syscall.SOCK_RAW, 0},
		{"audit", syscall.AF_NETLINK, syscall.SOCK_RAW, syscall.NETLINK_AUDIT},
	} {
		_, err := syscall.Socket(s.family, s.kind, s.protocol)
		try(s.name, err)
	}
}

func seeProcesses() {
	found, secrets, hosts := 0, 0, 0
	for _, name := range names("/proc") {
		if _, err := strconv.Atoi(name); err != nil {
			continue
		}
		found++
		environ, _ := os.ReadFile("/proc/" + name + "/environ")
		cmdline, _ := os.ReadFile("/proc/" + name + "/cmdline")
		secrets += bytes.Count(environ, []byte("HOTLOOP_TEST_SECRET"))
		hosts += bytes.Count(cmdline, []byte("bind"))
	}
	fmt.Println(found, "processes,", secrets, "secrets,", hosts, "flags")
}

func kill(pid int) error { return syscall.Kill(pid, syscall.SIGKILL) }

func killVictim() {
	pid, err := strconv.Atoi(os.Getenv("VICTIM"))
	if err != nil {
		fail(err)
	}
	try("victim", kill(pid))
}

// killInit may send the first process what it likes: in its own namespace that is deaf to it.
func killInit() {
	syscall.Kill(1, syscall.SIGKILL)
	syscall.Kill(1, syscall.SIGSTOP)
	fmt.Println("still here")
}

func linkOut() {
	exe, err := os.Executable()
	if err != nil {
		fail(err)
	}
	secret := os.Getenv("SECRET")
	try("hard link", os.Link(secret, "hard"))
	try("hard link to the program", os.Link(exe, "program"))
	if err := os.Symlink(secret, "soft"); err != nil {
		fail(err)
	}
	_, err = os.ReadFile("soft")
	try("through a symbolic link", err)
	try("up and out", os.WriteFile(strings.Repeat("../", 20)+"x", nil, 0o600))
}

// setuidFile leaves a program that would run as its owner; the test sees that this is nobody.
func setuidFile() {
	exe, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		err = os.WriteFile("setuid", exe, 0o755)
	}
	if err == nil {
		err = os.Chmod("setuid", os.ModeSetuid|os.ModeSetgid|0o755)
	}
	fmt.Println("setuid:", err)
}

// calls makes system calls with arguments that do no harm if they are let through, and groups what came of them.
func calls(numbers ...uintptr) {
	count := map[string]int{}
	for _, number := range numbers {
		_, _, errno := syscall.Syscall6(number, 0, 0, 0, 0, 0, 0)
		if errno == 0 {
			fmt.Println(number, "ESCAPED")
		}
		count[errno.Error()]++
	}
	var lines []string
	for text, n := range count {
		lines = append(lines, fmt.Sprint(n, " ", text))
	}
	slices.Sort(lines)
	fmt.Println(strings.Join(lines, ", "))
}

func unshare() {
	const newUser = 0x10000000
	for name, flags := range map[string]uintptr{"user": newUser, "network": 0x40000000, "mount": 0x20000} {
		if _, _, errno := syscall.Syscall(syscall.SYS_UNSHARE, flags, 0, 0); errno != syscall.EPERM {
			fmt.Println("unshare", name, errno)
		}
	}
	_, _, errno := syscall.Syscall(308, 0, newUser, 0) // setns
	fmt.Println("setns:", errno)
	_, _, errno = syscall.RawSyscall6(syscall.SYS_CLONE, newUser|uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	fmt.Println("clone:", errno)
	_, _, errno = syscall.Syscall(435, 0, 0, 0) // clone3
	fmt.Println("clone3:", errno)
}

// talkToKernel calls what has been the way into many kernels: bpf perf_event_open userfaultfd io_uring_setup _enter
// _register fanotify_init open_by_handle_at name_to_handle_at memfd_secret vmsplice lookup_dcookie remap_file_pages.
func talkToKernel() { calls(321, 298, 323, 425, 426, 427, 300, 304, 303, 447, 278, 212, 216) }

// changeMachine calls, with arguments that mean nothing: settimeofday clock_settime sethostname setdomainname syslog acct
// swapon swapoff reboot quotactl iopl ioperm init_module delete_module finit_module kexec_load kexec_file_load vhangup.
func changeMachine() {
	calls(164, 227, 170, 171, 103, 163, 167, 168, 169, 179, 172, 173, 175, 176, 313, 246, 320, 153)
}

func becomeRoot() {
	raw := func(what string, number uintptr) {
		_, _, errno := syscall.RawSyscall(number, 0, 0, 0)
		var err error
		if errno != 0 {
			err = errno
		}
		try(what, err)
	}
	raw("setuid", syscall.SYS_SETUID)
	raw("setgid", syscall.SYS_SETGID)
	raw("setgroups", syscall.SYS_SETGROUPS)
	fmt.Println("user", os.Getuid())
}

func typeForOthers() {
	for _, request := range []uintptr{0x5412, 0x541c} { // TIOCSTI TIOCLINUX
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, 0, request, 0)
		fmt.Println(errno)
	}
	_, _, errno := syscall.Syscall(syscall.SYS_PERSONALITY, 0x0200000, 0, 0) // ADDR_COMPAT_LAYOUT
	fmt.Println(errno)
}

func makeDevices() {
	try("pipe", syscall.Mkfifo("pipe", 0o600))
	try("device", syscall.Mknod("null", syscall.S_IFCHR|0o600, 1<<8|3))
	for _, name := range []string{"/dev/mem", "/dev/kmsg", "/dev/vda", "/dev/kvm", "/dev/fuse", "/dev/net/tun", "/dev/vsock"} {
		_, err := os.Open(name)
		try(name, err)
	}
}
