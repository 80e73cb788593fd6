package lessons

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown reads tables and heading ids on top of CommonMark; raw HTML and script links are left out when it renders.
var markdown = goldmark.New(
	goldmark.WithExtensions(extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute))),
	goldmark.WithParserOptions(parser.WithHeadingAttribute()),
	goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(codeRenderer{}, 100))), // before the default, 1000
)

// A page is a lesson while it is read: its source, and its parts in order.
type page struct {
	lesson *Lesson
	source []byte // without the head
	offset int    // lines of the file before source
	faults *Faults
	items  []item
	blocks map[string]*Block
	outer  string // the id of the section that is being read
}

// An item is a part of the page at its top level. Exactly one field is set.
type item struct {
	prose    ast.Node
	block    *Block
	predict  *predict
	cards    []string
	exercise *exerciseItem
	listing  *listing
}

// A listing is text that is shown and not run.
type listing struct{ text string }

// A predict asks the reader to guess before measuring.
type predict struct {
	id       string
	question ast.Node
	options  []option
	answer   []ast.Node
	source   []byte
}

type option struct {
	text  ast.Node
	right bool
}

// An exerciseItem offers an exercise, or announces one that is to come.
type exerciseItem struct {
	slug   string
	coming bool
	text   ast.Node
	source []byte
}

// A link is a reference that the lint follows.
type link struct {
	target string
	text   string
	line   int
}

func (p *page) fail(line int, format string, args ...any) {
	p.faults.add(p.lesson.file, line, format, args...)
}

// line is the line in the file of a position in source.
func (p *page) line(pos int) int {
	return p.offset + 1 + bytes.Count(p.source[:min(max(pos, 0), len(p.source))], []byte("\n"))
}

// lineOf is the line in the file where a node begins, or that of the block around it.
func (p *page) lineOf(n ast.Node) int {
	for ; n != nil; n = n.Parent() {
		if t, ok := n.(*ast.Text); ok {
			return p.line(t.Segment.Start)
		}
		if f, ok := n.(*ast.FencedCodeBlock); ok && f.Info != nil {
			return p.line(f.Info.Segment.Start)
		}
		if n.Type() == ast.TypeBlock && n.Lines() != nil && n.Lines().Len() > 0 {
			return p.line(n.Lines().At(0).Start)
		}
		if c := n.FirstChild(); c != nil && n.Type() == ast.TypeInline {
			if t, ok := c.(*ast.Text); ok {
				return p.line(t.Segment.Start)
			}
		}
	}
	return p.offset + 1
}

// parse reads the Markdown into items, blocks, the table of contents, links and plain text.
func (p *page) parse() {
	p.blocks = map[string]*Block{}
	doc := markdown.Parser().Parse(text.NewReader(p.source))
	var words strings.Builder
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.FencedCodeBlock:
			p.fence(n)
		case *ast.Heading:
			p.heading(n)
			p.items = append(p.items, item{prose: n})
		default:
			p.items = append(p.items, item{prose: n})
		}
		if n.Kind() != ast.KindFencedCodeBlock {
			p.inspect(n, p.source, &words)
		}
	}
	for _, b := range p.lesson.blocks {
		words.WriteString(b.Source)
		words.WriteByte('\n')
	}
	p.lesson.text = strings.Join(strings.Fields(words.String()), " ")
}

func (p *page) heading(n *ast.Heading) {
	line := p.lineOf(n)
	var id string
	if v, ok := n.AttributeString("id"); ok {
		id = string(v.([]byte))
	}
	for _, a := range n.Attributes() {
		if string(a.Name) != "id" {
			p.fail(line, "heading attribute %s; expected {#id} only", a.Name)
		}
	}
	idOnly(n)
	title := plain(n, p.source)
	if id == "" || n.Level < 2 || n.Level > 3 {
		p.fail(line, "heading %q; expected ## or ### and an {#id}", title)
		return
	}
	p.anchor(id, line)
	if n.Level == 2 {
		p.outer = id
	} else if !strings.HasPrefix(id, p.outer+"-") {
		p.fail(line, "heading id %q in section %q; expected %q", id, p.outer, p.outer+"-…")
	}
	p.lesson.toc = append(p.lesson.toc, Heading{ID: id, Title: title, Level: n.Level})
}

