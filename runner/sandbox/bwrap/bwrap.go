// Package bwrap is the sandbox driver "bwrap": each command runs in namespaces of its own, made by bubblewrap, and in a
// control group that bounds memory, tasks and CPU time. It is for code that others send, on Linux only.
//
// A command sees the files that it was given and nothing else, the loopback of a network of its own, its own processes,
// and about 280 harmless system calls. Nothing but Dir is writable for longer than it runs, and nothing of it outlives
// the run: it all dies with the namespace, and the control group shows when nobody is left.
//
// Within its sandbox, a command may do what it likes to itself and to the namespace's first process, which is bwrap's and
// has no more rights: an exit status is no evidence.
package bwrap

const name = "bwrap"
