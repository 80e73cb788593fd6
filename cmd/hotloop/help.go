package main

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hotloop/exercises"
	"hotloop/runner/workspace"
	"hotloop/site/history"
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

func newResetCmd(a *app) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:               "reset [SLUG]",
		Short:             "Begin an exercise anew; keeps a copy of what you have",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeSlugs(a),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := a.chosen(args)
			if err != nil {
				return err
			}
			return a.reset(cmd.Context(), e, yes)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func (a *app) reset(ctx context.Context, e *exercises.Exercise, yes bool) error {
	w, err := a.workspace()
	if err != nil {
		return err
	}
	if len(w.Slugs([]string{e.Slug})) == 0 {
		return &toldError{e.Slug + ": " + workspace.ErrNotStarted.Error(), fmt.Sprintf(`"hotloop start %s" gives you its files`, e.Slug)}
	}
	if !yes {
		if err := a.confirm(ctx, fmt.Sprintf("Put the starter in place of your files in %s? A copy is kept.", w.Path(e.Slug))); err != nil {
			return err
		}
	}
	backup, err := w.Reset(e)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, backup)
	fmt.Fprintf(a.stderr, "hotloop: %s has its starter again; what you had is in the folder above\n", e.Slug)
	return nil
}

// confirm asks a person. Where nobody can answer, the answer is no.
func (a *app) confirm(ctx context.Context, question string) error {
	if !isTerminal(a.stdin) {
		return &toldError{"nobody is here to say yes: standard input is no terminal", "--yes does it without asking"}
	}
	fmt.Fprintf(a.stderr, "%s [y/N] ", question)
	answers := make(chan string, 1)
	go func() { // until the program ends, if nobody answers
		line, _ := bufio.NewReader(a.stdin).ReadString('\n')
		answers <- line
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case answer := <-answers:
		switch strings.ToLower(strings.TrimSpace(answer)) {
		case "y", "yes":
			return nil
		}
	}
	return &toldError{"nothing was changed", `answer "y" to go on`}
}
