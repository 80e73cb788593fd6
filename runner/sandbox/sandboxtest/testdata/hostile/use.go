//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

var sink int

func loop() {
	for {
		sink++
	}
}

func spin() {
	for range 4 {
		go func() {
			n := 0
			for {
				n++
			}
		}()
	}
	time.Sleep(lifetime)
}

// compute sorts and hashes for some rounds, and prints the lower quartile of the milliseconds of CPU time that they took:
// in the worse ones, others had the processor.
func compute() {
	runtime.LockOSThread()
	var rounds []float64
	numbers, counts := make([]uint32, 4096), make([]int, 256)
	for range 60 {
		begun := threadTime()
		for range 16 {
			seed := uint32(1)
			for i := range numbers {
				seed = seed*1664525 + 1013904223
				numbers[i] = seed
				counts[seed>>24]++
			}
			slices.Sort(numbers)
		}
		rounds = append(rounds, float64(threadTime()-begun)/float64(time.Millisecond))
	}
	slices.Sort(rounds)
	fmt.Println(rounds[len(rounds)/4])
}

// hog takes so many MiB, bit by bit, and keeps them.
func hog(mib int) {
	var kept [][]byte
	for range mib {
		kept = append(kept, bytes.Repeat([]byte{1}, 1<<20))
		time.Sleep(500 * time.Microsecond)
	}
	runtime.KeepAlive(kept)
}

// hogChildren takes little itself and in each child, but much in all.
func hogChildren() {
	for range 4 {
		start("hog-part", nil, true)
	}
	time.Sleep(lifetime)
}

// stamps takes so many MiB as fast as it can, and prints after each what time it is.
func stamps(mib int) {
	var kept [][]byte
	for range mib {
		kept = append(kept, bytes.Repeat([]byte{1}, 1<<20))
		fmt.Println(time.Now().UnixNano())
	}
	time.Sleep(lifetime)
	runtime.KeepAlive(kept)
}

func stampsChildren() {
	for range 4 {
		start("hog-stamps", os.Stdout, true)
	}
	time.Sleep(lifetime)
}

// gulp asks for 2 GiB in one system call that would fill them at once.
func gulp() {
	_, err := syscall.Mmap(-1, 0, 2<<30, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON|mapPopulate)
	fmt.Println("gulp:", err)
}

// flood prints up to 64 MiB.
func flood(f *os.File, text string) {
	block := bytes.Repeat([]byte(text), 1024)
	for n := 0; n < 64<<20; n += len(block) {
		if _, err := f.Write(block); err != nil {
			return
		}
	}
}

// bomb makes at most 2^depth processes, each waiting.
func bomb(depth int) {
	depth = count(depth)
	if depth > 0 {
		start("fork-bomb", nil, depth%2 == 0, strconv.Itoa(depth-1))
		start("fork-bomb", nil, depth%2 == 0, strconv.Itoa(depth-1))
	}
	time.Sleep(lifetime)
}

// hydra starts a child and another one each time that dies, down to a depth; at most ten at each level.
func hydra(depth int) {
	depth = count(depth)
	for range 10 {
		if depth == 0 {
			time.Sleep(lifetime)
		}
		start("hydra", nil, true, strconv.Itoa(depth-1)).Wait()
	}
}

func overflow(n int) int { return overflow(n+1) + 1 }

// garbage prints what is no text: every byte, escapes that would retitle a terminal, a NUL, half a rune.
func garbage() {
	var all []byte
	for b := range 256 {
		all = append(all, byte(b))
	}
	os.Stdout.Write(all)
	os.Stdout.WriteString("\x1b]0;owned\x07\x1b[2J\x00\xe2\x82")
}

func manyGoroutines() {
	var wg sync.WaitGroup
	for range 20_000 {
		wg.Go(func() { time.Sleep(50 * time.Millisecond) })
	}
	wg.Wait()
}

func manyThreads() {
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			runtime.LockOSThread()
			time.Sleep(50 * time.Millisecond)
		})
	}
	wg.Wait()
}

// zombies leaves dead children unwaited for.
func zombies() {
	for range 20 {
		start("nothing", nil, false)
	}
	time.Sleep(100 * time.Millisecond)
}

// descriptors prints the open descriptors that this process was given: those below 200 that the Go runtime has not made.
func descriptors() {
	var open []int
	for fd := range 200 {
		flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0)
		if errno == 0 && flags&syscall.FD_CLOEXEC == 0 {
			open = append(open, fd)
		}
	}
	fmt.Println(open)
}

func environment() {
	env := os.Environ()
	slices.Sort(env)
	for _, kv := range env {
		fmt.Println(kv)
	}
}
