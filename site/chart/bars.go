package chart

import (
	"fmt"
	"math"
	"slices"
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

// Bars is the chart of one benchmark: a bar for each variant, from left to right, and the target as a line. The value axis
// is logarithmic if c says so and every value has a logarithm.
func Bars(b report.Benchmark, c exercises.Chart) Figure {
	bars := intervals(b)
	limit, hasLimit := targetLine(b)
	values := make([]float64, 0, len(bars)+1)
	variants := make([]string, len(bars))
	for i, bar := range bars {
		values, variants[i] = append(values, bar.Center), bar.variant
	}
	if hasLimit {
		values = append(values, limit)
	}
	axis := barAxis(b.Unit, or(c.Y, b.Unit), values, c.Log)

	chart := charts.NewBar()
	chart.SetGlobalOptions(global(b.Unit, axis.XAxis, opts.YAxis{Type: "category", Name: label(c.X), Inverse: opts.Bool(true)})...)
	chart.SetXAxis(variants).XYReversal()
	for i, bar := range bars {
		data := make([]opts.BarData, len(bars)) // each variant is a series with one bar in a row of its own
		for j := range data {
			data[j].Value = "-"
		}
		data[i].Value = bar.Center
		chart.AddSeries(bar.variant, data, barOptions(b, bar, hasLimit && i == len(bars)-1, limit)...)
	}
	chart.Validate()
	option := chart.JSON()
	option["xAxis"] = []barValueAxis{axis}
	var series []barSeries
	for _, one := range chart.MultiSeries {
		series = append(series, newBarSeries(one))
	}
	option["series"] = series

	f := Figure{Title: or(label(c.Title), label(b.Name)), Option: marshal(option)}
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
	options := []charts.SeriesOpts{charts.WithBarChartOpts(opts.BarChart{BarGap: "-100%"}), charts.WithLabelOpts(opts.Label{Show: opts.Bool(true), Position: "right",
		Formatter: measure.Format(bar.Center, b.Unit)})}
	if withLimit {
		options = append(options,
			charts.WithMarkLineNameXAxisItemOpts(opts.MarkLineNameXAxisItem{Name: "target", XAxis: limit}),
			charts.WithMarkLineStyleOpts(opts.MarkLineStyle{Symbol: []string{"none"},
				Label: &opts.Label{Show: opts.Bool(true), Position: "start", Formatter: "target"}}))
	}
	return options
}

// A barValueAxis has a field that go-echarts does not know.
type barValueAxis struct {
	opts.XAxis
	StartValue float64 `json:"startValue,omitempty"`
}

// A barSeries has a mark that is drawn where it belongs: ECharts rounds its place to two decimals otherwise, and a few
// hundred nanoseconds become zero. go-echarts has no field for that, either.
type barSeries struct {
	charts.SingleSeries
	MarkLines *exactMark `json:"markLine,omitempty"`
}

type exactMark struct {
	*opts.MarkLines
	Precision int `json:"precision"`
}

func newBarSeries(s charts.SingleSeries) barSeries {
	if s.MarkLines == nil {
		return barSeries{SingleSeries: s}
	}
	return barSeries{SingleSeries: s, MarkLines: &exactMark{s.MarkLines, -1}}
}

// barAxis is the axis along which bars grow. On a logarithmic one they would begin at 1, and so hang from the far end if
// all values are below it; they begin at the power of ten below the least value instead.
func barAxis(unit, name string, values []float64, log bool) barValueAxis {
	axis := barValueAxis{XAxis: opts.XAxis{Type: "value", Name: label(name), AxisLabel: axisLabel(unit)}}
	if len(values) == 0 {
		return axis
	}
	if low := slices.Min(values); log && low > 0 {
		axis.Type = "log"
		axis.StartValue = math.Pow(10, math.Floor(math.Log10(low/2)))
		axis.Min = axis.StartValue
		return axis
	}
	axis.MinInterval = tickStep(unit, slices.Max(values))
	axis.MaxInterval = axis.MinInterval
	return axis
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
