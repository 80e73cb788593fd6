package runner

import (
	"fmt"
	"testing"

	"hotloop/runner/measure"
)

// Operations that leave something behind, or nothing.
var leaks = []struct {
	name, op   string
	heap, left measure.Decision // whether the targets of heap and goroutines are met
}{
	{"no leak", "tmp = make([]byte, 1024)", measure.Yes, measure.Yes},
	{"16 bytes for each call", "nodes = &node{nodes, 1}", measure.No, measure.Yes},
	{"a goroutine for each call", "go func() { <-never }()", measure.No, measure.No},
	{"a map without bound", "byKey[i] = i\n\ti++", measure.No, measure.Yes},
	{"a part that keeps the whole", "kept = append(kept, make([]byte, 1024)[:4])", measure.No, measure.Yes},
	{"tickers that are kept", "tickers = append(tickers, time.NewTicker(time.Hour))", measure.No, measure.Yes},
}

const (
	leakCode = `package add

import "time"

type node struct {
	next  *node
	value int
}

var (
	nodes   *node
	tmp     []byte
	kept    [][]byte
	never   = make(chan int)
	byKey   = map[int]int{}
	i       int
	tickers []*time.Ticker
)

// Reset begins anew, as a new cache would.
func Reset() { nodes, kept, byKey, tickers = nil, nil, map[int]int{}, nil }

func Op() {
	%s
}
`
	leakBench = `package add

import (
	"testing"

	"hotloop/exercises/kit"
)

func BenchmarkHeap(b *testing.B) {
	var grown int64
	for b.Loop() {
		Reset()
		grown = kit.HeapSeries("live heap", 8, 500, func(int) { Op() })
	}
	b.ReportMetric(float64(grown), "kept-B")
}

func BenchmarkLeft(b *testing.B) {
	var left int
	for b.Loop() {
		left = kit.Goroutines(func() {
			for range 100 {
				Op()
			}
		})
	}
	b.ReportMetric(float64(left), "goroutines")
}
`
	leakTest = `package add

import "testing"

func TestAdd(t *testing.T) { Op() }
`
	leakTargets = `  - {benchmark: Heap, unit: kept-B, at_most: 32000, why: Half of what 16 bytes for each of 4 000 calls make.}
  - {benchmark: Left, unit: goroutines, at_most: 0, why: None.}
`
)

// BenchmarkLeaks prints how often a leak is not found, or found where there is none, beside two busy loops:
//
//	go test -run '^$' -bench Leaks -benchtime 1x -timeout 60m ./runner        (-short: 20 verdicts of each, not 200)
func BenchmarkLeaks(b *testing.B) {
	repetitions := 200
	if testing.Short() {
		repetitions = 20
	}
	for b.Loop() {
		stop := underLoad(b, "busy", 2)
		for _, leak := range leaks {
			code := fmt.Sprintf(leakCode, leak.op)
			c := addersWith(b, code, code, leakTest, leakBench, leakTargets)
			g := newRig(b, c, Job{Exercise: "add", Files: referenceFiles(b, c, "add")}, "naive", "reference")
			wrong, undecided := 0, 0
			var note string
			for range repetitions {
				for _, found := range g.measure(nil, "Heap", "Left").Benchmarks {
					want := leak.heap
					if found.Name == "Left" {
						want = leak.left
					} else {
						note = found.Note
					}
					switch found.Met {
					case want:
					case measure.Inconclusive:
						undecided++
					default:
						wrong++
					}
				}
			}
			fmt.Printf("busy   %-28s %d verdicts on heap and goroutines: %d wrong, %d inconclusive; %s\n", leak.name, 2*repetitions, wrong, undecided, note)
		}
		stop()
	}
}
