package domtree

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"hotloop/exercises/kit"
)

// A treeModel is a tree written for certainty: nodes are numbers, 0 is the root, and everything is looked up by walking.
type treeModel struct {
	ids    []string
	parent []int // -1: none
	below  [][]int
}

func (m *treeModel) create(id string) {
	m.ids, m.parent, m.below = append(m.ids, id), append(m.parent, -1), append(m.below, nil)
}

// top is the uppermost node above n, or n.
func (m *treeModel) top(n int) int {
	for m.parent[n] >= 0 {
		n = m.parent[n]
	}
	return n
}

func (m *treeModel) attached(n int) bool { return m.top(n) == 0 }

func (m *treeModel) isAbove(c, n int) bool {
	for ; n >= 0; n = m.parent[n] {
		if n == c {
			return true
		}
	}
	return false
}

func (m *treeModel) byID(id string) int {
	if id != "" {
		for n := range m.ids {
			if m.ids[n] == id && m.attached(n) {
				return n
			}
		}
	}
	return -1
}

// clash is whether attaching c would give two attached nodes one id.
func (m *treeModel) clash(c int) bool {
	taken := map[string]bool{}
	for n, id := range m.ids {
		if id != "" && (m.attached(n) || m.isAbove(c, n)) {
			if taken[id] {
				return true
			}
			taken[id] = true
		}
	}
	return false
}

func (m *treeModel) append(n, c int) error {
	switch {
	case c == 0 || m.isAbove(c, n):
		return ErrCycle
	case m.attached(n) && !m.attached(c) && m.clash(c):
		return ErrDuplicateID
	}
	m.remove(c)
	m.parent[c], m.below[n] = n, append(m.below[n], c)
	return nil
}

func (m *treeModel) remove(c int) {
	if p := m.parent[c]; p >= 0 {
		m.below[p] = slices.DeleteFunc(m.below[p], func(x int) bool { return x == c })
		m.parent[c] = -1
	}
}

// compare is the first difference between the model and the nodes, or "".
func (m *treeModel) compare(d *Document, nodes []*Node) string {
	number := func(n *Node) int { return slices.Index(nodes, n) }
	attached := 0
	for n := range nodes {
		if m.attached(n) {
			attached++
		}
		if got := number(nodes[n].Parent()); got != m.parent[n] {
			return fmt.Sprintf("the parent of node %d is node %d, want %d", n, got, m.parent[n])
		}
		var children []int
		for _, c := range nodes[n].Children() {
			children = append(children, number(c))
		}
		if !slices.Equal(children, m.below[n]) {
			return fmt.Sprintf("the children of node %d are %v, want %v", n, children, m.below[n])
		}
		if got, want := number(d.ByID(m.ids[n])), m.byID(m.ids[n]); got != want {
			return fmt.Sprintf("ByID(%q) is node %d, want %d", m.ids[n], got, want)
		}
	}
	if a, b := d.Live(); a != attached || b != len(nodes)-attached {
		return fmt.Sprintf("Live() = %d, %d; want %d, %d", a, b, attached, len(nodes)-attached)
	}
	return ""
}

func TestAgreesWithModel(t *testing.T) {
	r := kit.Rand(t)
	for range 20 {
		d := NewDocument()
		m, nodes := new(treeModel), []*Node{d.Root()}
		m.create("")
		for range 4 + r.IntN(20) {
			id := []string{"", "a", "b", "c", "d", "e", "f", "g", "h"}[r.IntN(9)]
			m.create(id)
			nodes = append(nodes, d.Create(id))
		}
		var calls []string
		for range 200 {
			calls = append(calls, randomCall(t, r, m, nodes))
			if diff := m.compare(d, nodes); diff != "" {
				t.Fatalf("ids %q, node 0 is the root; after the calls …%v: %s", m.ids, calls[max(0, len(calls)-8):], diff)
			}
		}
	}
}

// randomCall makes one call on both and says which.
func randomCall(t *testing.T, r *rand.Rand, m *treeModel, nodes []*Node) string {
	t.Helper()
	n, c := r.IntN(len(nodes)), r.IntN(len(nodes))
	if r.IntN(4) == 0 {
		nodes[c].Remove()
		m.remove(c)
		return fmt.Sprintf("%d.Remove()", c)
	}
	if r.IntN(4) == 0 {
		n = 0
	}
	got, want := nodes[n].Append(nodes[c]), m.append(n, c)
	if !errors.Is(got, want) {
		t.Fatalf("ids %q, parents %v, node 0 is the root: %d.Append(%d) = %v, want %v", m.ids, m.parent, n, c, got, want)
	}
	return fmt.Sprintf("%d.Append(%d) → %v", n, c, want)
}
