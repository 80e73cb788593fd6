package kit

import (
	"math/bits"
	"testing"
	"time"

	"hotloop/exercises/kit/harness"
)

// Latencies is a histogram of how long things took. Its buckets are log-linear: each power of two is cut into 128, so that
// a value is known to within 1/128 of itself, 0.8 %, from a nanosecond to three centuries, in at most 60 KiB. The zero
// value is empty and ready. It is not safe for concurrent use; goroutines have one each, and Merge joins them: quantiles
// of histograms can be joined, quantiles cannot.
type Latencies struct {
	counts   []uint64 // by bucket; as long as the largest value needs
	count    uint64
	sum      float64 // nanoseconds
	min, max time.Duration
}

// subBits is the logarithm of how many buckets each power of two is cut into.
const subBits = 7

// bucket is the index of d's bucket. Values below 2^subBits have a bucket each.
func bucket(d time.Duration) int {
	v := uint64(d)
	if v < 1<<subBits {
		return int(v)
	}
	shift := bits.Len64(v) - subBits - 1
	return (shift+1)<<subBits + int(v>>shift)&(1<<subBits-1)
}

// top is the largest value of a bucket.
func top(bucket int) time.Duration {
	if bucket < 1<<subBits {
		return time.Duration(bucket)
	}
	shift := bucket>>subBits - 1
	return time.Duration((uint64(bucket&(1<<subBits-1)|1<<subBits)+1)<<shift - 1)
}

// Record notes one value. One below zero counts as zero.
func (l *Latencies) Record(d time.Duration) {
	d = max(0, d)
	i := bucket(d)
	if i >= len(l.counts) {
		l.counts = append(l.counts, make([]uint64, i+1-len(l.counts))...)
	}
	l.counts[i]++
	if l.count == 0 || d < l.min {
		l.min = d
	}
	l.max = max(l.max, d)
	l.count++
	l.sum += float64(d)
}

// Merge adds all that other has recorded.
func (l *Latencies) Merge(other *Latencies) {
	if other.count == 0 {
		return
	}
	if n := len(other.counts); n > len(l.counts) {
		l.counts = append(l.counts, make([]uint64, n-len(l.counts))...)
	}
	for i, n := range other.counts {
		l.counts[i] += n
	}
	if l.count == 0 || other.min < l.min {
		l.min = other.min
	}
	l.max = max(l.max, other.max)
	l.count += other.count
	l.sum += other.sum
}

// Count is how many values were recorded.
func (l *Latencies) Count() uint64 { return l.count }

// Min is the least value, exactly; 0 if there is none.
func (l *Latencies) Min() time.Duration { return l.min }

// Max is the largest value, exactly; 0 if there is none.
func (l *Latencies) Max() time.Duration { return l.max }

// Mean is the mean, exactly; 0 if there is no value. It hides what Quantile shows.
func (l *Latencies) Mean() time.Duration {
	if l.count == 0 {
		return 0
	}
	return time.Duration(l.sum / float64(l.count))
}

// Quantile is the value that a share q of all values, 0 … 1, does not exceed, by nearest rank: one that occurred, or up to
// 0.8 % above it. 0 is Min and 1 is Max. Without values it is 0.
func (l *Latencies) Quantile(q float64) time.Duration {
	if l.count == 0 || !(q > 0) { // also NaN
		return l.min
	}
	rank := uint64(q * float64(l.count)) // rounded up, at least 1
	if float64(rank) < q*float64(l.count) || rank == 0 {
		rank++
	}
	if rank >= l.count {
		return l.max
	}
	var seen uint64
	for i, n := range l.counts {
		if seen += n; seen >= rank {
			return min(max(top(i), l.min), l.max)
		}
	}
	return l.max
}

// shownPercentiles are those that a chart of a distribution shows; 100 is the largest value.
var shownPercentiles = []float64{50, 75, 90, 95, 99, 99.9, 100}

// Chart draws the distribution as the series of that name: a chart of the kind "latency", and a table on the terminal.
func (l *Latencies) Chart(series string) {
	for _, p := range shownPercentiles {
		harness.Point(series, "sec", "percentile", p, l.Quantile(p/100).Seconds())
	}
}

// ReportMetrics reports p50-sec, p99-sec and max-sec as the benchmark's own metrics, for targets to be set on.
func (l *Latencies) ReportMetrics(b *testing.B) {
	b.Helper()
	b.ReportMetric(l.Quantile(0.5).Seconds(), "p50-sec")
	b.ReportMetric(l.Quantile(0.99).Seconds(), "p99-sec")
	b.ReportMetric(l.max.Seconds(), "max-sec")
}