// anchor takes an id for the page; ids are unique on it.
func (p *page) anchor(id string, line int) {
	if p.lesson.anchors[id] {
		p.fail(line, "id %q is taken; expected ids to be unique on the page", id)
	}
	p.lesson.anchors[id] = true
}

// inspect collects links and words, and reports what must not be in a page.
func (p *page) inspect(root ast.Node, source []byte, words *strings.Builder) {
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			if n.Type() == ast.TypeBlock {
				words.WriteByte('\n')
			}
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.RawHTML, *ast.HTMLBlock:
			p.fail(p.lineOf(n), "raw HTML; expected Markdown")
		case *ast.Image:
			p.fail(p.lineOf(n), "image %s; expected no images: pages load nothing", n.Destination)
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			p.fail(p.lineOf(n), "code block inside of something or by indentation; expected a fence at the top level")
		case *ast.Link:
			p.lesson.links = append(p.lesson.links, link{string(n.Destination), plain(n, source), p.lineOf(n)})
		case *ast.AutoLink:
			p.fail(p.lineOf(n), "bare address %s; expected [words](address)", n.URL(source))
		case *ast.Text:
			words.Write(n.Segment.Value(source))
			if n.SoftLineBreak() || n.HardLineBreak() {
				words.WriteByte('\n')
			}
		case *extast.TableCell:
			words.WriteByte(' ')
		}
		return ast.WalkContinue, nil
	})
}

// fence reads one fenced block at the top level.
func (p *page) fence(n *ast.FencedCodeBlock) {
	line := p.lineOf(n)
	if n.Info == nil {
		p.fail(line-1, "a fence without a language; expected js, go, sh, text, output, predict, cards or exercise")
		return
	}
	lang, a, braced, err := fenceInfo(string(n.Info.Value(p.source)))
	if err != nil {
		p.fail(line, "%v", err)
		return
	}
	body := content(n, p.source)
	switch lang {
	case "output":
		p.output(a, body, line)
	case "predict":
		p.predict(a, body, line)
	case "cards":
		p.cards(body, line)
	case "exercise":
		p.exercise(a, body, line)
	case "text":
		p.items = append(p.items, item{listing: &listing{body}})
	default:
		if _, known := languages[lang]; !known || !braced {
			p.fail(line, "block %q; expected js, go or sh with {#id run=…}, or text, output, predict, cards, exercise", lang)
			return
		}
		p.block(lang, a, body, line)
	}
}

func (p *page) block(lang string, a attrs, body string, line int) {
	b, errs := parseBlock(lang, a)
	b.Source, b.Line = body, line
	if b.Chart != "" {
		p.only("see", "a block with chart=", line)
	}
	for _, err := range errs {
		p.fail(line, "block %s: %v", b.ID, err)
	}
	p.anchor(b.ID, line)
	p.blocks[b.ID] = b
	p.lesson.blocks = append(p.lesson.blocks, b)
	p.items = append(p.items, item{block: b})
}

// only reports what stands in another section than its own.
func (p *page) only(section, what string, line int) {
	if p.outer != section {
		p.fail(line, "%s in section %q; expected in %q", what, p.outer, section)
	}
}

// output belongs to a block before it and is shown in its figure.
func (p *page) output(a attrs, body string, line int) {
	b := p.blocks[a.value["of"]]
	if b == nil {
		p.fail(line, "output of=%q; expected the id of a block before it", a.value["of"])
		return
	}
	if b.hasOutput {
		p.fail(line, "second output of %s; expected one", b.ID)
	}
	b.Output, b.hasOutput = body, true
}

