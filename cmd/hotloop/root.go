package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

const rootHelp = `Hotloop is a sandbox for performance engineering that measures.

Without a command, on a terminal, it watches your next exercise; elsewhere it prints your progress.
In an exercise's folder SLUG can be left out; elsewhere the exercise started last is meant. The
beginning of a slug is enough.

The workspace is --workspace, else $HOTLOOP_WORKSPACE, else the nearest folder upwards with .hotloop
in it, else ~/hotloop.

Exit status: 0 accepted or done · 1 not accepted · 2 usage, set-up or hotloop itself failed, or the
run was interrupted · 3 inconclusive. Results go to standard output, all else to standard error.`

const rootExample = `  hotloop start lru-cache    get the starter and the tests
  hotloop watch              test at each save
  hotloop profile            see which of your lines cost the time
  hotloop bench -o json      measure, for scripts`

// newRootCmd is the whole command line. Every command is a constructor that says how it is called, and a method of app
// that does it.
func newRootCmd(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:                        "hotloop",
		Long:                       rootHelp,
		Example:                    rootExample,
		SilenceErrors:              true,
		SuggestionsMinimumDistance: 2,
		SilenceUsage:               true,
		Args:                       noSuchCommand,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return a.bare(cmd.Context()) },
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &toldError{err.Error(), fmt.Sprintf("%q lists the flags", cmd.CommandPath()+" --help")}
	})
	flags := root.PersistentFlags()
	flags.StringVar(&a.workspaceDir, "workspace", "", "the folder `DIR` with your solutions")
	flags.StringVar(&a.contentDir, "content", "", "read lessons and exercises from `DIR`, not the built-in ones")
	flags.BoolVar(&a.noColor, "no-color", false, "plain text, as NO_COLOR=1 does")
	_ = root.RegisterFlagCompletionFunc("workspace", onlyDirs)
	_ = root.RegisterFlagCompletionFunc("content", onlyDirs)

	root.AddGroup(
		&cobra.Group{ID: "learn", Title: "Learn:"},
		&cobra.Group{ID: "place", Title: "Set up and look:"},
		&cobra.Group{ID: "author", Title: "For authors and scripts:"})
	add := func(group string, cmds ...*cobra.Command) {
		for _, cmd := range cmds {
			cmd.GroupID = group
			root.AddCommand(cmd)
		}
	}
	add("learn", newServeCmd(a), newListCmd(a), newNextCmd(a), newShowCmd(a), newStartCmd(a), newTestCmd(a), newBenchCmd(a), newProfileCmd(a),
		newWatchCmd(a), newHintCmd(a), newSolutionCmd(a), newResetCmd(a), newStatusCmd(a))
	add("place", newInitCmd(a), newDoctorCmd(a), newVersionCmd(a))
	add("author", newCheckCmd(a), newCoverageCmd(a), newReportCmd(a))
	root.SetHelpCommandGroupID("place")
	root.SetCompletionCommandGroupID("place")
	for _, cmd := range root.Commands() {
		explainArgs(cmd)
	}
	return root
}

// noSuchCommand is what words that are no command get.
func noSuchCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := `"hotloop help" lists the commands`
	if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf("did you mean %s? %s", strings.Join(near, ", "), hint)
	}
	return &toldError{fmt.Sprintf("no command %q", args[0]), hint}
}

// explainArgs gives the complaints about a command's arguments their next step.
func explainArgs(cmd *cobra.Command) {
	check := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if check == nil || check(cmd, args) == nil {
			return nil
		}
		return &toldError{fmt.Sprintf("%s: %d arguments are not what it takes", cmd.CommandPath(), len(args)),
			"usage: " + cmd.UseLine()}
	}
}

// longFlags makes -http, as the go command's users type it, the same as --http.
func longFlags(args []string) []string {
	var long []string
	for _, arg := range args {
		name, _, _ := strings.Cut(arg, "=")
		switch name {
		case "-http", "-open", "-no-open", "-workspace", "-content", "-output":
			arg = "-" + arg
		}
		long = append(long, arg)
	}
	return long
}

func onlyDirs(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// completeSlugs offers the slugs for a command's one argument.
func completeSlugs(a *app) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		catalog, err := a.catalog()
		if len(args) > 0 || err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var slugs []string
		for e := range catalog.All() {
			if strings.HasPrefix(e.Slug, word) {
				slugs = append(slugs, cobra.CompletionWithDesc(e.Slug, e.Title))
			}
		}
		return slugs, cobra.ShellCompDirectiveNoFileComp
	}
}
