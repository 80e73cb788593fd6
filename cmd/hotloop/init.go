package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newInitCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "init [DIR]",
		Short: "Make a workspace, or bring one up to date",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := ""
			if len(args) > 0 {
				dir = args[0]
			}
			w, err := a.makeWorkspace(dir)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.stdout, w.Dir)
			return err
		},
	}
}
