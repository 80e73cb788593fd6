// Child is the small program that hotloop starts in front of every command of a run: it supervises the command, or takes
// it into a sandbox. Hotloop itself knows the same words and does the same without this program, but each start of it
// takes ten times as long, for it has a dictionary of programming languages to set up before it can look at its
// arguments.
package main

import (
	"fmt"
	"os"

	"hotloop/runner/sandbox/cell"
	"hotloop/runner/sandbox/none"
)

func main() {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "__supervise":
			none.Supervise()
		case "__enter":
			cell.Enter()
		}
	}
	fmt.Fprintln(os.Stderr, "hotloop-child: this is for hotloop itself to start")
	os.Exit(2)
}
