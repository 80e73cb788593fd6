package site

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"hotloop/exercises"
	"hotloop/runner"
	"hotloop/runner/executor"
	"hotloop/runner/report"
)

// Bounds of the registry. A learner runs one thing at a time; the numbers are far above that.
const (
	maxRuns   = 8        // alive at once
	keepRuns  = 64       // that have ended and can still be asked for
	maxEvents = 20_000   // of one run
	maxLog    = 16 << 20 // bytes of one run's events
)

// A registry knows the runs that are alive or ended lately.
type registry struct {
	ctx context.Context // ends all runs
	do  runner.Func

	mu    sync.Mutex
	runs  map[string]*run
	order []*run // oldest first
	next  int
	wg    sync.WaitGroup
}

func newRegistry(ctx context.Context, do runner.Func) *registry {
	return &registry{ctx: ctx, do: do, runs: map[string]*run{}}
}

// A run is one job and everything it has told so far.
type run struct {
	ID      string
	Job     runner.Job
	started time.Time
	cancel  context.CancelFunc
	done    chan struct{} // closed when it is over and its attempt is recorded

	mu      sync.Mutex
	changed chan struct{} // closed, and replaced, at each change
	log     [][]byte      // the events as JSON, without newlines
	logSize int
	results *results
	outcome *outcome // nil while it runs
}

// An outcome is the last thing a run tells.
type outcome struct {
	Verdict string `json:"verdict"` // "error" if hotloop itself failed
	Reason  string `json:"reason"`
	Attempt string `json:"attempt,omitempty"` // where it can be seen again
	State   string `json:"state,omitempty"`   // how far the learner has come with the exercise, once the attempt is kept

	id int64
}

var errTooManyRuns = &httpError{Status: http.StatusTooManyRequests, Title: "Too many runs",
	Message: fmt.Sprintf("%d runs are going on already.", maxRuns), Hint: "Stop one of them, or wait for it to end."}

// start begins a job. An older run of the same exercise is canceled, and over before the new one begins. finish is called
// when the run is over, with the error if hotloop itself failed; it says how the run ended.
func (reg *registry) start(job runner.Job, ex *exercises.Exercise, finish func(*run, error) *outcome) (*run, error) {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	before := reg.alive(job.Exercise)
	if before == nil && reg.countAlive() >= maxRuns {
		return nil, errTooManyRuns
	}
	reg.forget()
	reg.next++
	ctx, cancel := context.WithCancel(reg.ctx)
	r := &run{ID: fmt.Sprintf("%d-%d", reg.next, time.Now().UnixMilli()), Job: job, started: time.Now(), cancel: cancel,
		done: make(chan struct{}), changed: make(chan struct{}), results: newResults(ex, string(job.Goal))}
	reg.runs[r.ID] = r
	reg.order = append(reg.order, r)
	if before != nil {
		before.cancel()
	}
	reg.wg.Go(func() {
		defer cancel()
		if before != nil {
			<-before.done
		}
		err := r.do(ctx, reg.do)
		r.end(finish(r, err))
	})
	return r, nil
}

// do runs the job. A panic of ours is an error of this run, not the end of the server.
func (r *run) do(ctx context.Context, do runner.Func) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("running %s: panic: %v", r.Job.Exercise, p)
		}
	}()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return do(ctx, r.Job, report.HandlerFunc(r.handle))
}

// handle notes an event and wakes those who follow the run. It never waits for them.
func (r *run) handle(e report.Event) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encoding an event: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.Report != nil || (len(r.log) < maxEvents && r.logSize+len(line) < maxLog) {
		r.log = append(r.log, line)
		r.logSize += len(line)
	}
	if err := r.results.Handle(e); err != nil {
		return err
	}
	r.wake()
	return nil
}

func (r *run) end(o *outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcome = o
	r.results.end(o)
	r.wake()
	close(r.done)
}

func (r *run) wake() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// stream is the run's events as JSON lines.
func (r *run) stream() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append(bytes.Join(r.log, []byte("\n")), '\n')
}

// result is the run's report, nil if there is none.
func (r *run) result() *report.Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.results.Report
}

