package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"hotloop/exercises"
	"hotloop/runner/check"
	"hotloop/runner/measure"
	"hotloop/runner/report"
)

const lineWidth = 76 // of the line that is written over

// progressLine tells on standard error how far a check is: on a terminal in one line that is written over, and taken
// away by ""; line by line if verbose; else not at all.
func (a *app) progressLine(verbose bool) func(line string) {
	switch {
	case verbose:
		return func(line string) {
			if line != "" {
				fmt.Fprintln(a.stderr, line)
			}
		}
	case isTerminal(a.stderr):
		return func(line string) {
			if runes := []rune(line); len(runes) > lineWidth {
				line = string(runes[:lineWidth-1]) + "…"
			}
			fmt.Fprint(a.stderr, "\r\x1b[K", line)
		}
	}
	return func(string) {}
}

// tellResult tells of an exercise as soon as it is checked: what is wrong, or that nothing is.
func tellResult(w io.Writer, r *check.Result) error {
	if len(r.Problems) > 0 {
		var err error
		for _, p := range r.Problems {
			_, err = fmt.Fprintf(w, "%s\n    %s\n", p, p.Hint)
		}
		return err
	}
	var names []string
	for _, v := range r.Variants {
		if v.Role != exercises.MutantRole {
			names = append(names, v.Variant)
		}
	}
	_, err := fmt.Fprintf(w, "%s: well made: %s and %d mutants show what they must\n", r.Exercise, strings.Join(names, ", "), r.Mutants)
	return err
}

// checkTable is what all exercises showed: for each, how its variants ended, and their values against each target.
func checkTable(w io.Writer, results []*check.Result, sum checkSummary) error {
	for _, r := range results {
		fmt.Fprintf(w, "\n%s: %s%d of %d mutants killed; %.1f s\n", r.Exercise, endings(r), r.Killed, r.Mutants, r.Seconds)
		if err := targetTable(w, r); err != nil {
			return err
		}
	}
	took := time.Duration(sum.Seconds * float64(time.Second)).Round(time.Second / 10)
	_, err := fmt.Fprintf(w, "\n%d of %d exercises are well made; %v in total\n", sum.WellMade, sum.Exercises, took)
	return err
}

// endings is "starter rejected by TestGet; ", and of several runs how often what came out that should.
func endings(r *check.Result) string {
	var said strings.Builder
	for _, v := range r.Variants {
		how := "accepted"
		switch {
		case v.Role == exercises.Starter && v.By != "":
			how = "rejected by " + v.By
		case v.Role == exercises.Starter:
			how = "rejected"
		case v.Role == exercises.Naive || v.Role == exercises.MutantRole || v.Runs < 2:
			continue
		}
		switch {
		case v.Runs > 1:
			fmt.Fprintf(&said, "%s %s %d of %d times; ", v.Variant, how, v.Right, v.Runs)
		case v.Right > 0:
			fmt.Fprintf(&said, "%s %s; ", v.Variant, how)
		}
	}
	return said.String()
}

// targetTable has a line for each target, and a column for each variant that was measured and is no mutant.
func targetTable(w io.Writer, r *check.Result) error {
	var columns []check.Showing
	var targets []report.Benchmark
	for _, v := range r.Variants {
		if v.Role == exercises.MutantRole || len(v.Targets) == 0 {
			continue
		}
		columns = append(columns, v)
		for _, b := range v.Targets {
			if find(targets, b) == nil {
				targets = append(targets, b)
			}
		}
	}
	if len(targets) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "  TARGET\tUNIT\tWANTED")
	for _, v := range columns {
		fmt.Fprint(t, "\t", v.Variant)
	}
	for _, target := range targets {
		fmt.Fprintf(t, "\n  %s\t%s\t%s", target.Name, target.Unit, target.Target.In(target.Unit))
		for _, v := range columns {
			fmt.Fprint(t, "\t", reached(find(v.Targets, target)))
		}
	}
	fmt.Fprintln(t)
	return t.Flush()
}

func find(in []report.Benchmark, like report.Benchmark) *report.Benchmark {
	i := slices.IndexFunc(in, func(b report.Benchmark) bool { return b.Name == like.Name && b.Unit == like.Unit })
	if i < 0 {
		return nil
	}
	return &in[i]
}

// reached is a variant's value in the unit of its target, and a mark if that is not met.
func reached(b *report.Benchmark) string {
	switch {
	case b == nil:
		return "-"
	case b.Target.AtMost != nil:
		return measure.Format(b.Yours.Center, b.Unit) + marks[b.Met]
	case b.Speedup == nil:
		return "?"
	}
	return measure.Multiple(b.Speedup.Center) + marks[b.Met]
}

var marks = map[measure.Decision]string{measure.No: " ✗", measure.Inconclusive: " ?"}

// scoreTable has a line for each exercise.
func scoreTable(w io.Writer, scores []*check.Score) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "EXERCISE\tMUTANTS\tKILLED\tEQUIVALENT\tSCORE\t")
	for _, s := range scores {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%.0f %%\t\n", s.Exercise, s.Mutants, s.Killed, s.Equivalent, s.Percent())
	}
	return t.Flush()
}
