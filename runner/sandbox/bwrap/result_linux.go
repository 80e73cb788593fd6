//go:build amd64 || arm64

package bwrap

import (
	"bytes"
	"encoding/json"
	"fmt"
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
	r.result.CPU, r.result.MaxRSS = r.group.usage().cpu, r.group.peak()
	if !r.ending {
		r.check(r.group.usage())
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

// ended says how a command ended that nobody stopped. bwrap tells signals as shells do, by statuses over 128.
func (r *run) ended(status []byte) error {
	r.result.Wall = time.Since(r.started)
	code, ok := exitCode(status)
	if !ok {
		if state := r.main.ProcessState.Sys().(syscall.WaitStatus); state.Signaled() {
			r.stop(sandbox.Signaled, "The process that keeps the sandbox was killed from outside; the run was ended.")
			r.result.Signal = unix.SignalName(state.Signal())
			return nil
		}
		if complaint := strings.TrimSpace(r.stderr.String()); complaint != "" {
			return explain(complaint)
		}
		return fmt.Errorf("the helper ended without a word; is %q a program that enters sandboxes?", strings.Join(r.helper, " "))
	}
	r.result.Status, r.result.ExitCode = sandbox.Exited, code
	if name := unix.SignalName(syscall.Signal(code - 128)); code > 128 && name != "" {
		r.result.Status, r.result.ExitCode, r.result.Signal = sandbox.Signaled, -1, name
	}
	return nil
}

// exitCode finds the command's exit status in what bwrap says; there is none if the command was not started.
func exitCode(status []byte) (code int, ok bool) {
	for dec := json.NewDecoder(bytes.NewReader(status)); ; {
		var s struct {
			ExitCode *int `json:"exit-code"`
		}
		if err := dec.Decode(&s); err != nil {
			return code, ok
		}
		if s.ExitCode != nil {
			code, ok = *s.ExitCode, true
		}
	}
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
