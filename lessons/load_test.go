package lessons

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const (
	pageFile = "demo/constructs.md"
	cardFile = "demo/cards.yaml"
	listFile = "syllabus.yaml"
)

// Each row breaks the good page of testdata/small in one place and names the faults that must be reported, all of them.
func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		name, file, old, new string
		want                 []string
	}{
		{"unknown field in the head", pageFile, "minutes: 5", "minutes: 5\nauthor: me", []string{"demo/constructs.md:7: field author not found"}},
		{"no number", pageFile, "minutes: 5", "minutes: soon", []string{"demo/constructs.md:6: ", "minutes is 0"}},
		{"head that is no YAML", pageFile, "title: Every construct", "title: [", []string{"demo/constructs.md:"}},
		{"no head", pageFile, "---\nid: L01", "id: L01", []string{"demo/constructs.md:1: no head"}},
		{"id", pageFile, "id: L01", "id: one", []string{`:2: id is "one"; expected L and two digits`}},
		{"topic", pageFile, "topic: demo", "topic: other", []string{`topic is "other"; expected the folder's name "demo"`}},
		{"summary", pageFile, "summary: A page for the golden test.", "summary: ''", []string{`expected both`}},
		{"minutes", pageFile, "minutes: 5", "minutes: 500", []string{"minutes is 500; expected 1 to 120"}},
		{"correction", pageFile, "corrections: [X01]", "corrections: [X01, Y2]",
			[]string{`correction "Y2"; expected X`, "correction Y2 is proved by no block"}},
		{"needs", pageFile, "needs: [node, nginx]", "needs: [nginx]", []string{"needs lacks node, which block D1N runs with"}},
		{"seed without a block", pageFile, "seed: [D1]", "seed: [D1, D9]", []string{"seed D9 is in no block"}},
		{"exercise not offered", pageFile, "[demo-exercise, demo-later]", "[demo-exercise]", []string{"the page offers [demo-exercise demo-later]"}},
		{"unknown card", pageFile, "DEM-05]", "DEM-05, DEM-06]", []string{"no card DEM-06 in any cards.yaml"}},
		{"card shown that the head lacks", pageFile, ", DEM-05]", "]", []string{"card DEM-05; expected one of the head's cards",
			"card DEM-05: is not among the cards of demo/constructs"}},
		{"too few cards", pageFile, "DEM-04\nDEM-05\n", "DEM-04\n", []string{"4 cards are shown; expected 5 to 8"}},

		{"section missing", pageFile, "## Pitfalls {#pitfalls}", "## Traps {#traps}",
			[]string{"sections are why node go see practise interview traps further; expected why node go see"}},
		{"heading without id", pageFile, "### A part {#node-part}", "### A part", []string{`:21: heading "A part"; expected`, "the page has no such id"}},
		{"heading of another section", pageFile, "{#node-part}", "{#go-part}", []string{`heading id "go-part" in section "node"`, "the page has no such id"}},
		{"heading with more than an id", pageFile, "{#node-part}", "{#node-part .big}", []string{"heading attribute class; expected {#id} only"}},
		{"id twice", pageFile, "### A part {#node-part}", "### A part {#node-part}\n\n### Again {#node-part}", []string{`id "node-part" is taken`}},
		{"raw HTML block", pageFile, "> A quotation.", "<div onclick=alert(1)>x</div>", []string{":17: raw HTML; expected Markdown"}},
		{"raw HTML inline", pageFile, "*stress*", "<b>stress</b>", []string{":15: raw HTML", ":15: raw HTML"}},
		{"image", pageFile, "*stress*", "![x](https://example.com/x.png)", []string{":15: image https://example.com/x.png; expected no images"}},
		{"bare address", pageFile, "*stress*", "<https://go.dev>", []string{"bare address https://go.dev"}},
		{"link to script", pageFile, "https://go.dev/doc/", "javascript:alert(1)", []string{"link javascript:alert(1): expected https"}},
		{"link without encryption", pageFile, "https://go.dev/doc/", "http://go.dev/doc/", []string{"expected https"}},
		{"link to another host by scheme", pageFile, "https://go.dev/doc/", "//go.dev/doc/", []string{"expected https"}},
		{"link to nowhere", pageFile, "#node-part)", "#nowhere)", []string{":15: link #nowhere: the page has no such id"}},
		{"link to a planned lesson", pageFile, "https://go.dev/doc/", "/lessons/demo/later", []string{"expected a lesson that has a page"}},
		{"link to an anchor of a lesson", pageFile, "https://go.dev/doc/", "/lessons/demo/constructs#nowhere", []string{"that page has no such id"}},
		{"link to an exercise", pageFile, "https://go.dev/doc/", "/exercises/demo-exercise", []string{"exercises are offered by a block"}},
		{"figure that the block does not print", pageFile, "[7 ms](#D1W)", "[8 ms](#D1W)", []string{"link #D1W: 8 is not in the recorded output"}},

		{"fence without language", pageFile, "```text\n", "```\n", []string{"a fence without a language"}},
		{"unknown language", pageFile, "```text\n", "```py\n", []string{`block "py"; expected js, go or sh`}},
		{"code without attributes", pageFile, "```text\n", "```go\n", []string{`block "go"; expected js, go or sh with {#id`}},
		{"nested code", pageFile, "> A quotation.", "> ```go\n> x\n> ```", []string{"code block inside of something"}},
		{"bad attribute", pageFile, "{#D2I run=interp", "{#D2I run= interp", []string{`attribute "run= interp`}},
		{"attribute twice", pageFile, "{#D2I run=interp", "{#D2I run=interp run=go", []string{"attribute run is given twice"}},
		{"unknown attribute", pageFile, "{#D2I run=interp", "{#D2I run=interp color=red", []string{"color: no such attribute"}},
		{"unknown flag", pageFile, "timeout=3s}", "timeout=3s .good fast}", []string{`flag ".good"`, `flag "fast"`}},
		{"block id", pageFile, "#D2I", "#2", []string{`block id "2"`}},
		{"run of another language", pageFile, "{#D2I run=interp", "{#D2I run=worker", []string{"run=worker in a go block; expected one of [interp go none]"}},
		{"run missing", pageFile, "{#D2I run=interp", "{#D2I", []string{"run= in a go block"}},
		{"none without a reason", pageFile, ` why="needs express, which this page does not load"`, "", []string{`run=none needs why="…"`}},
		{"reason without none", pageFile, "{#D2I run=interp", "{#D2I run=interp why=x", []string{"why is for run=none only"}},
		{"expect", pageFile, "expect=contains", "expect=similar", []string{`expect: "similar"; expected one of exact`}},
		{"exit", pageFile, "exit=2", "exit=256", []string{"exit: 256; expected 0 to 255"}},
		{"timeout", pageFile, "timeout=3s", "timeout=1h", []string{"timeout: 1h; expected"}},
		{"memory", pageFile, "mem=64M", "mem=64K", []string{`mem: "64K"; expected whole MiB`}},
		{"chart", pageFile, "chart=lines", "chart=pie", []string{`chart: "pie"`}},
		{"no chart", pageFile, " chart=lines measure=heap", "", []string{"0 blocks with chart="}},
		{"chart in another section", pageFile, "{#D2I run=interp", "{#D2I run=interp chart=bars", []string{`a block with chart= in section "go"; expected in "see"`, "2 blocks with chart="}},
		{"cards in another section", pageFile, "## Interview questions {#interview}\n\n```cards", "```cards",
			[]string{`cards in section "practise"; expected in "interview"`, "sections are", "the page has no #interview"}},
		{"measure without chart", pageFile, "{#D2I run=interp", "{#D2I run=interp measure=heap", []string{"measure without chart"}},
		{"files", pageFile, "files=block.go@D1G", "files=../block.go@D1G", []string{"expected name@block-id"}},
		{"files of no block", pageFile, "files=block.go@D1G", "files=block.go@D9", []string{"files names D9"}},
		{"twin", pageFile, "twin=D1N", "twin=D1W", []string{"twin=D1W; expected the block right before"}},
		{"proves", pageFile, "proves=X01", "proves=X01,X02", []string{"proves X02; expected an id of the head's corrections"}},
		{"no output", pageFile, "```output {of=D1N}\ndone\n```\n", "", []string{"block D1N: has no recorded output"}},
		{"output of nothing", pageFile, "{of=D1N}", "{of=D9}", []string{`output of="D9"`, "block D1N: has no recorded output"}},
		{"second output", pageFile, "{of=D1G}", "{of=D1N}", []string{"second output of D1N", "block D1G: has no recorded output"}},
		{"empty block", pageFile, "gc();\n", "", []string{"block D1N: is empty"}},
		{"closure over a loop's variable", pageFile, "expect=none}\npackage main\n\nfunc main() {}",
			"expect=none}\npackage main\n\nfunc main() {\n\tfor i := 0; i < 3; i++ {\n\t\tdefer func() { println(i) }()\n\t}\n}",
			[]string{"a function literal inside a loop"}},
		{"prediction without an answer", pageFile, "- [x] *Two*", "- [ ] *Two*", []string{"predict; expected a question"}},
		{"prediction without a box", pageFile, "- [ ] One", "- One", []string{"an answer to choose", "predict; expected a question"}},
		{"prediction with raw HTML", pageFile, "Because it is.", "<b>Because</b>", []string{"raw HTML", "raw HTML"}},
		{"exercise without slug", pageFile, "{slug=demo-later coming}", "{coming}", []string{"exercise; expected {slug=…}", "the page offers [demo-exercise]"}},

		{"unknown field of a card", cardFile, "topic: demo\n", "topic: demo\n  author: me\n", []string{"demo/cards.yaml:4: field author not found"}},
		{"card id", cardFile, "id: DEM-02", "id: two", []string{`demo/cards.yaml:14: card two: id "two"`, "no card DEM-02", "is not among the cards"}},
		{"card twice", cardFile, "id: DEM-02", "id: DEM-01", []string{"card DEM-01 exists twice", "no card DEM-02"}},
		{"card of another topic", cardFile, "topic: demo\n", "topic: other\n", []string{`card DEM-01: topic is "other"`}},
		{"card's difficulty", cardFile, "difficulty: 3", "difficulty: 4", []string{"card DEM-03: difficulty is 4"}},
		{"card without question", cardFile, `q: "Two?"`, `q: ""`, []string{"card DEM-02: q is empty"}},
		{"card's points", cardFile, `points: ["A *comparison*", "<script>alert(1)</script>"]`, "points: [a]", []string{"card DEM-01: 1 points"}},
		{"card's must", cardFile, "must: [0, 1]", "must: [0, 7]", []string{"card DEM-02: must names point 7"}},
		{"card without must", cardFile, "must: [0, 1]", "must: []", []string{"card DEM-02: must is empty"}},
		{"card without follow-ups", cardFile, "must: [1], follow_ups: [c]", "must: [1], follow_ups: []", []string{"card DEM-03: follow_ups is empty"}},
		{"card without a wrong answer", cardFile, "wrong: [\"“An arrow” – no\"]", "wrong: []", []string{"card DEM-01: wrong is empty"}},
		{"card of no lesson", cardFile, "lesson: demo/constructs#interview", "lesson: demo/none#interview", []string{`card DEM-01: lesson "demo/none#interview"`}},
		{"card of no anchor", cardFile, "lesson: demo/constructs#interview", "lesson: demo/constructs#nowhere", []string{"the page has no #nowhere"}},
		{"card verified by nothing", cardFile, "verified: [D1W]", "verified: [D9W]", []string{"card DEM-01: verified by D9W"}},
		{"card of no seed", cardFile, "seed: [D1]", "seed: [D2]", []string{"card DEM-01: seed D2"}},
		{"cards that are no list", cardFile, "-\n  id: DEM-01", "id: DEM-01\n-", []string{"demo/cards.yaml:"}},

		{"unknown field of the syllabus", listFile, "title: Demonstration", "title: Demonstration\n    color: red", []string{"syllabus.yaml:4: field color not found"}},
		{"track without summary", listFile, "summary: A page with every construct.", "summary: ''", []string{"expected id, title, summary and lessons"}},
		{"page that is not there", listFile, "page: demo/constructs", "page: demo/missing",
			[]string{"syllabus.yaml:6: lesson demo/missing: no file demo/missing.md", "demo/constructs.md:1: is in no track"}},
		{"planned and written", listFile, "page: demo/constructs", "planned: demo/constructs\n        id: L01\n        title: t\n        summary: s",
			[]string{"lesson demo/constructs: is written"}},
		{"page with a title", listFile, "page: demo/constructs", "page: demo/constructs\n        title: t", []string{"id, title and summary are in the page's head"}},
		{"planned without summary", listFile, "summary: Not written yet.", "summary: ''", []string{"expected id, title and summary of a planned lesson"}},
		{"lesson twice", listFile, "planned: demo/later\n        id: L02\n        title: Later\n        summary: Not written yet.", "page: demo/constructs",
			[]string{"lesson demo/constructs: is listed twice", "id L01 is taken"}},
		{"id of another lesson", listFile, "id: L02", "id: L01", []string{"lesson demo/later: id L01 is taken"}},
		{"neither page nor planned", listFile, "page: demo/constructs", "page: constructs", []string{"expected either page: topic/slug", "is in no track"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load(small(t, map[string][2]string{tt.file: {tt.old, tt.new}}))
			wantFaults(t, err, tt.want)
		})
	}
}