func (r *run) over() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

func (reg *registry) lookup(id string) (*run, bool) {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	r, ok := reg.runs[id]
	return r, ok
}

// live is the run of an exercise that is going on, or nil.
func (reg *registry) live(slug string) *run {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	return reg.alive(slug)
}

func (reg *registry) alive(slug string) *run {
	if slug == "" {
		return nil // snippets do not replace one another
	}
	for i := len(reg.order) - 1; i >= 0; i-- {
		if r := reg.order[i]; r.Job.Exercise == slug && !r.over() {
			return r
		}
	}
	return nil
}

func (reg *registry) countAlive() (n int) {
	for _, r := range reg.order {
		if !r.over() {
			n++
		}
	}
	return n
}

// forget lets the oldest run that is over go when there are too many.
func (reg *registry) forget() {
	for i, r := range reg.order {
		if len(reg.order) < keepRuns {
			return
		}
		if r.over() {
			delete(reg.runs, r.ID)
			reg.order = append(reg.order[:i:i], reg.order[i+1:]...)
			return
		}
	}
}

func (reg *registry) wait(ctx context.Context) error {
	over := make(chan struct{})
	go func() { reg.wg.Wait(); close(over) }()
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for runs to end: %w", ctx.Err())
	}
}

// startSnippet runs a lesson's block, as the learner edited it.
func (s *Server) startSnippet(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		Executor string   `json:"executor"`
		Source   string   `json:"source"`
		Flags    []string `json:"flags"`
		Timeout  string   `json:"timeout"`
	}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		return badBody(err)
	}
	names := map[string]string{"go": "main.go", "yaegi": "main.go", "node": "main.mjs"}
	name, ok := names[req.Executor]
	if !ok {
		return badRequest(fmt.Sprintf("There is no executor %q.", req.Executor), "Executors of snippets are go, yaegi and node.")
	}
	job := runner.Job{Executor: req.Executor, Goal: executor.Run, Flags: req.Flags, Files: exercises.Files{name: []byte(req.Source)}}
	if req.Timeout != "" {
		limit, err := time.ParseDuration(req.Timeout)
		if err != nil || limit <= 0 || limit > time.Minute {
			return badRequest(fmt.Sprintf("%q is no time limit.", req.Timeout), `Give a time such as "5s", at most a minute.`)
		}
		job.Limits.Time = limit
	}
	run, err := s.runs.start(job, nil, s.finishSnippet)
	if err != nil {
		return err
	}
	return accepted(w, run)
}

func (s *Server) finishSnippet(r *run, err error) *outcome { return s.outcomeOf(r, err) }

// outcomeOf says how a run ended, before anything is recorded.
func (s *Server) outcomeOf(r *run, err error) *outcome {
	rep := r.result()
	switch {
	case rep != nil:
		return &outcome{Verdict: string(rep.Verdict), Reason: rep.Reason}
	case err == nil || errors.Is(err, context.Canceled):
		return &outcome{Verdict: string(report.Canceled), Reason: "The run was stopped."}
	}
	s.log.Error("run failed", "exercise", r.Job.Exercise, "executor", r.Job.Executor, "err", err)
	e := asHTTPError(err)
	reason := e.Message
	if e.Status == http.StatusInternalServerError && e.Title == "hotloop failed" {
		reason = upper(err.Error()) + "."
	}
	return &outcome{Verdict: "error", Reason: reason}
}

func accepted(w http.ResponseWriter, r *run) error {
	w.Header().Set("Location", "/runs/"+r.ID)
	return writeJSON(w, http.StatusAccepted, map[string]string{"id": r.ID, "events": "/runs/" + r.ID + "/events"})
}

// stopRun cancels a run. Stopping one that is over is no error.
func (s *Server) stopRun(w http.ResponseWriter, r *http.Request) error {
	run, ok := s.runs.lookup(r.PathValue("id"))
	if !ok {
		return s.notFound(r, "There is no such run, or not any more.")
	}
	run.cancel()
	return writeJSON(w, http.StatusAccepted, map[string]string{"id": run.ID})
}
