//go:build !unix

package harness

import "time"

// Windows hands no numbered descriptors down; the runner has no channel there yet.
const inheritsFiles = false

func closeOnExec(...int) {}

func dumpAfter(time.Duration) {}

// cpuNow knows nothing here; the runner then measures by the wall clock.
func cpuNow() cpuReading { return cpuReading{} }

// closeMemory does nothing: there is no sandbox for strangers' code here.
func closeMemory() {}

// pin cannot keep a thread on a processor here.
func pin(int) bool { return false }

func unpin() {}
