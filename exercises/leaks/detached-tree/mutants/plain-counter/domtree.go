// Package domtree is a document tree whose removed parts die as soon as nobody uses them.
//
// This one takes a cleanup for a call of its own. It runs on goroutines of the runtime.
package domtree

import (
	"errors"
	"iter"
	"runtime"
	"slices"
	"weak"
)

// The reasons why Append refuses. A refused Append changes nothing.
var (
	ErrCycle       = errors.New("domtree: cycle")
	ErrForeign     = errors.New("domtree: other document")
	ErrDuplicateID = errors.New("domtree: duplicate id")
)

// A Document owns the tree below its root, and nothing that was removed from it. It is used by one goroutine at a time.
type Document struct {
	root     *Node
	byID     map[string]*Node // attached nodes only
	created  int
	attached int

	// Counted by cleanups. It is an object of its own, so that they keep nothing else.
	collected *int
}

// A Node is attached while it is in the tree of its document. It keeps alive what is below it, and nothing else.
type Node struct {
	id       string
	doc      weak.Pointer[Document]
	parent   weak.Pointer[Node]
	children []*Node
	attached bool
}

// NewDocument makes a document of a root without an id.
func NewDocument() *Document {
	d := &Document{byID: map[string]*Node{}, collected: new(int)}
	d.root = d.Create("")
	d.mark(d.root, true)
	return d
}

// Root is the node that is always attached.
func (d *Document) Root() *Node { return d.root }

// Create makes a node that is not attached yet. Without an id ("") it cannot be found by one.
func (d *Document) Create(id string) *Node {
	n := &Node{id: id, doc: weak.Make(d)}
	d.created++
	runtime.AddCleanup(n, func(collected *int) { *collected++ }, d.collected)
	return n
}

// ByID is the attached node with this id, or nil.
func (d *Document) ByID(id string) *Node { return d.byID[id] }

// Live is how many nodes are attached, the root among them, and how many were created, are not attached, and have not
// been collected yet.
func (d *Document) Live() (attached, detached int) {
	return d.attached, d.created - d.attached - *d.collected
}

// Append makes c the last child of n and takes it from the parent it had. It is ErrForeign if c is of another document,
// ErrCycle if c is n, above n, or the root, and ErrDuplicateID if two attached nodes would have the same id.
func (n *Node) Append(c *Node) error {
	d := n.doc.Value()
	switch {
	case n.doc != c.doc:
		return ErrForeign
	case c.above(n) || d != nil && c == d.root:
		return ErrCycle
	case d != nil && n.attached && !c.attached && d.duplicates(c):
		return ErrDuplicateID
	}
	c.unlink()
	n.children = append(n.children, c)
	c.parent = weak.Make(n)
	if c.attached != n.attached {
		d.mark(c, n.attached)
	}
	return nil
}

// Remove takes n, with all below it, from its parent. Without a parent it stays as it is.
func (n *Node) Remove() {
	if n.Parent() == nil {
		return
	}
	n.unlink()
	if n.attached {
		n.doc.Value().mark(n, false)
	}
}

// Parent is nil if n has none, was removed, or is all that is left because its parent was collected.
func (n *Node) Parent() *Node { return n.parent.Value() }

// Children are a copy of the list, in order.
func (n *Node) Children() []*Node { return slices.Clone(n.children) }

// ID is the id that the node was created with.
func (n *Node) ID() string { return n.id }

// above is whether n is c or below it. That takes a walk to the top only if c has children and both are on the same side.
func (c *Node) above(n *Node) bool {
	if len(c.children) == 0 || c.attached != n.attached {
		return c == n
	}
	for ; n != nil; n = n.Parent() {
		if n == c {
			return true
		}
	}
	return false
}

func (c *Node) unlink() {
	if p := c.Parent(); p != nil {
		i := slices.Index(p.children, c)
		p.children = slices.Delete(p.children, i, i+1)
	}
	c.parent = weak.Pointer[Node]{}
}

// subtree is n and all below it. It needs no stack that grows with the depth, which is a stranger's choice.
func (n *Node) subtree() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		for todo := []*Node{n}; len(todo) > 0; {
			last := todo[len(todo)-1]
			if !yield(last) {
				return
			}
			todo = append(todo[:len(todo)-1], last.children...)
		}
	}
}

// duplicates is whether an id of c's subtree occurs in it twice, or in the document.
func (d *Document) duplicates(c *Node) bool {
	seen := map[string]bool{}
	for n := range c.subtree() {
		if n.id == "" {
			continue
		}
		if seen[n.id] || d.byID[n.id] != nil {
			return true
		}
		seen[n.id] = true
	}
	return false
}

// mark notes that n and all below it are attached from now on, or are not. The document is nil if it was collected: then
// there is nobody to ask for ids and counts.
func (d *Document) mark(n *Node, attached bool) {
	for n := range n.subtree() {
		n.attached = attached
		switch {
		case d == nil:
		case attached:
			d.attached++
			if n.id != "" {
				d.byID[n.id] = n
			}
		default:
			d.attached--
			delete(d.byID, n.id)
		}
	}
}
