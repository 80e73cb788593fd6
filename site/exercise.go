package site

import (
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"

	"hotloop/exercises"
	"hotloop/lessons"
	"hotloop/runner/workspace"
	"hotloop/site/history"
)

type exerciseListPage struct {
	page
	Topics []string
	Topic  string // the chosen one, "" for all
	Rows   []exerciseRow
}

func (s *Server) exerciseList(w http.ResponseWriter, r *http.Request) error {
	progress, err := s.history.Progress(r.Context())
	if err != nil {
		return err
	}
	p := exerciseListPage{page: s.page(r, "Practice", "practice"), Topic: r.URL.Query().Get("topic")}
	for _, row := range s.exerciseRows(progress) {
		if !slices.Contains(p.Topics, row.Topic) {
			p.Topics = append(p.Topics, row.Topic)
		}
		if p.Topic == "" || row.Topic == p.Topic {
			p.Rows = append(p.Rows, row)
		}
	}
	return s.render(w, r, http.StatusOK, "exercises", p)
}

// An editorFile is a textarea of the editor's form.
type editorFile struct {
	Name     string
	Content  string
	Hash     string
	ReadOnly bool
	Lines    int
}

// A hint is one that was asked for.
type hint struct {
	Number int
	Text   template.HTML
}

type exercisePage struct {
	page
	Exercise  *exercises.Exercise
	Statement template.HTML
	Lesson    *place // to read first
	Files     []editorFile
	Started   bool
	Folder    string                  // where the files are, or will be
	Gone      *workspace.MissingError // files of the starter are not there
	Progress  history.Progress
	Hints     []hint
	HintsLeft int
	FollowUps []template.HTML
	Pitfalls  []template.HTML
	Libraries []template.HTML
	Results   map[string]template.HTML
	Run       string // id of the run that is going on, ""
	Last      *history.Attempt
	LastURL   string
	Drafts    int
	Notice    string
	Prev      *place
	Next      *place
	Number    int // among all exercises, from 1
	Of        int
}

// Solved says that what would spoil the exercise may be shown.
func (p exercisePage) Solved() bool {
	return p.Progress.State >= history.Accepted || p.Progress.SolutionSeen
}

func (s *Server) exercisePage(w http.ResponseWriter, r *http.Request) error {
	ex, err := s.exercise(r)
	if err != nil {
		return err
	}
	p := exercisePage{page: s.page(r, ex.Title, "practice"), Exercise: ex, Folder: s.workspace.Path(ex.Slug), Notice: s.takeNotice(ex.Slug)}
	for _, fill := range []func(*http.Request, *exercisePage) error{s.fillStatement, s.fillFiles, s.fillProgress, s.fillResults} {
		if err := fill(r, &p); err != nil {
			return err
		}
	}
	s.fillNeighbours(&p)
	return s.render(w, r, http.StatusOK, "exercise", p)
}

func (s *Server) fillStatement(_ *http.Request, p *exercisePage) error {
	text, err := p.Exercise.Statement()
	if err != nil {
		return err
	}
	if p.Statement, err = lessons.Markdown(text); err != nil {
		return err
	}
	var libraries []string
	for _, l := range p.Exercise.Libraries {
		libraries = append(libraries, fmt.Sprintf("`%s`: %s", l.Path, l.Why))
	}
	for _, list := range []struct {
		from []string
		to   *[]template.HTML
	}{{p.Exercise.FollowUps, &p.FollowUps}, {p.Exercise.Pitfalls, &p.Pitfalls}, {libraries, &p.Libraries}} {
		for _, text := range list.from {
			html, err := lessons.Markdown([]byte(text))
			if err != nil {
				return err
			}
			*list.to = append(*list.to, html)
		}
	}
	for l := range s.lessons.All() {
		if lessonKey(l) == p.Exercise.Lesson {
			p.Lesson = &place{link: link{lessonURL(l), l.Title}, Summary: fmt.Sprintf("%d minutes", l.Minutes)}
		}
	}
	return nil
}

func (s *Server) fillFiles(_ *http.Request, p *exercisePage) error {
	files, started, gone, err := s.solution(p.Exercise)
	if err != nil {
		return err
	}
	tests, err := p.Exercise.Tests()
	if err != nil {
		return err
	}
	p.Started, p.Gone = started, gone
	p.Files = append(editorFiles(files, false), editorFiles(tests, true)...)
	return nil
}

func editorFiles(files exercises.Files, readOnly bool) []editorFile {
	var list []editorFile
	for _, name := range slices.Sorted(maps.Keys(files)) {
		data := files[name]
		lines := 1
		for _, c := range data {
			if c == '\n' {
				lines++
			}
		}
		list = append(list, editorFile{Name: name, Content: string(data), Hash: workspace.Hash(data), ReadOnly: readOnly, Lines: min(max(lines, 12), 40)})
	}
	return list
}

func (s *Server) fillProgress(r *http.Request, p *exercisePage) error {
	all, err := s.history.Progress(r.Context())
	if err != nil {
		return err
	}
	p.Progress = all[p.Exercise.Slug]
	if p.Hints, err = hints(p.Exercise, p.Progress.Hints); err != nil {
		return err
	}
	p.HintsLeft = len(p.Exercise.Hints) - len(p.Hints)
	drafts, err := s.history.Drafts(r.Context(), p.Exercise.Slug)
	p.Drafts = len(drafts)
	return err
}

// hints are the first n hints of an exercise.
func hints(ex *exercises.Exercise, n int) ([]hint, error) {
	var list []hint
	for i, text := range ex.Hints[:min(n, len(ex.Hints))] {
		html, err := lessons.Markdown([]byte(text))
		if err != nil {
			return nil, err
		}
		list = append(list, hint{i + 1, html})
	}
	return list, nil
}

