package main

import (
	"fmt"
	"strings"

	"charm.land/glamour/v2"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"hotloop/runner/report"
)

func newShowCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:               "show [SLUG]",
		Aliases:           []string{"print"},
		Short:             "Print the statement of an exercise",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeSlugs(a),
		RunE: func(_ *cobra.Command, args []string) error {
			e, err := a.chosen(args)
			if err != nil {
				return err
			}
			statement, err := e.Statement()
			if err != nil {
				return err
			}
			return a.markdown(string(statement))
		},
	}
}

// markdown prints text laid out for a terminal, and as it is for anything else.
func (a *app) markdown(text string) error {
	text = report.Clean(text)
	if isTerminal(a.stdout) {
		style := "notty"
		if a.color() {
			style = "dark"
		}
		renderer, err := glamour.NewTermRenderer(glamour.WithStandardStyle(style), glamour.WithWordWrap(a.width()))
		if err != nil {
			return fmt.Errorf("laying out Markdown: %w", err)
		}
		if text, err = renderer.Render(text); err != nil {
			return fmt.Errorf("laying out Markdown: %w", err)
		}
	}
	_, err := fmt.Fprintln(a.stdout, strings.TrimRight(text, "\n"))
	return err
}

// width is how many columns to write in: the terminal's, but no longer lines than people like to read.
func (a *app) width() int {
	if f, ok := a.stdout.(interface{ Fd() uintptr }); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return min(columns, 100)
		}
	}
	return 80
}
