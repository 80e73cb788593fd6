//go:build unix

package harness

import "syscall"

const inheritsFiles = true

func closeOnExec(files ...int) {
	for _, fd := range files {
		syscall.CloseOnExec(fd)
	}
}
