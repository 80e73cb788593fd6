package lessons

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Load reads and checks the content in fsys. The error is Faults if the content is at fault, and then it holds all of
// them: the library is complete or it is not there.
func Load(fsys fs.FS) (*Library, error) {
	l := &loader{fsys: fsys, pages: map[string]*page{}}
	topics, err := l.topics()
	if err != nil {
		return nil, err
	}
	for _, topic := range topics {
		if err := l.topic(topic); err != nil {
			return nil, err
		}
	}
	if err := l.syllabus(); err != nil {
		return nil, err
	}
	l.lint()
	if err := l.faults.err(); err != nil {
		return nil, err
	}
	for _, lesson := range l.library.lessons {
		if err := l.pages[lesson.Topic+"/"+lesson.Slug].render(&l.library); err != nil {
			return nil, fmt.Errorf("rendering %s: %w", lesson.file, err)
		}
	}
	return &l.library, nil
}

// A loader collects what was read and what is wrong with it.
type loader struct {
	fsys    fs.FS
	faults  Faults
	library Library
	pages   map[string]*page // by topic/slug
}

// topics are the folders that hold content, in order.
func (l *loader) topics() ([]string, error) {
	entries, err := fs.ReadDir(l.fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("reading the lessons: %w", err)
	}
	var topics []string
	for _, e := range entries {
		if e.IsDir() && e.Name() != "testdata" && !strings.HasPrefix(e.Name(), ".") {
			topics = append(topics, e.Name())
		}
	}
	return topics, nil
}

