package none

import (
	"fmt"
	"runtime"
	"strconv"
	"time"

	"hotloop/runner/sandbox"
)

// defaults are for a test run on the learner's own machine. CPU time has no default of its own: all processors for the
// whole wall time.
var defaults = sandbox.Limits{
	Wall:   10 * time.Second,
	Memory: 1 << 30,
	Output: 8 << 20,
	Procs:  256,
}

func withDefaults(l sandbox.Limits) sandbox.Limits {
	if l.Wall <= 0 {
		l.Wall = defaults.Wall
	}
	if l.Memory <= 0 {
		l.Memory = defaults.Memory
	}
	if l.Output <= 0 {
		l.Output = defaults.Output
	}
	if l.Procs <= 0 {
		l.Procs = defaults.Procs
	}
	if l.CPU <= 0 {
		l.CPU = l.Wall * time.Duration(runtime.NumCPU())
	}
	return l
}

const canceledReason = "Stopped on request."

// reason says for people why a run ended; nothing after Exited.
func reason(o *outcome, l sandbox.Limits) string {
	switch o.Status {
	case sandbox.Signaled:
		return "Your program was ended by signal " + o.Signal + "."
	case sandbox.Canceled:
		return canceledReason
	case sandbox.TimeLimit:
		return "Stopped after " + seconds(l.Wall) + ": time limit."
	case sandbox.MemoryLimit:
		return "Stopped: memory limit " + size(l.Memory) + " exceeded (peak " + size(o.MaxRSS) + ")."
	case sandbox.OutputLimit:
		return outputReason(l)
	case sandbox.ProcessLimit:
		return "Your program tried to start more than " + strconv.Itoa(l.Procs) + " processes."
	}
	return ""
}

func cpuReason(l sandbox.Limits) string {
	return "Stopped after " + seconds(l.CPU) + " of CPU time: time limit."
}

func outputReason(l sandbox.Limits) string {
	return "Stopped: output limit " + size(l.Output) + " exceeded."
}

// seconds writes d as "10 s", "1.5 s" or "200 ms".
func seconds(d time.Duration) string {
	if d < time.Second {
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	}
	return strconv.FormatFloat(d.Round(10*time.Millisecond).Seconds(), 'f', -1, 64) + " s"
}

// size writes n bytes as "256 MiB" or "1.5 GiB", rounded to a tenth.
func size(n int64) string {
	units := []string{"bytes", "KiB", "MiB", "GiB"}
	f, u := float64(n), 0
	for f >= 1024 && u < len(units)-1 {
		f /= 1024
		u++
	}
	if u == 2 && f >= 10 {
		return fmt.Sprintf("%.0f %s", f, units[u])
	}
	return strconv.FormatFloat(float64(int64(f*10+0.5))/10, 'f', -1, 64) + " " + units[u]
}
