package measure

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var inf = math.Inf(1)

func TestDecide(t *testing.T) {
	for _, tt := range []struct {
		name            string
		iv              Interval
		limit           float64
		atLeast, atMost Decision
	}{
		{"above", Interval{6, 5.5, 7}, 5, Yes, No},
		{"below", Interval{4, 3, 4.9}, 5, No, Yes},
		{"both sides", Interval{5, 4, 6}, 5, Inconclusive, Inconclusive},
		{"low end on the limit", Interval{6, 5, 7}, 5, Yes, Inconclusive},
		{"high end on the limit", Interval{4, 3, 5}, 5, Inconclusive, Yes},
		{"exactly the limit", Interval{0, 0, 0}, 0, Yes, Yes},
		{"no ends", Interval{9, -inf, inf}, 5, Inconclusive, Inconclusive},
		{"unknown", unknown(), 5, Inconclusive, Inconclusive},
		{"all NaN", Interval{math.NaN(), math.NaN(), math.NaN()}, 5, Inconclusive, Inconclusive},
		{"limit NaN", Interval{6, 5, 7}, math.NaN(), Inconclusive, Inconclusive},
	} {
		if got := Decide(tt.iv, tt.limit); got != tt.atLeast {
			t.Errorf("%s: Decide(%v, %v) = %q, want %q", tt.name, tt.iv, tt.limit, got, tt.atLeast)
		}
		if got := DecideAtMost(tt.iv, tt.limit); got != tt.atMost {
			t.Errorf("%s: DecideAtMost(%v, %v) = %q, want %q", tt.name, tt.iv, tt.limit, got, tt.atMost)
		}
	}
}

func TestIntervalJSON(t *testing.T) {
	for _, tt := range []struct {
		iv   Interval
		want string
	}{
		{Interval{1.5, 1, 2}, `{"center":1.5,"lo":1,"hi":2}`},
		{Interval{1.5, -inf, inf}, `{"center":1.5,"lo":null,"hi":null}`},
		{unknown(), `{"center":null,"lo":null,"hi":null}`},
		{Interval{0, 0, 0}, `{"center":0,"lo":0,"hi":0}`},
	} {
		data, err := json.Marshal(tt.iv)
		if err != nil || string(data) != tt.want {
			t.Errorf("Marshal(%v) = %s, %v; want %s", tt.iv, data, err, tt.want)
			continue
		}
		var back Interval
		if err := json.Unmarshal(data, &back); err != nil {
			t.Errorf("Unmarshal(%s): %v", data, err)
		}
		if diff := cmp.Diff(tt.iv, back, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%s does not survive JSON (-before +after):\n%s", tt.want, diff)
		}
	}
}

func TestSpread(t *testing.T) {
	for _, tt := range []struct {
		iv   Interval
		want float64
	}{
		{Interval{100, 99, 102}, 0.02},
		{Interval{100, 90, 102}, 0.1},
		{Interval{0, 0, 0}, 0},
		{Interval{0, 0, 1}, math.NaN()},
		{Interval{1, -inf, inf}, math.NaN()},
	} {
		got := tt.iv.Spread()
		if got != tt.want && !(math.IsNaN(got) && math.IsNaN(tt.want)) {
			t.Errorf("%v.Spread() = %v, want %v", tt.iv, got, tt.want)
		}
	}
}

func TestSummaries(t *testing.T) {
	for _, tt := range []struct {
		name string
		got  Interval
		want Interval
	}{
		{"median of eight", Summarize([]float64{8, 1, 7, 2, 6, 3, 5, 4}), Interval{4.5, 1, 7}},
		{"five values bound one side", Summarize([]float64{5, 1, 4, 2, 3}), Interval{3, -inf, 5}},
		{"three values bound neither", Summarize([]float64{1, 3, 2}), Interval{2, -inf, inf}},
		{"no values", Summarize(nil), unknown()},
		{"NaN among values", Summarize([]float64{1, 2, math.NaN(), 4, 5, 6, 7, 8}), unknown()},
		{"counted", Counted([]float64{3, 1, 2, 2}), Interval{2, 1, 3}},
		{"counted once", Counted([]float64{1000}), Interval{1000, 1000, 1000}},
		{"counted nothing", Counted(nil), unknown()},
		{"counted infinity", Counted([]float64{1, inf}), unknown()},
		{"ratio of counts", CountedRatio(Interval{100, 90, 120}, Interval{10, 9, 12}), Interval{10, 7.5, 120.0 / 9}},
		{"ratio of nothing to nothing", CountedRatio(Interval{}, Interval{}), Interval{1, 1, 1}},
		{"ratio to nothing", CountedRatio(Interval{5, 5, 5}, Interval{}), Interval{math.MaxFloat64, math.MaxFloat64, math.MaxFloat64}},
		{"ratio of the unknown", CountedRatio(unknown(), Interval{1, 1, 1}), unknown()},
	} {
		if diff := cmp.Diff(tt.want, tt.got, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestSummarizeLeavesItsInputAlone(t *testing.T) {
	values := []float64{3, 1, 2}
	Summarize(values)
	Counted(values)
	if diff := cmp.Diff([]float64{3, 1, 2}, values); diff != "" {
		t.Errorf("values were changed (-before +after):\n%s", diff)
	}
}

func TestQuiet(t *testing.T) {
	const s = time.Second
	for _, tt := range []struct {
		name          string
		before, after CPU
		want          float64
	}{
		{"nothing else ran", CPU{}, CPU{Total: 10 * s, Idle: 5 * s, Own: 5 * s}, 1},
		{"others took a quarter", CPU{10 * s, 3 * s, 2 * s}, CPU{18 * s, 6 * s, 5 * s}, 0.75},
		{"others took all", CPU{}, CPU{Total: 10 * s}, 0},
		{"own counter is ahead", CPU{}, CPU{Total: 10 * s, Idle: 9 * s, Own: 2 * s}, 1},
		{"no counters", CPU{}, CPU{}, 0},
		{"counter fell", CPU{Total: 10 * s}, CPU{Total: 9 * s}, 0},
	} {
		if got := Quiet(tt.before, tt.after); got != tt.want {
			t.Errorf("%s: Quiet = %v, want %v", tt.name, got, tt.want)
		}
	}
}
