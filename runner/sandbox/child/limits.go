// Package child is what drivers share that run a command as a child of this process: its standard streams with their
// limit, the default limits, and the words for how it ended. Starting, watching and ending it is the drivers' own.
package child

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

// Limits is l with the defaults where it says nothing.
func Limits(l sandbox.Limits) sandbox.Limits {
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

// CanceledReason is the reason of every run that was stopped from outside.
const CanceledReason = "Stopped on request."

// Reason says for people why a run ended; nothing after Exited.
func Reason(r sandbox.Result, l sandbox.Limits) string {
	switch r.Status {
	case sandbox.Signaled:
		return "Your program was ended by signal " + r.Signal + "."
	case sandbox.Canceled:
		return CanceledReason
	case sandbox.TimeLimit:
		return "Stopped after " + seconds(l.Wall) + ": time limit."
	case sandbox.MemoryLimit:
		return "Stopped: memory limit " + Size(l.Memory) + " exceeded (peak " + Size(r.MaxRSS) + ")."
	case sandbox.OutputLimit:
		return OutputReason(l)
	case sandbox.ProcessLimit:
		return "Your program tried to start more than " + strconv.Itoa(l.Procs) + " processes."
	}
	return ""
}

// CPUReason is that of a TimeLimit that CPU time has exceeded.
func CPUReason(l sandbox.Limits) string {
	return "Stopped after " + seconds(l.CPU) + " of CPU time: time limit."
}

// OutputReason is that of an OutputLimit.
func OutputReason(l sandbox.Limits) string {
	return "Stopped: output limit " + Size(l.Output) + " exceeded."
}

// seconds writes d as "10 s", "1.5 s" or "200 ms".
func seconds(d time.Duration) string {
	if d < time.Second {
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	}
	return strconv.FormatFloat(d.Round(10*time.Millisecond).Seconds(), 'f', -1, 64) + " s"
}

// Size writes n bytes as "256 MiB" or "1.5 GiB", rounded to a tenth.
func Size(n int64) string {
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
