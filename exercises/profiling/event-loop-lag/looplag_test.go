package looplag

import (
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"hotloop/exercises/kit"
)

const ms = time.Millisecond

// near checks a value that may be wrong by 3 %.
func near(t *testing.T, got, want time.Duration, what, why string) {
	t.Helper()
	if math.Abs(float64(got-want)) > 0.03*float64(want) {
		t.Errorf("%s = %v, want %v ± 3 %%: %s", what, got, want, why)
	}
}

// exactly checks everything that a histogram tells exactly.
func exactly(t *testing.T, h *Histogram, done string, count uint64, least, most, mean time.Duration) {
	t.Helper()
	if h.Count() != count || h.Min() != least || h.Max() != most || h.Mean() != mean {
		t.Errorf("%s: Count %d, Min %v, Max %v, Mean %v; want %d, %v, %v, %v: these four are exact",
			done, h.Count(), h.Min(), h.Max(), h.Mean(), count, least, most, mean)
	}
}

// logUniform are n values from 1 µs to 60 s, as many in each power of ten.
func logUniform(tb testing.TB, n int) []time.Duration {
	r := kit.Rand(tb)
	values := make([]time.Duration, n)
	for i := range values {
		values[i] = time.Duration(float64(time.Microsecond) * math.Exp(r.Float64()*math.Log(60e6)))
	}
	return values
}

