// Package chart turns measurements into figures: options for ECharts as plain JSON, a sentence and a table that say the
// same without a picture, and the markup around them. It alone knows go-echarts. Colors, fonts and sizes are the page's:
// series are called "naive", "reference" and "yours", and the script that draws them knows these names.
package chart

import (
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"hotloop/exercises"
	"hotloop/exercises/kit/harness"
	"hotloop/runner/measure"
	"hotloop/runner/report"
)

// A Figure is one chart.
type Figure struct {
	Title       string
	Description string          // what the chart shows, in one sentence, for those who do not see it
	Option      json.RawMessage // for ECharts' setOption; strings "@fmt:bytes" and the like stand for formatters
	Table       [][]string      // the same numbers for people; the first row is the head
}

// Of are the charts of a report: those that the exercise asks for, as far as there is something to draw, then the series
// that it does not name. Where the exercise asks for none, each benchmark with a target has one. A snippet, which has no
// exercise, has its series side by side.
func Of(ex *exercises.Exercise, rep *report.Report) []Figure {
	if ex == nil && rep.Exercise == "" {
		return ofSnippet(rep)
	}
	var figures []Figure
	drawn := map[string]bool{} // names of series
	for _, c := range wanted(ex, rep) {
		switch c.Kind {
		case "bars":
			if b := benchmark(rep, c); b != nil {
				figures = append(figures, Bars(*b, c))
			}
		case "latency":
			drawn[c.Of] = true
			if list := named(rep.Series, c.Of); len(list) > 0 {
				figures = append(figures, Latency(list, c))
			}
		case "lines":
			drawn[c.Of] = true
			list := named(rep.Series, c.Of)
			for _, name := range c.With {
				drawn[name] = true
				list = append(list, companion(rep.Series, name)...)
			}
			if len(list) > 0 {
				figures = append(figures, Lines(list, c))
			}
		}
	}
	for _, s := range rep.Series {
		if drawn[s.Name] {
			continue
		}
		drawn[s.Name] = true
		list := named(rep.Series, s.Name)
		switch {
		case len(list) == 0:
		case s.Name == harness.LiveSeries || s.Name == harness.HeldSeries:
			if list := heapParts(rep.Series); len(list) > 0 && !drawn[heapTitle] {
				drawn[heapTitle] = true
				figures = append(figures, Lines(list, exercises.Chart{Of: "heap", Unit: s.Unit, Title: heapTitle}))
			}
		case s.Axis == measure.PercentileAxis:
			figures = append(figures, Latency(list, exercises.Chart{Of: s.Name, Unit: s.Unit}))
		default:
			figures = append(figures, Lines(list, exercises.Chart{Of: s.Name, Unit: s.Unit}))
		}
	}
	return figures
}

// ofSnippet draws all series that share unit and axis into one chart, each under its own name.
func ofSnippet(rep *report.Report) []Figure {
	type axes struct{ unit, axis string }
	var order []axes
	groups := map[axes][]report.Series{}
	for _, s := range rep.Series {
		key := axes{s.Unit, s.Axis}
		if groups[key] == nil {
			order = append(order, key)
		}
		s.Variant = s.Name
		groups[key] = append(groups[key], s)
	}
	var figures []Figure
	for _, key := range order {
		if list := drawable(groups[key]); len(list) > 0 {
			var names []string
			for _, s := range list {
				names = append(names, s.Name)
			}
			figures = append(figures, Lines(list, exercises.Chart{Of: and(names), Unit: key.unit}))
		}
	}
	return figures
}

const heapTitle = "Your heap, and what collections leave of it"

// heapParts are the learner's heap, what collections found alive in it and what it holds of the machine's memory, as lines
// of one picture.
func heapParts(series []report.Series) (list []report.Series) {
	for _, name := range []string{harness.HeapSeries, harness.LiveSeries, harness.HeldSeries} {
		for _, s := range named(series, name) {
			if s.Variant == "yours" {
				s.Variant = map[string]string{harness.HeapSeries: "allocated", harness.LiveSeries: "alive at the last collection", harness.HeldSeries: "held"}[name]
				list = append(list, s)
			}
		}
	}
	return list
}

