package none

import (
	"bytes"
	"context"
	"testing"
	"time"

	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/sandboxtest"
)

// TestAlone runs programs that stay by themselves without a supervisor: limits hold all the same.
func TestAlone(t *testing.T) {
	hostile := sandboxtest.Build(t)
	for _, tt := range []struct {
		name   string
		stop   time.Duration // after which the run is canceled
		args   []string
		limits sandbox.Limits
		want   sandbox.Status
	}{
		{"ends", 0, []string{"nothing"}, sandbox.Limits{}, sandbox.Exited},
		{"never ends", 0, []string{"sleep"}, sandbox.Limits{Wall: 50 * time.Millisecond}, sandbox.TimeLimit},
		{"computes", 0, []string{"spin"}, sandbox.Limits{CPU: 100 * time.Millisecond}, sandbox.TimeLimit},
		{"takes memory", 0, []string{"hog"}, sandbox.Limits{Memory: 64 << 20}, sandbox.MemoryLimit},
		{"prints", 0, []string{"flood-stdout"}, sandbox.Limits{Output: 1 << 10}, sandbox.OutputLimit},
		{"is stopped", 50 * time.Millisecond, []string{"sleep"}, sandbox.Limits{}, sandbox.Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			cmd := &sandbox.Command{Args: append([]string{hostile}, tt.args...), Stdout: &out, Limits: tt.limits, Alone: true}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if tt.stop > 0 {
				time.AfterFunc(tt.stop, cancel)
			}
			got, err := driver(t).Run(ctx, cmd)
			if err != nil || got.Status != tt.want {
				t.Errorf("Run = %+v, %v; want %s", got, err, tt.want)
			}
			if (got.Reason == "") != (tt.want == sandbox.Exited) {
				t.Errorf("the reason of %s is %q", got.Status, got.Reason)
			}
			if limit := tt.limits.Output; limit > 0 && int64(out.Len()) > limit {
				t.Errorf("%d bytes came through, at most %d may", out.Len(), limit)
			}
		})
	}
	if _, err := driver(t).Run(t.Context(), &sandbox.Command{Args: []string{"/no/such/program"}, Alone: true}); err == nil {
		t.Error("a program that is not there starts without an error")
	}
}
