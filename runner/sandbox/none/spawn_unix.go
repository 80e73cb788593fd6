//go:build unix

package none

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"hotloop/runner/sandbox"
)

// firstFile is the supervisor's descriptor of the command's standard input.
const firstFile = 3

func supervisorEnv() []string { return []string{superviseKey + "=1"} }

// handOver makes files the supervisor's descriptors 3 and up. In a session of its own, the supervisor gets no signals
// from our terminal.
func handOver(sup *exec.Cmd, _ *spec, files []*os.File) error {
	sup.ExtraFiles = files
	sup.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return nil
}

// killed is whether a supervisor did not end by itself.
func killed(state *os.ProcessState) bool {
	status, ok := state.Sys().(syscall.WaitStatus)
	return ok && status.Signaled()
}

// catchable signals are all that could end a supervisor.
func catchable() []os.Signal {
	return []os.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2, unix.SIGALRM,
		unix.SIGPIPE, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGXCPU, unix.SIGXFSZ, unix.SIGVTALRM, unix.SIGPROF}
}

// setLimits sets what the kernel holds for each process by itself. The supervisor's watch is stricter and knows the
// reason; these remain if somebody kills the supervisor, or for what happens between two looks.
func setLimits(l sandbox.Limits) error {
	const fileSize = 1 << 30
	cpu := uint64(l.CPU/time.Second) + 5
	for _, limit := range append(memoryLimits(l), rlimit{unix.RLIMIT_CORE, 0}, rlimit{unix.RLIMIT_FSIZE, fileSize},
		rlimit{unix.RLIMIT_CPU, cpu}) {
		if err := limit.set(); err != nil {
			return os.NewSyscallError("setrlimit", err)
		}
	}
	return nil
}

// An rlimit is one resource limit of a process.
type rlimit struct {
	resource int
	most     uint64
}

// set lowers the limit, unless it is lower already.
func (r rlimit) set() error {
	var have unix.Rlimit
	if err := unix.Getrlimit(r.resource, &have); err != nil {
		return err
	}
	most := min(r.most, uint64(have.Max))
	have.Cur, have.Max = most, most
	return unix.Setrlimit(r.resource, &have)
}

// closeOnExec marks the descriptors listed in dir that are not the supervisor's first three.
func closeOnExec(dir string) error {
	names, err := filepath.Glob(dir + "/*")
	for _, name := range names {
		if fd, err := strconv.Atoi(filepath.Base(name)); err == nil && fd >= firstFile {
			unix.CloseOnExec(fd)
		}
	}
	return err
}
