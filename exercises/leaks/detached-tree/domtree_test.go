package domtree

import (
	"errors"
	"strings"
	"testing"
)

func mustAppend(t testing.TB, parent *Node, children ...*Node) {
	t.Helper()
	for _, c := range children {
		if err := parent.Append(c); err != nil {
			t.Fatalf("%q.Append(%q): %v; want no error", parent.ID(), c.ID(), err)
		}
	}
}

// childIDs are the ids of n's children as one text: "a b c".
func childIDs(n *Node) string {
	var ids []string
	for _, c := range n.Children() {
		ids = append(ids, c.ID())
	}
	return strings.Join(ids, " ")
}

func wantChildren(t *testing.T, done string, n *Node, want string) {
	t.Helper()
	if got := childIDs(n); got != want {
		t.Errorf("%s: the children of %q are %q, want %q", done, n.ID(), got, want)
	}
	for _, c := range n.Children() {
		if c.Parent() != n {
			t.Errorf("%s: %q is a child of %q, and its Parent() is not that node", done, c.ID(), n.ID())
		}
	}
}

func wantByID(t *testing.T, done string, d *Document, want map[string]*Node) {
	t.Helper()
	for id, n := range want {
		switch got := d.ByID(id); {
		case got == n:
		case n == nil:
			t.Errorf("%s: ByID(%q) is a node, want nil: it is not in the document, and an index that knows it keeps it", done, id)
		default:
			t.Errorf("%s: ByID(%q) = %v, want the attached node of this id", done, id, got)
		}
	}
}

func wantLive(t *testing.T, done string, d *Document, attached, detached int) {
	t.Helper()
	if a, b := d.Live(); a != attached || b != detached {
		t.Errorf("%s: Live() = %d attached, %d detached; want %d, %d", done, a, b, attached, detached)
	}
}

func TestAppendKeepsOrderAndMoves(t *testing.T) {
	d := NewDocument()
	a, b, c := d.Create("a"), d.Create("b"), d.Create("c")
	if p := a.Parent(); p != nil {
		t.Errorf("a node that was just created has the parent %q, want nil", p.ID())
	}
	if got := a.Children(); len(got) != 0 {
		t.Errorf("a node that was just created has %d children", len(got))
	}
	mustAppend(t, d.Root(), a, b, c)
	wantChildren(t, "a, b and c appended", d.Root(), "a b c")

	mustAppend(t, d.Root(), a)
	wantChildren(t, "then a once more", d.Root(), "b c a")

	mustAppend(t, c, b)
	wantChildren(t, "then b to c", d.Root(), "c a")
	wantChildren(t, "then b to c", c, "b")

	mustAppend(t, a, c)
	wantChildren(t, "then c, with b below it, to a", d.Root(), "a")
	wantChildren(t, "then c, with b below it, to a", a, "c")
	wantChildren(t, "then c, with b below it, to a", c, "b")
	wantByID(t, "moved about and never removed", d, map[string]*Node{"a": a, "b": b, "c": c})
}

func TestByIDKnowsTheAttached(t *testing.T) {
	d := NewDocument()
	panel, button, label, plain := d.Create("panel"), d.Create("button"), d.Create("label"), d.Create("")
	mustAppend(t, panel, button, plain)
	mustAppend(t, plain, label)
	all := map[string]*Node{"panel": panel, "button": button, "label": label, "": nil, "unknown": nil}
	none := map[string]*Node{"panel": nil, "button": nil, "label": nil, "": nil}

	wantByID(t, "created and not attached", d, none)
	mustAppend(t, d.Root(), panel)
	wantByID(t, "the panel attached, with all below it", d, all)
	panel.Remove()
	wantByID(t, "the panel removed", d, none)
	if p := panel.Parent(); p != nil {
		t.Errorf("the panel removed: its Parent() is %q, want nil", p.ID())
	}
	wantChildren(t, "the panel removed", d.Root(), "")
	wantChildren(t, "the panel removed: what is below it stays", panel, "button ")
	mustAppend(t, d.Root(), panel)
	wantByID(t, "the panel attached again", d, all)

	shelf := d.Create("shelf")
	mustAppend(t, shelf, plain)
	wantByID(t, "a part of the panel moved to a node that is not attached", d, map[string]*Node{"panel": panel, "button": button, "label": nil, "shelf": nil})
	mustAppend(t, button, plain)
	wantByID(t, "and back", d, all)
}

