package lessons

import (
	"maps"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// sections are the eight parts of every page, in order.
var sections = []string{"why", "node", "go", "see", "practise", "interview", "pitfalls", "further"}

var (
	lessonID     = regexp.MustCompile(`^L\d\d$`)
	correctionID = regexp.MustCompile(`^X\d\d$`)
)

// checkHead checks what the head says by itself.
func (p *page) checkHead(topic string) {
	l := p.lesson
	fail := func(format string, args ...any) { p.fail(2, format, args...) }
	if !lessonID.MatchString(l.ID) {
		fail("id is %q; expected L and two digits", l.ID)
	}
	if l.Topic != topic {
		fail("topic is %q; expected the folder's name %q", l.Topic, topic)
		l.Topic = topic
	}
	if l.Title == "" || l.Summary == "" {
		fail("title %q, summary %q; expected both", l.Title, l.Summary)
	}
	if l.Minutes < 1 || l.Minutes > 120 {
		fail("minutes is %d; expected 1 to 120", l.Minutes)
	}
	for _, c := range l.Corrections {
		if !correctionID.MatchString(c) {
			fail("correction %q; expected X and two digits", c)
		}
	}
}

// lint checks what needs more than one page or card to be known.
func (l *loader) lint() {
	for _, address := range slices.Sorted(maps.Keys(l.pages)) {
		p := l.pages[address]
		p.lintSections()
		p.lintBlocks()
		p.lintHead()
		p.lintCards(l)
		for _, k := range p.lesson.links {
			l.lintLink(p, k)
		}
	}
	for _, c := range l.library.cards {
		l.lintCard(c)
	}
}

func (p *page) lintSections() {
	var got []string
	for _, h := range p.lesson.toc {
		if h.Level == 2 {
			got = append(got, h.ID)
		}
	}
	if !slices.Equal(got, sections) {
		p.fail(0, "sections are %s; expected %s", strings.Join(got, " "), strings.Join(sections, " "))
	}
}

func (p *page) lintBlocks() {
	charts := 0
	for i, b := range p.lesson.blocks {
		fail := func(format string, args ...any) { p.fail(b.Line, "block "+b.ID+": "+format, args...) }
		if !b.hasOutput && b.Run != RunNone && b.Expect != ExpectNone {
			fail("has no recorded output; expected a block output {of=%s} after it, or expect=none", b.ID)
		}
		if strings.TrimSpace(b.Source) == "" {
			fail("is empty; expected code")
		}
		if b.Expect == ExpectRegex {
			if _, err := regexp.Compile(strings.TrimSpace(b.Output)); err != nil {
				fail("%v", err)
			}
		}
		for _, f := range b.Files {
			if p.blocks[f.Block] == nil {
				fail("files names %s; expected the id of a block on the page", f.Block)
			}
		}
		for _, x := range b.Proves {
			if !slices.Contains(p.lesson.Corrections, x) {
				fail("proves %s; expected an id of the head's corrections", x)
			}
		}
		if b.Chart != "" {
			charts++
		}
		if b.Twin != "" {
			twin := i > 0 && p.lesson.blocks[i-1].ID == b.Twin && p.lesson.blocks[i-1].Lang != b.Lang
			if !twin || !p.adjacent(b.Twin, b.ID) {
				fail("twin=%s; expected the block right before this one, in the other language", b.Twin)
			}
		}
		if b.Run == RunInterp && loopVariable.MatchString(b.Source) {
			fail("a function literal inside a loop; expected none: the interpreter shares the loop's variable between rounds")
		}
	}
	if charts != 1 {
		p.fail(0, "%d blocks with chart=; expected exactly one, in the section See it", charts)
	}
}

// loopVariable finds a for statement whose body, one level deep, holds a function literal.
var loopVariable = regexp.MustCompile(`(?m)^(\s*)for [^\n]*\{\n(?:(?:\s*\n)|(?:\s[^\n]*\n))*?[^\n]*\bfunc\(`)

// adjacent says that nothing but outputs stands between two blocks.
func (p *page) adjacent(first, second string) bool {
	for i := 1; i < len(p.items); i++ {
		a, b := p.items[i-1].block, p.items[i].block
		if a != nil && b != nil && a.ID == first && b.ID == second {
			return true
		}
	}
	return false
}

// lintHead checks that the page holds what its head promises.
func (p *page) lintHead() {
	l := p.lesson
	for _, seed := range l.Seed {
		if !slices.ContainsFunc(l.blocks, func(b *Block) bool { return seedOf(b.ID) == seed }) {
			p.fail(2, "seed %s is in no block; expected a block with the id %s and a letter", seed, seed)
		}
	}
	for _, x := range l.Corrections {
		if !slices.ContainsFunc(l.blocks, func(b *Block) bool { return slices.Contains(b.Proves, x) }) {
			p.fail(2, "correction %s is proved by no block; expected proves=%s on one", x, x)
		}
	}
	var offered []string
	for _, e := range l.exercises {
		offered = append(offered, e.slug)
	}
	if !slices.Equal(offered, l.Exercises) {
		p.fail(2, "exercises are %v and the page offers %v; expected the same in the same order", l.Exercises, offered)
	}
	for _, b := range l.blocks {
		for _, tool := range slices.Concat(b.Needs, runtimeOf[b.Run]) {
			if !slices.Contains(l.Needs, tool) {
				p.fail(2, "needs lacks %s, which block %s runs with", tool, b.ID)
			}
		}
	}
}

// runtimeOf says which tool a run takes besides Go, which hotloop cannot do without.
var runtimeOf = map[Run][]string{RunNode: {"node"}}

// seedOf is the seed's id in a block's id: L4.2 in L4.2N2.
func seedOf(block string) string {
	return strings.TrimRight(strings.TrimRight(block, "0123456789"), "WNIGSR")
}

func (p *page) lintCards(ld *loader) {
	l := p.lesson
	for _, r := range l.cardRefs {
		if !slices.Contains(l.Cards, r.id) {
			p.fail(r.line, "card %s; expected one of the head's cards", r.id)
		}
	}
	for _, id := range l.Cards {
		if _, err := ld.library.Card(id); err != nil && !ld.unread[l.Topic+"/cards.yaml"] {
			p.fail(2, "no card %s in any cards.yaml", id)
		}
	}
	if n := len(l.cardRefs); n < 5 || n > 8 {
		p.fail(0, "%d cards are shown; expected 5 to 8 in a block ```cards, one id a line", n)
	}
}

func (l *loader) lintCard(c *Card) {
	fail := func(format string, args ...any) { l.faults.add(c.file, c.line, "card "+c.ID+": "+format, args...) }
	address, anchor, _ := strings.Cut(c.Lesson, "#")
	p := l.pages[address]
	switch {
	case l.unread[address+".md"]:
		return
	case p == nil:
		fail("lesson %q; expected a page topic/slug", c.Lesson)
		return
	case anchor != "" && !p.lesson.anchors[anchor]:
		fail("lesson %q; the page has no #%s", c.Lesson, anchor)
	case !slices.Contains(p.lesson.Cards, c.ID):
		fail("is not among the cards of %s; expected it in that page's head", address)
	}
	for _, id := range c.Verified {
		if p.blocks[id] == nil {
			fail("verified by %s; expected a block of %s", id, address)
		}
	}
	for _, seed := range c.Seed {
		if !slices.Contains(p.lesson.Seed, seed) {
			fail("seed %s; expected one of the page's %v", seed, p.lesson.Seed)
		}
	}
}

// lintLink follows a link. A link to a block whose words hold numbers cites that block: its output must hold them.
func (l *loader) lintLink(p *page, k link) {
	fail := func(format string, args ...any) { p.fail(k.line, "link "+k.target+": "+format, args...) }
	u, err := url.Parse(k.target)
	switch {
	case err != nil:
		fail("expected an address: %v", err)
	case u.Scheme != "" || u.Host != "":
		if u.Scheme != "https" || u.Host == "" {
			fail("expected https")
		}
	case u.Path == "":
		if !p.lesson.anchors[u.Fragment] {
			fail("the page has no such id")
		} else if b := p.blocks[u.Fragment]; b != nil {
			if missing := notIn(k.text, b.Output); missing != "" {
				fail("%s is not in the recorded output of that block", missing)
			}
		}
	case strings.HasPrefix(u.Path, "/lessons/"):
		other := l.pages[strings.TrimPrefix(u.Path, "/lessons/")]
		if other == nil {
			fail("expected a lesson that has a page")
		} else if u.Fragment != "" && !other.lesson.anchors[u.Fragment] {
			fail("that page has no such id")
		}
	default:
		fail("expected #id, /lessons/topic/slug or https://…; exercises are offered by a block ```exercise")
	}
}

var numbers = regexp.MustCompile(`\d[\d_,]*(?:\.\d+)?`)

// notIn is the first number in words that no number of output rounds to; "" if there is none.
func notIn(words, output string) string {
	var have []float64
	for _, n := range numbers.FindAllString(output, -1) {
		have = append(have, parseNumber(n))
	}
	for _, n := range numbers.FindAllString(words, -1) {
		value := parseNumber(n)
		_, fraction, _ := strings.Cut(n, ".")
		half := math.Pow10(-len(fraction)) / 2
		if !slices.ContainsFunc(have, func(h float64) bool { return math.Abs(h-value) <= half }) {
			return n
		}
	}
	return ""
}
