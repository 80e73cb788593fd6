package none

import (
	"encoding/json"
	"os"
	"os/signal"
)

// A supervisor starts before the rest of the program is initialised: with everything linked into hotloop, syntax
// highlighting above all, that would take 20 ms and 20 MB for each run.
func init() {
	if os.Getenv(superviseKey) != "" {
		Supervise()
	}
}

// Supervise is the main function of a supervisor and never returns. A process that a Driver has started is in it before
// its own main function is called.
func Supervise() {
	// Signals to the supervisor's own group or from the program it runs must not end it before its work is done. Caught
	// rather than ignored, they are back to normal for the command.
	signal.Notify(make(chan os.Signal, 1), catchable()...)

	in := json.NewDecoder(os.Stdin)
	var s spec
	if err := in.Decode(&s); err != nil {
		os.Exit(2) // the driver is gone
	}
	o := supervise(&s, readOrders(in))
	if err := json.NewEncoder(os.Stdout).Encode(o); err != nil {
		os.Exit(2)
	}
	os.Exit(0)
}

// readOrders yields orders. The end of the stream is the end of the driver, and so of the run.
func readOrders(in *json.Decoder) <-chan string {
	orders := make(chan string, 1)
	go func() {
		for {
			var o order
			if err := in.Decode(&o); err != nil {
				orders <- stopCanceled
				return
			}
			orders <- o.Word
		}
	}()
	return orders
}
