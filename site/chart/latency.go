package chart

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"hotloop/exercises"
	"hotloop/runner/measure"
	"hotloop/runner/report"
)

// Latency is the chart of a distribution: a line for each variant over percentiles that stand side by side, p50 to the
// largest, since the last hundredth is what one looks at. The value axis is logarithmic if every value has a logarithm.
func Latency(list []report.Series, c exercises.Chart) Figure {
	list = drawable(list)
	title := or(label(c.Title), upperFirst(label(c.Of)))
	if len(list) == 0 {
		return Figure{Title: title, Description: "Nothing was measured.", Option: json.RawMessage("{}")}
	}
	var names []string
	for _, p := range list[0].Points {
		names = append(names, measure.Percentile(p[0]))
	}
	y := yAxis(list, or(c.Y, "latency"), true)
	chart := charts.NewLine()
	chart.SetGlobalOptions(global(list[0].Unit, opts.XAxis{Type: "category", Name: label(or(c.X, "percentile"))}, y)...)
	chart.SetXAxis(names)
	head := []string{"percentile"}
	rows := make([][]string, len(names))
	for i, name := range names {
		rows[i] = []string{name}
	}
	var parts []string
	for _, s := range list {
		var data []opts.LineData
		s.Points = s.Points[:min(len(s.Points), len(names))]
		for i, p := range s.Points {
			data = append(data, opts.LineData{Value: p[1]})
			rows[i] = append(rows[i], measure.Format(p[1], s.Unit))
		}
		chart.AddSeries(label(s.Variant), data, charts.WithLineChartOpts(opts.LineChart{ShowSymbol: opts.Bool(true)}))
		head = append(head, label(s.Variant))
		parts = append(parts, label(s.Variant)+" "+tail(s))
	}
	chart.Validate()
	return Figure{Title: title, Option: marshal(chart.JSON()), Table: append([][]string{head}, rows...),
		Description: fmt.Sprintf("%s by percentile: %s.", upperFirst(label(c.Of)), strings.Join(parts, "; "))}
}

// tail says what matters of a distribution: "p50 1.2 ms, p99 41 ms, max 80 ms".
func tail(s report.Series) string {
	var parts []string
	for _, p := range s.Points {
		if p[0] == 50 || p[0] == 99 || p[0] >= 100 {
			parts = append(parts, measure.Percentile(p[0])+" "+measure.Format(p[1], s.Unit))
		}
	}
	return strings.Join(parts, ", ")
}