// fillResults shows the run that is going on, or else the last attempt.
func (s *Server) fillResults(r *http.Request, p *exercisePage) error {
	last, err := s.history.Attempts(r.Context(), p.Exercise.Slug, 1)
	if err != nil {
		return err
	}
	res := newResults(p.Exercise, "")
	if len(last) > 0 {
		whole, err := s.history.Attempt(r.Context(), last[0].ID)
		if err != nil {
			return err
		}
		p.Last, p.LastURL = &last[0], attemptURL(p.Exercise.Slug, last[0].ID)
		if shown, err := replay(p.Exercise, whole); err == nil {
			res = shown
		} else {
			s.log.Error("the last attempt cannot be shown", "err", err)
		}
	}
	if run := s.runs.live(p.Exercise.Slug); run != nil {
		p.Run = run.ID
		run.mu.Lock()
		defer run.mu.Unlock()
		res = run.results
	}
	p.Results, err = res.sections(s.templates)
	return err
}

func (s *Server) fillNeighbours(p *exercisePage) {
	all := slices.Collect(s.exercises.All())
	i := slices.Index(all, p.Exercise)
	p.Number, p.Of = i+1, len(all)
	at := func(i int) *place {
		if i < 0 || i >= len(all) {
			return nil
		}
		return &place{link: link{"/exercises/" + all[i].Slug, all[i].Title}}
	}
	p.Prev, p.Next = at(i-1), at(i+1)
}

// start makes the learner's copy. Saving and running do so by themselves; this is for those who begin in another editor.
func (s *Server) start(w http.ResponseWriter, r *http.Request) error {
	ex, err := s.exercise(r)
	if err != nil {
		return err
	}
	started, err := s.workspace.Start(ex)
	if err != nil {
		return err
	}
	if err := s.history.Started(r.Context(), ex.Slug); err != nil {
		return err
	}
	if wantsJSON(r) {
		return writeJSON(w, http.StatusOK, map[string]any{"dir": started.Dir, "added": started.Added})
	}
	return s.back(w, r, ex, "Your copy is in "+started.Dir+".")
}

// hint shows one more hint.
func (s *Server) hint(w http.ResponseWriter, r *http.Request) error {
	ex, err := s.exercise(r)
	if err != nil {
		return err
	}
	progress, err := s.history.Progress(r.Context())
	if err != nil {
		return err
	}
	n := min(progress[ex.Slug].Hints+1, len(ex.Hints))
	if err := s.history.HintShown(r.Context(), ex.Slug, n); err != nil {
		return err
	}
	if !wantsJSON(r) {
		http.Redirect(w, r, "/exercises/"+ex.Slug+"#hints", http.StatusSeeOther)
		return nil
	}
	list, err := hints(ex, n)
	if err != nil {
		return err
	}
	answer := map[string]any{"number": n, "left": len(ex.Hints) - n, "html": ""}
	if n > 0 {
		answer["html"] = list[n-1].Text
	}
	return writeJSON(w, http.StatusOK, answer)
}

// reset brings the starter back. What was there is kept beside the workspace's other backups.
func (s *Server) reset(w http.ResponseWriter, r *http.Request) error {
	ex, err := s.exercise(r)
	if err != nil {
		return err
	}
	backup, err := s.workspace.Reset(ex)
	if errors.Is(err, workspace.ErrNotStarted) {
		return badRequest("There is nothing to reset: you have not begun.", "The editor shows the starter already.")
	}
	if err != nil {
		return err
	}
	if wantsJSON(r) {
		files, err := s.workspace.Solution(ex)
		if err != nil {
			return err
		}
		return writeJSON(w, http.StatusOK, map[string]any{"backup": backup, "files": versions(files)})
	}
	return s.back(w, r, ex, "The starter is back. Your version is kept in "+backup+".")
}

// back goes back to the exercise's page, which shows the notice once.
func (s *Server) back(w http.ResponseWriter, r *http.Request, ex *exercises.Exercise, notice string) error {
	s.notice(ex.Slug, notice)
	http.Redirect(w, r, "/exercises/"+ex.Slug, http.StatusSeeOther)
	return nil
}

// showReference notes that the learner wants to see the reference, and leads to it.
func (s *Server) showReference(w http.ResponseWriter, r *http.Request) error {
	ex, err := s.exercise(r)
	if err != nil {
		return err
	}
	if err := s.history.SolutionSeen(r.Context(), ex.Slug); err != nil {
		return err
	}
	to := "/exercises/" + ex.Slug + "/reference"
	if wantsJSON(r) {
		return writeJSON(w, http.StatusOK, map[string]string{"location": to})
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

type referencePage struct {
	page
	Exercise *exercises.Exercise
	Files    []sourceFile
}

// reference shows the reference to those who solved the exercise or asked for it.
func (s *Server) reference(w http.ResponseWriter, r *http.Request) error {
	ex, err := s.exercise(r)
	if err != nil {
		return err
	}
	progress, err := s.history.Progress(r.Context())
	if err != nil {
		return err
	}
	if p := progress[ex.Slug]; p.State < history.Accepted && !p.SolutionSeen {
		return &httpError{Status: http.StatusForbidden, Title: "Not yet",
			Message: "The reference is shown once your own solution is accepted.",
			Hint:    "If you would rather see it now, the exercise's page has a button for it.",
			Links:   []link{{"/exercises/" + ex.Slug, ex.Title}}}
	}
	variant, err := ex.Variant("reference")
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, "reference", referencePage{s.page(r, "Reference of "+ex.Title, "practice"), ex, sourceFiles(variant.Files)})
}
