package site

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"hotloop/exercises"
	"hotloop/runner/report"
	"hotloop/runner/workspace"
	"hotloop/site/history"
)

// shownAttempts is how many attempts the list shows.
const shownAttempts = 200

// recordTime is how long keeping an attempt may take, also while the server is shutting down.
const recordTime = 10 * time.Second

// finishExercise records the attempt. That must not fail the run: the learner gets the verdict, and a line in the log
// says that it was not kept.
func (s *Server) finishExercise(r *run, runErr error) *outcome {
	o := s.outcomeOf(r, runErr)
	rep := r.result()
	if rep == nil || rep.Verdict == report.Canceled {
		return o
	}
	ctx, cancel := context.WithTimeout(context.Background(), recordTime)
	defer cancel()
	raw, err := json.Marshal(rep)
	if err == nil {
		o.id, err = s.history.Record(ctx, history.Attempt{
			Exercise: r.Job.Exercise, Goal: string(r.Job.Goal), Verdict: string(rep.Verdict), Reason: rep.Reason, Origin: history.Web,
			Started: r.started, Seconds: time.Since(r.started).Seconds(), Report: raw, Events: r.stream(), Files: r.Job.Files,
		})
	}
	if err != nil {
		s.log.Error("the attempt was not kept", "exercise", r.Job.Exercise, "err", err)
		return o
	}
	o.Attempt = attemptURL(r.Job.Exercise, o.id)
	if progress, err := s.history.Progress(ctx); err == nil {
		o.State = progress[r.Job.Exercise].State.String()
	}
	return o
}

func attemptURL(slug string, id int64) string {
	return fmt.Sprintf("/exercises/%s/attempts/%d", slug, id)
}

// An attemptRow is an attempt in the list.
type attemptRow struct {
	history.Attempt
	URL        string
	Passed     int
	Tests      int
	Benchmarks []benchmarkRow
}

type attemptsPage struct {
	page
	Exercise *exercises.Exercise
	Rows     []attemptRow
	Drafts   []history.Draft
}

func (s *Server) attempts(w http.ResponseWriter, r *http.Request) error {
	ex, err := s.exercise(r)
	if err != nil {
		return err
	}
	p := attemptsPage{page: s.page(r, "Attempts at "+ex.Title, "practice"), Exercise: ex}
	list, err := s.history.Attempts(r.Context(), ex.Slug, shownAttempts)
	if err != nil {
		return err
	}
	for _, a := range list {
		p.Rows = append(p.Rows, newAttemptRow(a))
	}
	if p.Drafts, err = s.history.Drafts(r.Context(), ex.Slug); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, "attempts", p)
}

// newAttemptRow sums up the report. A report that can't be read leaves its cells empty: the list is still of use.
func newAttemptRow(a history.Attempt) attemptRow {
	row := attemptRow{Attempt: a, URL: attemptURL(a.Exercise, a.ID)}
	var rep report.Report
	if json.Unmarshal(a.Report, &rep) != nil {
		return row
	}
	count := (&results{Tests: rep.Tests}).TestCount()
	row.Passed, row.Tests = count.Passed, count.All
	for _, b := range rep.Benchmarks {
		if b.Target != nil {
			row.Benchmarks = append(row.Benchmarks, newBenchmarkRow(b))
		}
	}
	return row
}

type sourceFile struct {
	Name    string
	Content string
}

type attemptPage struct {
	page
	Exercise *exercises.Exercise
	Attempt  history.Attempt
	Results  map[string]template.HTML
	Files    []sourceFile
}

// attempt shows an attempt again: its stored stream is replayed into the sections that showed it live.
func (s *Server) attempt(w http.ResponseWriter, r *http.Request) error {
	ex, a, res, err := s.replayed(r)
	if err != nil {
		return err
	}
	p := attemptPage{page: s.page(r, fmt.Sprintf("Attempt %d at %s", a.ID, ex.Title), "practice"), Exercise: ex, Attempt: a}
	if p.Results, err = res.sections(s.templates); err != nil {
		return err
	}
	p.Files = sourceFiles(a.Files)
	return s.render(w, r, http.StatusOK, "attempt", p)
}

func replay(ex *exercises.Exercise, a history.Attempt) (*results, error) {
	res := newResults(ex, a.Goal)
	if err := report.Replay(bytes.NewReader(a.Events), res); err != nil {
		return nil, fmt.Errorf("replaying attempt %d: %w", a.ID, err)
	}
	res.end(&outcome{Verdict: a.Verdict, Reason: a.Reason, Attempt: attemptURL(ex.Slug, a.ID)})
	return res, nil
}

func sourceFiles(files map[string][]byte) []sourceFile {
	var list []sourceFile
	for _, name := range slices.Sorted(maps.Keys(files)) {
		list = append(list, sourceFile{name, string(files[name])})
	}
	return list
}

// replayed is the attempt of the route and what it came to.
func (s *Server) replayed(r *http.Request) (*exercises.Exercise, history.Attempt, *results, error) {
	ex, a, err := s.storedAttempt(r)
	if err != nil {
		return nil, a, nil, err
	}
	res, err := replay(ex, a)
	return ex, a, res, err
}

// storedAttempt is the attempt of the route, which must be one of the route's exercise.
func (s *Server) storedAttempt(r *http.Request) (*exercises.Exercise, history.Attempt, error) {
	ex, err := s.exercise(r)
	if err != nil {
		return nil, history.Attempt{}, err
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return nil, history.Attempt{}, s.notFound(r, "There is no such attempt.")
	}
	a, err := s.history.Attempt(r.Context(), id)
	if err == nil && a.Exercise != ex.Slug {
		err = fmt.Errorf("attempt %d of %s: %w", id, ex.Slug, history.ErrNotFound)
	}
	return ex, a, err
}

// restoreAttempt puts the files of an attempt into the workspace.
func (s *Server) restoreAttempt(w http.ResponseWriter, r *http.Request) error {
	ex, a, err := s.storedAttempt(r)
	if err != nil {
		return err
	}
	return s.restore(w, r, ex, a.Files, fmt.Sprintf("Attempt %d is in the editor.", a.ID))
}

// restore writes files over the learner's. What was there becomes a draft first.
func (s *Server) restore(w http.ResponseWriter, r *http.Request, ex *exercises.Exercise, files exercises.Files, done string) error {
	now, err := s.workspace.Solution(ex)
	if err != nil && !errors.Is(err, workspace.ErrNotStarted) {
		if _, missing := errors.AsType[*workspace.MissingError](err); !missing {
			return err
		}
	}
	if len(now) > 0 {
		if _, err := s.history.SaveDraft(r.Context(), history.Draft{Exercise: ex.Slug, Files: now, Why: "replaced by an older version"}); err != nil {
			return err
		}
		done += " What was there before is kept as a draft."
	}
	if err := s.workspace.Save(ex, files, nil); err != nil {
		return err
	}
	if err := s.history.Started(r.Context(), ex.Slug); err != nil {
		return err
	}
	if wantsJSON(r) {
		return writeJSON(w, http.StatusOK, map[string]any{"hashes": hashes(files)})
	}
	s.notice(ex.Slug, done)
	http.Redirect(w, r, "/exercises/"+ex.Slug, http.StatusSeeOther)
	return nil
}
