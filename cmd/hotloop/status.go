package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"hotloop/site/history"
)

func newStatusCmd(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show your progress",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.status(cmd.Context(), asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, for scripts")
	return cmd
}

// bare is the program without a command: the watch view where a person sits, progress elsewhere.
func (a *app) bare(ctx context.Context) error {
	if isTerminal(a.stdin) && isTerminal(a.stdout) {
		return a.watchNext(ctx)
	}
	return a.status(ctx, false)
}

// A status is what "status --json" prints.
type status struct {
	Workspace string `json:"workspace"` // "" if there is none yet
	Current   string `json:"current"`   // slug of the exercise started last
	Next      string `json:"next"`      // slug of the first exercise that was not accepted
	Accepted  int    `json:"accepted"`
	Exercises []row  `json:"exercises"`
}

func (a *app) status(ctx context.Context, asJSON bool) error {
	all, err := a.ordered()
	if err != nil {
		return err
	}
	progress := a.progress(ctx)
	s := status{Exercises: []row{}}
	if w, err := a.workspace(); err == nil {
		s.Workspace = w.Dir
		if s.Current, err = w.Current(); err != nil {
			a.warn(err)
		}
	}
	if e := firstOpen(all, progress); e != nil {
		s.Next = e.Slug
	}
	for _, e := range all {
		p := progress[e.Slug]
		if p.State >= history.Accepted {
			s.Accepted++
		}
		s.Exercises = append(s.Exercises, newRow(e, p))
	}
	if asJSON {
		return a.json(s)
	}
	return a.tellStatus(s)
}

func (a *app) tellStatus(s status) error {
	where := "no workspace yet"
	if s.Workspace != "" {
		where = "workspace " + s.Workspace
	}
	fmt.Fprintf(a.stdout, "%d of %d exercises accepted · %s\n\n", s.Accepted, len(s.Exercises), where)
	if err := a.table(s.Exercises); err != nil {
		return err
	}
	if s.Next != "" {
		fmt.Fprintf(a.stdout, "\nNext: %s\n", s.Next)
	}
	return nil
}
