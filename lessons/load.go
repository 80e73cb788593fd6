package lessons

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Load reads and checks the content in fsys. The error is Faults if the content is at fault, and then it holds all of
// them: the library is complete or it is not there.
func Load(fsys fs.FS) (*Library, error) {
	l := &loader{fsys: fsys, pages: map[string]*page{}, unread: map[string]bool{}}
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
	if err := l.seed(); err != nil {
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
	unread  map[string]bool  // files that could not be read: what refers to them is not reported on top
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
		l.unread[file] = true
		return nil, false, nil
	}
	return bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")), true, nil
}

func (l *loader) readCards(topic, file string) error {
	data, ok, err := l.read(file)
	if !ok {
		return err
	}
	var cards []*Card
	var nodes []yaml.Node // for their lines
	if !l.faults.decode(file, 0, data, &cards) || yaml.Load(data, &nodes) != nil || len(nodes) != len(cards) {
		l.unread[file] = true
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
		l.unread[file] = true
		return nil
	}
	lesson := &Lesson{Slug: slug, file: file, anchors: map[string]bool{}}
	if !l.faults.decode(file, 1, head, lesson) {
		l.unread[file] = true
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
