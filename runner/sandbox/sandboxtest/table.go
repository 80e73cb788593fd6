package sandboxtest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"

	"hotloop/runner/sandbox"
)

// outcomes are how programs ended, in this test binary so far.
var outcomes struct {
	sync.Mutex
	drivers []string
	ended   map[string]map[string]string // program → driver → outcome
}

func note(driver, program, outcome string) {
	o := &outcomes
	o.Lock()
	defer o.Unlock()
	if !slices.Contains(o.drivers, driver) {
		o.drivers = append(o.drivers, driver)
	}
	if o.ended == nil {
		o.ended = map[string]map[string]string{}
	}
	if o.ended[program] == nil {
		o.ended[program] = map[string]string{}
	}
	o.ended[program][driver] = outcome
}

// outcome is how a program ended, in a few words. One that tries to get out prints what it was told.
func outcome(result sandbox.Result, stdout string, failed bool) string {
	const most = 38
	text, _ := strings.CutSuffix(string(result.Status), " exceeded")
	switch result.Status {
	case sandbox.Exited:
		text = fmt.Sprint("exit ", result.ExitCode)
		if first, _, _ := strings.Cut(stdout, "\n"); result.ExitCode == 0 && first != "" {
			text = fmt.Sprintf("%.*q", most, first)
		}
	case sandbox.Signaled:
		text = result.Signal
	}
	switch n := strings.Count(stdout, "ESCAPED"); {
	case n > 0 && failed:
		text = fmt.Sprintf("ESCAPED %d times", n)
	case n > 0: // RunGuestEscapes expects it
		text = fmt.Sprintf("let through %d, in the guest", n)
	}
	if failed {
		text = "FAIL: " + text
	}
	return text
}

// Table is how each hostile program ended under each driver that Run and the like were called with in this test binary:
// a row for a program, a column for a driver. Programs that try to get out are run by drivers only that isolate.
func Table() string {
	o := &outcomes
	o.Lock()
	defer o.Unlock()
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "hostile program\t%s\n", strings.Join(o.drivers, "\t"))
	for _, p := range slices.Concat(programs, escapes) {
		row := []string{p.name}
		for _, driver := range o.drivers {
			outcome := o.ended[p.name][driver]
			if outcome == "" {
				outcome = "not run"
			}
			row = append(row, outcome)
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	w.Flush()
	return b.String()
}
