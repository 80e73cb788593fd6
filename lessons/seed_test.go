package lessons

import (
	"slices"
	"strings"
	"testing"
)

func TestCoverageTellsWhatIsMissing(t *testing.T) {
	item := func(id string) seedItem { return seedItem{ID: id, Lesson: "L01#node-x", Text: "an item"} }
	page := &Lesson{ID: "L01", Topic: "demo", Slug: "page", Seed: []string{"P1.1", "P1.2", "P1.4"}, anchors: map[string]bool{"node-x": true},
		blocks: []*Block{{ID: "P1.1N", Run: RunNode}, {ID: "P1.4W2", Run: RunWorker, Bad: true}, {ID: "P1.10N", Run: RunNode}}}
	without := item("P1.4")
	without.NoExercise = "by choice"
	elsewhere := item("P1.5")
	elsewhere.Lesson = "L01#node-y"
	l := &Library{lessons: []*Lesson{page}, cards: []*Card{{ID: "DEM-01", Seed: []string{"P1.1", "P1.4"}}, {ID: "DEM-02", Seed: []string{"P9", "C1.1"}}}}
	l.inventory.Sections = append(l.inventory.Sections, struct {
		Title string     `yaml:"title"`
		Items []seedItem `yaml:"items"`
	}{"Demo", []seedItem{item("P1.1"), item("P1.2"), item("P1.3"), without, elsewhere}})
	l.inventory.Pending = []string{"P1.3", "P1.4", "P7"}
	exercises := func(yield func(string, []string) bool) { yield("demo", []string{"P1.1", "P1.2", "P1.5"}) }

	c := l.Coverage(exercises)
	want := []string{
		"P1.2: no block, no card",
		"P1.4: is covered; take it out of pending in seed.yaml",
		"P1.5: no anchor L01#node-y on a page that names it, no block, no card",
		"P7: is pending in seed.yaml and not in its inventory",
		"card DEM-02 names P9, which is not in seed.yaml",
	}
	if got := c.Problems(); !slices.Equal(got, want) {
		t.Errorf("problems:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	text := string(c.Markdown())
	for _, line := range []string{
		"| P1.1 | an item | [L01#node-x](demo/page.md#node-x) | P1.1N\u00a0node | demo | DEM-01 |\n",
		"| P1.3 | an item | **missing** (L01#node-x) | **missing** | **missing** | **missing** |\n",
		"| P1.4 | an item | [L01#node-x](demo/page.md#node-x) | P1.4W2\u00a0worker\u00a0(mistake) | —: by choice | DEM-01 |\n",
		"\n2 of 5 items have",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("the table lacks %q:\n%s", line, text)
		}
	}
}
