package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"hotloop/exercises"
	"hotloop/runner/check"
)

func newCheckCmd(a *app) *cobra.Command {
	var mutate bool
	cmd := &cobra.Command{
		Use:   "check [SLUG...]",
		Short: "Prove that exercises are well made",
		Long: `Prove that exercises are well made: the starter fails, the reference is accepted and so is each alternative (a correct
solution in another style), the naive version passes the tests and misses a target, every mutant is killed by the test
that it names. Without SLUG, all of them. The exit status is 1 if there is a problem.

With --mutate, the reference is changed in one small place after the other (an operator swapped, a statement left out, a
zero value returned), and each change must be noticed by a test or stand under equivalent in exercise.yaml, with a
reason. That is about a hundred runs for an exercise.`,
		Args: cobra.ArbitraryArgs,
		ValidArgsFunction: func(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
			return completeSlugs(a)(cmd, nil, word)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if mutate {
				return a.mutate(cmd.Context(), args)
			}
			return a.check(cmd.Context(), args)
		},
	}
	cmd.Flags().BoolVar(&mutate, "mutate", false, "change the references and see what the tests notice")
	a.sandboxFlag(cmd)
	return cmd
}

func (a *app) check(ctx context.Context, words []string) error {
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
	found := 0
	for _, e := range chosen {
		problems, err := check.Exercise(ctx, a.run, e, func(line string) { fmt.Fprintln(a.stderr, line) })
		if err != nil {
			return err
		}
		found += len(problems)
		for _, p := range problems {
			fmt.Fprintf(a.stdout, "%s\n    %s\n", p, p.Hint)
		}
		if len(problems) == 0 {
			alternatives, err := e.Alternatives()
			if err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "%s: well made: starter, reference, %s, naive and %d mutants show what they must\n",
				e.Slug, strings.Join(alternatives, ", "), len(e.Mutants))
		}
	}
	if found > 0 {
		return errNotDone
	}
	return nil
}

func (a *app) mutate(ctx context.Context, words []string) error {
	chosen, err := a.several(words)
	if err != nil {
		return err
	}
	if err := a.promise(ctx, true); err != nil {
		return err
	}
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "EXERCISE\tMUTANTS\tKILLED\tEQUIVALENT\tSCORE\t")
	done := true
	for _, e := range chosen {
		score, err := check.Mutate(ctx, a.run, e, func(line string) { fmt.Fprintln(a.stderr, line) })
		if err != nil {
			return err
		}
		for _, stale := range score.Stale {
			fmt.Fprintf(a.stderr, "%s: not equivalent, or not there: %s\n", e.Slug, stale)
		}
		done = done && len(score.Survivors) == 0 && len(score.Stale) == 0
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%.0f %%\t\n", e.Slug, score.Mutants, score.Killed, score.Equivalent, score.Percent())
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if !done {
		return errNotDone
	}
	return nil
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
		chosen = append(chosen, e)
	}
	return chosen, nil
}
