package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"hotloop/site/store"
)

func newStartCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:               "start SLUG",
		Short:             "Get the starter and the tests of an exercise; never overwrites",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeSlugs(a),
		RunE:              func(cmd *cobra.Command, args []string) error { return a.start(cmd.Context(), args[0]) },
	}
}

func (a *app) start(ctx context.Context, word string) error {
	e, err := a.lookup(word)
	if err != nil {
		return err
	}
	w, err := a.makeWorkspace("")
	if err != nil {
		return err
	}
	started, err := w.Start(e)
	if err != nil {
		return err
	}
	if err := w.SetCurrent(e.Slug); err != nil {
		a.warn(err)
	}
	a.note(w, func(h *store.Store) error { return h.Started(ctx, e.Slug) })
	fmt.Fprintln(a.stdout, started.Dir)
	if len(started.Kept) > 0 {
		fmt.Fprintf(a.stderr, "hotloop: left your %s as it is\n", list(started.Kept))
	}
	if len(started.Added) > 0 {
		fmt.Fprintf(a.stderr, "hotloop: edit %s, then \"hotloop test\", or \"hotloop watch\" to test at each save\n", list(started.Added))
	}
	if started.Backup != "" {
		fmt.Fprintf(a.stderr, "hotloop: updated %s; your versions are kept in %s\n", list(started.Updated), started.Backup)
	}
	return nil
}
