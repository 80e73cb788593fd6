// Package domtree is a document tree whose removed parts die as soon as nobody uses them.
//
// This one keeps the children of a node in a linked list that belongs to the parent, so that taking one out of thousands
// needs no search. Ids are entered while the subtree is walked, and taken back if one of them is not free.
package domtree

import (
	"container/list"
	"errors"
	"runtime"
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
	top   *Node
	index map[string]weak.Pointer[Node]
	in    int // how many are attached
	tally *tally
}

// A tally is what all nodes of a document share. It leads to none of them.
type tally struct {
	created, gone atomic.Int64
}

// A Node is attached while it is in the tree of its document. It keeps alive what is below it, and nothing else.
type Node struct {
	name  string
	home  *tally // which also says of which document it is
	owner weak.Pointer[Document]
	up    weak.Pointer[Node]
	kids  *kids // nil: there was never one
	in    bool
}

// Kids are the children of one node in order, and where each of them stands.
type kids struct {
	order list.List
	place map[*Node]*list.Element
}

// NewDocument makes a document of a root without an id.
func NewDocument() *Document {
	d := &Document{index: map[string]weak.Pointer[Node]{}, in: 1, tally: new(tally)}
	d.top = d.Create("")
	d.top.in = true
	return d
}

// Root is the node that is always attached.
func (d *Document) Root() *Node { return d.top }

// Create makes a node that is not attached yet. Without an id ("") it cannot be found by one.
func (d *Document) Create(id string) *Node {
	n := &Node{name: id, home: d.tally, owner: weak.Make(d)}
	d.tally.created.Add(1)
	runtime.AddCleanup(n, func(t *tally) { t.gone.Add(1) }, d.tally)
	return n
}

// ByID is the attached node with this id, or nil.
func (d *Document) ByID(id string) *Node { return d.index[id].Value() }

// Live is how many nodes are attached, the root among them, and how many were created, are not attached, and have not
// been collected yet.
func (d *Document) Live() (attached, detached int) {
	return d.in, int(d.tally.created.Load()-d.tally.gone.Load()) - d.in
}

// Append makes c the last child of n and takes it from the parent it had. It is ErrForeign if c is of another document,
// ErrCycle if c is n, above n, or the root, and ErrDuplicateID if two attached nodes would have the same id.
func (n *Node) Append(c *Node) error {
	if n.home != c.home {
		return ErrForeign
	}
	d := n.owner.Value()
	if c == n || d != nil && c == d.top || c.in == n.in && c.kids != nil && c.holds(n) {
		return ErrCycle
	}
	switch {
	case n.in && !c.in:
		if !d.enter(c) {
			return ErrDuplicateID
		}
	case c.in && !n.in:
		d.leave(c, nil)
	}
	c.cut()
	if n.kids == nil {
		n.kids = &kids{place: map[*Node]*list.Element{}}
	}
	n.kids.place[c] = n.kids.order.PushBack(c)
	c.up = weak.Make(n)
	return nil
}

// Remove takes n, with all below it, from its parent. Without a parent it stays as it is.
func (n *Node) Remove() {
	if n.Parent() == nil {
		return
	}
	n.cut()
	if n.in {
		n.owner.Value().leave(n, nil)
	}
}

// Parent is nil if n has none, was removed, or is all that is left because its parent was collected.
func (n *Node) Parent() *Node { return n.up.Value() }

// Children are a copy of the list, in order.
func (n *Node) Children() []*Node {
	var all []*Node
	if n.kids != nil {
		for e := n.kids.order.Front(); e != nil; e = e.Next() {
			all = append(all, e.Value.(*Node))
		}
	}
	return all
}

// ID is the id that the node was created with.
func (n *Node) ID() string { return n.name }

func (n *Node) holds(below *Node) bool {
	for ; below != nil; below = below.Parent() {
		if below == n {
			return true
		}
	}
	return false
}

func (n *Node) cut() {
	if p := n.Parent(); p != nil {
		p.kids.order.Remove(p.kids.place[n])
		delete(p.kids.place, n)
		if len(p.kids.place) == 0 {
			p.kids = nil
		}
	}
	n.up = weak.Pointer[Node]{}
}

// next is the node that follows n in the tree below top, parents before their children, or nil.
func (n *Node) next(top *Node) *Node {
	if n.kids != nil {
		return n.kids.order.Front().Value.(*Node)
	}
	for n != top {
		p := n.Parent()
		if e := p.kids.place[n].Next(); e != nil {
			return e.Value.(*Node)
		}
		n = p
	}
	return nil
}

// enter makes all of c attached, or none if an id is taken.
func (d *Document) enter(c *Node) bool {
	for n := c; n != nil; n = n.next(c) {
		if d != nil {
			if n.name != "" {
				if d.index[n.name].Value() != nil {
					d.leave(c, n)
					return false
				}
				d.index[n.name] = weak.Make(n)
			}
			d.in++
		}
		n.in = true
	}
	return true
}

// leave undoes enter for the nodes of c before end; nil is all.
func (d *Document) leave(c, end *Node) {
	for n := c; n != end; n = n.next(c) {
		if d != nil {
			delete(d.index, n.name)
			d.in--
		}
		n.in = false
	}
}