// predict reads: a question, a list of - [ ] and - [x], then the answer.
func (p *page) predict(a attrs, body string, line int) {
	q := &predict{id: a.id, source: []byte(body)}
	if !idPattern.MatchString(a.id) {
		p.fail(line, "predict id %q; expected {#ID}", a.id)
	}
	p.anchor(a.id, line)
	p.items = append(p.items, item{predict: q})
	doc := markdown.Parser().Parse(text.NewReader(q.source))
	p.inspectInner(doc, q.source, line)
	right := 0
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		list, isList := n.(*ast.List)
		switch {
		case q.question == nil:
			q.question = n
		case isList && q.options == nil:
			for li := list.FirstChild(); li != nil; li = li.NextSibling() {
				o, ok := readOption(li, q.source)
				if !ok {
					p.fail(line, "an answer to choose; expected - [ ] or - [x], then words")
					continue
				}
				if o.right {
					right++
				}
				q.options = append(q.options, o)
			}
		default:
			q.answer = append(q.answer, n)
		}
	}
	if len(q.options) < 2 || right != 1 || len(q.answer) == 0 {
		p.fail(line, "predict; expected a question, a list of two or more answers, one of them - [x], and an explanation")
	}
}

// readOption takes "[x] " off a list item.
func readOption(li ast.Node, source []byte) (option, bool) {
	words := li.FirstChild()
	if words == nil {
		return option{}, false
	}
	lines := words.Lines()
	if lines.Len() == 0 {
		return option{}, false
	}
	box := string(source[lines.At(0).Start:min(lines.At(0).Start+4, len(source))])
	if box != "[ ] " && box != "[x] " {
		return option{}, false
	}
	at := lines.At(0).Start + len(box)
	for n := words.FirstChild(); n != nil; {
		next := n.NextSibling()
		t, ok := n.(*ast.Text)
		if !ok || t.Segment.Start >= at {
			break
		}
		if t.Segment.Stop <= at {
			words.RemoveChild(words, n)
		} else {
			t.Segment = t.Segment.WithStart(at)
			break
		}
		n = next
	}
	return option{text: words, right: box == "[x] "}, true
}

// inspectInner checks Markdown inside of a fence. Its lines are those of the fence.
func (p *page) inspectInner(doc ast.Node, source []byte, line int) {
	inner := &page{lesson: &Lesson{file: p.lesson.file}, source: source, offset: line, faults: p.faults}
	var words strings.Builder
	inner.inspect(doc, source, &words)
	p.lesson.links = append(p.lesson.links, inner.lesson.links...)
}

// cards reads a list of card ids, one a line.
func (p *page) cards(body string, line int) {
	p.only("interview", "cards", line)
	ids := strings.Fields(body)
	for i, id := range ids {
		p.lesson.cardRefs = append(p.lesson.cardRefs, ref{id, line + 1 + i})
		p.anchor(id, line+1+i)
	}
	p.items = append(p.items, item{cards: ids})
}

func (p *page) exercise(a attrs, body string, line int) {
	p.only("practise", "an exercise", line)
	e := &exerciseItem{slug: a.value["slug"], coming: a.flags["coming"], source: []byte(body)}
	doc := markdown.Parser().Parse(text.NewReader(e.source))
	p.inspectInner(doc, e.source, line)
	e.text = doc.FirstChild()
	if e.slug == "" || e.text == nil || e.text.NextSibling() != nil {
		p.fail(line, "exercise; expected {slug=…} or {slug=… coming} and one paragraph")
		return
	}
	p.items = append(p.items, item{exercise: e})
	p.lesson.exercises = append(p.lesson.exercises, exerciseRef{e.slug, line, e.coming})
}

// content is the text between the fences.
func content(n ast.Node, source []byte) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		b.Write(line.Value(source))
	}
	return b.String()
}

// plain is a node's text without markup.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			b.Write(t.Segment.Value(source))
			if t.SoftLineBreak() {
				b.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}
