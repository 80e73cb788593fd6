package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"hotloop/exercises"
	"hotloop/runner"
	"hotloop/runner/executor"
	"hotloop/runner/report"
	"hotloop/runner/workspace"
	"hotloop/site/history"
	"hotloop/site/store"
)

func newTestCmd(a *app) *cobra.Command {
	return newRunCmd(a, executor.Test, &cobra.Command{
		Use:     "test [SLUG]",
		Aliases: []string{"verify", "run"},
		Short:   "Run the tests on your solution and give the verdict",
	})
}

func newBenchCmd(a *app) *cobra.Command {
	return newRunCmd(a, executor.Bench, &cobra.Command{
		Use:   "bench [SLUG]",
		Short: "Test, then measure your solution against naive and reference",
	})
}

func newRunCmd(a *app, goal executor.Phase, cmd *cobra.Command) *cobra.Command {
	var format string
	var verbose bool
	var seed uint64
	cmd.Args = cobra.MaximumNArgs(1)
	cmd.ValidArgsFunction = completeSlugs(a)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		r, err := a.toRun(cmd.Context(), args, format, verbose)
		if err != nil {
			return err
		}
		rep, err := a.attempt(cmd.Context(), r.workspace, r.exercise, runner.Job{Goal: goal, Seed: seed}, r.out)
		if err != nil {
			return err
		}
		return &verdictError{rep.Verdict}
	}
	outputFlag(cmd, &format)
	a.sandboxFlag(cmd)
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "steps, passed subtests and the whole output of failed tests, too")
	cmd.Flags().Uint64Var(&seed, "seed", 0, "repeat the random inputs of the run whose report has this `SEED`")
	return cmd
}

// A toRun is what a command needs to run a learner's solution.
type toRun struct {
	exercise  *exercises.Exercise
	workspace *workspace.Workspace
	out       report.Handler
}

// toRun finds it, and sees that the sandbox holds what it promises.
func (a *app) toRun(ctx context.Context, args []string, format string, verbose bool) (r toRun, err error) {
	if r.out, err = a.output(format, verbose); err != nil {
		return r, err
	}
	if r.exercise, err = a.chosen(args); err != nil {
		return r, err
	}
	if r.workspace, err = a.workspace(); err != nil {
		return r, err
	}
	return r, a.promise(ctx, false)
}

var formats = []string{"text", "json", "junit", "exercism", "benchfmt"}

func outputFlag(cmd *cobra.Command, format *string) {
	cmd.Flags().StringVarP(format, "output", "o", "text", "`FORMAT` of the result: text, json (the event stream), junit, exercism or benchfmt (what was measured, round by round)")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
}

// output writes a run to standard output in the named format.
func (a *app) output(format string, verbose bool) (report.Handler, error) {
	switch format {
	case "text":
		return a.text(a.stdout, verbose), nil
	case "json":
		return report.JSON(a.stdout), nil
	case "junit":
		return report.JUnit(a.stdout), nil
	case "benchfmt":
		return report.Benchfmt(a.stdout), nil
	case "exercism":
		return report.Exercism(a.stdout), nil
	}
	return nil, &toldError{fmt.Sprintf("no output format %q", format), "formats are text, json, junit, exercism and benchfmt"}
}

func (a *app) text(w io.Writer, verbose bool) report.Handler {
	return report.Text(w, report.TextOptions{Color: a.color(), Live: isTerminal(a.stdout), Verbose: verbose})
}

// attempt runs the learner's solution of e as job asks, tells out of it, and keeps it in the history.
func (a *app) attempt(ctx context.Context, w *workspace.Workspace, e *exercises.Exercise, job runner.Job, out report.Handler) (*report.Report, error) {
	a.refresh(w, e)
	files, err := w.Solution(e)
	if err != nil {
		return nil, err
	}
	var rep *report.Report
	var stream bytes.Buffer
	last := report.HandlerFunc(func(event report.Event) error {
		rep = event.Report
		return nil
	})
	job.Exercise, job.Files = e.Slug, files
	if err := a.run(ctx, job, report.Tee(report.JSON(&stream), last, out)); err != nil {
		return nil, fmt.Errorf("running %s: %w", e.Slug, err)
	}
	if rep == nil {
		return nil, fmt.Errorf("running %s: %w", e.Slug, report.ErrNoReport)
	}
	if rep.Verdict != report.Canceled {
		a.record(ctx, w, rep, stream.Bytes(), files)
	}
	return rep, nil
}

// refresh brings the learner's copy of the tests up to date. The run uses hotloop's own tests, so it goes on if that
// fails.
func (a *app) refresh(w *workspace.Workspace, e *exercises.Exercise) {
	updated, backup, err := w.Refresh(e)
	if err != nil {
		if !errors.Is(err, workspace.ErrNotStarted) { // Solution says so
			a.warn(err)
		}
		return
	}
	if len(updated) > 0 {
		fmt.Fprintf(a.stderr, "hotloop: updated %s in %s\n", list(updated), w.Path(e.Slug))
	}
	if backup != "" {
		fmt.Fprintf(a.stderr, "hotloop: your versions of them are kept in %s\n", backup)
	}
}

func (a *app) record(ctx context.Context, w *workspace.Workspace, rep *report.Report, stream []byte, files exercises.Files) {
	data, err := json.Marshal(rep)
	if err != nil {
		a.warn(fmt.Errorf("recording the attempt: %w", err))
		return
	}
	a.note(w, func(h *store.Store) error {
		_, err := h.Record(context.WithoutCancel(ctx), history.Attempt{
			Exercise: rep.Exercise, Goal: rep.Goal, Verdict: string(rep.Verdict), Reason: rep.Reason, Origin: history.CLI,
			Started: rep.Started, Seconds: rep.Seconds, Report: data, Events: stream, Files: files,
		})
		return err
	})
}
