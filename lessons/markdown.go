package lessons

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// Markdown renders text that is not a lesson (an exercise's statement, a hint) by the same rules: no raw HTML, no script
// links, code in highlighted classes. A title on the first line (# …) is left out: the page around has one.
func Markdown(source []byte) (template.HTML, error) {
	doc := markdown.Parser().Parse(text.NewReader(source))
	var b strings.Builder
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok {
			if h.Level == 1 && n == doc.FirstChild() {
				continue
			}
			idOnly(h)
		}
		if err := prose(&b, n, source); err != nil {
			return "", fmt.Errorf("rendering Markdown: %w", err)
		}
	}
	return template.HTML(b.String()), nil
}

// Highlight is source code with class names for its parts, as in a lesson's blocks; lang is "go" or "js".
func Highlight(lang, source string) template.HTML { return template.HTML(highlight(lang, source)) }

// idOnly takes away the attributes of a heading that could style it.
func idOnly(h *ast.Heading) {
	id, ok := h.AttributeString("id")
	h.RemoveAttributes()
	if ok {
		h.SetAttributeString("id", id)
	}
}
