package child

import (
	"testing"
	"time"

	"hotloop/runner/sandbox"
)

func TestReason(t *testing.T) {
	limits := sandbox.Limits{CPU: 20 * time.Second, Wall: 1500 * time.Millisecond, Memory: 256 << 20, Output: 8 << 20, Procs: 64}
	tests := []struct {
		result sandbox.Result
		want   string
	}{
		{sandbox.Result{Status: sandbox.Exited}, ""},
		{sandbox.Result{Status: sandbox.Exited, ExitCode: 3}, ""},
		{sandbox.Result{Status: sandbox.Signaled, Signal: "SIGSEGV"}, "Your program was ended by signal SIGSEGV."},
		{sandbox.Result{Status: sandbox.Canceled}, "Stopped on request."},
		{sandbox.Result{Status: sandbox.TimeLimit}, "Stopped after 1.5 s: time limit."},
		{sandbox.Result{Status: sandbox.MemoryLimit, MaxRSS: 261<<20 + 1000}, "Stopped: memory limit 256 MiB exceeded (peak 261 MiB)."},
		{sandbox.Result{Status: sandbox.OutputLimit}, "Stopped: output limit 8 MiB exceeded."},
		{sandbox.Result{Status: sandbox.ProcessLimit}, "Your program tried to start more than 64 processes."},
	}
	for _, tt := range tests {
		if got := Reason(tt.result, limits); got != tt.want {
			t.Errorf("reason of %+v = %q, want %q", tt.result, got, tt.want)
		}
	}
}

func TestCPUReason(t *testing.T) {
	if got, want := CPUReason(sandbox.Limits{CPU: 20 * time.Second}), "Stopped after 20 s of CPU time: time limit."; got != want {
		t.Errorf("CPUReason = %q, want %q", got, want)
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 1000: "1000 bytes", 64 << 10: "64 KiB", 1 << 20: "1 MiB",
		3 << 19: "1.5 MiB", 261<<20 + 600<<10: "262 MiB", 1 << 30: "1 GiB", 5 << 29: "2.5 GiB"} {
		if got := Size(n); got != want {
			t.Errorf("Size(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestDefaultsAreNeverUnlimited(t *testing.T) {
	l := Limits(sandbox.Limits{})
	if l.CPU <= 0 || l.Wall <= 0 || l.Memory <= 0 || l.Output <= 0 || l.Procs <= 0 {
		t.Errorf("Limits(zero) = %+v, want all of them set", l)
	}
	given := sandbox.Limits{CPU: 1, Wall: 2, Memory: 3, Output: 4, Procs: 5}
	if l := Limits(given); l != given {
		t.Errorf("Limits(%+v) = %+v", given, l)
	}
}
