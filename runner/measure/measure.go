// Package measure turns what was measured into what can be said: samples into summaries, paired rounds into ratios with
// confidence intervals, series into slopes. It runs nothing and prints nothing.
package measure

import "strconv"

// A Sample is one measurement of one variant of a benchmark.
type Sample struct {
	Benchmark string  `json:"benchmark"` // without the prefix: "GetHit" of BenchmarkGetHit
	Variant   string  `json:"variant"`   // "yours", "naive" or "reference"
	Unit      string  `json:"unit"`      // base units: "sec/op", "cpu-sec/op", "B/op", "allocs/op", or the benchmark's own
	Value     float64 `json:"value"`
	Round     int     `json:"round"` // samples of one round were taken side by side
	N         int     `json:"n,omitempty"`
}

// A Point is one reading of something that changes while a variant runs.
type Point struct {
	Series  string  `json:"series"`         // "heap", "goroutines", or the benchmark's own
	Unit    string  `json:"unit"`           // of Y: "B", "1", …
	Variant string  `json:"variant"`        // "yours", "naive" or "reference"
	Axis    string  `json:"axis,omitempty"` // what X is, when it is not seconds: "cache size"
	X       float64 `json:"x"`              // seconds since the series began, unless Axis says otherwise
	Y       float64 `json:"y"`
}

// PercentileAxis is the axis of a series that is a distribution: its points have percentiles as X, 0 … 100, and the value
// that so many per cent of all values do not exceed as Y.
const PercentileAxis = "percentile"

// Percentile names a percentile for people: "p50", "p99.9"; 100 is "max".
func Percentile(x float64) string {
	if x >= 100 {
		return "max"
	}
	return "p" + strconv.FormatFloat(x, 'g', 6, 64)
}

// An Interval is an estimate with a 95 % confidence interval.
type Interval struct {
	Center float64 `json:"center"`
	Lo     float64 `json:"lo"`
	Hi     float64 `json:"hi"`
}

// A Decision says on which side of a limit an interval lies.
type Decision string

const (
	Yes          Decision = "yes"
	No           Decision = "no"
	Inconclusive Decision = "inconclusive"
)
