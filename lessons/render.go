package lessons

import (
	"bytes"
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"
	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// render turns the page's items into the lesson's segments.
func (p *page) render(library *Library) error {
	var b strings.Builder
	flush := func(slug string) {
		p.lesson.segments = append(p.lesson.segments, segment{html: b.String(), slug: slug})
		b.Reset()
	}
	for i, it := range p.items {
		switch {
		case it.prose != nil:
			if err := prose(&b, it.prose, p.source); err != nil {
				return err
			}
		case it.block != nil:
			p.figures(&b, i)
		case it.listing != nil:
			fmt.Fprintf(&b, "<pre class=\"listing\" tabindex=\"0\"><code>%s</code></pre>\n", html.EscapeString(it.listing.text))
		case it.predict != nil:
			if err := it.predict.render(&b); err != nil {
				return err
			}
		case it.cards != nil:
			for _, id := range it.cards {
				c, err := library.Card(id)
				if err != nil {
					return err
				}
				c.render(&b)
			}
		case it.exercise != nil:
			tail, err := it.exercise.render(&b)
			if err != nil {
				return err
			}
			if !it.exercise.coming {
				flush(it.exercise.slug)
			}
			b.WriteString(tail)
		}
	}
	flush("")
	return nil
}

// prose renders Markdown; a table gets a frame in which it can scroll on a narrow screen.
func prose(b *strings.Builder, n ast.Node, source []byte) error {
	var out bytes.Buffer
	if err := markdown.Renderer().Render(&out, source, n); err != nil {
		return err
	}
	if n.Kind() == extast.KindTable {
		fmt.Fprintf(b, "<div class=\"table-scroll\" tabindex=\"0\">%s</div>\n", out.Bytes())
		return nil
	}
	b.Write(out.Bytes())
	return nil
}

// inline renders Markdown without the paragraph around it.
func inline(n ast.Node, source []byte) (string, error) {
	var out bytes.Buffer
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if err := markdown.Renderer().Render(&out, source, c); err != nil {
			return "", err
		}
	}
	return out.String(), nil
}

// inlineText renders one line of Markdown that did not come from a page.
func inlineText(words string) string {
	source := []byte(words)
	doc := markdown.Parser().Parse(text.NewReader(source))
	if first := doc.FirstChild(); first != nil && first.NextSibling() == nil && first.Kind() == ast.KindParagraph {
		if out, err := inline(first, source); err == nil {
			return out
		}
	}
	return html.EscapeString(words)
}

// figures writes the block at i; twins stand in one frame.
func (p *page) figures(b *strings.Builder, i int) {
	block := p.items[i].block
	before := block.Twin != ""
	after := i+1 < len(p.items) && p.items[i+1].block != nil && p.items[i+1].block.Twin == block.ID
	if after {
		b.WriteString("<div class=\"twins\">\n")
	}
	block.render(b)
	if before {
		b.WriteString("</div>\n")
	}
}

// how says in a figure's caption where its code runs.
var how = map[Run]string{
	RunWorker: "runs in this page, in a worker",
	RunNode:   "runs in your Node.js",
	RunInterp: "interpreted, at once",
	RunGo:     "compiled and run on this machine",
	RunShell:  "for your shell",
	RunLab:    "runs in a frame of this page",
	RunNone:   "to read",
}

// dataRun is the word for the run in the page's markup.
func dataRun(r Run) string {
	if r == RunInterp {
		return "yaegi"
	}
	return string(r)
}

var langNames = map[string]string{"js": "JavaScript", "go": "Go", "sh": "Shell"}

// measures explain the word of a chart's quantity, the same on every page.
var measures = map[string]string{
	"heap":    "<dfn>Live heap</dfn>: what is still reachable. In Go <code>HeapAlloc</code> after forced collections, two or more; in Node <code>heapUsed</code> after calling <code>gc()</code> as often.",
	"time":    "<dfn>Time</dfn>: the median of repeated runs inside one process, after warming up.",
	"latency": "<dfn>Latency</dfn>: from the moment the operation was due to its end; quantiles by nearest rank.",
	"count":   "<dfn>Count</dfn>: counted, not timed; it does not depend on the machine.",
}

