package chart

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"hotloop/exercises"
	"hotloop/exercises/kit/harness"
	"hotloop/runner/measure"
	"hotloop/runner/report"
)

const (
	maxPoints = 400 // of one line: more than a screen shows, and little for a page to carry
	maxRows   = 25  // of a table of points
)

// Lines is the chart of one series: a line for each variant, y over x. The value axis is logarithmic if c says so and
// every y has a logarithm. Without any point there is no picture, only its title.
func Lines(list []report.Series, c exercises.Chart) Figure {
	list = drawable(list)
	if len(list) == 0 {
		return Figure{Title: or(label(c.Title), upperFirst(label(c.Of))), Description: "Nothing was measured.", Option: json.RawMessage("{}")}
	}
	unit, axis := list[0].Unit, or(list[0].Axis, "seconds")
	xUnit := "1"
	if list[0].Axis == "" {
		xUnit = "sec"
	}
	chart := charts.NewLine()
	chart.SetGlobalOptions(global(unit, xAxis(list, or(c.X, axis), xUnit), yAxis(list, c.Y, c.Log))...)
	for _, s := range list {
		var data []opts.LineData
		for _, p := range spread(s.Points, maxPoints) {
			data = append(data, opts.LineData{Value: p})
		}
		chart.AddSeries(label(s.Variant), data, charts.WithLineChartOpts(opts.LineChart{ShowSymbol: opts.Bool(false)}))
	}
	if list[0].Name == harness.PauseSeries { // single events
		for i := range chart.MultiSeries {
			chart.MultiSeries[i].Type = "scatter"
		}
	}
	chart.Validate()

	f := Figure{Title: or(label(c.Title), upperFirst(label(c.Of))), Option: marshal(chart.JSON()), Table: pointTable(list, axis, xUnit)}
	var parts []string
	for _, s := range list {
		parts = append(parts, label(s.Variant)+" "+course(s))
	}
	f.Description = fmt.Sprintf("%s over %s: %s.", label(c.Of), label(axis), strings.Join(parts, "; "))
	return f
}

// xAxis begins at zero, unless that would leave most of it empty.
func xAxis(list []report.Series, name, unit string) opts.XAxis {
	low, high := extent(list, 0)
	return opts.XAxis{Type: "value", Name: label(name), AxisLabel: axisLabel(unit), Scale: opts.Bool(low > high/2)}
}

func yAxis(list []report.Series, name string, log bool) opts.YAxis {
	low, high := extent(list, 1)
	axis := opts.YAxis{Type: "value", Name: label(name), AxisLabel: axisLabel(list[0].Unit)}
	if log && low > 0 {
		axis.Type = "log"
		return axis
	}
	axis.MinInterval = tickStep(list[0].Unit, high)
	axis.MaxInterval = axis.MinInterval
	return axis
}

// course says how a series went: "from 391 KiB to 37.6 MiB". The highest point is named where it lies in between.
func course(s report.Series) string {
	first, last := s.Points[0][1], s.Points[len(s.Points)-1][1]
	text := "from " + measure.Format(first, s.Unit) + " to " + measure.Format(last, s.Unit)
	if _, top := extent([]report.Series{s}, 1); top > first && top > last {
		text += ", at most " + measure.Format(top, s.Unit)
	}
	return text
}

// pointTable lists the points, x by x, if all series have the same x; else, as with readings over time, how each series
// went.
func pointTable(list []report.Series, axis, xUnit string) [][]string {
	if !sameX(list) {
		return courseTable(list)
	}
	head := []string{label(axis)}
	for _, s := range list {
		head = append(head, columnHead(s))
	}
	rows := [][]string{head}
	for _, i := range spread(indices(len(list[0].Points)), maxRows) {
		row := []string{measure.Format(list[0].Points[i][0], xUnit)}
		for _, s := range list {
			row = append(row, measure.Format(s.Points[i][1], s.Unit))
		}
		rows = append(rows, row)
	}
	return rows
}

func courseTable(list []report.Series) [][]string {
	rows := [][]string{{"variant", "readings", "first", "lowest", "highest", "last"}}
	for _, s := range list {
		low, high := extent([]report.Series{s}, 1)
		rows = append(rows, []string{label(s.Variant), fmt.Sprint(len(s.Points)), measure.Format(s.Points[0][1], s.Unit),
			measure.Format(low, s.Unit), measure.Format(high, s.Unit), measure.Format(s.Points[len(s.Points)-1][1], s.Unit)})
	}
	return rows
}

// columnHead names the unit where the cells do not: "yours, goroutines".
func columnHead(s report.Series) string {
	if unit := label(s.Unit); measure.KindOf(s.Unit) == measure.Count && unit != "" && unit != "1" {
		return label(s.Variant) + ", " + unit
	}
	return label(s.Variant)
}

func sameX(list []report.Series) bool {
	for _, s := range list[1:] {
		if !slices.EqualFunc(s.Points, list[0].Points, func(a, b [2]float64) bool { return a[0] == b[0] }) {
			return false
		}
	}
	return true
}

// extent is the least and the largest x (0) or y (1) of all points.
func extent(list []report.Series, coordinate int) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, s := range list {
		for _, p := range s.Points {
			low, high = min(low, p[coordinate]), max(high, p[coordinate])
		}
	}
	return low, high
}

// spread takes at most limit of list, evenly, with the first and the last.
func spread[T any](list []T, limit int) []T {
	if len(list) <= limit {
		return list
	}
	out := make([]T, limit)
	for i := range out {
		out[i] = list[i*(len(list)-1)/(limit-1)]
	}
	return out
}

func upperFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[size:]
}

func indices(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}
