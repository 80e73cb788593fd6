package lessons

import (
	"bytes"
	"fmt"
	"html"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/util"
)

// codeRenderer writes code of prose: highlighted, in frames that the keyboard can scroll, also inside of lists; and the
// flags of a command so that no line ends after their hyphens.
type codeRenderer struct{}

func (codeRenderer) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindFencedCodeBlock, renderCode)
	r.Register(ast.KindCodeBlock, renderCode)
	r.Register(ast.KindCodeSpan, renderSpan)
}

func renderCode(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	content := string(bytes.TrimSuffix(n.Lines().Value(source), []byte("\n")))
	body := html.EscapeString(content)
	if fence, ok := n.(*ast.FencedCodeBlock); ok {
		if lang := string(fence.Language(source)); lang != "" {
			body = highlight(lang, content)
		}
	}
	_, err := fmt.Fprintf(w, "<pre class=\"chroma\" tabindex=\"0\"><code>%s</code></pre>\n", body)
	return ast.WalkSkipChildren, err
}

func renderSpan(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	var content strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if part, ok := c.(*ast.Text); ok {
			content.Write(part.Segment.Value(source))
		}
	}
	code := strings.ReplaceAll(content.String(), "\n", " ")
	class := ""
	if strings.HasPrefix(code, "-") && !strings.Contains(code, " ") {
		class = " class=\"flag\""
	}
	_, err := fmt.Fprintf(w, "<code%s>%s</code>", class, html.EscapeString(code))
	return ast.WalkSkipChildren, err
}
