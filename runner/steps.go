package runner

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"hotloop/exercises/kit/harness"
	"hotloop/runner/executor"
	"hotloop/runner/measure"
	"hotloop/runner/report"
	"hotloop/runner/sandbox"
)

// snippetLimits are for what a reader of a lesson starts with a click.
var snippetLimits = sandbox.Limits{Wall: 10 * time.Second, Memory: 1 << 30, Output: 1 << 20, Procs: 256}

// steps runs steps one after the other until one ends badly; then it is not ok. Those that run beside the others are
// waited for, but if a build fails, the compiler has said it all.
func (a *attempt) steps(ctx context.Context, steps []executor.Step) (ok bool, err error) {
	besideCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	var beside besides
	defer beside.Wait()
	for _, step := range steps {
		if step.Beside {
			beside.start(besideCtx, a, step)
			continue
		}
		end, err := a.step(ctx, step)
		if err != nil {
			cancel()
			return false, err
		}
		if !end.ok() {
			a.evidence.ended = append(a.evidence.ended, end)
			if step.Phase == executor.Build {
				cancel()
				return false, a.buildFailure(end)
			}
			return false, beside.tell(a)
		}
		if step.Done != nil {
			if err := step.Done(); err != nil {
				return false, err
			}
		}
	}
	return true, beside.tell(a)
}

// An ending is how a step ended.
type ending struct {
	phase   executor.Phase
	variant string
	result  sandbox.Result
}

func (e ending) ok() bool { return e.result.Status == sandbox.Exited && e.result.ExitCode == 0 }

// buildFailure is an error if the code that does not build is ours, or the disk is full.
func (a *attempt) buildFailure(end ending) error {
	if err := a.compilerDisk(end.result); err != nil {
		return err
	}
	if end.variant == "" || end.result.Status == sandbox.Canceled {
		return nil
	}
	return fmt.Errorf("building %s of %s: %s, exit status %d; the exercise is broken", end.variant, a.rep.Exercise, end.result.Status, end.result.ExitCode)
}

// step runs one step to its end, telling what happens.
func (a *attempt) step(ctx context.Context, step executor.Step) (ending, error) {
	if a.ex == nil && step.Phase == executor.Run {
		step.Command.Limits = a.limitSnippet(step.Command.Limits)
	}
	a.tell.step(report.Step{Phase: string(step.Phase), Note: step.Note})
	if step.Phase == executor.Build {
		return a.build(ctx, step)
	}
	p, err := a.start(ctx, step, 0)
	if err != nil {
		return ending{}, err
	}
	if step.Phase == executor.Test {
		a.tests.expect(step.Tests)
	}
	var wg sync.WaitGroup
	wg.Go(func() { a.follow(p) })
	for rec := range p.records {
		a.record(rec)
	}
	wg.Wait()
	return a.end(p)
}

// end waits for the process, and tells how its step ended.
func (a *attempt) end(p *process) (ending, error) {
	end, err := a.settle(p)
	if err == nil {
		a.tellEnd(p.step, p.result)
	}
	return end, err
}

// settle waits for the process.
func (a *attempt) settle(p *process) (ending, error) {
	<-p.done
	if p.err != nil {
		return ending{}, fmt.Errorf("running %s in sandbox %s: %w", p.step.Phase, a.Sandbox.Name(), p.err)
	}
	if p.step.Phase == executor.Test {
		a.evidence.sealed, a.evidence.limit = p.sealed, p.step.Command.Limits.Wall
		a.evidence.tested, a.evidence.repeated, a.evidence.race = &p.result, a.tests.repeated(), a.tests.race()
	}
	return ending{p.step.Phase, p.step.Variant, p.result}, nil
}

func (a *attempt) tellEnd(step executor.Step, result sandbox.Result) {
	note := cmp.Or(result.Reason, step.Note)
	if takesTurns(step.Phase) {
		note = cmp.Or(note, cmp.Or(step.Variant, yours))
	}
	a.tell.step(report.Step{Phase: string(step.Phase), Seconds: result.Wall.Seconds(), Status: string(result.Status),
		Note: note, MaxRSS: result.MaxRSS})
}

// follow passes on what the process says by its text.
func (a *attempt) follow(p *process) {
	room := map[string]int{executor.Stdout: maxOutput, executor.Stderr: maxOutput}
	for e := range p.events {
		switch {
		case e.Output != nil && p.again:
		case e.Output != nil:
			text := e.Output.Text[:min(len(e.Output.Text), room[e.Output.Stream])]
			room[e.Output.Stream] -= len(text)
			if text != "" {
				a.tell.output(e.Output.Stream, text)
			}
		case e.Diagnostic != nil:
			if p.step.Phase == executor.Test {
				a.tests.crashed(*e.Diagnostic)
			}
			a.tell.diagnostic(*e.Diagnostic)
		case e.Test != nil:
			a.tests.shown(*e.Test)
		case e.Point != nil:
			a.tell.point(variantPoint(*e.Point, p.step.Variant))
		}
	}
}

// record takes what the harness says while tests run.
func (a *attempt) record(rec *harness.Record) {
	switch rec.Kind {
	case harness.RunRecord:
		a.tests.began(rec.Name)
	case harness.EndRecord:
		a.tests.ended(rec)
	case harness.PointRecord:
		a.tell.point(recordPoint(rec, ""))
	case harness.ExitRecord:
		a.evidence.exits++
	}
}

const yours = "yours" // in reports; a step of the learner's own code has no variant

func recordPoint(rec *harness.Record, variant string) measure.Point {
	return variantPoint(measure.Point{Series: rec.Name, Unit: rec.Unit, Axis: rec.Axis, X: rec.X, Y: rec.Y}, variant)
}

func variantPoint(p measure.Point, variant string) measure.Point {
	p.Variant = cmp.Or(variant, yours)
	return p
}

// limitSnippet is what the executor asked for, else what the job did, else the default.
func (a *attempt) limitSnippet(l sandbox.Limits) sandbox.Limits {
	j, d := a.job.Limits, snippetLimits
	return sandbox.Limits{
		Wall:   cmp.Or(l.Wall, j.Time, d.Wall),
		CPU:    l.CPU,
		Memory: cmp.Or(l.Memory, int64(j.Memory), d.Memory),
		Output: cmp.Or(l.Output, int64(j.Output), d.Output),
		Procs:  cmp.Or(l.Procs, j.Procs, d.Procs),
	}
}

// besides are the steps that run beside the others. What they say is told when all is over: of code that does not
// compile they would only repeat what the compiler says.
type besides struct {
	sync.WaitGroup
	mu    sync.Mutex
	err   error
	found []func()
}

func (b *besides) start(ctx context.Context, a *attempt, step executor.Step) {
	b.Go(func() {
		f, err := a.finish(ctx, step)
		if err == nil {
			b.later(func() {
				a.tell.step(report.Step{Phase: string(step.Phase), Seconds: f.result.Wall.Seconds(), Status: string(f.result.Status),
					Note: cmp.Or(f.result.Reason, f.note), MaxRSS: f.result.MaxRSS})
				for _, e := range f.events {
					if e.Diagnostic != nil {
						a.tell.diagnostic(*e.Diagnostic)
					}
				}
			})
		}
		if err != nil {
			b.mu.Lock()
			b.err = fmt.Errorf("running %s: %w", step.Phase, err)
			b.mu.Unlock()
		}
	})
}

func (b *besides) later(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.found = append(b.found, f)
}

// tell waits for them all and tells what they said.
func (b *besides) tell(a *attempt) error {
	b.Wait()
	for _, f := range b.found {
		f()
	}
	return b.err
}
