package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hotloop/lessons"
)

func newCoverageCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "coverage",
		Short: "Show where the course deals with each item of the interview document",
		Long: `Show, as a table in Markdown, where lessons, exercises and cards deal with each item of the interview document. What
lacks something and is not known to be pending is told, too, and then the exit status is 1. The table is kept:

  hotloop coverage --content . >lessons/COVERAGE.md`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			c, err := a.coverage()
			if err != nil {
				return err
			}
			if _, err := a.stdout.Write(c.Markdown()); err != nil {
				return err
			}
			problems := c.Problems()
			for _, p := range problems {
				fmt.Fprintln(a.stderr, p)
			}
			if len(problems) > 0 {
				return errNotDone
			}
			return nil
		},
	}
}

func (a *app) coverage() (*lessons.Coverage, error) {
	library, err := a.library()
	if err != nil {
		return nil, err
	}
	return library.Coverage(func(yield func(string, []string) bool) {
		for e := range a.exercises.All() {
			if !yield(e.Slug, e.Seed) {
				return
			}
		}
	}), nil
}
