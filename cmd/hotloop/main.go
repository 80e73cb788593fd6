// Hotloop is a sandbox for performance engineering that measures: lessons, exercises in your own editor or in the
// browser, tests, benchmarks against a naive version and a reference. "hotloop help" lists the commands.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"hotloop/runner/executor/yaegi"
	"hotloop/runner/sandbox/cell"
	"hotloop/runner/sandbox/none"
)

// The words that make this program a child of itself. Nobody types them.
const (
	superviseWord = "__supervise"
	enterWord     = "__enter"
	yaegiWord     = "__yaegi"
)

func main() {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case superviseWord:
			none.Supervise()
		case enterWord:
			cell.Enter()
		case yaegiWord:
			yaegi.Child()
		case busyWord:
			busy()
		}
	}
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the program without its process. An interrupt ends what is going on, with its children.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// Who reads our output may go, as head does. Then writing fails, the run ends, and its folder is removed; by default
	// the signal would end us at once. It is not ignored, since the children would inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	context.AfterFunc(ctx, stop) // the second interrupt ends the program at once
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr}
	root := newRootCmd(a)
	root.SetArgs(longFlags(args))
	err := root.ExecuteContext(ctx)
	return a.exit(err)
}