func TestForbiddenAppends(t *testing.T) {
	d, other := NewDocument(), NewDocument()
	a, b, c := d.Create("a"), d.Create("b"), d.Create("c")
	loose, stranger := d.Create("loose"), other.Create("stranger")
	mustAppend(t, d.Root(), a)
	mustAppend(t, a, b)
	mustAppend(t, b, c)
	mustAppend(t, other.Root(), stranger)
	x, y := d.Create("x"), d.Create("y")
	mustAppend(t, x, y)
	for _, tt := range []struct {
		what      string
		parent, c *Node
		want      error
	}{
		{"a node to itself", a, a, ErrCycle},
		{"a node without children to itself", c, c, ErrCycle},
		{"a node to its child", b, a, ErrCycle},
		{"a node to its grandchild", c, a, ErrCycle},
		{"a node that is not attached to its child", y, x, ErrCycle},
		{"a node that is not attached to itself", y, y, ErrCycle},
		{"the root to what is below it", c, d.Root(), ErrCycle},
		{"the root to itself", d.Root(), d.Root(), ErrCycle},
		{"the root to a node that is not attached", loose, d.Root(), ErrCycle},
		{"an attached node of another document", a, stranger, ErrForeign},
		{"a node of another document to one that is not attached", loose, stranger, ErrForeign},
		{"a new node of another document", a, other.Create("new"), ErrForeign},
		{"another document's root", a, other.Root(), ErrForeign},
	} {
		if err := tt.parent.Append(tt.c); !errors.Is(err, tt.want) {
			t.Errorf("appending %s: error %v, want %v", tt.what, err, tt.want)
		}
	}
	wantChildren(t, "after refused Appends", d.Root(), "a")
	wantChildren(t, "after refused Appends", a, "b")
	wantChildren(t, "after refused Appends", b, "c")
	wantChildren(t, "after refused Appends", c, "")
	wantChildren(t, "after refused Appends", loose, "")
	wantChildren(t, "after refused Appends", x, "y")
	wantChildren(t, "after refused Appends", other.Root(), "stranger")
	wantByID(t, "after refused Appends", d, map[string]*Node{"a": a, "b": b, "c": c, "loose": nil, "x": nil, "stranger": nil})
	wantByID(t, "after refused Appends", other, map[string]*Node{"stranger": stranger, "a": nil})
}

// newSubtree makes a node with an id and, below it, children without one and with these ids.
func newSubtree(t *testing.T, d *Document, id string, ids ...string) *Node {
	t.Helper()
	top, inner := d.Create(id), d.Create("")
	mustAppend(t, top, inner)
	for _, id := range ids {
		mustAppend(t, inner, d.Create(id))
	}
	return top
}

func TestDuplicateIDChangesNothing(t *testing.T) {
	d := NewDocument()
	first := newSubtree(t, d, "first", "save", "close")
	mustAppend(t, d.Root(), first)
	attached, detached := d.Live()
	for _, tt := range []struct {
		what string
		c    *Node
	}{
		{"the only node has an id that is attached", d.Create("save")},
		{"the top has an id that is attached", newSubtree(t, d, "first", "p", "q")},
		{"the last of those below has an id that is attached", newSubtree(t, d, "second", "p", "q", "close")},
		{"two below have the same id", newSubtree(t, d, "second", "p", "q", "p")},
		{"the top and one below have the same id", newSubtree(t, d, "second", "second")},
	} {
		before := childIDs(tt.c)
		shelf := d.Create("")
		mustAppend(t, shelf, tt.c)
		if err := d.Root().Append(tt.c); !errors.Is(err, ErrDuplicateID) {
			t.Errorf("%s: Append = %v, want ErrDuplicateID", tt.what, err)
		}
		wantChildren(t, tt.what, d.Root(), "first")
		wantChildren(t, tt.what, shelf, tt.c.ID())
		if got := childIDs(tt.c); got != before {
			t.Errorf("%s: after the refusal its children are %q, want %q as before", tt.what, got, before)
		}
		for _, id := range []string{"second", "p", "q"} {
			if d.ByID(id) != nil {
				t.Errorf("%s: after the refusal ByID(%q) is a node, want nil: all of the subtree is refused, or nothing", tt.what, id)
			}
		}
		for _, id := range []string{"first", "save", "close"} {
			if n := d.ByID(id); n == nil || n == tt.c {
				t.Errorf("%s: after the refusal ByID(%q) is not the node that had the id before", tt.what, id)
			}
		}
		if a, _ := d.Live(); a != attached {
			t.Errorf("%s: after the refusal %d nodes are attached, want %d", tt.what, a, attached)
		}
	}
	if attached != 5 || detached != 0 {
		t.Errorf("root, first, one without id, save and close attached: Live() = %d, %d; want 5, 0", attached, detached)
	}

	twin := newSubtree(t, d, "first", "save")
	mustAppend(t, twin, newSubtree(t, d, "x", "save"))
	first.Remove()
	if err := d.Root().Append(twin); !errors.Is(err, ErrDuplicateID) {
		t.Errorf("save twice in one subtree: Append = %v, want ErrDuplicateID", err)
	}
	twin.Children()[1].Remove()
	mustAppend(t, d.Root(), twin)
	if d.ByID("first") != twin {
		t.Error("the old one removed, its twin attached: ByID does not find the twin; an id is free as soon as its node is not attached")
	}
	if err := d.Root().Append(first); !errors.Is(err, ErrDuplicateID) {
		t.Errorf("the old one again, while its twin is attached: Append = %v, want ErrDuplicateID", err)
	}
}

