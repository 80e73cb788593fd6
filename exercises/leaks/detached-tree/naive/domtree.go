// Package domtree is a document tree whose removed parts die as soon as nobody uses them.
//
// It is the obvious cure: every link that leaks is made weak, the index among them. The nodes go; their ids stay in the
// map, each with an empty weak pointer. And Append asks all that is above for a cycle, whatever is appended.
package domtree

import (
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
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
	root      *Node
	byID      map[string]weak.Pointer[Node] // of every id that was ever attached
	created   int
	attached  int
	collected *atomic.Int64
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
	d := &Document{byID: map[string]weak.Pointer[Node]{}, collected: new(atomic.Int64)}
	d.root = d.Create("")
	d.root.attached = true
	d.attached = 1
	return d
}

// Root is the node that is always attached.
func (d *Document) Root() *Node { return d.root }

// Create makes a node that is not attached yet. Without an id ("") it cannot be found by one.
func (d *Document) Create(id string) *Node {
	n := &Node{id: id, doc: weak.Make(d)}
	d.created++
	runtime.AddCleanup(n, func(collected *atomic.Int64) { collected.Add(1) }, d.collected)
	return n
}

// ByID is the attached node with this id, or nil.
func (d *Document) ByID(id string) *Node {
	if n := d.byID[id].Value(); n != nil && n.attached && id != "" {
		return n
	}
	return nil
}

// Live is how many nodes are attached, the root among them, and how many were created, are not attached, and have not
// been collected yet.
func (d *Document) Live() (attached, detached int) {
	return d.attached, d.created - d.attached - int(d.collected.Load())
}

// Append makes c the last child of n and takes it from the parent it had. It is ErrForeign if c is of another document,
// ErrCycle if c is n, above n, or the root, and ErrDuplicateID if two attached nodes would have the same id.
func (n *Node) Append(c *Node) error {
	if n.doc != c.doc {
		return ErrForeign
	}
	d := n.doc.Value()
	if d != nil && c == d.root {
		return ErrCycle
	}
	for p := n; p != nil; p = p.Parent() {
		if p == c {
			return ErrCycle
		}
	}
	if d != nil && n.attached && !c.attached {
		seen := map[string]bool{}
		for _, x := range c.all() {
			if x.id != "" && (seen[x.id] || d.ByID(x.id) != nil) {
				return ErrDuplicateID
			}
			seen[x.id] = true
		}
	}
	c.unlink()
	n.children = append(n.children, c)
	c.parent = weak.Make(n)
	if c.attached != n.attached {
		d.set(c.all(), n.attached)
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
		n.doc.Value().set(n.all(), false)
	}
}

func (d *Document) set(nodes []*Node, attached bool) {
	for _, n := range nodes {
		n.attached = attached
		if d == nil {
			continue
		}
		if attached {
			d.attached++
			d.byID[n.id] = weak.Make(n)
		} else {
			d.attached--
		}
	}
}

func (n *Node) unlink() {
	if p := n.Parent(); p != nil {
		p.children = slices.DeleteFunc(p.children, func(c *Node) bool { return c == n })
	}
	n.parent = weak.Pointer[Node]{}
}

// all are n and all nodes below it.
func (n *Node) all() []*Node {
	nodes := []*Node{n}
	for i := 0; i < len(nodes); i++ {
		nodes = append(nodes, nodes[i].children...)
	}
	return nodes
}

// Parent is nil if n has none, was removed, or is all that is left because its parent was collected.
func (n *Node) Parent() *Node { return n.parent.Value() }

// Children are a copy of the list, in order.
func (n *Node) Children() []*Node { return slices.Clone(n.children) }

// ID is the id that the node was created with.
func (n *Node) ID() string { return n.id }
