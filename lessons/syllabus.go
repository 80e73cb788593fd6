package lessons

import (
	"bytes"
	"errors"
	"io/fs"
	"slices"
	"strings"
)

const syllabusName = "syllabus.yaml"

// syllabusFile is syllabus.yaml as it is written.
type syllabusFile struct {
	Tracks []struct {
		ID      string          `yaml:"id"`
		Title   string          `yaml:"title"`
		Summary string          `yaml:"summary"`
		Lessons []syllabusEntry `yaml:"lessons"`
	} `yaml:"tracks"`
}

// A syllabusEntry names a page, or plans one with its id, title and summary.
type syllabusEntry struct {
	Page    string `yaml:"page"`    // topic/slug
	Planned string `yaml:"planned"` // topic/slug
	ID      string `yaml:"id"`
	Title   string `yaml:"title"`
	Summary string `yaml:"summary"`
}

func (e syllabusEntry) address() string { return e.Page + e.Planned }

// fault is what is wrong with the entry by itself; p is the page at its address, if there is one.
func (e syllabusEntry) fault(p *page) string {
	_, _, ok := strings.Cut(e.address(), "/")
	switch {
	case !ok || e.Page != "" && e.Planned != "":
		return "expected either page: topic/slug or planned: topic/slug"
	case e.Page != "" && p == nil:
		return "no file " + e.Page + ".md; while it is to be written: planned, id, title, summary"
	case e.Page != "" && e.ID+e.Title+e.Summary != "":
		return "id, title and summary are in the page's head; expected page alone"
	case e.Planned != "" && p != nil:
		return "is written; expected page instead of planned"
	case e.Planned != "" && (e.ID == "" || e.Title == "" || e.Summary == ""):
		return "expected id, title and summary of a planned lesson"
	}
	return ""
}

func (l *loader) syllabus() error {
	data, ok, err := l.read(syllabusName)
	if errors.Is(err, fs.ErrNotExist) {
		l.faults.add(syllabusName, 0, "is missing; expected the tracks and their lessons in reading order")
		return nil
	}
	var s syllabusFile
	if !ok || !l.faults.decode(syllabusName, 0, data, &s) {
		return err
	}
	lineOf := func(text string) int {
		return 1 + bytes.Count(data[:max(0, bytes.Index(data, []byte(text)))], []byte("\n"))
	}

	listed, ids := map[string]bool{}, map[string]bool{}
	for _, t := range s.Tracks {
		if t.ID == "" || t.Title == "" || t.Summary == "" || len(t.Lessons) == 0 {
			l.faults.add(syllabusName, lineOf(t.Title), "track %q: expected id, title, summary and lessons", t.Title)
		}
		track := Track{ID: t.ID, Title: t.Title, Summary: t.Summary}
		for _, e := range t.Lessons {
			address := e.address()
			fail := func(format string, args ...any) {
				l.faults.add(syllabusName, lineOf(address), "lesson "+address+": "+format, args...)
			}
			if listed[address] {
				fail("is listed twice")
			}
			listed[address] = true
			if l.unread[address+".md"] {
				continue
			}
			if fault := e.fault(l.pages[address]); fault != "" {
				fail("%s", fault)
			}
			entry := l.entry(e)
			if entry.ID != "" && ids[entry.ID] {
				fail("id %s is taken by another lesson", entry.ID)
			}
			ids[entry.ID] = true
			track.Lessons = append(track.Lessons, entry)
		}
		l.library.tracks = append(l.library.tracks, track)
	}
	for address, p := range l.pages {
		if !listed[address] {
			l.faults.add(p.lesson.file, 1, "is in no track; expected it in %s", syllabusName)
		}
	}
	l.chain()
	return nil
}

// entry is the entry as the library tells it; a lesson that is written says its own title.
func (l *loader) entry(e syllabusEntry) Entry {
	topic, slug, _ := strings.Cut(e.address(), "/")
	entry := Entry{ID: e.ID, Topic: topic, Slug: slug, Title: e.Title, Summary: e.Summary}
	if p := l.pages[e.address()]; p != nil {
		entry.ID, entry.Title, entry.Summary, entry.Lesson = p.lesson.ID, p.lesson.Title, p.lesson.Summary, p.lesson
		if !slices.Contains(l.library.lessons, p.lesson) {
			l.library.lessons = append(l.library.lessons, p.lesson)
		}
	}
	return entry
}

// chain links the lessons in reading order.
func (l *loader) chain() {
	for i := 1; i < len(l.library.lessons); i++ {
		prev, next := l.library.lessons[i-1], l.library.lessons[i]
		prev.Next, next.Prev = next, prev
	}
}
