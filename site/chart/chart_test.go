package chart

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"hotloop/exercises"
	"hotloop/runner/measure"
	"hotloop/runner/report"
)

var lru = &exercises.Exercise{Slug: "lru-cache", Charts: []exercises.Chart{
	{Kind: "bars", Of: "GetHit", Unit: "sec/op", Title: "Time of a hit", Log: true},
	{Kind: "lines", Of: "hit ratio", With: []string{"hit ratio of FIFO", "not measured"}, Unit: "hit-ratio", Title: "Hit ratio by size", X: "entries", Y: "hits per lookup"},
	{Kind: "bars", Of: "NotMeasured", Unit: "sec/op"},
	{Kind: "lines", Of: "not measured"},
}}

func interval(center, spread float64) *measure.Interval {
	return &measure.Interval{Center: center, Lo: center * (1 - spread), Hi: center * (1 + spread)}
}

func ptr[T any](v T) *T { return &v }

func lruReport() *report.Report {
	rep := &report.Report{Exercise: "lru-cache", Benchmarks: []report.Benchmark{
		{Name: "GetHit", Unit: "allocs/op", Yours: interval(0, 0), Naive: interval(0, 0), Target: &report.Target{AtMost: ptr(0.0)}, Met: measure.Yes},
		{Name: "GetHit", Unit: "sec/op", Naive: interval(1.536e-6, 0.02), Reference: interval(3.01e-8, 0.01), Yours: interval(2.81e-8, 0.01),
			Speedup: interval(54.7, 0.01), Target: &report.Target{Speedup: 10}, Met: measure.Yes},
	}}
	for i, variant := range []string{"yours", "naive", "reference"} { // not in the order of the legend
		k := float64(i + 1)
		rep.Series = append(rep.Series,
			report.Series{Name: "hit ratio", Unit: "hit-ratio", Variant: variant, Axis: "entries", Points: [][2]float64{{100, 0.3 + k/50}, {500, 0.5 + k/50}, {1000, 0.58 + k/50}}},
			report.Series{Name: "hit ratio of FIFO", Unit: "hit-ratio", Variant: variant, Axis: "entries", Points: [][2]float64{{100, 0.2}, {500, 0.4}, {1000, 0.5}}},
			report.Series{Name: "heap", Unit: "B", Variant: variant, Points: [][2]float64{{0, 4e5}, {0.1 * k, 2e6 * k}, {0.2 * k, 1e6 * k}}},
		)
	}
	return rep
}

