package site

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"hotloop/exercises"
	"hotloop/runner"
	"hotloop/runner/executor"
	"hotloop/runner/workspace"
	"hotloop/site/history"
)

// maxFile is the largest file of a solution, in bytes.
const maxFile = 256 << 10

// A version is one file's content with its hash.
type version struct {
	Content string `json:"content"`
	Hash    string `json:"hash"`
}

func versions(files exercises.Files) map[string]version {
	all := map[string]version{}
	for name, data := range files {
		all[name] = version{string(data), workspace.Hash(data)}
	}
	return all
}

func hashes(files exercises.Files) map[string]string {
	all := map[string]string{}
	for name, data := range files {
		all[name] = workspace.Hash(data)
	}
	return all
}

// solution is the learner's files, or the starter's while the exercise is not started: looking at an exercise writes
// nothing. If files of the starter have gone from the workspace, gone says so and the starter's stand in for them.
func (s *Server) solution(ex *exercises.Exercise) (files exercises.Files, started bool, gone *workspace.MissingError, err error) {
	files, err = s.workspace.Solution(ex)
	if err == nil {
		return files, true, nil, nil
	}
	gone, missing := errors.AsType[*workspace.MissingError](err)
	if !missing && !errors.Is(err, workspace.ErrNotStarted) {
		return nil, false, nil, err
	}
	files, err = ex.Starter()
	return files, missing, gone, err
}

func (s *Server) readSolution(w http.ResponseWriter, r *http.Request) error {
	ex, err := s.exercise(r)
	if err != nil {
		return err
	}
	files, started, _, err := s.solution(ex)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{"files": versions(files), "started": started})
}

// An edit is what a page wants to save.
type edit struct {
	Files exercises.Files
	Base  map[string]string // the hash of each file that the page saw last
}

// saveSolution writes what the page holds. If a file has changed on disk meanwhile nothing is written: the page gets the
// disk's version, and its own is kept as a draft.
func (s *Server) saveSolution(w http.ResponseWriter, r *http.Request) error {
	ex, err := s.exercise(r)
	if err != nil {
		return err
	}
	var req struct {
		Files map[string]string `json:"files"`
		Base  map[string]string `json:"base"`
	}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		return badBody(err)
	}
	e := edit{Files: exercises.Files{}, Base: req.Base}
	for name, content := range req.Files {
		e.Files[name] = []byte(content)
	}
	err = s.save(r.Context(), ex, e)
	if conflict, ok := errors.AsType[*workspace.Conflict](err); ok {
		return writeJSON(w, http.StatusConflict, map[string]any{"conflict": versions(conflict.Files)})
	}
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{"hashes": hashes(e.Files)})
}

// save checks and writes an edit. A *workspace.Conflict is returned once the edit is kept as a draft; so is whatever could
// not be written for another reason.
func (s *Server) save(ctx context.Context, ex *exercises.Exercise, e edit) error {
	if len(e.Files) == 0 {
		return badRequest("There are no files to save.", "Reload the page, then try again.")
	}
	for name, data := range e.Files {
		if err := checkFile(name, data); err != nil {
			return err
		}
	}
	err := s.workspace.Save(ex, e.Files, e.Base)
	if err == nil {
		if err := s.history.Started(ctx, ex.Slug); err != nil { // the solution is saved; the browser must know so
			s.log.Error("that the exercise was started was not kept", "exercise", ex.Slug, "err", err)
		}
		return nil
	}
	why := "the workspace could not be written"
	if _, ok := errors.AsType[*workspace.Conflict](err); ok {
		why = "the file was changed elsewhere at the same time"
	}
	if _, draftErr := s.history.SaveDraft(ctx, history.Draft{Exercise: ex.Slug, Files: e.Files, Why: why}); draftErr != nil {
		return errors.Join(err, draftErr)
	}
	return err
}

