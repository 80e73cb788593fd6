package none

import (
	"testing"
	"time"

	"hotloop/runner/sandbox"
)

func TestReason(t *testing.T) {
	limits := sandbox.Limits{CPU: 20 * time.Second, Wall: 1500 * time.Millisecond, Memory: 256 << 20, Output: 8 << 20, Procs: 64}
	tests := []struct {
		outcome outcome
		want    string
	}{
		{outcome{Status: sandbox.Exited}, ""},
		{outcome{Status: sandbox.Exited, ExitCode: 3}, ""},
		{outcome{Status: sandbox.Signaled, Signal: "SIGSEGV"}, "Your program was ended by signal SIGSEGV."},
		{outcome{Status: sandbox.Canceled}, "Stopped on request."},
		{outcome{Status: sandbox.TimeLimit}, "Stopped after 1.5 s: time limit."},
		{outcome{Status: sandbox.TimeLimit, Reason: cpuReason(limits)}, "Stopped after 20 s of CPU time: time limit."},
		{outcome{Status: sandbox.MemoryLimit, MaxRSS: 261<<20 + 1000}, "Stopped: memory limit 256 MiB exceeded (peak 261 MiB)."},
		{outcome{Status: sandbox.OutputLimit}, "Stopped: output limit 8 MiB exceeded."},
		{outcome{Status: sandbox.ProcessLimit}, "Your program tried to start more than 64 processes."},
	}
	for _, tt := range tests {
		if got := tt.outcome.result(limits).Reason; got != tt.want {
			t.Errorf("reason of %+v = %q, want %q", tt.outcome, got, tt.want)
		}
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 1000: "1000 bytes", 64 << 10: "64 KiB", 1 << 20: "1 MiB",
		3 << 19: "1.5 MiB", 261<<20 + 600<<10: "262 MiB", 1 << 30: "1 GiB", 5 << 29: "2.5 GiB"} {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestDefaultsAreNeverUnlimited(t *testing.T) {
	l := withDefaults(sandbox.Limits{})
	if l.CPU <= 0 || l.Wall <= 0 || l.Memory <= 0 || l.Output <= 0 || l.Procs <= 0 {
		t.Errorf("withDefaults(zero) = %+v, want all of them set", l)
	}
	given := sandbox.Limits{CPU: 1, Wall: 2, Memory: 3, Output: 4, Procs: 5}
	if l := withDefaults(given); l != given {
		t.Errorf("withDefaults(%+v) = %+v", given, l)
	}
}
