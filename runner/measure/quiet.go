package measure

import "time"

// CPU are counters of a machine that only grow.
type CPU struct {
	Total time.Duration // of all processors, busy or not
	Idle  time.Duration // with nothing to run, or waiting for a disk
	Own   time.Duration // used by hotloop and the programs under test
}

// Quiet is the share of CPU time, 0 … 1, that programs other than hotloop's left free between the two readings: 1 on a
// machine that did nothing else. It is 0 if the counters cannot be right, as when there are none.
func Quiet(before, after CPU) float64 {
	total := after.Total - before.Total
	if total <= 0 {
		return 0
	}
	others := total - (after.Idle - before.Idle) - (after.Own - before.Own)
	return min(1, max(0, 1-float64(others)/float64(total)))
}
