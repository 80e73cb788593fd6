//go:build !linux

package sandboxtest

// escapes are for drivers that isolate, which need Linux.
var escapes []program
