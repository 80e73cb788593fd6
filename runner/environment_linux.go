package runner

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"hotloop/runner/measure"
)

// cpuModel is the processor's name, as the kernel tells it.
func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		switch strings.TrimSpace(key) {
		case "model name", "Model", "cpu model":
			return strings.TrimSpace(value)
		}
	}
	return ""
}

const tick = time.Second / 100 // the unit of /proc/stat on every architecture that Go knows

// cpuCounters reads the machine's counters and ours: of this process and of those that it has waited for, with theirs.
func cpuCounters() (c measure.CPU) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return c
	}
	line, _, _ := strings.Cut(string(stat), "\n")
	fields := strings.Fields(line)
	for i, field := range fields[min(1, len(fields)):min(9, len(fields))] { // guests are counted in user and nice already
		n, _ := strconv.ParseInt(field, 10, 64)
		c.Total += time.Duration(n) * tick
		if i == 3 || i == 4 { // idle, iowait
			c.Idle += time.Duration(n) * tick
		}
	}
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if syscall.Getrusage(who, &u) == nil {
			c.Own += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
	}
	return c
}