func TestRemoveWithoutParent(t *testing.T) {
	d := NewDocument()
	a, b := d.Create("a"), d.Create("b")
	mustAppend(t, d.Root(), a)
	d.Root().Remove()
	wantLive(t, "Remove of the root", d, 2, 1)
	wantChildren(t, "Remove of the root", d.Root(), "a")
	wantByID(t, "Remove of the root", d, map[string]*Node{"a": a})
	b.Remove()
	a.Remove()
	a.Remove()
	wantLive(t, "Remove of a twice, and of b that was never attached", d, 1, 2)
	mustAppend(t, d.Root(), a, b)
	wantChildren(t, "both attached after that", d.Root(), "a b")
}

func TestRootAndIDs(t *testing.T) {
	d := NewDocument()
	root := d.Root()
	if root == nil || root != d.Root() {
		t.Fatal("Root() is nil, or another node each time")
	}
	if root.ID() != "" || root.Parent() != nil || len(root.Children()) != 0 {
		t.Errorf("the root of a new document: ID() = %q, Parent() nil: %v, %d children; want no id, no parent, no children", root.ID(), root.Parent() == nil, len(root.Children()))
	}
	if id := d.Create("save").ID(); id != "save" {
		t.Errorf(`Create("save").ID() = %q`, id)
	}
	many := []*Node{d.Create(""), d.Create(""), d.Create("")}
	mustAppend(t, root, many...)
	if n := d.ByID(""); n != nil {
		t.Error(`ByID("") is a node, want nil: "" is no id, and many nodes may have none`)
	}
	if NewDocument().Root() == root {
		t.Error("two documents share a root")
	}
}

func TestChildrenIsACopy(t *testing.T) {
	d := NewDocument()
	a, b := d.Create("a"), d.Create("b")
	mustAppend(t, d.Root(), a, b)
	list := d.Root().Children()
	list[0], list[1] = b, b
	_ = append(list[:0], a, a)
	wantChildren(t, "the caller has changed the list that Children returned", d.Root(), "a b")
	for _, c := range d.Root().Children() {
		c.Remove()
	}
	wantChildren(t, "each child of a Children() list removed in turn", d.Root(), "")
}

func TestLiveCounts(t *testing.T) {
	d := NewDocument()
	wantLive(t, "a new document", d, 1, 0)
	a, b, c, loose := d.Create("a"), d.Create(""), d.Create("c"), d.Create("loose")
	wantLive(t, "four created", d, 1, 4)
	mustAppend(t, a, b)
	mustAppend(t, b, c)
	wantLive(t, "three of them in one tree that is not attached", d, 1, 4)
	mustAppend(t, d.Root(), a)
	wantLive(t, "this tree attached", d, 4, 1)
	mustAppend(t, d.Root(), c)
	wantLive(t, "one moved within the document", d, 4, 1)
	mustAppend(t, b, c)
	b.Remove()
	wantLive(t, "two removed as one subtree", d, 2, 3)
	mustAppend(t, loose, a)
	wantLive(t, "one moved out of the document", d, 1, 4)
	mustAppend(t, d.Root(), loose)
	wantLive(t, "and attached again with its new parent", d, 3, 2)
	mustAppend(t, b, loose)
	mustAppend(t, d.Root(), b)
	wantLive(t, "all attached", d, 5, 0)
	other := NewDocument()
	other.Create("a")
	wantLive(t, "another document made", d, 5, 0)
	for _, n := range []*Node{a, b, c, loose} { // all are in use until here: none was collected
		if n.Parent() == nil {
			t.Errorf("all attached: %q has no parent", n.ID())
		}
	}
}