func TestOf(t *testing.T) {
	rep := lruReport()
	var titles []string
	for _, f := range Of(lru, rep) {
		titles = append(titles, f.Title+" | "+f.Description)
	}
	want := []string{
		"Time of a hit | GetHit in sec/op: naive 1.54 µs, reference 30.1 ns, yours 28.1 ns. Target: 10× better than naive (met).",
		"Hit ratio by size | hit ratio over entries: naive from 0.34 to 0.62; reference from 0.36 to 0.64; yours from 0.32 to 0.6; hit ratio of FIFO from 0.2 to 0.5.",
		"Heap | heap over seconds: naive from 391 KiB to 1.91 MiB, at most 3.81 MiB; reference from 391 KiB to 2.86 MiB, at most 5.72 MiB; yours from 391 KiB to 977 KiB, at most 1.91 MiB.",
	}
	if diff := cmp.Diff(want, titles); diff != "" {
		t.Errorf("charts of the report (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(lruReport(), rep); diff != "" {
		t.Errorf("Of changed the report (-before +after):\n%s", diff)
	}
}

func TestGolden(t *testing.T) {
	for i, f := range Of(lru, lruReport()) {
		name := "testdata/" + []string{"bars", "lines", "heap"}[i]
		var option bytes.Buffer
		if err := json.Indent(&option, f.Option, "", "  "); err != nil {
			t.Errorf("%s: the option is not JSON: %v", name, err)
		}
		golden(t, name+".json", option.String()+"\n")
		golden(t, name+".html", string(f.HTML()))
	}
}

// golden compares got with a file. What differs is written to the file's name with .got added; to accept it, rename it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	want, err := os.ReadFile(file)
	if err == nil && string(want) == got {
		return
	}
	if err := os.WriteFile(file+".got", []byte(got), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Errorf("%s differs (-want +got); to accept it: mv %[1]s.got %[1]s\n%s", file, cmp.Diff(string(want), got))
}

func TestWithoutAnExercise(t *testing.T) {
	rep := lruReport()
	if got := len(Of(nil, rep)); got != 5 { // two benchmarks with targets, three series
		t.Errorf("a report of an exercise that is gone has %d charts, want 5", got)
	}
	snippet := &report.Report{Series: []report.Series{
		{Name: "leaky", Unit: "B", Axis: "calls", Variant: "yours", Points: [][2]float64{{0, 1}, {1, 2}}},
		{Name: "fixed", Unit: "B", Axis: "calls", Variant: "yours", Points: [][2]float64{{0, 1}, {1, 1}}},
		{Name: "goroutines", Unit: "1", Variant: "yours", Points: [][2]float64{{0, 2}}},
	}}
	figures := Of(nil, snippet)
	if len(figures) != 2 || !strings.Contains(string(figures[0].Option), `"leaky"`) || !strings.Contains(string(figures[0].Option), `"fixed"`) {
		t.Errorf("a snippet's charts are %+v, want leaky and fixed in one, goroutines in another", figures)
	}
}

// Whatever was measured, the option is JSON without functions, a log axis has only what has a logarithm, and the page
// stays in one piece.
func TestOddNumbers(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, b := range map[string]report.Benchmark{
		"nothing":         {Name: "X", Unit: "sec/op"},
		"no interval":     {Name: "X", Unit: "sec/op", Yours: &measure.Interval{Center: 1, Lo: -inf, Hi: inf}},
		"unknown":         {Name: "X", Unit: "sec/op", Yours: &measure.Interval{Center: nan, Lo: -inf, Hi: inf}},
		"zero":            {Name: "X", Unit: "B", Yours: interval(0, 0), Target: &report.Target{AtMost: ptr(0.0)}},
		"speedup of zero": {Name: "X", Unit: "B", Naive: interval(0, 0), Yours: interval(0, 0), Target: &report.Target{Speedup: 2}},
		"target only":     {Name: "X", Unit: "B", Target: &report.Target{Speedup: 2}},
		"infinite naive":  {Name: "X", Unit: "B", Naive: &measure.Interval{Center: inf, Lo: inf, Hi: inf}, Target: &report.Target{Speedup: 2}},
	} {
		f := Bars(b, exercises.Chart{Kind: "bars", Of: "X", Log: true})
		if !json.Valid(f.Option) {
			t.Errorf("bars of %s: the option is not JSON: %s", name, f.Option)
		}
		if (name == "zero" || name == "speedup of zero") && strings.Contains(string(f.Option), `"log"`) {
			t.Errorf("bars of %s are on a logarithmic axis", name)
		}
	}
	for name, points := range map[string][][2]float64{
		"nothing": nil, "NaN": {{0, nan}, {1, 2}}, "infinite": {{inf, 1}}, "one": {{1, 1}}, "below zero": {{0, -1}, {1, 5}},
	} {
		f := Lines([]report.Series{{Name: "s", Unit: "B", Variant: "yours", Points: points}}, exercises.Chart{Of: "s", Log: true})
		if !json.Valid(f.Option) {
			t.Errorf("lines of %s: the option is not JSON: %s", name, f.Option)
		}
		if name == "below zero" && strings.Contains(string(f.Option), `"log"`) {
			t.Errorf("lines of %s are on a logarithmic axis", name)
		}
	}
}

// A distribution, told by kit's Latencies, is a line for each variant over named percentiles, on a logarithmic axis.
func TestLatency(t *testing.T) {
	points := func(ms ...float64) (list [][2]float64) {
		for i, p := range []float64{50, 99, 99.9, 100} {
			list = append(list, [2]float64{p, ms[i] / 1000})
		}
		return list
	}
	series := func(variant string, points [][2]float64) report.Series {
		return report.Series{Name: "latency", Unit: "sec", Axis: measure.PercentileAxis, Variant: variant, Points: points}
	}
	rep := &report.Report{Exercise: "server", Series: []report.Series{series("naive", points(1, 90, 95, 101)), series("yours", points(1, 2, 3, 4))}}
	ex := &exercises.Exercise{Charts: []exercises.Chart{{Kind: "latency", Of: "latency", Unit: "sec", Title: "Latency under load"}}}
	for _, ex := range []*exercises.Exercise{ex, nil} {
		figures := Of(ex, rep)
		if len(figures) != 1 {
			t.Fatalf("%d figures, want one", len(figures))
		}
		want := [][]string{{"percentile", "naive", "yours"}, {"p50", "1.00 ms", "1.00 ms"}, {"p99", "90.0 ms", "2.00 ms"}, {"p99.9", "95.0 ms", "3.00 ms"}, {"max", "101 ms", "4.00 ms"}}
		if diff := cmp.Diff(want, figures[0].Table); diff != "" {
			t.Errorf("table (-want +got):\n%s", diff)
		}
		if want := "naive p50 1.00 ms, p99 90.0 ms, max 101 ms; yours"; !strings.Contains(figures[0].Description, want) {
			t.Errorf("description %q, want %q in it", figures[0].Description, want)
		}
		if option := string(figures[0].Option); !strings.Contains(option, `"type":"log"`) || !strings.Contains(option, `"p99.9"`) {
			t.Errorf("option %s; want a logarithmic axis and percentiles by name", option)
		}
	}
}

// What was sampled of the heap is one picture of yours, beside the heap of all variants; pauses are single events.
func TestSampledSeries(t *testing.T) {
	rep := &report.Report{Exercise: "x"}
	for _, name := range []string{"heap", "heap after collection", "heap held", "goroutines", "GC pauses"} {
		for _, variant := range []string{"naive", "yours"} {
			rep.Series = append(rep.Series, report.Series{Name: name, Unit: "B", Variant: variant, Points: [][2]float64{{0, 1}, {1, 2}}})
		}
	}
	var titles []string
	for _, f := range Of(nil, rep) {
		titles = append(titles, f.Title)
		if f.Title == "GC pauses" && strings.Count(string(f.Option), `"type":"scatter"`) != 2 {
			t.Errorf("pauses are not single events: %s", f.Option)
		}
		if f.Title == heapTitle && len(f.Table[0]) != 4 {
			t.Errorf("the parts of the heap: %v, want three", f.Table)
		}
	}
	if diff := cmp.Diff([]string{"Heap", heapTitle, "Goroutines", "GC pauses"}, titles); diff != "" {
		t.Errorf("figures (-want +got):\n%s", diff)
	}
}

func TestLongSeriesAreThinned(t *testing.T) {
	var points [][2]float64
	for i := range 100_000 {
		points = append(points, [2]float64{float64(i), float64(i % 7)})
	}
	f := Lines([]report.Series{{Name: "s", Unit: "B", Variant: "yours", Axis: "calls", Points: points}}, exercises.Chart{Of: "s"})
	if len(f.Option) > 20_000 || len(f.Table) > maxRows+1 {
		t.Errorf("100,000 points make an option of %d bytes and a table of %d rows", len(f.Option), len(f.Table))
	}
	if !strings.Contains(string(f.Option), "[99999,") || f.Table[len(f.Table)-1][0] != "99,999" {
		t.Error("the last point is missing")
	}
}

// Names come from the learner's program.
func TestNamesAreText(t *testing.T) {
	evil := `</script><img src=x onerror=alert(1)>@fmt:bytes` + "\u202e\x1b[31m"
	f := Lines([]report.Series{{Name: evil, Unit: evil, Variant: "@fmt:bytes" + evil, Axis: evil, Points: [][2]float64{{0, 1}, {1, 2}}}},
		exercises.Chart{Of: evil, Title: evil})
	doc, err := html.Parse(strings.NewReader(string(f.HTML())))
	if err != nil {
		t.Fatal(err)
	}
	var option string
	for n := range doc.Descendants() {
		if n.Data == "img" || n.Type == html.ElementNode && len(n.Attr) > 0 && strings.HasPrefix(n.Attr[0].Key, "on") {
			t.Errorf("a name became markup: <%s>", n.Data)
		}
		if n.Data == "script" && n.FirstChild != nil {
			option = n.FirstChild.Data
		}
	}
	if diff := cmp.Diff(string(f.Option), option); diff != "" {
		t.Errorf("the option does not arrive in the page as it is (-want +got):\n%s", diff)
	}
	if strings.Contains(option, `"name":"@fmt:`) {
		t.Errorf("a name is taken for a formatter: %s", option)
	}
}
