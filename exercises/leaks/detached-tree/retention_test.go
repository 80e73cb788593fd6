package domtree

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
	"weak"
)

// afterCollections forces collections until ok, ten at most. Cleanups run on goroutines of the runtime, so each
// collection is followed by looks that leave them time. Looks are counted and not time, because on a busy machine time
// passes while nobody runs.
func afterCollections(ok func() bool) bool {
	for range 10 {
		runtime.GC()
		for range 20 {
			if ok() {
				return true
			}
			time.Sleep(time.Millisecond)
		}
	}
	return false
}

// stillAlive is how many of the nodes have not been collected.
func stillAlive(nodes []weak.Pointer[Node]) (n int) {
	for _, w := range nodes {
		if w.Value() != nil {
			n++
		}
	}
	return n
}

// newTable attaches a table of rows × cells and returns it with weak pointers to all its nodes. It is a function of its own,
// as are the others that make nodes here, so that no pointer to them stays behind in the frame of a test.
//
//go:noinline
func newTable(t *testing.T, d *Document, id string, rows, cells int) (*Node, []weak.Pointer[Node]) {
	top := d.Create(id)
	all := []weak.Pointer[Node]{weak.Make(top)}
	for r := range rows {
		row := d.Create(fmt.Sprintf("%s row %d", id, r))
		all = append(all, weak.Make(row))
		for c := range cells {
			cell := d.Create(fmt.Sprintf("%s cell %d %d", id, r, c))
			all = append(all, weak.Make(cell))
			mustAppend(t, row, cell)
		}
		mustAppend(t, top, row)
	}
	mustAppend(t, d.Root(), top)
	return top, all
}

// removedTable is a table that was attached and removed, of which only what pick returns is held.
//
//go:noinline
func removedTable(t *testing.T, d *Document, rows, cells int, pick func(table *Node) *Node) (held *Node, all []weak.Pointer[Node]) {
	top, all := newTable(t, d, "table", rows, cells)
	held = pick(top)
	top.Remove()
	return held, all
}

// removedChain attaches nodes one below the other and removes the first.
//
//go:noinline
func removedChain(t *testing.T, d *Document, levels int) {
	bottom := d.Create("bottom")
	for range levels - 1 {
		n := d.Create("")
		mustAppend(t, n, bottom)
		bottom = n
	}
	mustAppend(t, d.Root(), bottom)
	bottom.Remove()
}

func TestRemovedSubtreeIsCollected(t *testing.T) {
	d := NewDocument()
	_, all := removedTable(t, d, 100, 98, func(*Node) *Node { return nil })
	removedChain(t, d, 99)
	if !afterCollections(func() bool { return stillAlive(all) == 0 }) {
		t.Errorf("a table of %d nodes was removed and nobody holds one: %d of them are still alive after ten collections; something of the document leads to them", len(all), stillAlive(all))
	}
	if !afterCollections(func() bool { _, detached := d.Live(); return detached == 0 }) {
		attached, detached := d.Live()
		t.Errorf("10,000 nodes were removed and nobody holds one: Live() = %d attached, %d detached after ten collections; want 1, 0: what tells of a node's end must neither hold the node nor wait for those above it", attached, detached)
	}
	again, _ := newTable(t, d, "table", 2, 2)
	if d.ByID("table") != again {
		t.Error("a table with the ids of the one that was collected: ByID does not find it")
	}
	wantLive(t, "a table of 7 nodes attached, all others collected", d, 8, 0)
}

func TestHeldNodeKeepsWhatIsBelowIt(t *testing.T) {
	for _, tt := range []struct {
		what string
		pick func(table *Node) *Node
		want int
	}{
		{"the last cell", func(table *Node) *Node { return table.Children()[9].Children()[4] }, 1},
		{"the first cell", func(table *Node) *Node { return table.Children()[0].Children()[0] }, 1},
		{"a row", func(table *Node) *Node { return table.Children()[4] }, 6},
		{"the table", func(table *Node) *Node { return table }, 61},
	} {
		d := NewDocument()
		held, all := removedTable(t, d, 10, 5, tt.pick)
		ok := afterCollections(func() bool { _, detached := d.Live(); return stillAlive(all) <= tt.want && detached <= tt.want })
		_, detached := d.Live()
		if !ok {
			t.Errorf("%s of a removed table of %d nodes is held: %d are alive after ten collections, and Live counts %d detached; want %d: a node keeps what is below it, not what is above or beside it", tt.what, len(all), stillAlive(all), detached, tt.want)
		}
		if n := stillAlive(all); n < tt.want || detached < tt.want {
			t.Errorf("%s of a removed table is held: %d nodes are alive, and Live counts %d detached; want %d: what is below a node belongs to it", tt.what, n, detached, tt.want)
		}
		runtime.KeepAlive(held)
	}
}

