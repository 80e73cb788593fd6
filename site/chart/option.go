package chart

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/go-echarts/go-echarts/v2/types"

	"hotloop/runner/measure"
)

// global are the options that all charts share. Any theme but go-echarts' default keeps its palette out of the JSON,
// where it would win over the page's.
func global(unit string, x opts.XAxis, y opts.YAxis) []charts.GlobalOpts {
	return []charts.GlobalOpts{
		charts.WithInitializationOpts(opts.Initialization{Theme: "hotloop"}),
		charts.WithLegendOpts(opts.Legend{Show: opts.Bool(true)}),
		charts.WithTooltipOpts(opts.Tooltip{Show: opts.Bool(true), Trigger: "axis", ValueFormatter: types.FuncStr(marker(unit))}),
		charts.WithXAxisOpts(x),
		charts.WithYAxisOpts(y),
	}
}

func axisLabel(unit string) *opts.AxisLabel {
	return &opts.AxisLabel{Formatter: types.FuncStr(marker(unit))}
}

// tickStep is the distance of an axis' marks for values up to top; 0 leaves it to ECharts, which counts in tens. Bytes
// are counted in powers of two, or the axis would read 195 KiB, 391 KiB, 586 KiB.
func tickStep(unit string, top float64) float64 {
	if measure.KindOf(unit) != measure.Bytes || top < 8 {
		return 0
	}
	return math.Exp2(math.Ceil(math.Log2(top / 6)))
}

// marshal turns a chart's options into JSON. Only finite numbers, strings and lists go in, so that it cannot fail.
func marshal(option map[string]any) json.RawMessage {
	for _, unused := range []string{"title", "toolbox"} { // the page's business
		delete(option, unused)
	}
	data, err := json.Marshal(option)
	if err != nil {
		panic(fmt.Sprintf("chart: %v", err))
	}
	return data
}
