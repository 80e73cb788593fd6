// Package gvisor is the sandbox driver "gvisor": each command runs in a kernel of its own, gVisor's, which is an ordinary
// program (runsc) of a user without rights, in a control group that bounds memory and CPU time. It is for code that others
// send, on Linux only, where a fault in the machine's kernel must not be within their reach.
//
// A command sees the files that it was given and nothing else, its own processes, and the loopback of a network that
// exists in its kernel alone. System calls end there: the machine's kernel sees some sixty harmless ones of runsc's. What a
// command does to its kernel, it does to itself; all of it is gone with the run.
//
//	helper ─ exec ─► runsc ─┬─► gofer          opens Dir and what may be read, as the run's user
//	                        └─► gVisor's kernel ─► processes that hold the command's memory and wait to be resumed
//
// The price is time: a start takes a tenth of a second, and whatever calls the kernel is several times slower, while
// computing is not (cell's BenchmarkStart and BenchmarkWork). So ratios of a benchmark are not those of the machine.
//
// Threads are not told apart from the kernel's own, so only processes are counted, and many threads end at the limit of
// memory or time. runsc takes some 20 MiB for itself, which no limit of the command's counts.
package gvisor

const name = "gvisor"
