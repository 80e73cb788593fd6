package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

// Of the programs of escape_linux_amd64.go, those that use up what a sandbox shares with the machine: disks, memory,
// threads.

func deepFolders() {
	for range 1000 {
		if err := os.Mkdir("d", 0o700); err != nil {
			fail(err)
		}
		if err := os.Chdir("d"); err != nil {
			fail(err)
		}
	}
	os.WriteFile("file", nil, 0)
	os.Chmod(".", 0)
	fmt.Println("made 1000")
}

func floodFiles() {
	for i := 0; ; i++ {
		if err := os.WriteFile("f"+strconv.Itoa(i), nil, 0o600); err != nil {
			try("file", err)
			return
		}
	}
}

// fill writes up to so many MiB into a file.
func fill(path string, mib int) {
	f, err := os.Create(path)
	if err != nil {
		try("create", err)
		return
	}
	block := make([]byte, 1<<20)
	for range mib {
		if _, err := f.Write(block); err != nil {
			try("write", err)
			return
		}
	}
	try("write", nil)
}

func floodDisk() {
	fill("x", 256)
	fill("/tmp/x", 512)
}

// bigFile is more than a file may have, where there is a disk.
func bigFile() {
	f, err := os.Create("big")
	if err != nil {
		fail(err)
	}
	try("truncate", f.Truncate(1<<40))
}

func hogMemfd() {
	name := [2]byte{'x'}
	fd, _, errno := syscall.Syscall(319, uintptr(unsafe.Pointer(&name)), 0, 0)
	if errno != 0 {
		fail(errno)
	}
	f := os.NewFile(fd, "memfd")
	for range 512 {
		if _, err := f.Write(bytes.Repeat([]byte{1}, 1<<20)); err != nil {
			fail(err)
		}
	}
	time.Sleep(lifetime)
}

func hogSysV() {
	const size = 100 << 20
	for range 4 {
		id, _, errno := syscall.Syscall(syscall.SYS_SHMGET, 0, size, 0o1600) // IPC_PRIVATE, IPC_CREAT
		if errno != 0 {
			fail(errno)
		}
		at, _, errno := syscall.Syscall(syscall.SYS_SHMAT, id, 0, 0)
		if errno != 0 {
			fail(errno)
		}
		for i := uintptr(0); i < size; i += 4096 {
			*(*byte)(pointer(at + i)) = 1
		}
	}
	time.Sleep(lifetime)
}

// pointer is an address that the kernel gave.
func pointer(address uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&address)) }

func bombThreads() {
	for range 1000 {
		go func() {
			runtime.LockOSThread()
			time.Sleep(lifetime)
			select {}
		}()
	}
	time.Sleep(lifetime)
}
