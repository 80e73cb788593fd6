package runner

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"hotloop/runner/executor"
	"hotloop/runner/report"
	"hotloop/runner/sandbox"
)

// slowBuild is when somebody who waits should be told why.
const slowBuild = 4 * time.Second

// build runs a build, and then tells what the compiler says.
func (a *attempt) build(ctx context.Context, step executor.Step) (ending, error) {
	slow := time.AfterFunc(slowBuild, func() {
		a.tell.progress(step.Phase, 0, 0, "still compiling; the first time, the standard library is compiled, too")
	})
	f, err := a.finish(ctx, step)
	slow.Stop()
	if err != nil {
		return ending{}, fmt.Errorf("running %s in sandbox %s: %w", step.Phase, a.Sandbox.Name(), err)
	}
	a.tellBuild(f.events)
	a.lookForFullDisk(f.note) // which has what the first of two ways failed with
	a.tell.step(report.Step{Phase: string(step.Phase), Seconds: f.result.Wall.Seconds(), Status: string(f.result.Status),
		Note: cmp.Or(f.result.Reason, f.note), MaxRSS: f.result.MaxRSS})
	return ending{step.Phase, step.Variant, f.result}, nil
}

// tellBuild tells what is wrong in the learner's own files before what the tests then miss.
func (a *attempt) tellBuild(events []report.Event) {
	var found []report.Diagnostic
	room := maxOutput
	for _, e := range events {
		if e.Output != nil && room > 0 {
			text := e.Output.Text[:min(len(e.Output.Text), room)]
			room -= len(text)
			a.tell.output(e.Output.Stream, text)
			a.buildText(text)
		}
		if e.Diagnostic != nil {
			found = append(found, *e.Diagnostic)
		}
	}
	slices.SortStableFunc(found, func(x, y report.Diagnostic) int { return cmp.Compare(a.foreign(x), a.foreign(y)) })
	for _, d := range found {
		a.tell.diagnostic(d)
	}
}

// foreign is 0 for remarks on the learner's files, 1 for those on others.
func (a *attempt) foreign(d report.Diagnostic) int {
	if _, own := a.job.Files[d.File]; own {
		return 0
	}
	return 1
}

// buildText keeps the first line for the reason of the verdict, and the one that tells of a full disk.
func (a *attempt) buildText(text string) {
	a.lookForFullDisk(text)
	if line, _, _ := strings.Cut(strings.TrimSpace(text), "\n"); a.evidence.buildText == "" {
		a.evidence.buildText = report.Clean(line)
	}
}

// A finished is what a step of several commands said, and how it ended.
type finished struct {
	events []report.Event
	result sandbox.Result
	note   string
}

// finish runs a step with its Prepare and Next, or its Else. What the commands say is kept until it is known which of
// them count.
func (a *attempt) finish(ctx context.Context, step executor.Step) (*finished, error) {
	f := &finished{note: step.Note}
	begun := time.Now()
	err := a.finishInto(ctx, f, &step)
	switch {
	case ctx.Err() != nil && (err != nil || f.result.Status == ""):
		f.result = sandbox.Result{Status: sandbox.Canceled, ExitCode: -1}
		err = nil
	case step.Else != nil && (err != nil || f.speechless()):
		why := f.excuse(err)
		f.events, f.note = nil, step.Else.Note+why
		err = a.finishInto(ctx, f, step.Else)
	}
	if step.Phase == executor.Build {
		f.result.Wall = time.Since(begun) // with what was done before the command
	}
	return f, err
}

func (a *attempt) finishInto(ctx context.Context, f *finished, step *executor.Step) error {
	for ; step != nil; step = step.Next {
		if step.Prepare != nil {
			if err := step.Prepare(ctx); err != nil {
				return fmt.Errorf("preparing to %s: %w", step.Phase, err)
			}
		}
		p, err := a.start(ctx, *step, 0)
		if err != nil {
			return err
		}
		for e := range p.events {
			f.events = append(f.events, e)
		}
		<-p.done
		if p.err != nil {
			return p.err
		}
		before := f.result
		f.result = p.result
		f.result.CPU += before.CPU
		f.result.Wall += before.Wall
		f.result.MaxRSS = max(f.result.MaxRSS, before.MaxRSS)
		if p.result.Status != sandbox.Exited || p.result.ExitCode != 0 {
			return nil
		}
	}
	return nil
}

// speechless reports whether a command failed and did not say where in the source.
func (f *finished) speechless() bool {
	if f.result.Status != sandbox.Exited || f.result.ExitCode == 0 {
		return false
	}
	for _, e := range f.events {
		if e.Diagnostic != nil {
			return false
		}
	}
	return true
}

// excuse is the reason why the first way was given up, to stand behind a note.
func (f *finished) excuse(err error) string {
	text := ""
	for _, e := range f.events {
		if e.Output != nil {
			text += e.Output.Text
		}
	}
	if err != nil {
		text = err.Error()
	}
	line, _, _ := strings.Cut(strings.TrimSpace(report.Clean(text)), "\n")
	if line == "" {
		return ""
	}
	return " (" + line + ")"
}
