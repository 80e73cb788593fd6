// Package lessons holds the lessons and interview cards, reads them strictly and renders them to HTML. It runs nothing:
// a page's code blocks are handed out as data (Blocks), and whoever runs one compares what it printed by Match.
//
// Content is a folder: syllabus.yaml lists the tracks in reading order, seed.yaml what the course must cover,
// <topic>/<slug>.md is a lesson (a YAML head, then Markdown in eight fixed sections), <topic>/cards.yaml holds the topic's
// interview cards. Load reports every fault of a bad folder at once. Markdown is not trusted to be HTML: raw HTML and script links are faults, and never rendered.
//
// A lesson's sections have the ids why, node, go, see, practise, interview, pitfalls, further; a sub-heading's id begins
// with its section's. What is not prose is a fence, and its first line says what it is:
//
//	js|go|sh {#L7.2N .bad run=node flags=--expose-gc twin=…}   code that runs; Block tells the attributes
//	output {of=L7.2N}             what it printed when the page was written, with Match's matchers
//	predict {#p1}                 a question, a list of - [ ] and one - [x], then the explanation
//	exercise {slug=lru-cache}     an exercise to practise on, and a sentence; coming: it is not written yet
//	cards                         interview cards, one id a line
//	text                          shown as it is
//
// A link to a block cites it: [38.1 MiB](#L4.1N) is a fault unless the block's recorded output holds the number.
package lessons

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"iter"
	"strings"
)

//go:embed syllabus.yaml seed.yaml clustering leaks optimization profiling start
var embedded embed.FS

// Embedded is the content that was built into the program.
func Embedded() fs.FS { return embedded }

// DOMLite is the small stand-in for the DOM that worker blocks run after: a Web Worker has no document. It defines
// document and MouseEvent once, and only where they are missing.
//
//go:embed dom-lite.js
var DOMLite string

// ErrNotFound is what Lookup and Card return for what the library does not have.
var ErrNotFound = errors.New("not found")

// A Library is the checked content: tracks of lessons, and cards.
type Library struct {
	tracks  []Track
	lessons []*Lesson // in the order of the syllabus
	cards   []*Card

	inventory inventory // of the interview document
}

// All yields the lessons that have a page, in the order of the syllabus.
func (l *Library) All() iter.Seq[*Lesson] {
	return func(yield func(*Lesson) bool) {
		for _, lesson := range l.lessons {
			if !yield(lesson) {
				return
			}
		}
	}
}

// Tracks are the tracks in reading order, with the lessons that are still planned.
func (l *Library) Tracks() []Track { return l.tracks }

// Lookup finds a lesson by its address. The error wraps ErrNotFound, and says so if the lesson is planned.
func (l *Library) Lookup(topic, slug string) (*Lesson, error) {
	for _, lesson := range l.lessons {
		if lesson.Topic == topic && lesson.Slug == slug {
			return lesson, nil
		}
	}
	for _, t := range l.tracks {
		for _, e := range t.Lessons {
			if e.Topic == topic && e.Slug == slug {
				return nil, fmt.Errorf("lesson %s/%s is planned and not written yet: %w", topic, slug, ErrNotFound)
			}
		}
	}
	return nil, fmt.Errorf("lesson %s/%s: %w", topic, slug, ErrNotFound)
}

// Cards yields the interview cards in the order of topic and file.
func (l *Library) Cards() iter.Seq[*Card] {
	return func(yield func(*Card) bool) {
		for _, c := range l.cards {
			if !yield(c) {
				return
			}
		}
	}
}

// Card finds an interview card by its id. The error wraps ErrNotFound.
func (l *Library) Card(id string) (*Card, error) {
	for _, c := range l.cards {
		if c.ID == id {
			return c, nil
		}
	}
	return nil, fmt.Errorf("card %s: %w", id, ErrNotFound)
}