// wantFaults wants one fault for each part, and none besides.
func wantFaults(t *testing.T, err error, want []string) {
	t.Helper()
	var faults Faults
	if !errors.As(err, &faults) {
		t.Fatalf("Load: %v, want faults with %q", err, want)
	}
	rest := slices.Clone(faults)
	for _, part := range want {
		i := slices.IndexFunc(rest, func(f Fault) bool { return strings.Contains(f.String(), part) })
		if i < 0 {
			t.Errorf("no fault with %q in:\n%v", part, faults)
			continue
		}
		rest = slices.Delete(rest, i, i+1)
	}
	if len(rest) > 0 {
		t.Errorf("faults that no one expects:\n%v", rest)
	}
}

func TestAllFaultsAreReportedAtOnce(t *testing.T) {
	fsys := small(t, map[string][2]string{
		pageFile: {"minutes: 5", "minutes: 0"},
		cardFile: {"difficulty: 3", "difficulty: 9"},
		listFile: {"id: L02", "id: L01"},
	})
	fsys["demo/notes.txt"] = &fstest.MapFile{}
	fsys["demo/deep/page.md"] = &fstest.MapFile{}
	fsys["demo/binary.md"] = &fstest.MapFile{Data: []byte("---\nid: L03\xff")}
	fsys["demo/unlisted.md"] = &fstest.MapFile{Data: []byte("---\nid: L03\ntopic: demo\ntitle: t\nsummary: s\nminutes: 1\n---\n")}
	_, err := Load(fsys)
	wantFaults(t, err, []string{
		"demo/binary.md: is not text",
		"demo/cards.yaml:15: card DEM-03: difficulty is 9; expected 1 to 3",
		"demo/constructs.md:2: minutes is 0",
		"demo/deep: a folder in a topic",
		"demo/notes.txt: unexpected file",
		"demo/unlisted.md: sections are ",
		"demo/unlisted.md: 0 blocks with chart=",
		"demo/unlisted.md: 0 cards are shown",
		"demo/unlisted.md:1: is in no track",
		"syllabus.yaml:7: lesson demo/later: id L01 is taken",
	})
	if lines := strings.Count(err.Error(), "\n") + 1; lines != 10 {
		t.Errorf("the error has %d lines, want one a fault:\n%v", lines, err)
	}
}

func TestEmptyContentIsAFault(t *testing.T) {
	_, err := Load(fstest.MapFS{})
	wantFaults(t, err, []string{"syllabus.yaml: is missing; expected the tracks"})
}

// Nothing that an author or a merge can do to a page may stop the program.
func FuzzLoad(f *testing.F) {
	good := small(f, nil)
	f.Add(string(good[pageFile].Data))
	f.Add("---\n---\n")
	f.Add("---\nid: [\n---\n```js {#a run=worker}\n```\n```predict {#p}\n- [x] a\n```\n```exercise {slug=x}\n```\n```output {of=a}\n```")
	f.Fuzz(func(t *testing.T, text string) {
		fsys := small(t, nil)
		fsys[pageFile] = &fstest.MapFile{Data: []byte(text)}
		library, err := Load(fsys)
		if err == nil {
			for lesson := range library.All() {
				noScript(t, string(lesson.HTML(nil)))
			}
		}
	})
}
