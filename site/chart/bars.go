package chart

import (
	"fmt"
	"math"
	"strings"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"hotloop/exercises"
	"hotloop/runner/measure"
	"hotloop/runner/report"
)

// A bar is one variant's interval.
type bar struct {
	variant string
	measure.Interval
}

// intervals are what was measured of b, in the order of roles.
func intervals(b report.Benchmark) []bar {
	var bars []bar
	for i, iv := range []*measure.Interval{b.Naive, b.Reference, b.Yours} {
		if iv != nil && isFinite(iv.Center) {
			bars = append(bars, bar{roles[i], *iv})
		}
	}
	return bars
}

// Bars is the chart of one benchmark: a bar for each variant, and the target as a line. The value axis is logarithmic if
// c says so and every value has a logarithm.
func Bars(b report.Benchmark, c exercises.Chart) Figure {
	bars := intervals(b)
	limit, hasLimit := targetLine(b)
	log := c.Log && (!hasLimit || limit > 0)
	for _, bar := range bars {
		log = log && bar.Center > 0
	}

	chart := charts.NewBar()
	chart.SetGlobalOptions(global(b.Unit, opts.XAxis{Type: "category", Name: label(c.X)},
		valueAxis(or(c.Y, b.Unit), b.Unit, log))...)
	chart.SetXAxis([]string{label(b.Name)})
	for i, bar := range bars {
		chart.AddSeries(bar.variant, []opts.BarData{{Value: bar.Center}}, barOptions(b, bar, hasLimit && i == len(bars)-1, limit)...)
	}
	chart.Validate()

	f := Figure{Title: or(label(c.Title), label(b.Name)), Option: marshal(chart.JSON())}
	f.Table = [][]string{{"variant", b.Unit, "95 % interval"}}
	var parts []string
	for _, bar := range bars {
		center := measure.Format(bar.Center, b.Unit)
		f.Table = append(f.Table, []string{bar.variant, center, span(bar.Interval, b.Unit)})
		parts = append(parts, bar.variant+" "+center)
	}
	if b.Target != nil {
		f.Table = append(f.Table, []string{"target", target(b), outcomes[b.Met]})
	}
	f.Description = fmt.Sprintf("%s in %s: %s.", label(b.Name), label(b.Unit), strings.Join(parts, ", "))
	if b.Target != nil {
		f.Description += " Target: " + target(b) + outcome(b.Met) + "."
	}
	return f
}

// barOptions label a bar with its value, and draw the target's line with the last one. The label is a finished text: a
// formatter there would be given the whole bar instead of a number.
func barOptions(b report.Benchmark, bar bar, withLimit bool, limit float64) []charts.SeriesOpts {
	options := []charts.SeriesOpts{charts.WithLabelOpts(opts.Label{Show: opts.Bool(true), Position: "top",
		Formatter: measure.Format(bar.Center, b.Unit)})}
	if withLimit {
		options = append(options,
			charts.WithMarkLineNameYAxisItemOpts(opts.MarkLineNameYAxisItem{Name: "target", YAxis: limit}),
			charts.WithMarkLineStyleOpts(opts.MarkLineStyle{Symbol: []string{"none"},
				Label: &opts.Label{Show: opts.Bool(true), Formatter: "target " + target(b)}}))
	}
	return options
}

// targetLine is where the target lies on the value axis.
func targetLine(b report.Benchmark) (float64, bool) {
	switch {
	case b.Target == nil:
		return 0, false
	case b.Target.AtMost != nil:
		return *b.Target.AtMost, isFinite(*b.Target.AtMost)
	case b.Naive == nil || b.Target.Speedup <= 0:
		return 0, false
	}
	limit := b.Naive.Center / b.Target.Speedup
	return limit, isFinite(limit)
}

func target(b report.Benchmark) string {
	if b.Target.AtMost != nil {
		return "at most " + measure.Format(*b.Target.AtMost, b.Unit)
	}
	return measure.Multiple(b.Target.Speedup) + " better than naive"
}

var outcomes = map[measure.Decision]string{measure.Yes: "met", measure.No: "missed", measure.Inconclusive: "not decided"}

func outcome(d measure.Decision) string {
	if outcomes[d] == "" {
		return ""
	}
	return " (" + outcomes[d] + ")"
}

func span(iv measure.Interval, unit string) string {
	switch {
	case !iv.Known():
		return "too few rounds"
	case iv.Lo == iv.Hi:
		return "counted"
	}
	return measure.Format(iv.Lo, unit) + " to " + measure.Format(iv.Hi, unit)
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

func isFinite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }
