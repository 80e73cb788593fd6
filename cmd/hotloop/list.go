package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"hotloop/exercises"
	"hotloop/site/history"
)

func newListCmd(a *app) *cobra.Command {
	var topic string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the exercises with your state",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.list(cmd.Context(), topic, asJSON) },
	}
	cmd.Flags().StringVar(&topic, "topic", "", "only those of `TOPIC`")
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, for scripts")
	return cmd
}

// A row is an exercise in lists, and its form in JSON.
type row struct {
	Slug       string `json:"slug"`
	Topic      string `json:"topic"`
	Title      string `json:"title"`
	Difficulty int    `json:"difficulty"` // 1 … 4
	Minutes    int    `json:"minutes"`
	State      string `json:"state"` // new, started, attempted, accepted, targets met
	Attempts   int    `json:"attempts"`
}

func newRow(e *exercises.Exercise, p history.Progress) row {
	return row{e.Slug, e.Topic, e.Title, e.Difficulty, e.Minutes, p.State.String(), p.Attempts}
}

func (a *app) list(ctx context.Context, topic string, asJSON bool) error {
	all, err := a.ordered()
	if err != nil {
		return err
	}
	progress := a.progress(ctx)
	rows, topics := []row{}, []string{}
	for _, e := range all {
		if topic == "" || e.Topic == topic {
			rows = append(rows, newRow(e, progress[e.Slug]))
		}
		if !slices.Contains(topics, e.Topic) {
			topics = append(topics, e.Topic)
		}
	}
	if len(rows) == 0 && topic != "" {
		return &toldError{fmt.Sprintf("no topic %q", topic), "topics are " + list(topics)}
	}
	if asJSON {
		return a.json(rows)
	}
	return a.table(rows)
}

var difficulties = [...]string{"", "warm-up", "core", "senior", "stretch"}

func (a *app) table(rows []row) error {
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "EXERCISE\tTITLE\tDIFFICULTY\tMINUTES\tSTATE")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\n", r.Slug, r.Title, difficulties[r.Difficulty], r.Minutes, r.State)
	}
	return t.Flush()
}

// json writes v to standard output for scripts.
func (a *app) json(v any) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// list is words for people: "a, b and c".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