var labMeasures = map[string]string{
	"count":   "<dfn>Still reachable</dfn>: what <code>track</code> was given and a weak reference still finds, once the collector has taken known garbage of the same kinds.",
	"latency": "<dfn>Gap</dfn>: the time from one frame to the next. At 60 frames a second it is 16.7 ms.",
}

func (b *Block) render(w *strings.Builder) {
	class := "snippet runbox card"
	if b.Bad {
		class += " bad"
	}
	fmt.Fprintf(w, `<figure class="%s" id="%[2]s" data-snippet data-run="%[3]s" data-id="%[2]s" data-lang="%[4]s" data-timeout="%[5]ss"`,
		class, html.EscapeString(b.ID), dataRun(b.Run), b.Lang, formatNumber(b.Timeout.Seconds()))
	for _, a := range []struct{ name, value string }{
		{"flags", strings.Join(b.Flags, " ")}, {"mem", b.Memory}, {"measure", b.Measure}, {"draw", b.Chart},
	} {
		if a.value != "" {
			fmt.Fprintf(w, ` data-%s="%s"`, a.name, html.EscapeString(a.value))
		}
	}
	if b.Slow {
		w.WriteString(" data-slow")
	}
	w.WriteString(">\n")
	b.caption(w)
	fmt.Fprintf(w, "<pre class=\"chroma code\" tabindex=\"0\" role=\"region\" aria-label=\"%s code %s\"><code>%s</code></pre>\n",
		langNames[b.Lang], html.EscapeString(b.ID), highlight(b.Lang, b.Source))
	if b.Why != "" {
		fmt.Fprintf(w, "<p class=\"snippet-why\">Not run here: %s</p>\n", inlineText(b.Why))
	}
	if b.Run != RunNone {
		w.WriteString("<div class=\"snippet-output\" data-output aria-live=\"polite\"></div>\n")
	}
	b.recorded(w)
	m := measures[b.Measure]
	if b.Run == RunLab {
		m = labMeasures[b.Measure]
	}
	if m != "" {
		fmt.Fprintf(w, "<p class=\"snippet-measure\">%s</p>\n", m)
	}
	w.WriteString("</figure>\n")
}

func (b *Block) caption(w *strings.Builder) {
	fmt.Fprintf(w, "<figcaption class=\"bar-t\"><span class=\"chip\">%s</span><span class=\"chip hide-s\">%s</span>", langNames[b.Lang], how[b.Run])
	if b.Bad {
		w.WriteString("<span class=\"chip bad\">shows the mistake</span>")
	}
	w.WriteString("<span class=\"sp\"></span>")
	if b.Run != RunNone {
		for _, a := range [][2]string{{"stop", "Stop"}, {"reset", "Reset"}, {"edit", "Edit"}, {"run", "Run"}} {
			class := "ghost"
			if a[0] == "run" {
				class = "btn-p"
			}
			fmt.Fprintf(w, "<button class=\"%s\" type=\"button\" data-action=\"%s\" aria-label=\"%s %s\" hidden>%[3]s</button>", class, a[0], a[1], html.EscapeString(b.ID))
		}
	}
	w.WriteString("</figcaption>\n")
}

// recorded shows the output that was recorded: chart lines as a table, everything else as it was printed.
func (b *Block) recorded(w *strings.Builder) {
	if !b.hasOutput || b.Expect == ExpectRegex {
		return
	}
	var printed []string
	var points []chartPoint
	for _, line := range lines(b.Output) {
		if point, ok := readChart(line); ok {
			points = append(points, point)
		} else {
			printed = append(printed, line)
		}
	}
	w.WriteString("<details class=\"snippet-expected\"><summary>Recorded output</summary>")
	if len(printed) > 0 {
		fmt.Fprintf(w, "<pre class=\"out\" tabindex=\"0\">%s</pre>", html.EscapeString(readable(strings.Join(printed, "\n"))))
	}
	if len(points) > 0 {
		renderPoints(w, points)
	}
	w.WriteString("</details>\n")
}