func TestParentIsNilOnceCollected(t *testing.T) {
	d := NewDocument()
	row, _ := removedTable(t, d, 2, 3, func(table *Node) *Node { return table.Children()[1] })
	if !afterCollections(func() bool { return row.Parent() == nil }) {
		t.Fatal("a row of a removed table is held, and nothing else: its Parent() is still there after ten collections")
	}
	wantChildren(t, "the table collected, its row held", row, "table cell 1 0 table cell 1 1 table cell 1 2")
	row.Remove()
	if !afterCollections(func() bool { a, b := d.Live(); return a == 1 && b == 4 }) {
		wantLive(t, "Remove of a row whose table was collected", d, 1, 4)
	}
	mustAppend(t, d.Root(), row)
	wantChildren(t, "the row attached", d.Root(), "table row 1")
	if cell := d.ByID("table cell 1 2"); cell == nil || cell.Parent() != row {
		t.Error("the row attached after its table was collected: ByID does not find its cells; a part that outlives the rest is a subtree like any other")
	}
	if cell := d.ByID("table cell 0 0"); cell != nil {
		t.Error("ByID finds a cell of a row that was collected")
	}
	wantLive(t, "the row attached", d, 5, 0)
}

func TestParentLivesWhileReachable(t *testing.T) {
	d := NewDocument()
	panel, _ := newTable(t, d, "table", 2, 2)
	cell := panel.Children()[1].Children()[1]
	for range 3 {
		runtime.GC()
	}
	if d.ByID("table cell 1 1") != cell || cell.Parent() == nil || cell.Parent().Parent() != panel || panel.Parent() != d.Root() {
		t.Error("after collections of an attached table: the way from a cell to the root is broken; the document holds its nodes")
	}
	panel.Remove()
	for range 3 {
		runtime.GC()
	}
	wantChildren(t, "removed and held, after collections", panel, "table row 0 table row 1")
	if row := cell.Parent(); row == nil || row.Parent() != panel {
		t.Error("the table removed and held, after collections: the way from a cell to it is broken; who holds the top holds everything below")
	}
	wantLive(t, "the table removed and held, after collections", d, 1, 7)
	runtime.KeepAlive(panel)
}

// A list that forgets a child may go on pointing to it behind its end.
func TestRemovedChildIsCollected(t *testing.T) {
	for i := range 4 {
		d := NewDocument()
		parent, _ := newTable(t, d, "table", 0, 0)
		var w weak.Pointer[Node]
		func() {
			for j := range 4 {
				mustAppend(t, parent, d.Create(fmt.Sprint(j)))
			}
			c := parent.Children()[i]
			w = weak.Make(c)
			c.Remove()
		}()
		if !afterCollections(func() bool { return w.Value() == nil }) {
			t.Errorf("child %d of 4 was removed, nobody holds it, and it is still alive after ten collections: somewhere its parent points to it, perhaps behind the end of a slice", i)
		}
		runtime.KeepAlive(parent)
		runtime.KeepAlive(d)
	}
}

func TestNodeDoesNotKeepItsDocument(t *testing.T) {
	for what, pick := range map[string]func(*Document, *Node) *Node{
		"nothing":                  func(*Document, *Node) *Node { return nil },
		"a removed row":            func(_ *Document, table *Node) *Node { row := table.Children()[0]; row.Remove(); return row },
		"an attached row":          func(_ *Document, table *Node) *Node { return table.Children()[0] },
		"a node that never joined": func(d *Document, _ *Node) *Node { return d.Create("new") },
	} {
		var held *Node
		var doc weak.Pointer[Document]
		var others []weak.Pointer[Node]
		func() {
			d := NewDocument()
			panel, _ := newTable(t, d, "table", 2, 3)
			held, doc = pick(d, panel), weak.Make(d)
			others = []weak.Pointer[Node]{weak.Make(d.Root()), weak.Make(panel), weak.Make(panel.Children()[len(panel.Children())-1])}
		}()
		if !afterCollections(func() bool { return doc.Value() == nil && stillAlive(others) == 0 }) {
			t.Errorf("of a whole document %s is held: after ten collections the document is alive: %v, and %d of three other nodes; want none: a node keeps what is below it and nothing else, and a cleanup keeps nothing of the tree", what, doc.Value() != nil, stillAlive(others))
		}
		if held != nil {
			if p := held.Parent(); p != nil {
				t.Errorf("%s is held and its document was collected: Parent() is still %q", what, p.ID())
			}
			if id, n := held.ID(), len(held.Children()); id != "new" && (id != "table row 0" || n != 3) {
				t.Errorf("%s is held and its document was collected: ID() = %q with %d children; want what they were", what, id, n)
			}
		}
	}
}