func (l *loader) topic(topic string) error {
	entries, err := fs.ReadDir(l.fsys, topic)
	if err != nil {
		return fmt.Errorf("reading lessons/%s: %w", topic, err)
	}
	for _, e := range entries {
		file := path.Join(topic, e.Name())
		switch {
		case e.IsDir():
			l.faults.add(file, 0, "a folder in a topic; expected lessons SLUG.md and cards.yaml only")
		case e.Name() == "cards.yaml":
			err = l.readCards(topic, file)
		case path.Ext(e.Name()) == ".md":
			err = l.readPage(topic, strings.TrimSuffix(e.Name(), ".md"), file)
		default:
			l.faults.add(file, 0, "unexpected file; expected lessons SLUG.md and cards.yaml only")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) read(file string) ([]byte, bool, error) {
	data, err := fs.ReadFile(l.fsys, file)
	if err != nil {
		return nil, false, fmt.Errorf("reading %s: %w", file, err)
	}
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		l.faults.add(file, 0, "is not text; expected UTF-8 without NUL")
		return nil, false, nil
	}
	return bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")), true, nil
}

func (l *loader) readCards(topic, file string) error {
	data, ok, err := l.read(file)
	if !ok {
		return err
	}
	var nodes []yaml.Node
	var cards []*Card
	if !l.faults.decode(file, 0, data, &nodes) || !l.faults.decode(file, 0, data, &cards) {
		return nil
	}
	for i, c := range cards {
		if c == nil {
			l.faults.add(file, nodes[i].Line, "an empty card; expected id, topic, q, points …")
			continue
		}
		c.file, c.line = file, nodes[i].Line
		c.check(topic, &l.faults)
		if _, err := l.library.Card(c.ID); err == nil {
			l.faults.add(file, c.line, "card %s exists twice; expected ids to be unique", c.ID)
		}
		l.library.cards = append(l.library.cards, c)
	}
	return nil
}

func (l *loader) readPage(topic, slug, file string) error {
	data, ok, err := l.read(file)
	if !ok {
		return err
	}
	head, body, offset, ok := splitHead(data)
	if !ok {
		l.faults.add(file, 1, `no head; expected a line "---", YAML, and a line "---" before the text`)
		return nil
	}
	lesson := &Lesson{Slug: slug, file: file, anchors: map[string]bool{}}
	if !l.faults.decode(file, 1, head, lesson) {
		return nil
	}
	p := &page{lesson: lesson, source: body, offset: offset, faults: &l.faults}
	p.checkHead(topic)
	p.parse()
	l.pages[topic+"/"+slug] = p
	return nil
}

// splitHead cuts the YAML head off. Offset is the number of lines before body.
func splitHead(data []byte) (head, body []byte, offset int, ok bool) {
	const fence = "---\n"
	rest, ok := bytes.CutPrefix(data, []byte(fence))
	if !ok {
		return nil, nil, 0, false
	}
	head, body, ok = bytes.Cut(rest, []byte("\n"+fence))
	return head, body, bytes.Count(head, []byte("\n")) + 3, ok
}

// syllabusFile is syllabus.yaml as it is written: a lesson is either a page, or planned with its id, title and summary.
type syllabusFile struct {
	Tracks []struct {
		ID      string `yaml:"id"`
		Title   string `yaml:"title"`
		Summary string `yaml:"summary"`
		Lessons []struct {
			Page    string `yaml:"page"`    // topic/slug
			Planned string `yaml:"planned"` // topic/slug
			ID      string `yaml:"id"`
			Title   string `yaml:"title"`
			Summary string `yaml:"summary"`
		} `yaml:"lessons"`
	} `yaml:"tracks"`
}

const syllabusName = "syllabus.yaml"

func (l *loader) syllabus() error {
	data, ok, err := l.read(syllabusName)
	if errors.Is(err, fs.ErrNotExist) {
		l.faults.add(syllabusName, 0, "is missing; expected the tracks and their lessons in reading order")
		return nil
	}
	if !ok {
		return err
	}
	var s syllabusFile
	if !l.faults.decode(syllabusName, 0, data, &s) {
		return nil
	}
	lineOf := func(text string) int {
		return 1 + bytes.Count(data[:max(0, bytes.Index(data, []byte(text)))], []byte("\n"))
	}
	var listed, ids []string
	for _, t := range s.Tracks {
		if t.ID == "" || t.Title == "" || t.Summary == "" || len(t.Lessons) == 0 {
			l.faults.add(syllabusName, lineOf(t.Title), "track %q: expected id, title, summary and lessons", t.Title)
		}
		track := Track{ID: t.ID, Title: t.Title, Summary: t.Summary}
		for _, e := range t.Lessons {
			address := e.Page + e.Planned
			fail := func(format string, args ...any) {
				l.faults.add(syllabusName, lineOf(address), "lesson "+address+": "+format, args...)
			}
			topic, slug, ok := strings.Cut(address, "/")
			if !ok || e.Page != "" && e.Planned != "" {
				fail("expected either page: topic/slug or planned: topic/slug")
				continue
			}
			if slices.Contains(listed, address) {
				fail("is listed twice")
			}
			listed = append(listed, address)
			p := l.pages[address]
			entry := Entry{ID: e.ID, Topic: topic, Slug: slug, Title: e.Title, Summary: e.Summary}
			switch {
			case e.Page != "" && p == nil:
				fail("no file %s.md, or it cannot be read; while it is to be written: planned, id, title, summary", address)
				continue
			case e.Page != "" && e.ID+e.Title+e.Summary != "":
				fail("id, title and summary are in the page's head; expected page alone")
			case e.Planned != "" && p != nil:
				fail("is written; expected page instead of planned")
			case e.Planned != "" && (e.ID == "" || e.Title == "" || e.Summary == ""):
				fail("expected id, title and summary of a planned lesson")
			}
			if p != nil {
				entry.ID, entry.Title, entry.Summary, entry.Lesson = p.lesson.ID, p.lesson.Title, p.lesson.Summary, p.lesson
				l.library.lessons = append(l.library.lessons, p.lesson)
			}
			if slices.Contains(ids, entry.ID) {
				fail("id %s is taken by another lesson", entry.ID)
			}
			ids = append(ids, entry.ID)
			track.Lessons = append(track.Lessons, entry)
		}
		l.library.tracks = append(l.library.tracks, track)
	}
	for address, p := range l.pages {
		if !slices.Contains(listed, address) {
			l.faults.add(p.lesson.file, 1, "is in no track; expected it in %s", syllabusName)
		}
	}
	for i, lesson := range l.library.lessons {
		if i > 0 {
			lesson.Prev, l.library.lessons[i-1].Next = l.library.lessons[i-1], lesson
		}
	}
	return nil
}
