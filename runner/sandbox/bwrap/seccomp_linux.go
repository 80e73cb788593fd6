//go:build amd64 || arm64

package bwrap

import (
	"encoding/binary"
	"slices"

	"golang.org/x/sys/unix"
)

// seccompFilter is the program that the kernel runs at each system call of a command: a list of what is allowed, as for
// containers, without what only debuggers, profilers and those who make containers need. Commands of ours don't need it,
// and most ways out of a kernel begin there.
//
// What is not allowed fails with EPERM; clone3, whose flags are out of a filter's sight, and calls newer than the list
// with ENOSYS, on which the C library and the Go runtime fall back to older ones.
func seccompFilter() []byte {
	var p program
	p.add(load(offArch), jump(unix.BPF_JEQ, auditArch, 1, 0), ret(errno(unix.EPERM)), load(offNumber))
	if otherABI != 0 {
		p.add(jump(unix.BPF_JGE, otherABI, 0, 1), ret(errno(unix.ENOSYS)))
	}
	p.when(unix.SYS_CLONE3, ret(errno(unix.ENOSYS)))
	p.when(unix.SYS_CLONE, load(low(0)), jump(unix.BPF_JSET, newNamespaces, 0, 1), ret(errno(unix.EPERM)), ret(allow))
	p.when(unix.SYS_SOCKET, socketRule()...)
	p.when(unix.SYS_PERSONALITY, oneOf(low(0), personalities)...)
	p.when(unix.SYS_IOCTL, slices.Concat(noneOf(low(1), []uint32{unix.TIOCSTI, unix.TIOCLINUX}), []unix.SockFilter{ret(allow)})...)
	p.ranges(allowed)
	return p.bytes()
}

const (
	offNumber = 0 // in struct seccomp_data
	offArch   = 4
	offArgs   = 16

	allow = unix.SECCOMP_RET_ALLOW

	newNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWUSER |
		unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWTIME
)

// personalities are the usual one, the question which it is, and addresses without randomness, which the race detector
// asks for.
var personalities = []uint32{0, 0xffffffff, 0x0040000}

// socketRule allows the families that programs talk to themselves with. AF_VSOCK is the dangerous one of the others: it
// ignores network namespaces, and clouds control their machines over it.
func socketRule() []unix.SockFilter {
	local := oneOf(low(0), []uint32{unix.AF_UNIX, unix.AF_INET, unix.AF_INET6})
	local = local[:len(local)-1] // netlink may follow
	return slices.Concat(local,
		[]unix.SockFilter{jump(unix.BPF_JEQ, unix.AF_NETLINK, 1, 0), ret(errno(unix.EPERM))},
		oneOf(low(2), []uint32{unix.NETLINK_ROUTE})) // which addresses there are
}

// A program is a filter being put together. Jumps are relative and reach 255 instructions far, so each part is complete
// in itself and ends in a return or falls through.
type program []unix.SockFilter

func (p *program) add(ins ...unix.SockFilter) { *p = append(*p, ins...) }

// when adds what decides about one system call. The number of the call is in the accumulator before, and after it if it
// was another one.
func (p *program) when(number uint32, then ...unix.SockFilter) {
	p.add(jump(unix.BPF_JEQ, number, 0, uint8(len(then))))
	p.add(then...)
}

// ranges ends the program: numbers are allowed, all others are not.
func (p *program) ranges(numbers []uint32) {
	numbers = slices.Sorted(slices.Values(numbers))
	for i := 0; i < len(numbers); {
		first, last := numbers[i], numbers[i]
		for ; i < len(numbers) && numbers[i] <= last+1; i++ {
			last = numbers[i]
		}
		p.add(jump(unix.BPF_JGE, first, 1, 0), ret(errno(unix.EPERM)), jump(unix.BPF_JGT, last, 1, 0), ret(allow))
	}
	p.add(jump(unix.BPF_JGT, newest, 1, 0), ret(errno(unix.EPERM)), ret(errno(unix.ENOSYS)))
}

func (p program) bytes() []byte {
	var b []byte
	for _, in := range p {
		b = binary.NativeEndian.AppendUint16(b, in.Code)
		b = append(b, in.Jt, in.Jf)
		b = binary.NativeEndian.AppendUint32(b, in.K)
	}
	return b
}

// oneOf allows a call if its argument is one of values.
func oneOf(argument uint32, values []uint32) []unix.SockFilter {
	part := []unix.SockFilter{load(argument)}
	for _, v := range values {
		part = append(part, jump(unix.BPF_JEQ, v, 0, 1), ret(allow))
	}
	return append(part, ret(errno(unix.EPERM)))
}

// noneOf refuses a call if its argument is one of values, and falls through otherwise.
func noneOf(argument uint32, values []uint32) []unix.SockFilter {
	part := []unix.SockFilter{load(argument)}
	for _, v := range values {
		part = append(part, jump(unix.BPF_JEQ, v, 0, 1), ret(errno(unix.EPERM)))
	}
	return part
}

// low is where the lower half of an argument is; both architectures are little-endian. The kernel takes no more of the
// arguments that are looked at here.
func low(argument uint32) uint32 { return offArgs + 8*argument }

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

func jump(op uint16, value uint32, yes, no uint8) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_K | op, Jt: yes, Jf: no, K: value}
}

func ret(value uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: value}
}

func errno(e unix.Errno) uint32 { return unix.SECCOMP_RET_ERRNO | uint32(e) }
