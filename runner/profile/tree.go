package profile

import (
	"cmp"
	"slices"
	"strings"
)

// The classes of a Node: whose work it is.
const (
	Own       = "own"       // the solution's own files
	Tests     = "tests"     // the exercise's benchmarks and what they measure with
	Allocator = "alloc"     // the runtime, making room
	Collector = "collector" // the runtime, cleaning up
	Others    = "other"     // the standard library, and the rest of the runtime
)

// A Node is a function as it was called from its Parent, with all that it called.
type Node struct {
	Name     string
	Class    string
	Value    float64 // with all that it called; seconds or bytes
	Self     float64 // of that, its own
	Children []*Node // the largest first
}

// Tree is the profile as a tree of calls. Its root stands for all of it and has no class. own says which files are the
// solution's.
func (p *Profile) Tree(own func(file string) bool) *Node {
	root := &Node{Name: "all"}
	for _, s := range p.samples {
		root.Value += s.value
		at, class := root, ""
		for _, f := range s.frames {
			class = classOf(f, class, own)
			at = at.child(f.function, class)
			at.Value += s.value
		}
		at.Self += s.value
	}
	root.sort()
	return root
}

func (n *Node) child(name, class string) *Node {
	for _, c := range n.Children {
		if c.Name == name && c.Class == class {
			return c
		}
	}
	c := &Node{Name: name, Class: class}
	n.Children = append(n.Children, c)
	return c
}

func (n *Node) sort() {
	slices.SortFunc(n.Children, func(a, b *Node) int { return cmp.Or(cmp.Compare(b.Value, a.Value), cmp.Compare(a.Name, b.Name)) })
	for _, c := range n.Children {
		c.sort()
	}
}

// classOf is the class of a frame under a caller of class above. What the collector or the allocator calls is theirs.
func classOf(f frame, above string, own func(string) bool) string {
	name, inRuntime := strings.CutPrefix(f.function, "runtime.")
	switch {
	case above == Collector:
		return Collector
	case inRuntime && isCollector(name):
		return Collector
	case above == Allocator:
		return Allocator
	case inRuntime && allocators[name]:
		return Allocator
	case own(f.file):
		return Own
	case strings.HasSuffix(f.file, "_test.go") && !strings.Contains(f.file, "/"), strings.HasPrefix(f.function, "hotloop/exercises/kit"):
		return Tests
	}
	return Others
}

func isCollector(name string) bool {
	for _, prefix := range []string{"gc", "bgsweep", "bgscavenge", "GC", "scanobject", "sweep", "(*sweepLocked)", "(*gcWork)", "(*gcControllerState)", "wbBufFlush", "forcegchelper"} {
		if strings.HasPrefix(name, prefix) {
			return name != "gcWriteBarrier1" && name != "gcWriteBarrier2" // the program's own stores
		}
	}
	return false
}

// allocators are the runtime's functions that compilers call for whatever makes a value.
var allocators = map[string]bool{"mallocgc": true, "newobject": true, "newarray": true, "makeslice": true, "makeslicecopy": true,
	"makeslice64": true, "growslice": true, "growsliceNoAlloc": true, "rawstring": true, "rawbyteslice": true, "rawruneslice": true, "rawstringtmp": true,
	"slicebytetostring": true, "stringtoslicebyte": true, "concatstrings": true, "concatstring2": true, "concatstring3": true, "concatstring4": true,
	"concatstring5": true, "makemap": true, "makemap_small": true, "makechan": true, "convT": true, "convT64": true, "convTstring": true,
	"convTslice": true, "newproc": true}
