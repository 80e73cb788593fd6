package none

import (
	"golang.org/x/sys/unix"

	"hotloop/runner/sandbox"
)

// memoryLimits bound what one process can map and write to. It is a multiple of the limit of the tree: a Go heap, a V8
// and thread stacks map more than they use, and a program that fails here instead of under the watch shows no reason.
func memoryLimits(l sandbox.Limits) []rlimit {
	return []rlimit{{unix.RLIMIT_DATA, 2*uint64(l.Memory) + 512<<20}}
}
