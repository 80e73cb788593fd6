package report

import (
	"io"
	"strconv"

	"hotloop/runner/measure"
)

// Benchfmt writes what a run measured, round by round, in the Go benchmark format, once its report has come: one line for
// each round of each variant, for "benchstat -col /variant" to compare. A run that measured nothing writes the head only.
func Benchfmt(w io.Writer) Handler {
	var samples []measure.Sample
	return HandlerFunc(func(e Event) error {
		switch {
		case e.Sample != nil:
			samples = append(samples, *e.Sample)
		case e.Report != nil:
			r := e.Report
			return measure.WriteBenchfmt(w, samples, map[string]string{
				"goos": r.Environment.OS, "goarch": r.Environment.Arch, "cpu": r.Environment.CPU, "go": r.Environment.Go,
				"exercise": r.Exercise, "verdict": string(r.Verdict), "seed": strconv.FormatUint(r.Seed, 10),
				"quiet": strconv.FormatFloat(r.Environment.Quiet, 'f', 2, 64),
			})
		}
		return nil
	})
}
