//go:build unix

package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"time"
)

// What a sandbox may slow down though it is no hostile thing to do. Each prints the nanoseconds that one of it takes.
func init() {
	programs["sorts"] = func() { tell(20, sort) }
	programs["hands-over"] = handOver
	programs["allocates"] = func() { tell(20_000, allocate) }
	programs["looks-up"] = func() { tell(2000, func() { os.Stat("/tmp") }) }
	programs["round-trip"] = roundTrip
}

// tell prints the lower quartile of the time that f takes, over rounds of so many calls.
func tell(calls int, f func()) {
	var rounds []float64
	for range 12 {
		begun := time.Now()
		for range calls {
			f()
		}
		rounds = append(rounds, float64(time.Since(begun))/float64(calls))
	}
	slices.Sort(rounds)
	fmt.Println(rounds[len(rounds)/4])
}

var numbers [4096]uint32

// sort calls nobody.
func sort() {
	seed := uint32(1)
	for i := range numbers {
		seed = seed*1664525 + 1013904223
		numbers[i] = seed
	}
	slices.Sort(numbers[:])
}

var kept map[int]*[64]byte

func allocate() {
	if len(kept)%1024 == 0 {
		kept = map[int]*[64]byte{}
	}
	kept[len(kept)] = new([64]byte)
}

// handOver passes a value to another goroutine and back.
func handOver() {
	there, back := make(chan int), make(chan int)
	go func() {
		for n := range there {
			back <- n
		}
	}()
	tell(5000, func() {
		there <- 1
		<-back
	})
}

// roundTrip sends a byte over the loopback and waits for it to come back.
func roundTrip() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fail(err)
	}
	go func() {
		conn, err := l.Accept()
		if err == nil {
			io.Copy(struct{ io.Writer }{conn}, struct{ io.Reader }{conn}) // not by splice
		}
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		fail(err)
	}
	b := []byte{1}
	tell(500, func() {
		if _, err := conn.Write(b); err != nil {
			fail(err)
		}
		if _, err := io.ReadFull(conn, b); err != nil {
			fail(err)
		}
	})
}
