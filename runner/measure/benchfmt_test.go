package measure

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var lruSamples = []Sample{
	{Benchmark: "GetHit", Variant: "naive", Unit: "sec/op", Value: 1.536e-06, Round: 0, N: 1000},
	{Benchmark: "GetHit", Variant: "naive", Unit: "allocs/op", Value: 0, Round: 0, N: 1000},
	{Benchmark: "GetHit", Variant: "yours", Unit: "sec/op", Value: 2.81e-08, Round: 0, N: 50000},
	{Benchmark: "GetHit", Variant: "naive", Unit: "sec/op", Value: 1.498e-06, Round: 1, N: 1000},
	{Benchmark: "HeapKept", Variant: "yours", Unit: "kept-B", Value: 4096, Round: 0, N: 1},
}

const lruBenchfmt = `cpu: AMD EPYC
pkg: lru-cache

BenchmarkGetHit/variant=naive 1000 1.536e-06 sec/op 0 allocs/op
BenchmarkGetHit/variant=yours 50000 2.81e-08 sec/op
BenchmarkGetHit/variant=naive 1000 1.498e-06 sec/op
BenchmarkHeapKept/variant=yours 1 4096 kept-B
`

func TestBenchfmt(t *testing.T) {
	var b strings.Builder
	if err := WriteBenchfmt(&b, lruSamples, map[string]string{"pkg": "lru-cache", "cpu": "AMD\nEPYC", "goos": ""}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(lruBenchfmt, b.String()); diff != "" {
		t.Errorf("WriteBenchfmt (-want +got):\n%s", diff)
	}
	back, err := ReadBenchfmt(strings.NewReader(b.String()), "lru.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(lruSamples, back); diff != "" {
		t.Errorf("what was written is not what is read (-written +read):\n%s", diff)
	}
}

func TestReadBenchfmtOfGoTest(t *testing.T) {
	const printed = "goos: linux\nBenchmarkGetHit-2   \t 1000\t 28.5 ns/op\t 3 MB/s\nPASS\n"
	got, err := ReadBenchfmt(strings.NewReader(printed), "out.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := []Sample{
		{Benchmark: "GetHit-2", Variant: "yours", Unit: "sec/op", Value: 28.5e-9, N: 1000},
		{Benchmark: "GetHit-2", Variant: "yours", Unit: "B/s", Value: 3e6, N: 1000},
	}
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 1e-12*math.Abs(a) })
	if diff := cmp.Diff(want, got, near); diff != "" {
		t.Errorf("ReadBenchfmt (-want +got):\n%s", diff)
	}
}

func TestBenchfmtErrors(t *testing.T) {
	_, err := ReadBenchfmt(strings.NewReader("BenchmarkX 1 2 sec/op\nBenchmarkY what 2 sec/op\n"), "bad.txt")
	if err == nil || !strings.Contains(err.Error(), "bad.txt:2") {
		t.Errorf("ReadBenchfmt of a bad second line: %v, want an error that names bad.txt:2", err)
	}
	for _, s := range []Sample{{Benchmark: "Two words", Variant: "yours", Unit: "B"}, {Benchmark: "X", Variant: "yours", Unit: ""},
		{Benchmark: "X\nBenchmarkForged", Variant: "yours", Unit: "B"}} {
		if err := WriteBenchfmt(&strings.Builder{}, []Sample{s}, nil); err == nil {
			t.Errorf("WriteBenchfmt(%+v) wrote what cannot be read back", s)
		}
	}
}