func wanted(ex *exercises.Exercise, rep *report.Report) []exercises.Chart {
	if ex != nil && len(ex.Charts) > 0 {
		return ex.Charts
	}
	var charts []exercises.Chart
	for _, b := range rep.Benchmarks {
		if b.Target != nil {
			charts = append(charts, exercises.Chart{Kind: "bars", Of: b.Name, Unit: b.Unit})
		}
	}
	return charts
}

// benchmark is what a chart is of, nil if it was not measured. A chart that names no unit takes the first.
func benchmark(rep *report.Report, c exercises.Chart) *report.Benchmark {
	i := slices.IndexFunc(rep.Benchmarks, func(b report.Benchmark) bool {
		return b.Name == c.Of && (b.Unit == c.Unit || c.Unit == "") && len(intervals(b)) > 0
	})
	if i < 0 {
		return nil
	}
	return &rep.Benchmarks[i]
}

// named are the series of that name that can be drawn, naive, reference and yours first.
func named(series []report.Series, name string) []report.Series {
	var list []report.Series
	for _, s := range series {
		if s.Name == name {
			list = append(list, s)
		}
	}
	list = drawable(list)
	slices.SortStableFunc(list, func(a, b report.Series) int { return rank(a.Variant) - rank(b.Variant) })
	return list
}

// companion is the series of that name, which is alike in every variant, under its own name.
func companion(series []report.Series, name string) []report.Series {
	list := named(series, name)
	if len(list) == 0 {
		return nil
	}
	list[0].Variant = name
	return list[:1]
}

// drawable leaves out points that are not finite and series without any others.
func drawable(series []report.Series) []report.Series {
	var list []report.Series
	for _, s := range series {
		s.Points = slices.DeleteFunc(slices.Clone(s.Points), func(p [2]float64) bool { return !isFinite(p[0]) || !isFinite(p[1]) })
		if len(s.Points) > 0 {
			list = append(list, s)
		}
	}
	return list
}

var roles = []string{"naive", "reference", "yours"}

func rank(variant string) int {
	if i := slices.Index(roles, variant); i >= 0 {
		return i
	}
	return len(roles)
}

// marker names the formatter that the page's script puts in its place, since JSON holds no functions.
func marker(unit string) string { return "@fmt:" + string(measure.KindOf(unit)) }

// label is a name that a program under test may have chosen: cleaned, and not to be taken for a marker.
func label(s string) string {
	return strings.TrimLeft(strings.Join(strings.Fields(report.Clean(s)), " "), "@")
}

// and joins words as people do: "a, b and c".
func and(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return strings.Join(words, "")
}

var figure = template.Must(template.New("figure").Parse(`<figure class="chart" data-chart>
<figcaption><strong>{{.Title}}</strong> <span data-description>{{.Description}}</span></figcaption>
<div class="chart-canvas"></div>
<script type="application/json">{{.Script}}</script>
<details class="chart-table"><summary>Show as a table</summary>
<table>
{{- with .Head}}
<thead><tr>{{range .}}<th scope="col">{{.}}</th>{{end}}</tr></thead>
{{- end}}
<tbody>
{{- range .Rows}}
<tr>{{range $i, $cell := .}}{{if $i}}<td class="num">{{$cell}}</td>{{else}}<th scope="row">{{$cell}}</th>{{end}}{{end}}</tr>
{{- end}}
</tbody>
</table>
</details>
</figure>
`))

// HTML is the figure's markup. The option stands in it as data; the page's script draws it, and without one the table
// remains.
func (f Figure) HTML() template.HTML {
	data := struct {
		Figure
		Script template.JS
		Head   []string
		Rows   [][]string
	}{Figure: f, Script: template.JS(f.Option)}
	if len(f.Table) > 0 {
		data.Head, data.Rows = f.Table[0], f.Table[1:]
	}
	var b strings.Builder
	if err := figure.Execute(&b, data); err != nil {
		panic(fmt.Sprintf("chart %q: %v", f.Title, err)) // a strings.Builder does not fail and the template is ours
	}
	return template.HTML(b.String())
}
