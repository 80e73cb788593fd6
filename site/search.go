package site

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"hotloop/exercises"
	"hotloop/lessons"
)

const (
	maxQuery = 200 // bytes that are looked at
	maxHits  = 50
)

// A searchIndex holds the words of all lessons and exercises. There are some hundreds: a scan takes milliseconds.
type searchIndex struct{ docs []document }

type document struct {
	link
	Kind    string // "Lesson", "Exercise"
	summary string
	text    string
	title   string // for finding: lower case, as are the next two
	short   string
	whole   string
}

// A hit is a document that has every word of the query.
type hit struct {
	link
	Kind    string
	Excerpt []fragment
	score   int
}

// A fragment is a piece of an excerpt; Match says that it is one of the words looked for.
type fragment struct {
	Text  string
	Match bool
}

func newSearchIndex(l *lessons.Library, c *exercises.Catalog) (*searchIndex, error) {
	ix := &searchIndex{}
	for lesson := range l.All() {
		ix.add(document{link: link{lessonURL(lesson), lesson.Title}, Kind: "Lesson", summary: lesson.Summary, text: lesson.PlainText()})
	}
	for e := range c.All() {
		statement, err := e.Statement()
		if err != nil {
			return nil, fmt.Errorf("indexing exercise %s: %w", e.Slug, err)
		}
		words := strings.Join(append([]string{e.Slug, e.Topic}, e.Concepts...), " ")
		ix.add(document{link: link{"/exercises/" + e.Slug, e.Title}, Kind: "Exercise", summary: e.Summary,
			text: plainMarkdown(string(statement)) + " " + words})
	}
	return ix, nil
}

func (ix *searchIndex) add(d document) {
	d.title, d.short, d.whole = strings.ToLower(d.Text), strings.ToLower(d.summary), strings.ToLower(d.text)
	ix.docs = append(ix.docs, d)
}

// plainMarkdown takes away the marks that would stand in an excerpt.
func plainMarkdown(s string) string {
	return strings.NewReplacer("`", "", "#", "", "*", "", "|", " ").Replace(s)
}

// find lists the documents that have every word of the query, those with the words in the title first.
func (ix *searchIndex) find(query string) []hit {
	words := searchWords(query)
	if len(words) == 0 {
		return nil
	}
	var hits []hit
	for _, d := range ix.docs {
		if score := d.score(words); score > 0 {
			hits = append(hits, hit{link: d.link, Kind: d.Kind, Excerpt: d.excerpt(words), score: score})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.score, a.score) })
	return hits[:min(len(hits), maxHits)]
}

func searchWords(query string) []string {
	query = strings.ToValidUTF8(query[:min(len(query), maxQuery)], "")
	return strings.FieldsFunc(strings.ToLower(query), func(c rune) bool {
		return unicode.IsSpace(c) || unicode.IsControl(c)
	})
}

func (d document) score(words []string) (score int) {
	for _, word := range words {
		switch {
		case strings.Contains(d.title, word):
			score += 100
		case strings.Contains(d.short, word):
			score += 10
		case strings.Contains(d.whole, word):
			score++
		default:
			return 0
		}
	}
	return score
}

// excerpt is the text around the first word found, or the summary.
func (d document) excerpt(words []string) []fragment {
	const before, length = 60, 200
	text := d.summary
	if !strings.Contains(d.short, words[0]) {
		// Lower-casing can change the number of bytes; then the place would be wrong, and the summary does.
		if i := strings.Index(d.whole, words[0]); i >= 0 && len(d.whole) == len(d.text) {
			from := max(0, i-before)
			text = strings.ToValidUTF8(d.text[from:min(len(d.text), from+length)], "")
			text = "… " + strings.Join(strings.Fields(text), " ") + " …"
		}
	}
	return mark(text, words)
}

// mark splits text at the words.
func mark(text string, words []string) []fragment {
	var list []fragment
	lower := strings.ToLower(text)
	if len(lower) != len(text) {
		return []fragment{{Text: text}}
	}
	for text != "" {
		at, size := -1, 0
		for _, word := range words {
			if i := strings.Index(lower, word); i >= 0 && (at < 0 || i < at || i == at && len(word) > size) {
				at, size = i, len(word)
			}
		}
		if at < 0 {
			return append(list, fragment{Text: text})
		}
		if at > 0 {
			list = append(list, fragment{Text: text[:at]})
		}
		list = append(list, fragment{Text: text[at : at+size], Match: true})
		text, lower = text[at+size:], lower[at+size:]
	}
	return list
}

type searchPage struct {
	page
	Hits []hit
	Near []link // when nothing was found
}

func (s *Server) serveSearch(w http.ResponseWriter, r *http.Request) error {
	p := searchPage{page: s.page(r, "Search", "")}
	p.Hits = s.search.find(p.Query)
	if len(p.Hits) == 0 {
		p.Near = s.nearest(p.Query)
	}
	return s.render(w, r, http.StatusOK, "search", p)
}

// nearest is what a mistyped word perhaps meant.
func (s *Server) nearest(word string) []link {
	slug, ok := s.exercises.Suggest(word)
	if !ok {
		return nil
	}
	e, err := s.exercises.Lookup(slug)
	if err != nil {
		return nil
	}
	return []link{{"/exercises/" + slug, e.Title}}
}

func (s *Server) keyboard(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, "keyboard", s.page(r, "Keyboard", ""))
}