// Cleanups run when they like: also between any two calls, and during one.
func TestCollectorRunsMeanwhile(t *testing.T) {
	const rounds = 200
	stop, stopped := make(chan struct{}), make(chan struct{})
	defer func() {
		close(stop)
		<-stopped
	}()
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	}()
	d, done := NewDocument(), make(chan string, 1)
	go func() {
		defer close(done)
		for i := range rounds {
			panel, all := newTable(t, d, "table", 4, 4)
			attached, detached := d.Live()
			if most := i * len(all); attached != 1+len(all) || detached < 0 || detached > most {
				done <- fmt.Sprintf("round %d, with a table of %d nodes attached: Live() = %d, %d; want %d attached and 0 to %d detached", i, len(all), attached, detached, 1+len(all), most)
				return
			}
			panel.Remove()
		}
	}()
	select {
	case failure := <-done:
		if failure != "" {
			t.Error(failure)
		}
	case <-time.After(15 * time.Second):
		t.Fatal("tables are attached and removed while the collector runs: still not done after 15s; does a cleanup wait for a lock that its own collection cannot free?")
	}
	if !afterCollections(func() bool { a, b := d.Live(); return a == 1 && b == 0 }) {
		attached, detached := d.Live()
		t.Errorf("%d tables attached and removed while the collector ran: Live() = %d, %d after ten collections; want 1, 0: cleanups run on other goroutines, and no end may be lost", rounds, attached, detached)
	}
}

// The last one: it makes the deepest tree. On a goroutine of its own the size of its stack tells whether depth costs stack.
func TestDeepTree(t *testing.T) {
	const levels, allowed = 100_000, 1 << 20
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection would shrink the stack before it is read
	grown := make(chan int64)
	go func() {
		defer close(grown)
		before := stackInUse()
		deepTree(t, levels)
		grown <- stackInUse() - before
	}()
	if n := <-grown; n > allowed {
		t.Errorf("a tree of %d levels was attached, removed and attached again: that needed %d KiB of stack, want at most %d: depth comes from others' input, and a stack that outgrows its limit ends the program", levels, n>>10, allowed>>10)
	}
}

func stackInUse() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.StackInuse)
}

func deepTree(t *testing.T, levels int) {
	d := NewDocument()
	bottom := d.Create("bottom")
	top := bottom
	begin := time.Now()
	for i := range levels - 1 {
		n := d.Create("")
		if err := n.Append(top); err != nil {
			t.Errorf("a new node, Append of the top of a chain: %v", err)
			return
		}
		top = n
		if i%1000 == 0 && time.Since(begin) > 15*time.Second { // else the time limit ends the program, and says less
			t.Errorf("after 15s a chain has %d of %d levels; want each Append to a new node to be cheap, however much is below the node that it appends", i, levels)
			return
		}
	}
	for range 2 {
		if err := d.Root().Append(top); err != nil {
			t.Errorf("Append of a chain of %d nodes: %v", levels, err)
			return
		}
		if d.ByID("bottom") != bottom {
			t.Errorf("a chain of %d nodes attached: ByID does not find the last", levels)
		}
		if err := bottom.Append(top); err != ErrCycle {
			t.Errorf("the first of %d nodes to the last: %v, want ErrCycle", levels, err)
		}
		wantLive(t, "a chain attached", d, levels+1, 0)
		top.Remove()
		if d.ByID("bottom") != nil {
			t.Errorf("a chain of %d nodes removed: ByID finds the last still", levels)
		}
		wantLive(t, "a chain removed", d, 1, levels)
	}
	steps := 0
	for n := bottom; n.Parent() != nil; n = n.Parent() {
		steps++
	}
	if steps != levels-1 {
		t.Errorf("from the last of %d nodes to the first are %d steps", levels, steps)
	}
	runtime.KeepAlive(top)
}
