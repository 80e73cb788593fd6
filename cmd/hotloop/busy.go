package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
)

// busyWord makes this program one that keeps a processor busy.
const busyWord = "__busy"

// busy computes until its standard input ends, as it does when the one who started it has ended, however that was.
func busy() {
	runtime.GOMAXPROCS(2) // one for the loop, one for the end of the input
	go func() {
		for {
		}
	}()
	io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// keepBusy keeps n processors busy, with a process each, until stop is called or this process ends.
func keepBusy(n int) (stop func(), err error) {
	var inputs []io.Closer
	var processes []*exec.Cmd
	stop = func() {
		for _, input := range inputs {
			input.Close()
		}
		for _, p := range processes {
			p.Wait()
		}
	}
	name, err := self()
	for i := 0; i < n && err == nil; i++ {
		p := exec.Command(name, busyWord)
		input, pipeErr := p.StdinPipe()
		if err = errors.Join(pipeErr, p.Start()); err == nil {
			inputs, processes = append(inputs, input), append(processes, p)
		}
	}
	if err != nil {
		stop()
		return nil, fmt.Errorf("starting %d busy loops: %w", n, err)
	}
	return stop, nil
}
