package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"hotloop/exercises"
	"hotloop/runner/workspace"
	"hotloop/site/history"
	"hotloop/site/store"
)

// lookup finds the exercise that word means: its slug, or the beginning of it.
func (a *app) lookup(word string) (*exercises.Exercise, error) {
	catalog, err := a.catalog()
	if err != nil {
		return nil, err
	}
	if e, err := catalog.Lookup(word); err == nil {
		return e, nil
	}
	const all = `"hotloop list" shows them all`
	var begins []*exercises.Exercise
	var slugs []string
	for e := range catalog.All() {
		if word != "" && strings.HasPrefix(e.Slug, word) {
			begins, slugs = append(begins, e), append(slugs, e.Slug)
		}
	}
	switch len(begins) {
	case 0:
		if near, ok := catalog.Suggest(word); ok {
			return nil, &toldError{fmt.Sprintf("no exercise %q", word), fmt.Sprintf("did you mean %s? %s", near, all)}
		}
		return nil, &toldError{fmt.Sprintf("no exercise %q", word), all}
	case 1:
		return begins[0], nil
	}
	return nil, &toldError{fmt.Sprintf("%q could be %s", word, strings.Join(slugs, " or ")), "type one more letter"}
}

// chosen is the exercise that the arguments name; else the one of the folder we are in; else the one started last.
func (a *app) chosen(args []string) (*exercises.Exercise, error) {
	if len(args) > 0 {
		return a.lookup(args[0])
	}
	w, err := a.workspace()
	if err != nil {
		return nil, err
	}
	catalog, err := a.catalog()
	if err != nil {
		return nil, err
	}
	if cwd, err := os.Getwd(); err == nil {
		if e, err := catalog.Lookup(w.Exercise(cwd)); err == nil {
			return e, nil
		}
	}
	slug, err := w.Current()
	if err != nil {
		return nil, err
	}
	if slug == "" {
		return nil, &toldError{"which exercise? None was started yet", `"hotloop next" proposes one, "hotloop start SLUG" gives you its files`}
	}
	return a.lookup(slug)
}

// ordered are the exercises as the syllabus leads to them; those that no lesson offers come last.
func (a *app) ordered() ([]*exercises.Exercise, error) {
	catalog, err := a.catalog()
	if err != nil {
		return nil, err
	}
	library, err := a.library()
	if err != nil {
		return nil, err
	}
	var list []*exercises.Exercise
	add := func(e *exercises.Exercise) {
		if !slices.Contains(list, e) {
			list = append(list, e)
		}
	}
	for lesson := range library.All() {
		for _, slug := range lesson.Exercises {
			if e, err := catalog.Lookup(slug); err == nil {
				add(e)
			}
		}
	}
	for e := range catalog.All() {
		add(e)
	}
	return list, nil
}

// progress is how far the learner has come, by slug. Without a workspace, or when its history cannot be read, which is
// told, it is empty.
func (a *app) progress(ctx context.Context) map[string]history.Progress {
	w, err := a.workspace()
	if err != nil {
		return nil
	}
	s, err := a.openHistory(w)
	if err != nil {
		a.warn(err)
		return nil
	}
	all, err := s.Progress(ctx)
	if err != nil {
		a.warn(err)
	}
	return all
}

// note lets the history know of something. That it could not is told, and nothing more: the work was done.
func (a *app) note(w *workspace.Workspace, what func(h *store.Store) error) {
	s, err := a.openHistory(w)
	if err == nil {
		err = what(s)
	}
	if err != nil {
		a.warn(err)
	}
}

// firstOpen is the first exercise that was not accepted yet; nil if there is none.
func firstOpen(list []*exercises.Exercise, progress map[string]history.Progress) *exercises.Exercise {
	for _, e := range list {
		if progress[e.Slug].State < history.Accepted {
			return e
		}
	}
	return nil
}
