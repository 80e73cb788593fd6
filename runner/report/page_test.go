package report

import (
	"math"
	"testing"

	"hotloop/runner/measure"
)

func TestValue(t *testing.T) {
	inf := math.Inf(1)
	for _, tt := range []struct {
		iv   measure.Interval
		unit string
		want string
	}{
		{measure.Interval{Center: 28.1e-9, Lo: 27.8e-9, Hi: 28.4e-9}, "sec/op", "28.1 ns ± 1 %"},
		{measure.Interval{Center: 28.1e-9, Lo: 28.1e-9, Hi: 28.15e-9}, "sec/op", "28.1 ns ± 0 %"},
		{measure.Interval{Center: 12, Lo: 12, Hi: 12}, "allocs/op", "12"},
		{measure.Interval{Center: 0, Lo: 0, Hi: 3}, "goroutines", "0 … 3"},
		{measure.Interval{Center: 144, Lo: 96, Hi: 5 << 10}, "kept-B", "96 B … 5 KiB"},
		{measure.Interval{Center: 1e-6, Lo: -inf, Hi: inf}, "sec/op", "1.00 µs ± ?"},
		{measure.Interval{Center: math.NaN(), Lo: -inf, Hi: inf}, "sec/op", "? ± ?"},
	} {
		if got := value(&tt.iv, tt.unit); got != tt.want {
			t.Errorf("value(%v, %q) = %q, want %q", tt.iv, tt.unit, got, tt.want)
		}
	}
}

func TestTimes(t *testing.T) {
	for _, tt := range []struct {
		iv   *measure.Interval
		want string
	}{
		{nil, ""},
		{&measure.Interval{Center: 54.6, Lo: 53.9, Hi: 55.4}, "54.6× [53.9, 55.4]"},
		{&measure.Interval{Center: 2, Lo: 2, Hi: 2}, "2×"},
		{&measure.Interval{Center: 11, Lo: math.Inf(-1), Hi: math.Inf(1)}, "11× [?]"},
		{&measure.Interval{Center: math.MaxFloat64, Lo: math.MaxFloat64, Hi: math.MaxFloat64}, "∞×"},
	} {
		if got := times(tt.iv); got != tt.want {
			t.Errorf("times(%v) = %q, want %q", tt.iv, got, tt.want)
		}
	}
}

func TestGraph(t *testing.T) {
	for _, tt := range []struct {
		points [][2]float64
		lo, hi float64
		want   string
	}{
		{[][2]float64{{0, 0}, {1, 50}, {2, 100}}, 0, 100, "▁▅█"},
		{[][2]float64{{0, 9}, {1, 8}}, 0, 9, "█▇"},
		{[][2]float64{{0, 0}, {1, 0}}, 0, 0, "▁▁"},
		{[][2]float64{{0, -math.MaxFloat64}, {1, math.MaxFloat64}}, -math.MaxFloat64, math.MaxFloat64, "▁▁"},
	} {
		if got := graph(tt.points, tt.lo, tt.hi); got != pad(tt.want, graphWidth) {
			t.Errorf("graph(%v, %v, %v) = %q, want %q", tt.points, tt.lo, tt.hi, got, tt.want)
		}
	}
}
