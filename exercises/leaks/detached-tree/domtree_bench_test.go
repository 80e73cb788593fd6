package domtree

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"hotloop/exercises/kit"
)

const (
	benchPoints, perPoint = 10, 10
	benchRows             = 99 // a panel has 100 nodes
	benchLevels           = 2000
)

// benchVisit shows a panel of 100 nodes, closes it, and returns the one row that somebody remembers.
func benchVisit(b *testing.B, d *Document, i int) *Node {
	panel := d.Create(fmt.Sprintf("panel %d", i))
	for r := range benchRows {
		mustAppend(b, panel, d.Create(fmt.Sprintf("row %d %d", i, r)))
	}
	mustAppend(b, d.Root(), panel)
	row := panel.Children()[benchRows-1]
	panel.Remove()
	return row
}

// The live heap that 100 panels leave, each shown and closed, if one row of each is remembered.
func BenchmarkVisitsKept(b *testing.B) {
	var kept int64
	for b.Loop() {
		d, remembered := NewDocument(), make([]*Node, benchPoints*perPoint)
		kept = kit.HeapSeries("live heap", benchPoints, perPoint, func(i int) { remembered[i] = benchVisit(b, d, i) })
		runtime.KeepAlive(remembered)
		runtime.KeepAlive(d)
	}
	b.ReportMetric(float64(kept), "kept-B")
}

// How many detached nodes there are while that goes on, by the document's own count.
func BenchmarkDetached(b *testing.B) {
	var last int
	for b.Loop() {
		d, remembered := NewDocument(), make([]*Node, 0, benchPoints*perPoint)
		for p := range benchPoints {
			for range perPoint {
				remembered = append(remembered, benchVisit(b, d, len(remembered)))
			}
			runtime.GC()
			last = benchSettled(d)
			kit.Point("detached nodes", "1", "visits", float64((p+1)*perPoint), float64(last))
			kit.Point("remembered rows", "1", "visits", float64((p+1)*perPoint), float64(len(remembered)))
		}
		runtime.KeepAlive(remembered)
	}
	b.ReportMetric(float64(last), "detached-nodes")
}

// benchSettled is the number of detached nodes once it has stopped falling: cleanups run a little after the collection.
func benchSettled(d *Document) int {
	_, least := d.Live()
	for same := 0; same < 3; same++ {
		time.Sleep(100 * time.Microsecond)
		if _, n := d.Live(); n < least {
			least, same = n, 0
		}
	}
	return least
}

// benchDeep is a document with an attached chain, and the chain's last node. Making it is not what is measured.
var benchDeep = sync.OnceValues(func() (*Document, *Node) {
	d := NewDocument()
	bottom := d.Create("bottom")
	top := bottom
	for range benchLevels - 1 {
		n := d.Create("")
		if err := n.Append(top); err != nil {
			panic(err)
		}
		top = n
	}
	if err := d.Root().Append(top); err != nil {
		panic(err)
	}
	return d, bottom
})

// A small panel shown and closed 2,000 levels below the root.
func BenchmarkDeepPanel(b *testing.B) {
	d, bottom := benchDeep()
	panel := d.Create("panel")
	mustAppend(b, panel, d.Create("title"), d.Create("button"))
	b.ReportAllocs()
	for b.Loop() {
		if err := bottom.Append(panel); err != nil {
			b.Fatal(err)
		}
		panel.Remove()
	}
	runtime.KeepAlive(d)
}