func rank(sorted []time.Duration, q float64) time.Duration {
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

func TestQuantileError(t *testing.T) {
	values := logUniform(t, 100_000)
	var h Histogram
	var sum time.Duration
	for _, v := range values {
		h.Record(v)
		sum += v
	}
	slices.Sort(values)
	for _, q := range []float64{0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.99999} {
		if got, want := h.Quantile(q), rank(values, q); math.Abs(float64(got-want)) > 0.03*float64(want) {
			t.Errorf("100,000 values from 1µs to 60s: Quantile(%g) = %v, want %v ± 3 %%, at every scale: a lag of 2µs and one of 2s must both be told", q, got, want)
		}
	}
	exactly(t, &h, "100,000 values from 1µs to 60s", 100_000, values[0], values[len(values)-1], sum/100_000)

	for v := 2 * time.Microsecond; v < 30*time.Second; v += v / 100 { // alone between two others, whatever the bucket
		var three Histogram
		three.Record(time.Microsecond)
		three.Record(v)
		three.Record(time.Minute)
		if got := three.Quantile(0.5); math.Abs(float64(got-v)) > 0.03*float64(v) {
			t.Fatalf("of 1µs, %v and 60s Quantile(0.5) = %v, want %v ± 3 %%", v, got, v)
		}
	}

	var few Histogram
	for _, d := range []time.Duration{10 * ms, 20 * ms, 30 * ms, 40 * ms} {
		few.Record(d)
	}
	near(t, few.Quantile(0.5), 20*ms, "of 10, 20, 30 and 40ms Quantile(0.5)", "the nearest rank is ⌈0.5·4⌉ = 2, and nothing is between two values")
	near(t, few.Quantile(0.51), 30*ms, "of 10, 20, 30 and 40ms Quantile(0.51)", "the nearest rank is ⌈0.51·4⌉ = 3")
}

func TestExtremes(t *testing.T) {
	for _, tt := range []struct{ d, want time.Duration }{
		{0, time.Microsecond}, {-time.Second, time.Microsecond}, {time.Nanosecond, time.Microsecond},
		{2 * time.Minute, time.Minute}, {math.MaxInt64, time.Minute}, {math.MinInt64, time.Microsecond},
		{time.Microsecond, time.Microsecond}, {time.Minute, time.Minute}, {1234567, 1234567},
	} {
		var h Histogram
		h.Record(tt.d)
		exactly(t, &h, "one value of "+tt.d.String(), 1, tt.want, tt.want, tt.want)
		if got := h.Quantile(0.5); got != tt.want {
			t.Errorf("one value of %v: Quantile(0.5) = %v, want %v: no quantile lies outside Min and Max", tt.d, got, tt.want)
		}
	}
	var h Histogram
	for _, d := range []time.Duration{1001, 77777, 1234567, 33333333} {
		h.Record(d)
	}
	for _, tt := range []struct {
		q    float64
		want time.Duration
	}{{-1, 1001}, {0, 1001}, {1, 33333333}, {2, 33333333}} {
		if got := h.Quantile(tt.q); got != tt.want {
			t.Errorf("Quantile(%g) = %v, want %v: at the ends a quantile is Min or Max, and these are exact", tt.q, got, tt.want)
		}
	}
}

func TestEmptyIsZero(t *testing.T) {
	var h Histogram
	exactly(t, &h, "without values", 0, 0, 0, 0)
	for _, q := range []float64{0, 0.5, 1} {
		if got := h.Quantile(q); got != 0 {
			t.Errorf("without values: Quantile(%g) = %v, want 0", q, got)
		}
	}
}

// alike checks that two histograms tell the same.
func alike(t *testing.T, got, want *Histogram, done string) {
	t.Helper()
	exactly(t, got, done, want.Count(), want.Min(), want.Max(), want.Mean())
	for q := 0.0; q <= 1; q += 0.01 {
		if g, w := got.Quantile(q), want.Quantile(q); g != w {
			t.Errorf("%s: Quantile(%.2f) = %v, want %v", done, q, g, w)
			return
		}
	}
}

func TestMergeEqualsUnion(t *testing.T) {
	var all, merged, none Histogram
	parts := make([]Histogram, 3)
	for i, v := range logUniform(t, 3000) {
		all.Record(v)
		parts[i*i%3].Record(v) // the third part stays empty
	}
	for i := range parts {
		merged.Merge(&parts[i])
	}
	alike(t, &merged, &all, "three histograms merged, against one of all their values")
	before := parts[0].Count()
	merged.Record(time.Second)
	if parts[0].Count() != before {
		t.Error("Record after Merge changed the histogram that was merged")
	}
	var wide, narrow Histogram
	wide.Record(ms)
	wide.Record(9 * ms)
	narrow.Record(5 * ms)
	narrow.Merge(&wide)
	exactly(t, &narrow, "5ms, merged with 1ms and 9ms", 3, ms, 9*ms, 5*ms)
	none.Merge(&Histogram{})
	exactly(t, &none, "nothing merged with nothing", 0, 0, 0, 0)
}

func TestResetEmpties(t *testing.T) {
	var h Histogram
	for _, v := range logUniform(t, 1000) {
		h.Record(v)
	}
	h.Reset()
	exactly(t, &h, "after Reset", 0, 0, 0, 0)
	if got := h.Quantile(0.5); got != 0 {
		t.Errorf("after Reset: Quantile(0.5) = %v, want 0", got)
	}
	h.Record(3 * ms)
	exactly(t, &h, "Reset, then one value of 3ms", 1, 3*ms, 3*ms, 3*ms)
}

func TestCorrected(t *testing.T) {
	var h Histogram
	h.RecordCorrected(100*ms, 10*ms)
	exactly(t, &h, "RecordCorrected(100ms, 10ms)", 10, 10*ms, 100*ms, 55*ms)
	near(t, h.Quantile(0.5), 50*ms, "after RecordCorrected(100ms, 10ms) Quantile(0.5)",
		"a probe that is stopped for 100ms misses nine measurements, of 90ms, 80ms … 10ms; without them a stall counts as one bad value among thousands of good ones")
	h.Reset()
	h.RecordCorrected(9*ms, 10*ms)
	h.RecordCorrected(10*ms, 10*ms)
	h.RecordCorrected(5*ms, 0)
	exactly(t, &h, "RecordCorrected of 9ms and 10ms each 10ms, and of 5ms without an interval", 3, 5*ms, 10*ms, 8*ms)
}

func TestRecordRace(t *testing.T) {
	const goroutines, records = 8, 2000
	var h Histogram
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range records {
				h.Record(time.Duration(g*records+i+1) * time.Microsecond)
				switch i % 500 {
				case 0:
					h.Quantile(0.99)
				case 1:
					new(Histogram).Merge(&h)
				}
			}
		})
	}
	wg.Wait()
	if h.Count() != goroutines*records || h.Min() != time.Microsecond || h.Max() != goroutines*records*time.Microsecond {
		t.Errorf("%d goroutines record %d values each, 1µs to %dµs: Count %d, Min %v, Max %v; want all of them: two that record at a time must both count",
			goroutines, records, goroutines*records, h.Count(), h.Min(), h.Max())
	}
	var sum Histogram
	for range goroutines {
		wg.Go(func() {
			for range records {
				sum.Record(ms)
			}
		})
	}
	wg.Wait()
	exactly(t, &sum, "8 goroutines record 1ms 2,000 times each", goroutines*records, ms, ms, ms)
}