func checkFile(name string, data []byte) error {
	switch {
	case strings.ContainsAny(name, `/\`) || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "."):
		return badRequest(fmt.Sprintf("%q is not the name of a solution's file.", name), "Solution files lie in the exercise's folder and end in .go, not _test.go.")
	case len(data) > maxFile:
		return &httpError{Status: http.StatusRequestEntityTooLarge, Title: "Too large",
			Message: fmt.Sprintf("%s is larger than %d KiB.", name, maxFile>>10), Hint: "Keep data out of the solution."}
	case !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0:
		return badRequest(fmt.Sprintf("%s is not text.", name), "Go source is UTF-8 without NUL bytes.")
	}
	return nil
}

// watch tells the page when the files change on disk, by whatever editor. The exercise need not be started yet.
func (s *Server) watch(w http.ResponseWriter, r *http.Request) error {
	ex, err := s.exercise(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	updates := watchFiles(ctx, s.workspace, ex.Slug)
	sent := 0
	return s.serveEvents(w, r, 0, nil, func(int) ([]message, <-chan struct{}, bool, error) {
		files, n, changed := updates.after(sent)
		sent = n
		if len(files) == 0 {
			return nil, changed, false, nil
		}
		data, err := json.Marshal(versions(files))
		return []message{{Event: "files", Data: data}}, changed, false, err
	})
}

// startRun saves what the request brings, if anything, and starts a run. A script gets the run's address at once; a plain
// form waits for the end and goes on to the attempt's page.
func (s *Server) startRun(w http.ResponseWriter, r *http.Request) error {
	ex, err := s.exercise(r)
	if err != nil {
		return err
	}
	goal, e, err := readRunRequest(r)
	if err != nil {
		return err
	}
	if len(e.Files) > 0 {
		if err := s.save(r.Context(), ex, e); err != nil {
			return s.conflictPage(ex, err)
		}
	}
	files, err := s.ensureStarted(r.Context(), ex)
	if err != nil {
		return err
	}
	run, err := s.runs.start(runner.Job{Exercise: ex.Slug, Files: files, Goal: goal}, ex, s.finishExercise)
	if err != nil {
		return err
	}
	if !isForm(r) || wantsJSON(r) {
		return accepted(w, run)
	}
	select {
	case <-run.done:
	case <-r.Context().Done():
		run.cancel()
		return nil
	}
	if run.outcome.Attempt == "" {
		return &httpError{Status: http.StatusInternalServerError, Title: "No result", Message: run.outcome.Reason,
			Hint: "Go back and try again.", Links: []link{{"/exercises/" + ex.Slug, ex.Title}}}
	}
	http.Redirect(w, r, run.outcome.Attempt, http.StatusSeeOther)
	return nil
}

// readRunRequest reads the goal, and from a form the editor's files as well: fields "file/NAME" and "base/NAME".
func readRunRequest(r *http.Request) (executor.Phase, edit, error) {
	var goal string
	e := edit{Files: exercises.Files{}, Base: map[string]string{}}
	if isForm(r) {
		if err := r.ParseForm(); err != nil {
			return "", e, badBody(err)
		}
		goal = r.PostForm.Get("goal")
		for field, values := range r.PostForm {
			if name, ok := strings.CutPrefix(field, "file/"); ok {
				e.Files[name] = []byte(strings.ReplaceAll(values[0], "\r\n", "\n"))
			}
			if name, ok := strings.CutPrefix(field, "base/"); ok {
				e.Base[name] = values[0]
			}
		}
	} else {
		var req struct {
			Goal string `json:"goal"`
		}
		if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
			return "", e, badBody(err)
		}
		goal = req.Goal
	}
	switch phase := executor.Phase(goal); phase {
	case executor.Test, executor.Bench, executor.Profile:
		return phase, e, nil
	}
	return "", e, badRequest(fmt.Sprintf("%q is not a goal.", goal), "A run's goal is test, bench or profile.")
}

// conflictPage tells a form's sender where the version is that could not be saved.
func (s *Server) conflictPage(ex *exercises.Exercise, err error) error {
	if _, ok := errors.AsType[*workspace.Conflict](err); !ok {
		return err
	}
	return &httpError{Status: http.StatusConflict, Title: "Changed in two places", Err: err,
		Message: "The file changed on disk after this page was loaded. Nothing was overwritten.",
		Hint:    "Your version is kept as a draft. Look at both and restore the one to keep.",
		Links:   []link{{"/exercises/" + ex.Slug + "/attempts", "Drafts and attempts"}, {"/exercises/" + ex.Slug, "The file's version"}}}
}

// ensureStarted is the learner's files; the first run of an exercise makes them.
func (s *Server) ensureStarted(ctx context.Context, ex *exercises.Exercise) (exercises.Files, error) {
	files, err := s.workspace.Solution(ex)
	if !errors.Is(err, workspace.ErrNotStarted) {
		return files, err
	}
	if _, err := s.workspace.Start(ex); err != nil {
		return nil, err
	}
	if err := s.history.Started(ctx, ex.Slug); err != nil {
		return nil, err
	}
	return s.workspace.Solution(ex)
}

type draftPage struct {
	page
	Exercise *exercises.Exercise
	Draft    history.Draft
	Files    []sourceFile
}

func (s *Server) draft(w http.ResponseWriter, r *http.Request) error {
	ex, d, err := s.storedDraft(r)
	if err != nil {
		return err
	}
	p := draftPage{page: s.page(r, fmt.Sprintf("Draft %d of %s", d.ID, ex.Title), "practice"), Exercise: ex, Draft: d, Files: sourceFiles(d.Files)}
	return s.render(w, r, http.StatusOK, "draft", p)
}

func (s *Server) restoreDraft(w http.ResponseWriter, r *http.Request) error {
	ex, d, err := s.storedDraft(r)
	if err != nil {
		return err
	}
	return s.restore(w, r, ex, d.Files, "The draft of "+d.Saved.Local().Format(time.DateTime)+" is in the editor.")
}

func (s *Server) storedDraft(r *http.Request) (*exercises.Exercise, history.Draft, error) {
	ex, err := s.exercise(r)
	if err != nil {
		return nil, history.Draft{}, err
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return nil, history.Draft{}, s.notFound(r, "There is no such draft.")
	}
	d, err := s.history.Draft(r.Context(), id)
	if err == nil && d.Exercise != ex.Slug {
		err = fmt.Errorf("draft %d of %s: %w", id, ex.Slug, history.ErrNotFound)
	}
	return ex, d, err
}
