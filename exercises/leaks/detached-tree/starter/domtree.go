// Package domtree is a document tree whose removed parts die as soon as nobody uses them.
package domtree

import "errors"

// The reasons why Append refuses. A refused Append changes nothing.
var (
	ErrCycle       = errors.New("domtree: cycle")
	ErrForeign     = errors.New("domtree: other document")
	ErrDuplicateID = errors.New("domtree: duplicate id")
)

// A Document owns the tree below its root, and nothing that was removed from it. It is used by one goroutine at a time.
type Document struct {
	root *Node
	byID map[string]*Node
	all  []*Node // TODO: who owns a node that was removed?
}

// A Node is attached while it is in the tree of its document. It keeps alive what is below it, and nothing else.
type Node struct {
	id       string
	doc      *Document
	parent   *Node // TODO: what does a held node keep by this?
	children []*Node
}

// NewDocument makes a document of a root without an id.
func NewDocument() *Document {
	d := &Document{byID: map[string]*Node{}}
	d.root = d.Create("")
	return d
}

// Root is the node that is always attached.
func (d *Document) Root() *Node { return d.root }

// Create makes a node that is not attached yet. Without an id ("") it cannot be found by one.
func (d *Document) Create(id string) *Node {
	n := &Node{id: id, doc: d}
	d.all = append(d.all, n)
	if id != "" {
		d.byID[id] = n // TODO: is it attached? And when does it go?
	}
	return n
}

// ByID is the attached node with this id, or nil.
func (d *Document) ByID(id string) *Node { return d.byID[id] }

// Live is how many nodes are attached, the root among them, and how many were created, are not attached, and have not
// been collected yet.
func (d *Document) Live() (attached, detached int) {
	attached = count(d.root)
	return attached, len(d.all) - attached // TODO: how could the end of a node be counted?
}

func count(n *Node) int {
	nodes := 1
	for _, c := range n.children {
		nodes += count(c) // TODO: how deep may a tree be?
	}
	return nodes
}

// Append makes c the last child of n and takes it from the parent it had. It is ErrForeign if c is of another document,
// ErrCycle if c is n, above n, or the root, and ErrDuplicateID if two attached nodes would have the same id.
func (n *Node) Append(c *Node) error {
	if n.doc != c.doc {
		return ErrForeign
	}
	for p := n; p != nil; p = p.parent {
		if p == c {
			return ErrCycle
		}
	}
	// TODO: ids
	c.Remove()
	n.children = append(n.children, c)
	c.parent = n
	return nil
}

// Remove takes n, with all below it, from its parent. Without a parent it stays as it is.
func (n *Node) Remove() {
	if n.parent == nil {
		return
	}
	for i, c := range n.parent.children {
		if c == n {
			n.parent.children = append(n.parent.children[:i], n.parent.children[i+1:]...)
			break
		}
	}
	n.parent = nil
}

// Parent is nil if n has none, was removed, or is all that is left because its parent was collected.
func (n *Node) Parent() *Node { return n.parent }

// Children are a copy of the list, in order.
func (n *Node) Children() []*Node { return n.children } // TODO: a copy

// ID is the id that the node was created with.
func (n *Node) ID() string { return n.id }
