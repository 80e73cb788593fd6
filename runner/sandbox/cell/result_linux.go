//go:build amd64 || arm64

package cell

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/child"
)

// settle says how the run ended, now that all are dead. Counters come before how the command ended: they may be why.
func (r *run) settle(status []byte) error {
	r.result.CPU, r.result.MaxRSS = r.group.usage().cpu, max(0, r.group.peak()-r.needs.Memory)
	if !r.ending {
		r.check()
	}
	if !r.ending && r.streams.Exceeded() {
		r.stop(sandbox.OutputLimit, "")
	}
	if !r.ending {
		if err := r.ended(status); err != nil {
			return err
		}
	}
	if r.result.Status == sandbox.MemoryLimit && r.result.MaxRSS == 0 { // an older kernel counts no peak
		r.result.MaxRSS = r.limits.Memory
	}
	if r.result.Reason == "" {
		r.result.Reason = child.Reason(r.result, r.limits)
	}
	return nil
}

// ended says how a command ended that nobody stopped.
func (r *run) ended(status []byte) error {
	r.result.Wall = time.Since(r.started)
	exit := r.main.ProcessState.Sys().(syscall.WaitStatus)
	code, err := r.host.box.Ended(Ending{Exit: exit, Status: status, Stderr: strings.TrimSpace(r.stderr.String())})
	switch {
	case err != nil && exit.Signaled():
		r.stop(sandbox.Signaled, "The process that keeps the sandbox was killed from outside; the run was ended.")
		r.result.Signal = unix.SignalName(exit.Signal())
		return nil
	case err != nil:
		return err
	}
	r.result.Status, r.result.ExitCode = sandbox.Exited, code
	if name := unix.SignalName(syscall.Signal(code - 128)); code > 128 && name != "" {
		r.result.Status, r.result.ExitCode, r.result.Signal = sandbox.Signaled, -1, name
	}
	return nil
}

// A head keeps the first 4 KiB written to it.
type head struct {
	mu sync.Mutex
	bytes.Buffer
}

func (h *head) Write(p []byte) (int, error) {
	const most = 4 << 10
	h.mu.Lock()
	defer h.mu.Unlock()
	if room := most - h.Len(); room > 0 {
		h.Buffer.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}

// watchStderr is cmd with its standard error also going to h.
func watchStderr(cmd *sandbox.Command, h *head) *sandbox.Command {
	both := *cmd
	both.Stderr = h
	if cmd.Stderr != nil {
		both.Stderr = io.MultiWriter(h, cmd.Stderr)
	}
	if cmd.Stdout != nil && child.Same(cmd.Stdout, cmd.Stderr) {
		both.Stdout = both.Stderr
	}
	return &both
}
