//go:build unix

// Command hostile does one of the things that a sandbox must survive: hostile NAME. Each of them is bounded, so that a
// faulty driver cannot hurt the machine: the process ends by itself after some seconds, and takes a few hundred MiB or a
// few dozen processes at most.
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"
)

// lifetime is after how long a process ends by itself.
const lifetime = 8 * time.Second

var programs = map[string]func(){
	"loop":                func() { loop() },
	"spin":                spin,
	"sleep":               func() { time.Sleep(lifetime) },
	"hog":                 func() { hog(512) },
	"hog-children":        hogChildren,
	"hog-part":            func() { hog(40); time.Sleep(lifetime) },
	"hog-stamps":          func() { stamps(512) },
	"hog-stamps-children": stampsChildren,
	"fill":                func() { hog(40) },
	"flood-stdout":        func() { flood(os.Stdout, "all work and no play\n") },
	"flood-stderr":        func() { flood(os.Stderr, "all work and no play\n") },
	"flood-line":          func() { flood(os.Stdout, "never a newline ") },
	"fork-bomb":           func() { bomb(5) },
	"daemon":              daemon,
	"daemon-middle":       func() { start("daemon-itself", nil, false) },
	"daemon-itself":       func() { signal.Ignore(syscall.SIGHUP); time.Sleep(lifetime) },
	"holds-stdout":        func() { start("late-word", os.Stdout, true) },
	"late-word":           func() { time.Sleep(lifetime / 2); fmt.Println("late word") },
	"deaf":                deaf,
	"stops-itself":        stopItself,
	"avenger":             avenger,
	"kills-parent":        func() { start("daemon-itself", nil, true); signalParent(syscall.SIGKILL) },
	"stops-parent":        func() { start("daemon-itself", nil, true); signalParent(syscall.SIGSTOP) },
	"kills-group":         func() { syscall.Kill(0, syscall.SIGKILL); time.Sleep(lifetime) },
	"hydra":               func() { hydra(3) },
	"exit-0":              func() { os.Exit(0) },
	"exit-3":              func() { os.Exit(3) },
	"panic":               func() { panic("boom") },
	"nil-pointer":         func() { var p *int; *p = 1 },
	"stack-overflow":      func() { debug.SetMaxStack(16 << 20); overflow(0) },
	"deadlock":            func() { <-make(chan int) },
	"closes-stdio":        func() { os.Stdin.Close(); os.Stdout.Close(); os.Stderr.Close() },
	"garbage":             garbage,
	"many-goroutines":     manyGoroutines,
	"many-threads":        manyThreads,
	"zombies":             zombies,
	"nothing":             func() {},
	"waits-for-stdin":     func() { io.Copy(io.Discard, os.Stdin) },
	"compute":             compute,
	"descriptors":         descriptors,
	"gulp":                gulp,
	"environment":         environment,
}

func main() {
	name := os.Args[1]
	if name != "deadlock" && name != "waits-for-stdin" { // a timer would keep it from being one; it ends by itself
		time.AfterFunc(lifetime, func() { os.Exit(99) })
	}
	programs[name]()
}

// start runs another hostile program and does not wait for it.
func start(name string, stdout *os.File, ownSession bool, args ...string) *exec.Cmd {
	exe, err := os.Executable()
	if err != nil {
		fail(err)
	}
	cmd := exec.Command(exe, append([]string{name}, args...)...)
	if stdout != nil {
		cmd.Stdout = stdout
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: ownSession}
	if err := cmd.Start(); err != nil {
		fail(err)
	}
	return cmd
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "hostile:", err)
	os.Exit(98)
}

// count is the number given as the program's argument, or n if there is none.
func count(n int) int {
	if len(os.Args) > 2 {
		n, _ = strconv.Atoi(os.Args[2])
	}
	return n
}

// daemon detaches itself as daemons do: a child in a session of its own starts a grandchild, and both parents end.
func daemon() {
	start("daemon-middle", nil, true).Wait()
	fmt.Println("detached")
}

func deaf() {
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT)
	time.Sleep(lifetime)
}

// stopItself has somebody to kill it if the driver does not, since a stopped process cannot end by itself.
func stopItself() {
	start("avenger", nil, true, strconv.Itoa(os.Getpid()))
	syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	time.Sleep(lifetime)
}

func avenger() {
	time.Sleep(lifetime - time.Second)
	syscall.Kill(count(0), syscall.SIGKILL)
}

// signalParent has somebody to kill the parent later if that is not dead then.
func signalParent(sig syscall.Signal) {
	parent := os.Getppid()
	if parent <= 1 { // in a sandbox; elsewhere it is not ours to signal
		time.Sleep(lifetime)
	}
	if sig == syscall.SIGSTOP {
		start("avenger", nil, true, strconv.Itoa(parent))
	}
	syscall.Kill(parent, sig)
	time.Sleep(lifetime)
}