// highlight is source as HTML with chroma's class names. Names and punctuation get none: they look like plain text. Nor
// does what the lexer does not know: it is older than JavaScript's private fields.
func highlight(lang, source string) string {
	lexer := lexers.Get(lang)
	if lexer == nil {
		return html.EscapeString(source)
	}
	tokens, err := chroma.Coalesce(lexer).Tokenise(nil, source)
	if err != nil {
		return html.EscapeString(source)
	}
	var b strings.Builder
	for token := range slices.Values(tokens.Tokens()) {
		class := chroma.StandardTypes[token.Type]
		if plainClass[class] || strings.TrimSpace(token.Value) == "" {
			b.WriteString(html.EscapeString(token.Value))
			continue
		}
		b.WriteString(`<span class="` + class + `">` + html.EscapeString(token.Value) + `</span>`)
	}
	return b.String()
}

var plainClass = map[string]bool{"": true, "err": true, "n": true, "nx": true, "p": true, "o": true, "w": true}

// render writes the question with its answers to choose. The explanation folds out without any script.
func (q *predict) render(w *strings.Builder) error {
	question, err := inline(q.question, q.source)
	if err != nil {
		return err
	}
	id := html.EscapeString(q.id)
	fmt.Fprintf(w, "<div class=\"ask card predict\" id=\"%s\" data-predict>\n<fieldset class=\"opts\"><legend><span class=\"ask-t\">Predict before you run it</span> %s</legend>\n", id, question)
	for i, o := range q.options {
		words, err := inline(o.text, q.source)
		if err != nil {
			return err
		}
		right := ""
		if o.right {
			right = " data-right"
		}
		fmt.Fprintf(w, "<label><input type=\"radio\" name=\"%s\" value=\"%d\"%s> <span>%s</span></label>\n", id, i, right, words)
	}
	w.WriteString("</fieldset>\n<details class=\"predict-answer\"><summary>Compare with the answer</summary>\n")
	for _, o := range q.options {
		if o.right {
			words, err := inline(o.text, q.source)
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "<p><strong>%s</strong></p>\n", words)
		}
	}
	for _, n := range q.answer {
		if err := prose(w, n, q.source); err != nil {
			return err
		}
	}
	w.WriteString("</details>\n</div>\n")
	return nil
}

// render writes up to where the exercise's name goes, and returns what comes after it.
func (e *exerciseItem) render(w *strings.Builder) (tail string, err error) {
	words, err := inline(e.text, e.source)
	if err != nil {
		return "", err
	}
	slug := html.EscapeString(e.slug)
	if e.coming {
		fmt.Fprintf(w, "<div class=\"exercise-card card coming\"><span class=\"exercise-name\">%s</span> <span class=\"chip\">coming</span> <span class=\"exercise-why\">%s</span></div>\n", slug, words)
		return "", nil
	}
	fmt.Fprintf(w, "<a class=\"exercise-card card\" data-exercise=\"%s\" href=\"/exercises/%[1]s\"><span class=\"exercise-name\">", slug)
	return fmt.Sprintf("</span> <span class=\"exercise-why\">%s</span></a>\n", words), nil
}

var difficulties = map[int]string{1: "phone screen", 2: "onsite", 3: "senior probe"}

// render writes the card folded: the question, then what a good answer holds.
func (c *Card) render(w *strings.Builder) {
	fmt.Fprintf(w, "<details class=\"interview-card card\" id=\"%s\"><summary><span class=\"q\">%s</span> <span class=\"chip\">%s</span></summary>\n<ul class=\"points\">\n",
		html.EscapeString(c.ID), inlineText(c.Question), difficulties[c.Difficulty])
	for i, point := range c.Points {
		must := ""
		if slices.Contains(c.Must, i) {
			must = " <span class=\"chip\">needed</span>"
		}
		fmt.Fprintf(w, "<li>%s%s</li>\n", inlineText(point), must)
	}
	w.WriteString("</ul>\n")
	for _, list := range []struct {
		class, title string
		items        []string
	}{{"follow-ups", "What they ask next", c.FollowUps}, {"wrong", "Sounds right, is wrong", c.Wrong}} {
		fmt.Fprintf(w, "<p class=\"card-h\">%s</p>\n<ul class=\"%s\">\n", list.title, list.class)
		for _, item := range list.items {
			fmt.Fprintf(w, "<li>%s</li>\n", inlineText(item))
		}
		w.WriteString("</ul>\n")
	}
	w.WriteString("</details>\n")
}

func formatNumber(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
