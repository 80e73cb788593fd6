package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"hotloop/exercises"
	"hotloop/runner/workspace"
)

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
		if err := a.confirm(ctx, "resetting "+e.Slug, fmt.Sprintf("Put the starter in place of your files in %s? A copy is kept.", w.Path(e.Slug))); err != nil {
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
func (a *app) confirm(ctx context.Context, doing, question string) error {
	if !isTerminal(a.stdin) {
		return &toldError{doing + ": nobody is here to say yes, since standard input is no terminal", "--yes does it without asking"}
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
	return &toldError{doing + ": nothing was changed", `answer "y" to go on`}
}
