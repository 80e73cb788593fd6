package sandboxtest

import (
	"crypto/rand"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"hotloop/runner/sandbox"
)

const (
	absent  = ": no such file or directory\n"
	denied  = ": operation not permitted\n"
	locked  = ": read-only file system\n"
	nowhere = ": network is unreachable\n"
)

// lines repeats an outcome for each attempt.
func lines(outcome string, attempts ...string) string {
	var b strings.Builder
	for _, a := range attempts {
		b.WriteString(a + outcome)
	}
	return b.String()
}

// escapes are programs that try to reach what is not theirs.
var escapes = []program{
	{name: "reads-secret", status: exited, stdout: "secret" + absent},
	{name: "reads-passwords", status: exited, stdout: lines(absent, "shadow", "sshd_config", ".bashrc")},
	{name: "lists-root", scratch: true, status: exited, stdout: "[dev etc proc tmp]\n[group hosts nsswitch.conf passwd resolv.conf]\n" +
		lines(absent, "/sys", "/home", "/root", "/usr", "/var", "/run")},
	{name: "lists-devices", status: exited, stdout: "[core fd full null ptmx pts random shm stderr stdin stdout tty urandom zero]\n"},
	{name: "writes-root", status: exited, stdout: lines(locked, "/x", "/etc/x", "/etc/hosts", "/dev/x")},
	{name: "writes-proc", status: exited, stdout: lines(": permission denied\n", "/proc/sys/kernel/core_pattern",
		"/proc/sys/vm/drop_caches", "/proc/sys/user/max_user_namespaces")},
	{name: "writes-program", status: exited,
		stdout: "write" + locked + "remove: device or resource busy\nrename: device or resource busy\nchmod" + locked},
	{name: "dials-outside", status: exited, stdout: lines(nowhere, "tcp", "udp", "tcp")},
	{name: "dials-host", status: exited, stdout: lines(": connection refused\n", "tcp", "unix")},
	{name: "dials-itself", status: exited, stdout: "hello\n"},
	{name: "opens-sockets", status: exited, stdout: lines(denied, "raw", "packet", "vsock", "alg", "bluetooth", "xdp", "audit")},
	{name: "sees-processes", status: exited, stdout: "2 processes, 0 secrets, 0 flags\n"},
	{name: "kills-victim", status: exited, stdout: "victim: no such process\n"},
	{name: "kills-init", status: exited, stdout: "still here\n"},
	{name: "kills-all", status: exited, stdout: "kill -1: no such process\nstill here\n"},
	{name: "links-out", status: exited, stdout: "hard link" + absent + "hard link to the program: invalid cross-device link\n" +
		"through a symbolic link" + absent + "up and out" + locked},
	{name: "setuid-file", status: exited, stdout: "setuid: <nil>\n", after: notRoots("setuid")},
	{name: "deep-folders", status: exited, stdout: "made 1000\n"},

	{name: "floods-files", scratch: true, limits: memory(24), status: tooBig, reason: "memory limit 24 MiB exceeded"},
	{name: "floods-disk", scratch: true, status: exited, stdout: lines(": no space left on device\n", "write", "write")},
	{name: "big-file", status: exited, stdout: "truncate: file too large\n"},
	{name: "floods-shm", status: exited, stdout: "write: no space left on device\n"},
	{name: "gulp", limits: memory(64), status: tooBig, reason: "memory limit 64 MiB exceeded"},
	{name: "hogs-memfd", limits: memory(64), status: tooBig, reason: "memory limit 64 MiB exceeded"},
	{name: "hogs-sysv", limits: memory(64), status: tooBig, reason: "memory limit 64 MiB exceeded"},
	{name: "bombs-threads", limits: sandbox.Limits{Procs: 12}, status: tooMany, reason: "processes or threads"},

	{name: "uses-keys", status: exited, stdout: "3 operation not permitted\n"},
	{name: "traces", status: exited, stdout: "6 operation not permitted\n"},
	{name: "mounts", status: exited, stdout: "9 operation not permitted\n"},
	{name: "unshares", status: exited, stdout: "setns: operation not permitted\nclone: operation not permitted\nclone3: function not implemented\n"},
	{name: "talks-to-kernel", status: exited, stdout: "13 operation not permitted\n"},
	{name: "changes-machine", status: exited, stdout: "18 operation not permitted\n"},
	{name: "becomes-root", status: exited,
		stdout: "setuid: invalid argument\nsetgid: invalid argument\nsetgroups" + denied + "user 1000\n"},
	{name: "other-numbers", status: exited, stdout: "2 function not implemented\n"},
	{name: "types-for-others", status: exited, stdout: strings.Repeat("operation not permitted\n", 3)},
	{name: "makes-devices", status: exited, stdout: lines(denied, "pipe", "device") +
		lines(absent, "/dev/mem", "/dev/kmsg", "/dev/vda", "/dev/kvm", "/dev/fuse", "/dev/net/tun", "/dev/vsock")},
}

