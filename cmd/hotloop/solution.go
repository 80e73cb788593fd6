package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"hotloop/exercises"
	"hotloop/site/history"
	"hotloop/site/store"
)

func newSolutionCmd(a *app) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:               "solution [SLUG]",
		Short:             "Print the reference solution, once yours was accepted",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeSlugs(a),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := a.chosen(args)
			if err != nil {
				return err
			}
			return a.solution(cmd.Context(), e, yes)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "show it although yours was not accepted yet")
	return cmd
}

func (a *app) solution(ctx context.Context, e *exercises.Exercise, yes bool) error {
	if !yes && a.progress(ctx)[e.Slug].State < history.Accepted {
		return &toldError{"your solution of " + e.Slug + " was not accepted yet, so the reference stays hidden",
			fmt.Sprintf(`"hotloop hint %s" gives less away; --yes shows the reference now`, e.Slug)}
	}
	reference, err := e.Variant(string(exercises.Reference))
	if err != nil {
		return err
	}
	if w, err := a.workspace(); err == nil {
		a.note(w, func(h *store.Store) error { return h.SolutionSeen(ctx, e.Slug) })
	}
	for _, name := range slices.Sorted(maps.Keys(reference.Files)) {
		if len(reference.Files) > 1 {
			fmt.Fprintf(a.stdout, "-- %s --\n", name)
		}
		if _, err := a.stdout.Write(reference.Files[name]); err != nil {
			return err
		}
	}
	return nil
}
