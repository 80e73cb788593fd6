package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"hotloop/exercises"
	"hotloop/site/store"
)

func newHintCmd(a *app) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:               "hint [SLUG]",
		Short:             "Show the next hint",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeSlugs(a),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := a.chosen(args)
			if err != nil {
				return err
			}
			return a.hint(cmd.Context(), e, all)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all hints at once")
	return cmd
}

// hint shows the hint after those that were shown before; after the last one, all of them again.
func (a *app) hint(ctx context.Context, e *exercises.Exercise, all bool) error {
	w, err := a.workspace()
	if err != nil {
		return err
	}
	from := a.progress(ctx)[e.Slug].Hints
	to := from + 1
	if all || from >= len(e.Hints) {
		from, to = 0, len(e.Hints)
	}
	for i := from; i < to; i++ {
		if err := a.markdown(fmt.Sprintf("**Hint %d of %d.** %s", i+1, len(e.Hints), e.Hints[i])); err != nil {
			return err
		}
	}
	a.note(w, func(h *store.Store) error { return h.HintShown(ctx, e.Slug, to) })
	if to == len(e.Hints) {
		fmt.Fprintf(a.stderr, "hotloop: that was the last one; \"hotloop solution %s --yes\" shows the reference\n", e.Slug)
	}
	return nil
}
