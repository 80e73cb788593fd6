package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"hotloop/exercises"
	"hotloop/runner"
	"hotloop/runner/executor"
	"hotloop/runner/report"
	"hotloop/runner/workspace"
)

func newWatchCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "watch [SLUG]",
		Short: "Test at each save",
		Long: `Test at each save of a file of the solution. Keys: q quits, h shows a hint, b measures, p profiles, n goes on
to the next exercise, Enter tests again. Keys work from a pipe, too.`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeSlugs(a),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := a.chosen(args)
			if err != nil {
				return err
			}
			return a.watch(cmd.Context(), e)
		},
	}
}

// watchNext watches the first exercise that was not accepted.
func (a *app) watchNext(ctx context.Context) error {
	all, err := a.ordered()
	if err != nil {
		return err
	}
	e := firstOpen(all, a.progress(ctx))
	if e == nil {
		return a.status(ctx, false)
	}
	return a.watch(ctx, e)
}

// watch shows one exercise after the other until the person quits.
func (a *app) watch(ctx context.Context, e *exercises.Exercise) error {
	w, err := a.makeWorkspace("")
	if err != nil {
		return err
	}
	restore, err := a.rawTerminal()
	if err != nil {
		return err
	}
	defer restore()
	keys := a.keys()
	for e != nil {
		v := &view{a: a, w: w, keys: keys}
		if e, err = v.watch(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// A view is the watching of one exercise.
type view struct {
	a    *app
	w    *workspace.Workspace
	e    *exercises.Exercise
	keys <-chan byte

	cancel   context.CancelFunc // of the run that goes on
	done     chan error         // told when it is over; nil while none goes on
	wantHint bool               // asked for while a run went on, whose output it would tear
}

// watch runs tests at each save. It returns the exercise to go on with, nil to quit.
func (v *view) watch(ctx context.Context, e *exercises.Exercise) (*exercises.Exercise, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	v.e = e
	if err := v.prepare(ctx); err != nil {
		return nil, err
	}
	changes := v.w.Watch(ctx, e.Slug)
	v.begin(ctx, executor.Test)
	defer func() { v.stop() }()
	for {
		select {
		case <-ctx.Done():
			return nil, nil
		case _, open := <-changes:
			if open {
				v.begin(ctx, executor.Test)
			}
		case err := <-v.done:
			v.ended(ctx, err)
		case key, open := <-v.keys:
			if !open {
				v.keys = nil // nobody will type any more; saves are still seen
				continue
			}
			switch key {
			case 'q', 'Q', ctrlC, ctrlD:
				return nil, nil
			case 'h', 'H':
				v.hint(ctx)
			case 'b', 'B':
				v.begin(ctx, executor.Bench)
			case 'p', 'P':
				v.begin(ctx, executor.Profile)
			case '\r', 't', 'T':
				v.begin(ctx, executor.Test)
			case 'n', 'N':
				if next := v.next(ctx); next != nil {
					return next, nil
				}
			}
		}
	}
}

const ctrlC, ctrlD = 3, 4

// prepare makes sure that there is something to watch.
func (v *view) prepare(ctx context.Context) error {
	if len(v.w.Slugs([]string{v.e.Slug})) == 0 {
		if err := v.a.start(ctx, v.e.Slug); err != nil {
			return err
		}
	}
	if err := v.w.SetCurrent(v.e.Slug); err != nil {
		v.a.warn(err)
	}
	return nil
}

// begin starts a run in place of the one that goes on.
func (v *view) begin(ctx context.Context, goal executor.Phase) {
	v.stop()
	if isTerminal(v.a.stdout) {
		fmt.Fprint(v.a.stdout, "\x1b[H\x1b[2J\x1b[3J")
	}
	fmt.Fprintf(v.a.stdout, "%s · %s · %s\n", v.e.Slug, goal, time.Now().Format(time.TimeOnly))
	ctx, v.cancel = context.WithCancel(ctx)
	done := make(chan error, 1)
	v.done = done
	go func() {
		out := report.Tee(&profileKeeper{dir: v.w.Profiles(v.e.Slug)}, v.a.text(v.a.stdout, false))
		rep, err := v.a.attempt(ctx, v.w, v.e, runner.Job{Goal: goal}, out)
		if err == nil {
			err = &verdictError{rep.Verdict}
		}
		done <- err
	}()
}

// stop ends the run that goes on, and waits until nothing of it is left.
func (v *view) stop() {
	if v.done == nil {
		return
	}
	v.cancel()
	<-v.done
	v.done = nil
}

func (v *view) ended(ctx context.Context, err error) {
	v.cancel()
	v.done = nil
	verdict, judged := errors.AsType[*verdictError](err)
	if !judged {
		v.a.tell("error", err)
	}
	if v.wantHint {
		v.wantHint = false
		v.hint(ctx)
	}
	if !isTerminal(v.a.stdout) {
		fmt.Fprintln(v.a.stdout)
		return
	}
	keys := "\nh hint · b bench · p profile · q quit"
	if judged && verdict.verdict == report.Accepted {
		keys = "\nn next · b bench · p profile · q quit"
	}
	fmt.Fprintln(v.a.stdout, keys)
}

func (v *view) hint(ctx context.Context) {
	if v.done != nil {
		v.wantHint = true
		return
	}
	if err := v.a.hint(ctx, v.e, false); err != nil {
		v.a.warn(err)
	}
}

// next is the exercise after this one that was not accepted yet.
func (v *view) next(ctx context.Context) *exercises.Exercise {
	all, err := v.a.ordered()
	if err != nil {
		v.a.warn(err)
		return nil
	}
	for i, e := range all {
		if e == v.e {
			all = append(all[i+1:len(all):len(all)], all[:i]...)
			break
		}
	}
	v.stop()
	e := firstOpen(all, v.a.progress(ctx))
	if e == nil {
		fmt.Fprintln(v.a.stdout, "Every other exercise is accepted.")
	}
	return e
}

// keys are the bytes that a person types, or that a pipe holds.
func (a *app) keys() <-chan byte {
	keys := make(chan byte)
	go func() {
		defer close(keys)
		buf := make([]byte, 1)
		for {
			if n, err := a.stdin.Read(buf); n == 0 && err != nil {
				return
			}
			keys <- buf[0]
		}
	}()
	return keys
}

// rawTerminal makes the terminal hand over single keys until restore is called. Without a terminal it does nothing.
func (a *app) rawTerminal() (restore func(), err error) {
	in, ok := a.stdin.(*os.File)
	out, isFile := a.stdout.(*os.File)
	if !ok || !isFile || !isTerminal(in) || !isTerminal(out) {
		return func() {}, nil
	}
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return nil, fmt.Errorf("preparing the terminal for single keys: %w", err)
	}
	stderr := a.stderr
	a.stdout = rawWriter{out}
	if f, ok := stderr.(*os.File); ok && isTerminal(f) {
		a.stderr = rawWriter{f}
	}
	return func() {
		a.stdout, a.stderr = out, stderr
		if err := term.Restore(int(in.Fd()), before); err != nil {
			a.warn(fmt.Errorf("restoring the terminal: %w", err))
		}
	}, nil
}

// A rawWriter is a raw terminal, where a new line does not begin at the left by itself.
type rawWriter struct{ *os.File }

func (w rawWriter) Write(p []byte) (int, error) {
	if _, err := w.File.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n"))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// WriteString hides the file's own, which would write p as it is.
func (w rawWriter) WriteString(s string) (int, error) { return w.Write([]byte(s)) }
