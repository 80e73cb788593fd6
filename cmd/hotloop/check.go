package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"hotloop/exercises"
	"hotloop/runner/check"
)

// checkOptions are the flags of check.
type checkOptions struct {
	mutate  bool
	repeat  int
	load    int
	format  string
	verbose bool
}

func newCheckCmd(a *app) *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check [SLUG...]",
		Short: "Prove that exercises are well made",
		Long: `Prove that exercises are well made: the starter fails, the reference is accepted and so is each alternative (a correct
solution in another style), the naive version passes the tests and misses a target, every mutant is killed by the test
that it names. Without SLUG, all of them. The exit status is 1 if there is a problem.

Two variants at a time are built and tested; what is measured is measured alone, until its target is decided. The table
at the end has each variant's value against each target: "-" was not measured, because another target was missed before.
With --output json it is an object a line, an exercise each, and a summary as the last.

With --repeat N, the starter must be rejected and the reference and each alternative accepted N of N times. Do it on a
loaded machine, too: --load 4 keeps four processors busy meanwhile, as other programs of the learner's would.

With --mutate, the reference is changed in one small place after the other (an operator swapped, a statement left out, a
zero value returned), and each change must be noticed by a test or stand under equivalent in exercise.yaml, with a
reason. That is about a hundred runs for an exercise.`,
		Example: `  hotloop check --content . lru-cache
  hotloop check --content . --repeat 20 --load 4 lru-cache`,
		Args: cobra.ArbitraryArgs,
		ValidArgsFunction: func(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
			return completeSlugs(a)(cmd, nil, word)
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.checkAll(cmd.Context(), args, o) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.mutate, "mutate", false, "change the references and see what the tests notice")
	flags.IntVar(&o.repeat, "repeat", 1, "run starter, reference and alternatives `N` times, each of which must be right")
	flags.IntVar(&o.load, "load", 0, "keep `N` processors busy meanwhile")
	flags.StringVarP(&o.format, "output", "o", "text", "`FORMAT` of the result: text or json")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "tell of each variant when it is done")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.MarkFlagsMutuallyExclusive("mutate", "repeat")
	a.sandboxFlag(cmd)
	return cmd
}

func (a *app) checkAll(ctx context.Context, words []string, o checkOptions) error {
	switch {
	case o.format != "text" && o.format != "json":
		return &toldError{fmt.Sprintf("no output format %q", o.format), "formats of a check are text and json"}
	case o.repeat < 1 || o.load < 0:
		return &toldError{"--repeat is at least 1, and --load at least 0", `"hotloop check --help" says what they do`}
	}
	if _, err := a.library(); err != nil { // lessons name exercises, too
		return err
	}
	chosen, err := a.several(words)
	if err != nil {
		return err
	}
	if err := a.promise(ctx, true); err != nil {
		return err
	}
	r, err := a.runner()
	if err != nil {
		return err
	}
	r.Alone = true
	unload, err := keepBusy(o.load)
	if err != nil {
		return err
	}
	defer unload()
	if o.mutate {
		return a.mutate(ctx, chosen, o)
	}
	return a.check(ctx, chosen, o)
}

// A checked is a line of check's output as JSON: one of the two is set.
type checked struct {
	Result  *check.Result `json:"result,omitempty"`
	Summary *checkSummary `json:"summary,omitempty"`
}

type checkSummary struct {
	Exercises int     `json:"exercises"`
	WellMade  int     `json:"well_made"`
	Repeat    int     `json:"repeat"`
	Load      int     `json:"load"`
	Seconds   float64 `json:"seconds"`
}

func (a *app) check(ctx context.Context, chosen []*exercises.Exercise, o checkOptions) error {
	begun := time.Now()
	progress := a.progressLine(o.verbose)
	defer progress("")
	sum := checkSummary{Exercises: len(chosen), Repeat: o.repeat, Load: o.load}
	var results []*check.Result
	for _, e := range chosen {
		result, err := check.Exercise(ctx, a.run, e, check.Options{Repeat: o.repeat, Progress: progress})
		if err != nil {
			return err
		}
		results = append(results, result)
		if len(result.Problems) == 0 {
			sum.WellMade++
		}
		progress("")
		if o.format == "json" {
			err = json.NewEncoder(a.stdout).Encode(checked{Result: result})
		} else {
			err = tellResult(a.stdout, result)
		}
		if err != nil {
			return err
		}
	}
	sum.Seconds = time.Since(begun).Seconds()
	var err error
	if o.format == "json" {
		err = json.NewEncoder(a.stdout).Encode(checked{Summary: &sum})
	} else {
		err = checkTable(a.stdout, results, sum)
	}
	if err == nil && sum.WellMade < sum.Exercises {
		err = errNotDone
	}
	return err
}

func (a *app) mutate(ctx context.Context, chosen []*exercises.Exercise, o checkOptions) error {
	tell := func(line string) { fmt.Fprintln(a.stderr, line) }
	scores := []*check.Score{}
	done := true
	for _, e := range chosen {
		score, err := check.Mutate(ctx, a.run, e, tell)
		if err != nil {
			return err
		}
		for _, stale := range score.Stale {
			tell(fmt.Sprintf("%s: not equivalent, or not there: %s", e.Slug, stale))
		}
		scores = append(scores, score)
		done = done && len(score.Survivors) == 0 && len(score.Stale) == 0
	}
	var err error
	if o.format == "json" {
		err = a.json(scores)
	} else {
		err = scoreTable(a.stdout, scores)
	}
	if err == nil && !done {
		err = errNotDone
	}
	return err
}

// several are the exercises that words mean; all of them without words.
func (a *app) several(words []string) ([]*exercises.Exercise, error) {
	if len(words) == 0 {
		return a.ordered()
	}
	var chosen []*exercises.Exercise
	for _, word := range words {
		e, err := a.lookup(word)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(chosen, e) {
			chosen = append(chosen, e)
		}
	}
	return chosen, nil
}
