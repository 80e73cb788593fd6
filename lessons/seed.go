package lessons

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// A seedItem is one thing that the interview document shows or asks.
type seedItem struct {
	ID         string `yaml:"id"`
	Text       string `yaml:"text"`        // what it is, in a line of Markdown
	Lesson     string `yaml:"lesson"`      // "L08#node-closures"
	NoExercise string `yaml:"no_exercise"` // why there is none; "": there must be one
}

// inventory is the form of seed.yaml.
type inventory struct {
	Sections []struct {
		Title string     `yaml:"title"`
		Items []seedItem `yaml:"items"`
	} `yaml:"sections"`
	Pending []string `yaml:"pending"` // ids of items that lack something still
}

const seedFile = "seed.yaml"

// seed reads the inventory, if the content has one.
func (l *loader) seed() error {
	data, ok, err := l.read(seedFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if !ok {
		return err
	}
	l.faults.decode(seedFile, 0, data, &l.library.inventory)
	return nil
}

// A Coverage says where the course deals with each item of the inventory.
type Coverage struct {
	rows    []coverageRow
	pending []string
	unknown []string // what names ids that the inventory does not have
}

type coverageRow struct {
	seedItem
	section   string
	lesson    *Lesson // nil while it is planned
	anchored  bool    // the page has the anchor, and names the id in its head
	blocks    []*Block
	exercises []string
	cards     []string
}

// Coverage looks for each item of the inventory on the pages, among the cards, and among the exercises, given as slug and
// the ids that the exercise names.
func (l *Library) Coverage(exercises func(yield func(slug string, seed []string) bool)) *Coverage {
	c := &Coverage{pending: l.inventory.Pending}
	known := map[string]int{}
	prefixes := map[byte]bool{}
	for _, s := range l.inventory.Sections {
		for _, item := range s.Items {
			known[item.ID] = len(c.rows)
			prefixes[item.ID[0]] = true
			c.rows = append(c.rows, coverageRow{seedItem: item, section: s.Title})
		}
	}
	// Other letters are those of sections that the inventory does not have yet.
	row := func(id, where string) *coverageRow {
		i, ok := known[id]
		if ok {
			return &c.rows[i]
		}
		if id != "" && prefixes[id[0]] {
			c.unknown = append(c.unknown, fmt.Sprintf("%s names %s, which is not in %s", where, id, seedFile))
		}
		return &coverageRow{}
	}
	for lesson := range l.All() {
		for _, id := range lesson.Seed {
			r := row(id, "lesson "+lesson.ID)
			page, anchor, _ := strings.Cut(r.Lesson, "#")
			if page == lesson.ID {
				r.lesson, r.anchored = lesson, lesson.anchors[anchor]
			}
		}
		for _, b := range lesson.Blocks() {
			if m := seedBlock.FindStringSubmatch(b.ID); m != nil {
				if i, ok := known[m[1]]; ok {
					c.rows[i].blocks = append(c.rows[i].blocks, b)
				}
			}
		}
	}
	for slug, seed := range exercises {
		for _, id := range seed {
			r := row(id, "exercise "+slug)
			r.exercises = append(r.exercises, slug)
		}
	}
	for card := range l.Cards() {
		for _, id := range card.Seed {
			r := row(id, "card "+card.ID)
			r.cards = append(r.cards, card.ID)
		}
	}
	return c
}

// seedBlock is the id of a block that shows an item: the item's id, a letter for the kind, perhaps a number.
var seedBlock = regexp.MustCompile(`^([A-Z]\d+(?:\.\d+)?)[A-Z]\d*$`)

// missing names what the course does not have of the item.
func (r *coverageRow) missing() (what []string) {
	if !r.anchored {
		what = append(what, "no anchor "+r.Lesson+" on a page that names it")
	}
	if len(r.blocks) == 0 {
		what = append(what, "no block")
	}
	if len(r.exercises) == 0 && r.NoExercise == "" {
		what = append(what, "no exercise")
	}
	if len(r.cards) == 0 {
		what = append(what, "no card")
	}
	return what
}

// Problems are the items that lack something and are not known to be pending, the pending ones that lack nothing, and
// the names of items that do not exist. A course without problems covers the inventory, but for what is pending.
func (c *Coverage) Problems() (problems []string) {
	for i := range c.rows {
		r := &c.rows[i]
		missing, pending := r.missing(), slices.Contains(c.pending, r.ID)
		switch {
		case len(missing) > 0 && !pending:
			problems = append(problems, r.ID+": "+strings.Join(missing, ", "))
		case len(missing) == 0 && pending:
			problems = append(problems, r.ID+": is covered; take it out of pending in "+seedFile)
		}
	}
	for _, id := range c.pending {
		if !slices.ContainsFunc(c.rows, func(r coverageRow) bool { return r.ID == id }) {
			problems = append(problems, id+": is pending in "+seedFile+" and not in its inventory")
		}
	}
	return append(problems, c.unknown...)
}

// Markdown is the table of items, and where the course deals with each.
func (c *Coverage) Markdown() []byte {
	var b strings.Builder
	b.WriteString("# Coverage\n\nWhere the course deals with each item of the interview document. Written by `hotloop coverage`; do not edit.\n")
	section := ""
	covered := 0
	for i := range c.rows {
		r := &c.rows[i]
		if r.section != section {
			section = r.section
			fmt.Fprintf(&b, "\n## %s\n\n| id | item | lesson | blocks | exercises | cards |\n|---|---|---|---|---|---|\n", section)
		}
		if len(r.missing()) == 0 {
			covered++
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", r.ID, strings.ReplaceAll(r.Text, "|", `\|`), r.place(), r.blockCell(), r.exerciseCell(), listed(r.cards))
	}
	fmt.Fprintf(&b, "\n%d of %d items have a place in a lesson, a block, an exercise where there is to be one, and a card.\n", covered, len(c.rows))
	return []byte(b.String())
}

func listed(words []string) string {
	if len(words) == 0 {
		return "**missing**"
	}
	return strings.Join(words, " ")
}

func (r *coverageRow) place() string {
	if !r.anchored {
		return "**missing** (" + r.Lesson + ")"
	}
	_, anchor, _ := strings.Cut(r.Lesson, "#")
	return fmt.Sprintf("[%s](%s/%s.md#%s)", r.Lesson, r.lesson.Topic, r.lesson.Slug, anchor)
}

func (r *coverageRow) blockCell() string {
	var words []string
	for _, b := range r.blocks {
		word := b.ID + "\u00a0" + string(b.Run)
		if b.Bad {
			word += "\u00a0(mistake)"
		}
		words = append(words, word)
	}
	if len(words) == 0 {
		return listed(nil)
	}
	return strings.Join(words, ", ")
}

func (r *coverageRow) exerciseCell() string {
	if len(r.exercises) == 0 && r.NoExercise != "" {
		return "—: " + r.NoExercise
	}
	return listed(r.exercises)
}