// RunEscapes runs the programs that try to get out, with driver, and looks whether anything on the machine was reached.
func RunEscapes(t *testing.T, driver sandbox.Driver) { runEscapes(t, driver, escapes) }

func runEscapes(t *testing.T, driver sandbox.Driver, escapes []program) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the programs know the system calls' numbers on amd64 only")
	}
	if err := driver.Available(t.Context()); err != nil {
		t.Skipf("driver %s cannot work here: %v", driver.Name(), err)
	}
	t.Setenv("HOTLOOP_TEST_SECRET", rand.Text())
	m := newMachine(t)
	t.Run("program", func(t *testing.T) { runAll(t, driver, escapes, m.env()) })
	m.check(t)
}

// A machine is what programs must not reach.
type machine struct {
	secret    string // a file
	listeners []net.Listener
	reached   atomic.Int32 // connections
	victim    *exec.Cmd
}

func newMachine(t *testing.T) *machine {
	m := &machine{secret: filepath.Join(t.TempDir(), "secret"), victim: exec.Command(Build(t), "waits-for-stdin")}
	if err := os.WriteFile(m.secret, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	for network, address := range map[string]string{"tcp": "127.0.0.1:0", "unix": "@hotloop-" + rand.Text()} {
		l, err := net.Listen(network, address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		m.listeners = append(m.listeners, l)
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				m.reached.Add(1)
				conn.Close()
			}
		}()
	}
	stdin, err := m.victim.StdinPipe()
	if err == nil {
		err = m.victim.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		m.victim.Wait()
	})
	return m
}

func (m *machine) env() []string {
	env := []string{"SECRET=" + m.secret, "VICTIM=" + strconv.Itoa(m.victim.Process.Pid)}
	for _, l := range m.listeners {
		if l.Addr().Network() == "tcp" {
			env = append(env, "PORT="+l.Addr().String())
		} else {
			env = append(env, "SOCKET="+l.Addr().String())
		}
	}
	return env
}

func (m *machine) check(t *testing.T) {
	if content, err := os.ReadFile(m.secret); err != nil || string(content) != "secret" {
		t.Errorf("the machine's file is now %q, %v", content, err)
	}
	if info, err := os.Stat(m.secret); err != nil || info.Sys().(*syscall.Stat_t).Uid != uint32(os.Geteuid()) || info.Sys().(*syscall.Stat_t).Nlink != 1 {
		t.Errorf("the machine's file has changed: %+v, %v", info, err)
	}
	if n := m.reached.Load(); n > 0 {
		t.Errorf("the machine's server was reached %d times", n)
	}
	if err := m.victim.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the machine's process is gone: %v", err)
	}
}

// notRoots sees that a file in the program's folder does not belong to root, unless it is root that runs the tests
// without giving up being root.
func notRoots(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if uid := info.Sys().(*syscall.Stat_t).Uid; uid == 0 {
			t.Errorf("a program made %s, setuid root", info.Mode())
		}
	}
}