// CheckExercises reports, as Faults, the exercises that lessons and cards name and that known does not know, and those
// called coming that it does know. It is a function, because lessons do not import exercises.
func (l *Library) CheckExercises(known func(slug string) bool) error {
	var faults Faults
	for _, lesson := range l.lessons {
		for _, e := range lesson.exercises {
			switch {
			case e.coming && known(e.slug):
				faults.add(lesson.file, e.line, "exercise %q exists: take away %q", e.slug, "coming")
			case !e.coming && !known(e.slug):
				faults.add(lesson.file, e.line, "no exercise %q; if it is to be written, mark it %q", e.slug, "coming")
			}
		}
	}
	for _, c := range l.cards {
		for _, slug := range c.Exercises {
			if !known(slug) {
				faults.add(c.file, c.line, "card %s: no exercise %q", c.ID, slug)
			}
		}
	}
	return faults.err()
}

// A Track is a part of the course: lessons in reading order.
type Track struct {
	ID      string // the topic of most of its lessons: "leaks"
	Title   string
	Summary string // one sentence
	Lessons []Entry
}

// An Entry is a lesson in the syllabus. Lesson is nil while it is planned.
type Entry struct {
	ID      string // "L08"
	Topic   string
	Slug    string
	Title   string
	Summary string // one sentence
	Lesson  *Lesson
}

// Planned says that the lesson has no page yet.
func (e Entry) Planned() bool { return e.Lesson == nil }

// A Lesson is one page.
type Lesson struct {
	ID          string   `yaml:"id"`    // "L08"
	Topic       string   `yaml:"topic"` // the folder's name
	Slug        string   `yaml:"-"`     // the file's name without .md
	Title       string   `yaml:"title"`
	Summary     string   `yaml:"summary"` // one sentence
	Minutes     int      `yaml:"minutes"` // estimated reading time, with running the blocks
	Seed        []string `yaml:"seed"`    // ids of the interview document: "L4.1"
	Exercises   []string `yaml:"exercises"`
	Cards       []string `yaml:"cards"`       // all cards that the page answers; some are shown on it
	Corrections []string `yaml:"corrections"` // what the page corrects in the interview document: "X34"
	Needs       []string `yaml:"needs"`       // tools without which some blocks cannot run: "node"

	Prev, Next *Lesson `yaml:"-"` // in the order of the syllabus; nil at the ends

	file      string // for faults
	segments  []segment
	toc       []Heading
	blocks    []*Block
	exercises []exerciseRef
	anchors   map[string]bool
	links     []link
	cardRefs  []ref // cards shown on the page
	text      string
}

// A Heading is an entry of a page's table of contents.
type Heading struct {
	ID    string // the anchor, without "#"
	Title string // plain text
	Level int    // 2 or 3
}

// TOC is the page's table of contents.
func (l *Lesson) TOC() []Heading { return l.toc }

// Blocks are the page's code blocks in order.
func (l *Lesson) Blocks() []*Block { return l.blocks }

// PlainText is the page's prose and code without markup, for searching.
func (l *Lesson) PlainText() string { return l.text }

// A segment is a piece of the rendered page. Where slug is set, what the server knows of that exercise goes after html.
type segment struct {
	html string
	slug string
}

type exerciseRef struct {
	slug   string
	line   int
	coming bool
}

type ref struct {
	id   string
	line int
}

// HTML is the page below its title, safe to put into a template. Where the page offers an exercise, it has
//
//	<a class="exercise-card" data-exercise="SLUG" href="/exercises/SLUG"><span class="exercise-name">…</span> …</a>
//
// and name fills the span: title, difficulty, the learner's progress. With nil, or where it returns "", the slug stands
// there.
func (l *Lesson) HTML(name func(slug string) template.HTML) template.HTML {
	var b strings.Builder
	for _, s := range l.segments {
		b.WriteString(s.html)
		if s.slug == "" {
			continue
		}
		var filled template.HTML
		if name != nil {
			filled = name(s.slug)
		}
		if filled == "" {
			filled = template.HTML(template.HTMLEscapeString(s.slug))
		}
		b.WriteString(string(filled))
	}
	return template.HTML(b.String())
}
