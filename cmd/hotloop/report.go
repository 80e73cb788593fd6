package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"hotloop/runner/report"
)

func newReportCmd(a *app) *cobra.Command {
	var format string
	var verbose bool
	cmd := &cobra.Command{
		Use:   "report FILE",
		Short: "Tell a stored run again, in any format",
		Long: `Tell a run again that was stored with --output json; "-" reads it from standard input.
The exit status is that of the run's verdict.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			out, err := a.output(format, verbose)
			if err != nil {
				return err
			}
			return a.replay(args[0], out)
		},
	}
	outputFlag(cmd, &format)
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "steps, passed subtests and the whole output of failed tests, too")
	return cmd
}

func (a *app) replay(file string, out report.Handler) error {
	var in io.Reader = a.stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return &toldError{fmt.Sprintf("reading a stored run: %v", err), `"hotloop test --output json > FILE" stores one`}
		}
		defer f.Close()
		in = f
	}
	var verdict report.Verdict
	last := report.HandlerFunc(func(e report.Event) error {
		if e.Report != nil {
			verdict = e.Report.Verdict
		}
		return nil
	})
	if err := report.Replay(in, report.Tee(last, out)); err != nil {
		return &toldError{fmt.Sprintf("telling the run in %s: %v", file, err),
			"the file must be the whole output of a run with --output json"}
	}
	return &verdictError{verdict}
}
