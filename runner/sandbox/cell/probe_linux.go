//go:build amd64 || arm64

package cell

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// probeKey is the environment variable that makes a process that imports this package a probe: what the self-test runs
// inside of a sandbox.
const probeKey = "HOTLOOP_PROBE"

const (
	probeNothing = "nothing"
	probeLook    = "look"
	probeHog     = "hog"
	probeForks   = "forks"
	probeSleep   = "sleep"
	probeDaemon  = "daemon"
	probeOrphan  = "orphan"

	probeFine = "as it should be"
)

// What a box may have its commands looked at for, in Box.Probe.
const (
	ProbeFilter = "FILTER" // "1": system calls are filtered
	ProbeKernel = "KERNEL" // the release of the machine's kernel, which must not be the one inside
)

const probeLife = 5 * time.Second // after which a probe that nobody stopped ends by itself

func init() {
	what := os.Getenv(probeKey)
	if what == "" {
		return
	}
	switch what {
	case probeLook:
		fmt.Println(lookAround())
	case probeHog:
		for kept := [][]byte{}; len(kept) < 512; { // MiB
			kept = append(kept, bytes.Repeat([]byte{1}, 1<<20))
		}
	case probeForks:
		for range 100 {
			again(probeSleep)
		}
		time.Sleep(probeLife)
	case probeSleep:
		time.Sleep(probeLife)
	case probeDaemon:
		again(probeOrphan)
		os.NewFile(3, "pipe").WriteString(probeFine)
	case probeOrphan:
		time.Sleep(probeLife) // with the pipe open
	}
	os.Exit(0)
}

// again starts this program as another probe, in a session of its own.
func again(what string) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{probeKey + "=" + what}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if what == probeOrphan {
		cmd.ExtraFiles = []*os.File{os.NewFile(3, "pipe")}
	}
	if err := cmd.Start(); err != nil {
		os.Exit(1)
	}
}

// lookAround is probeFine, or what is not as it should be.
func lookAround() string {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	lookAtSelf(fault)
	lookAtNetwork(fault)
	lookAtFiles(fault)
	if len(faults) == 0 {
		return probeFine
	}
	return strings.Join(faults, "; ")
}

func lookAtSelf(fault func(string, ...any)) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		fault("/proc cannot be read: %v", err)
		return
	}
	want := map[string]string{"CapInh": "0", "CapPrm": "0", "CapEff": "0", "CapBnd": "0", "CapAmb": "0", "NoNewPrivs": "1"}
	noVsock := unix.EAFNOSUPPORT
	if os.Getenv(ProbeFilter) != "" {
		want["Seccomp"], noVsock = "2", unix.EPERM
	}
	for line := range strings.Lines(string(status)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		value = strings.TrimLeft(strings.TrimSpace(value), "0")
		if w, ok := want[key]; ok {
			if strings.TrimLeft(w, "0") != value {
				fault("%s is %q", key, value)
			}
			delete(want, key)
		}
	}
	for key := range want {
		fault("%s is not known", key)
	}
	if os.Getuid() != InsideID || os.Geteuid() != InsideID {
		fault("the user is %d", os.Getuid())
	}
	for fd := 3; fd < 256; fd++ {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			fault("descriptor %d is open", fd)
		}
	}
	if _, err := unix.Socket(unix.AF_VSOCK, unix.SOCK_STREAM, 0); !errors.Is(err, noVsock) {
		fault("a vsock socket: %v", err)
	}
	var system unix.Utsname
	if err := unix.Uname(&system); err != nil || unix.ByteSliceToString(system.Release[:]) == os.Getenv(ProbeKernel) {
		fault("the kernel is the machine's, %s, %v", os.Getenv(ProbeKernel), err)
	}
}

func lookAtNetwork(fault func(string, ...any)) {
	interfaces, err := net.Interfaces()
	if err != nil || len(interfaces) != 1 || interfaces[0].Name != "lo" {
		fault("the network interfaces are %v, %v", interfaces, err)
	}
	if conn, err := net.DialTimeout("tcp", "192.0.2.1:80", time.Second); !errors.Is(err, unix.ENETUNREACH) { // TEST-NET-1
		fault("a connection to the outside: %v, %v", conn, err)
	}
	if conn, err := net.DialTimeout("tcp", os.Getenv("PORT"), time.Second); !errors.Is(err, unix.ECONNREFUSED) {
		fault("a connection to a port of the machine: %v, %v", conn, err)
	}
	if _, err := net.Listen("tcp", "localhost:0"); err != nil {
		fault("no port of its own: %v", err)
	}
}

func lookAtFiles(fault func(string, ...any)) {
	if _, err := os.Stat(os.Getenv("CANARY")); !errors.Is(err, os.ErrNotExist) {
		fault("a file of the machine is there: %v", err)
	}
	for _, path := range []string{"/hotloop", "/dev/hotloop", "/etc/hotloop"} {
		if err := os.WriteFile(path, nil, 0o600); err == nil {
			fault("%s can be written", path)
		}
	}
	if err := os.WriteFile("file", []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		fault("Dir cannot be written: %v", err)
	}
}
