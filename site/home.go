package site

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"hotloop/exercises"
	"hotloop/lessons"
	"hotloop/site/history"
)

// A lessonRow is a lesson in a list of the course.
type lessonRow struct {
	lessons.Entry
	URL     string // "" while it is planned
	Read    bool
	Current bool
}

type trackRows struct {
	lessons.Track
	Rows      []lessonRow
	Read      int
	Published int // lessons that have a page
}

// course is the whole syllabus with what the learner has read.
func (s *Server) course(read map[string]history.LessonProgress, current *lessons.Lesson) []trackRows {
	var tracks []trackRows
	for _, t := range s.lessons.Tracks() {
		rows := trackRows{Track: t}
		for _, e := range t.Lessons {
			row := lessonRow{Entry: e}
			if e.Lesson != nil {
				row.URL = lessonURL(e.Lesson)
				row.Read = !read[lessonKey(e.Lesson)].Read.IsZero()
				row.Current = e.Lesson == current
				rows.Published++
			}
			if row.Read {
				rows.Read++
			}
			rows.Rows = append(rows.Rows, row)
		}
		tracks = append(tracks, rows)
	}
	return tracks
}

// An exerciseRow is an exercise in a list, with how far the learner is.
type exerciseRow struct {
	*exercises.Exercise
	history.Progress
	URL string
}

func (s *Server) exerciseRows(progress map[string]history.Progress) []exerciseRow {
	var rows []exerciseRow
	for e := range s.exercises.All() {
		rows = append(rows, exerciseRow{e, progress[e.Slug], "/exercises/" + e.Slug})
	}
	return rows
}

// A place is where the learner was last.
type place struct {
	link
	Kind    string // "Lesson" or "Exercise"
	Summary string
	At      time.Time
}

type homePage struct {
	page
	Tracks    []trackRows
	Exercises []exerciseRow
	Continue  []place // newest first, at most two
	First     *place  // where a newcomer begins
	Solved    int
}

func (s *Server) home(w http.ResponseWriter, r *http.Request) error {
	progress, err := s.history.Progress(r.Context())
	if err != nil {
		return err
	}
	read, err := s.history.Lessons(r.Context())
	if err != nil {
		return err
	}
	p := homePage{page: s.page(r, "Performance engineering, measured", "learn"),
		Tracks: s.course(read, nil), Exercises: s.exerciseRows(progress)}
	p.Continue = s.places(p.Exercises, read)
	for _, row := range p.Exercises {
		if row.State >= history.Accepted {
			p.Solved++
		}
	}
	for l := range s.lessons.All() {
		if len(p.Continue) == 0 {
			p.First = &place{link: link{lessonURL(l), l.Title}, Kind: "Lesson", Summary: l.Summary}
		}
		break
	}
	return s.render(w, r, http.StatusOK, "home", p)
}

// places are where the learner was last and is not done: the newest exercise and the newest lesson.
func (s *Server) places(rows []exerciseRow, read map[string]history.LessonProgress) []place {
	var newest [2]place
	for _, row := range rows {
		if row.State > history.New && row.State < history.Targets && row.Updated.After(newest[0].At) {
			newest[0] = place{link{row.URL, row.Title}, "Exercise", row.Summary, row.Updated}
		}
	}
	for l := range s.lessons.All() {
		if p := read[lessonKey(l)]; p.Read.IsZero() && p.Visited.After(newest[1].At) {
			newest[1] = place{link{lessonURL(l), l.Title}, "Lesson", l.Summary, p.Visited}
		}
	}
	places := slices.DeleteFunc(newest[:], func(p place) bool { return p.At.IsZero() })
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(b.At.UnixNano(), a.At.UnixNano()) })
	return places
}
