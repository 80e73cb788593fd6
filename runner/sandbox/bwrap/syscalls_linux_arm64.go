package bwrap

import "golang.org/x/sys/unix"

const (
	auditArch = unix.AUDIT_ARCH_AARCH64
	otherABI  = 0 // there is none
)

// legacy is what this architecture names otherwise.
var legacy = []uint32{unix.SYS_FSTATAT}
