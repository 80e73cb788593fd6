package site

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"

	"hotloop/runner/measure"
	"hotloop/runner/profile"
)

const (
	flameRow     = 22    // pixels
	minFrame     = 0.004 // of the width; what is narrower is left out
	minLabel     = 0.04  // of the width, for a name to stand in the box
	maxFlameRows = 40
)

// A flame is a flame graph: each box is a function, below the one that called it, as wide as its share. It is a picture
// without script; where boxes are links, each leads to the same graph with that box as wide as the whole.
type flame struct {
	unit  string
	label string                   // says what the picture shows
	href  func(path string) string // where the box at the path leads; nil: nowhere

	total float64
	rows  int
	boxes strings.Builder
}

// A box's path is the indexes of the children that lead to it from the root: "0.2.1"; the root's is "".
func childPath(path string, i int) string {
	if path == "" {
		return strconv.Itoa(i)
	}
	return path + "." + strconv.Itoa(i)
}

// follow is the node at the path with those above it, the root first. ok is false if there is none.
func follow(root *profile.Node, path string) (nodes []*profile.Node, ok bool) {
	nodes = []*profile.Node{root}
	if path == "" {
		return nodes, true
	}
	for step := range strings.SplitSeq(path, ".") {
		i, err := strconv.Atoi(step)
		at := nodes[len(nodes)-1]
		if err != nil || i < 0 || i >= len(at.Children) {
			return nil, false
		}
		nodes = append(nodes, at.Children[i])
	}
	return nodes, true
}

// draw draws the tree so that the box at the path has the whole width.
func (f *flame) draw(root *profile.Node, path string) template.HTML {
	above, ok := follow(root, path)
	if !ok || root.Value <= 0 {
		return ""
	}
	f.total = root.Value
	at := ""
	for i, n := range above[:len(above)-1] {
		if i > 0 {
			at = strings.Join(strings.Split(path, ".")[:i], ".")
		}
		f.box(n, at, 0, 1, i)
	}
	focus := above[len(above)-1]
	f.below(focus, path, 0, 1/focus.Value, len(above)-1)
	role := "img"
	if f.href != nil {
		role = "group"
	}
	return template.HTML(fmt.Sprintf(`<svg class="flame" role="%s" aria-label="%s" width="100%%" height="%d">%s</svg>`,
		role, template.HTMLEscapeString(f.label), f.rows*flameRow, f.boxes.String()))
}

// below draws a node and what it called. scale turns values into parts of the width.
func (f *flame) below(n *profile.Node, path string, x, scale float64, row int) {
	f.box(n, path, x, n.Value*scale, row)
	if row+1 >= maxFlameRows {
		return
	}
	for i, c := range n.Children {
		if c.Value*scale < minFrame {
			return // they come by size
		}
		f.below(c, childPath(path, i), x, scale, row+1)
		x += c.Value * scale
	}
}

func (f *flame) box(n *profile.Node, path string, x, width float64, row int) {
	f.rows = max(f.rows, row+1)
	esc := template.HTMLEscapeString
	name := n.Name
	says := fmt.Sprintf("%s: %s, %.1f %%", name, measure.Format(n.Value, f.unit), 100*n.Value/f.total)
	b := &f.boxes
	if f.href != nil {
		fmt.Fprintf(b, `<a href="%s" aria-label="%s">`, esc(f.href(path)), esc(says))
	}
	fmt.Fprintf(b, `<svg x="%.3f%%" y="%d" width="%.3f%%" height="%d"><title>%s</title><rect class="f-%s" width="100%%" height="100%%"/>`,
		100*x, row*flameRow, 100*min(width, 1), flameRow, esc(says), or(n.Class, "all"))
	if width >= minLabel {
		fmt.Fprintf(b, `<text x="6" y="15">%s</text>`, esc(shortFunction(name)))
	}
	b.WriteString(`</svg>`)
	if f.href != nil {
		b.WriteString(`</a>`)
	}
}

// shortFunction leaves out the folders of a package's path.
func shortFunction(name string) string {
	head, rest, generic := strings.Cut(name, "[")
	if i := strings.LastIndex(head, "/"); i >= 0 {
		head = head[i+1:]
	}
	if generic {
		return head + "[" + rest
	}
	return head
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
