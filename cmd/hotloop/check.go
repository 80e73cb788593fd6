package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"hotloop/exercises"
	"hotloop/runner/check"
)

func newCheckCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check [SLUG...]",
		Short: "Prove that exercises are well made",
		Long: `Prove that exercises are well made: the starter fails, the reference is accepted and so is each alternative (a correct
solution in another style), the naive version passes the tests and misses a target, every mutant is killed by the test
that it names. Without SLUG, all of them. The exit status is 1 if there is a problem.`,
		Args: cobra.ArbitraryArgs,
		ValidArgsFunction: func(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
			return completeSlugs(a)(cmd, nil, word)
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.check(cmd.Context(), args) },
	}
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
