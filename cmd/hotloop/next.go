package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func newNextCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "next",
		Short: "Say which exercise comes next: the first of the syllabus that was not accepted",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.next(cmd.Context()) },
	}
}

func (a *app) next(ctx context.Context) error {
	all, err := a.ordered()
	if err != nil {
		return err
	}
	e := firstOpen(all, a.progress(ctx))
	if e == nil {
		fmt.Fprintln(a.stdout, "Every exercise is accepted.")
		return nil
	}
	fmt.Fprintf(a.stdout, "%s  %s (%s, %d minutes)\n%s\n", e.Slug, e.Title, difficulties[e.Difficulty], e.Minutes, e.Summary)
	fmt.Fprintf(a.stderr, "hotloop: \"hotloop start %s\" gives you its files\n", e.Slug)
	return nil
}
