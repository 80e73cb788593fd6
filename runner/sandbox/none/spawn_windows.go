package none

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/windows"
)

// filesKey is the variable in the command's environment that lists the handles of Command.Files, separated by commas:
// Windows has no descriptor numbers to agree on.
const filesKey = "HOTLOOP_FILES"

func available() error { return nil }

func supervisorEnv() []string {
	return []string{superviseKey + "=1", "SystemRoot=" + os.Getenv("SystemRoot")}
}

// handOver lets the supervisor inherit the handles of files and tells it their values, which stay the same.
func handOver(sup *exec.Cmd, s *spec, files []*os.File) error {
	sup.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP, HideWindow: true}
	for _, f := range files {
		h := f.Fd()
		if err := windows.SetHandleInformation(windows.Handle(h), windows.HANDLE_FLAG_INHERIT, windows.HANDLE_FLAG_INHERIT); err != nil {
			return fmt.Errorf("handing %s to the supervisor: %w", f.Name(), err)
		}
		s.Handle = append(s.Handle, uint64(h))
		sup.SysProcAttr.AdditionalInheritedHandles = append(sup.SysProcAttr.AdditionalInheritedHandles, syscall.Handle(h))
	}
	return nil
}

// filesEnv is the entry for filesKey.
func filesEnv(handles []uint64) string {
	var list []string
	for _, h := range handles {
		list = append(list, strconv.FormatUint(h, 10))
	}
	return filesKey + "=" + strings.Join(list, ",")
}

// killed is whether a supervisor did not end by itself: those that do end with 0 or 2.
func killed(state *os.ProcessState) bool { return state.ExitCode() != 0 && state.ExitCode() != 2 }

// sweep has nothing to do: when a supervisor is gone, so is the last handle of its job, and the job with all in it.
func sweep(string) {}

func catchable() []os.Signal { return []os.Signal{os.Interrupt} }
