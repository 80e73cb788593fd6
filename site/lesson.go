package site

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"hotloop/lessons"
	"hotloop/site/history"
)

func lessonURL(l *lessons.Lesson) string { return "/lessons/" + lessonKey(l) }

// lessonKey is the lesson's name in the history.
func lessonKey(l *lessons.Lesson) string { return l.Topic + "/" + l.Slug }

type lessonPage struct {
	page
	Lesson   *lessons.Lesson
	Tracks   []trackRows
	Track    string // the title of the lesson's own
	Number   int    // of the lesson in its track, from 1
	Of       int
	Body     template.HTML
	Read     bool
	Runnable int
	Langs    string
	Next     *place // to practise, or to read
	Prev     *place
}

func (s *Server) lesson(w http.ResponseWriter, r *http.Request) error {
	l, err := s.findLesson(r)
	if err != nil {
		return err
	}
	// A browser that fetches the page ahead of time has not shown it to anybody.
	if r.Header.Get("Sec-Purpose") == "" && r.Method == http.MethodGet {
		if err := s.history.VisitLesson(r.Context(), lessonKey(l)); err != nil {
			s.log.Error("the visit was not noted", "lesson", lessonKey(l), "err", err)
		}
	}
	read, err := s.history.Lessons(r.Context())
	if err != nil {
		return err
	}
	progress, err := s.history.Progress(r.Context())
	if err != nil {
		return err
	}
	p := lessonPage{page: s.page(r, l.Title, "learn"), Lesson: l, Tracks: s.course(read, l), Read: !read[lessonKey(l)].Read.IsZero()}
	p.locate()
	p.Runnable, p.Langs = runnable(l)
	p.Prev, p.Next = s.neighbours(l)
	p.Body = l.HTML(func(slug string) template.HTML { return s.exerciseCard(slug, progress) })
	return s.render(w, r, http.StatusOK, "lesson", p)
}

// locate finds the lesson's place in its track.
func (p *lessonPage) locate() {
	for _, t := range p.Tracks {
		for i, row := range t.Rows {
			if row.Current {
				p.Track, p.Number, p.Of = t.Title, i+1, len(t.Rows)
			}
		}
	}
}

func runnable(l *lessons.Lesson) (n int, langs string) {
	var names []string
	for _, b := range l.Blocks() {
		if b.Run == lessons.RunNone {
			continue
		}
		n++
		name := map[string]string{"go": "Go", "js": "JavaScript", "sh": "Shell"}[b.Lang]
		if name != "" && !strings.Contains(strings.Join(names, ","), name) {
			names = append(names, name)
		}
	}
	return n, strings.Join(names, ", ")
}

// neighbours are the lesson before, and what comes next: an exercise of the lesson if there is one, else the next lesson.
func (s *Server) neighbours(l *lessons.Lesson) (prev, next *place) {
	if l.Prev != nil {
		prev = &place{link: link{lessonURL(l.Prev), l.Prev.Title}, Kind: "Previous"}
	}
	if l.Next != nil {
		next = &place{link: link{lessonURL(l.Next), l.Next.Title}, Kind: "Next"}
	}
	for _, slug := range l.Exercises {
		if e, err := s.exercises.Lookup(slug); err == nil {
			return prev, &place{link: link{"/exercises/" + slug, e.Title}, Kind: "Practise this"}
		}
	}
	return prev, next
}

// exerciseCard is what a lesson's page says of an exercise.
func (s *Server) exerciseCard(slug string, progress map[string]history.Progress) template.HTML {
	e, err := s.exercises.Lookup(slug)
	if err != nil {
		return ""
	}
	b, err := s.templates.execute("", "exercise-card", exerciseRow{e, progress[slug], "/exercises/" + slug})
	if err != nil {
		s.log.Error("drawing an exercise's card", "exercise", slug, "err", err)
		return template.HTML(template.HTMLEscapeString(e.Title))
	}
	return template.HTML(b)
}

func (s *Server) findLesson(r *http.Request) (*lessons.Lesson, error) {
	l, err := s.lessons.Lookup(r.PathValue("topic"), r.PathValue("slug"))
	if errors.Is(err, lessons.ErrNotFound) {
		return nil, s.notFound(r, upper(strings.TrimSuffix(err.Error(), ": "+lessons.ErrNotFound.Error()))+": there is no page.")
	}
	return l, err
}

// markLesson marks the lesson as read, or with "read=no" as not read.
func (s *Server) markLesson(w http.ResponseWriter, r *http.Request) error {
	l, err := s.findLesson(r)
	if err != nil {
		return err
	}
	read := r.FormValue("read") != "no"
	if err := s.history.MarkLesson(r.Context(), lessonKey(l), read); err != nil {
		return fmt.Errorf("marking %s: %w", lessonKey(l), err)
	}
	if wantsJSON(r) {
		return writeJSON(w, http.StatusOK, map[string]bool{"read": read})
	}
	http.Redirect(w, r, lessonURL(l), http.StatusSeeOther)
	return nil
}
