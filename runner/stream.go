package runner

import (
	"context"
	"fmt"
	"sync"
	"time"

	"hotloop/runner/executor"
	"hotloop/runner/measure"
	"hotloop/runner/report"
)

// Bounds of what a run tells and of what its report keeps. They are far above what an honest solution needs.
const (
	maxOutput      = 64 << 10 // of each stream of each step
	maxDiagnostics = 100
	maxTests       = 1000 // subtests among them
	maxPoints      = 600  // of each series

	outputChunk = 4 << 10
	outputDelay = 40 * time.Millisecond // text is told at the latest after that
)

// stream runs a and tells h its events from this goroutine. An error of h stops the run.
func stream(ctx context.Context, h report.Handler, a *attempt) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a.tell = &teller{rep: a.rep, events: make(chan report.Event, 64)}
	var runErr error
	go func() {
		runErr = a.run(ctx)
		a.tell.finish()
	}()
	var handlerErr error
	for e := range a.tell.events {
		if handlerErr != nil {
			continue // the run must end before its folder may go
		}
		if handlerErr = h.Handle(e); handlerErr != nil {
			cancel()
		}
	}
	switch {
	case runErr != nil:
		return runErr
	case handlerErr != nil:
		return fmt.Errorf("telling what happened: %w", handlerErr)
	}
	if err := h.Handle(report.Event{Report: a.rep}); err != nil {
		return fmt.Errorf("telling the report: %w", err)
	}
	return nil
}

// A teller passes events on in order, cleaned and bounded, and notes in the report what belongs there. It is used from
// many goroutines.
type teller struct {
	events chan report.Event

	mu       sync.Mutex
	rep      *report.Report
	text     report.Output // not told yet
	timer    *time.Timer
	series   map[seriesKey]int // index in rep.Series
	finished bool
}

type seriesKey struct{ name, unit, variant, axis string }

func (t *teller) event(e report.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.send(e)
}

func (t *teller) send(e report.Event) {
	t.flushLocked()
	if !t.finished {
		t.events <- e
	}
}

// finish ends the events. What a timer still has to say is too late.
func (t *teller) finish() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flushLocked()
	t.finished = true
	close(t.events)
}

func (t *teller) flush() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flushLocked()
}

func (t *teller) flushLocked() {
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
	if t.text.Text == "" || t.finished {
		return
	}
	out := t.text
	t.text = report.Output{}
	t.events <- report.Event{Output: &out}
}

// output gathers text, so that a program that prints byte by byte does not make an event of each.
func (t *teller) output(stream, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.text.Stream != stream {
		t.flushLocked()
	}
	t.text.Stream = stream
	t.text.Text += report.Clean(text)
	switch {
	case len(t.text.Text) >= outputChunk:
		t.flushLocked()
	case t.timer == nil:
		t.timer = time.AfterFunc(outputDelay, t.flush)
	}
}

func (t *teller) diagnostic(d report.Diagnostic) {
	d.Message = report.Clean(d.Message)
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.rep.Diagnostics) < maxDiagnostics {
		t.rep.Diagnostics = append(t.rep.Diagnostics, d)
		t.send(report.Event{Diagnostic: &d})
	}
}

func (t *teller) step(s report.Step) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.Status != "" {
		t.rep.Steps = append(t.rep.Steps, s)
	}
	t.send(report.Event{Step: &s})
}

func (t *teller) test(test report.Test) {
	t.event(report.Event{Test: &test})
}

func (t *teller) progress(phase executor.Phase, done, total int, format string, args ...any) {
	t.event(report.Event{Progress: &report.Progress{Phase: string(phase), Text: fmt.Sprintf(format, args...), Done: done, Total: total}})
}

func (t *teller) point(p measure.Point) {
	p.Series, p.Unit, p.Axis = report.Clean(p.Series), report.Clean(p.Unit), report.Clean(p.Axis)
	t.mu.Lock()
	defer t.mu.Unlock()
	key := seriesKey{p.Series, p.Unit, p.Variant, p.Axis}
	i, ok := t.series[key]
	if !ok {
		if t.series == nil {
			t.series = map[seriesKey]int{}
		}
		i = len(t.rep.Series)
		t.series[key] = i
		t.rep.Series = append(t.rep.Series, report.Series{Name: p.Series, Unit: p.Unit, Variant: p.Variant, Axis: p.Axis})
	}
	s := &t.rep.Series[i]
	if len(s.Points) < maxPoints {
		s.Points = append(s.Points, [2]float64{p.X, p.Y})
		t.send(report.Event{Point: &p})
	}
}
