package measure

import (
	"math"
	"testing"
)

func TestFormat(t *testing.T) {
	for _, tt := range []struct {
		value float64
		unit  string
		want  string
	}{
		{28.1e-9, "sec/op", "28.1 ns"},
		{28.14, "ns/op", "28.1 ns"},
		{1.536e-6, "cpu-sec/op", "1.54 µs"},
		{1.536e-6, "sec", "1.54 µs"},
		{0.0125, "p99-sec", "12.5 ms"},
		{2, "sec/op", "2.00 s"},
		{120, "sec", "120 s"},
		{0, "sec/op", "0 s"},
		{1.5 * (1 << 20), "B", "1.5 MiB"},
		{1536, "B/op", "1.5 KiB"},
		{300 << 10, "kept-B", "300 KiB"},
		{12, "B/op", "12 B"},
		{0, "B", "0 B"},
		{-2048, "B", "-2 KiB"},
		{5 << 20, "B/s", "5 MiB/s"},
		{12, "allocs/op", "12"},
		{0, "allocs/op", "0"},
		{1000, "goroutines", "1,000"},
		{1234567, "allocs/op", "1,234,567"},
		{-12345, "1", "-12,345"},
		{0.5773, "hit-ratio", "0.577"},
		{54.64, "1", "54.6"},
		{5, "1", "5"},
		{1234.6, "1", "1,235"},
		{9.999, "1", "10"},
		{12345678912, "1", "1.23e+10"},
		{0.00001234, "1", "1.23e-05"},
		{math.NaN(), "sec/op", "?"},
		{math.Inf(1), "sec/op", "∞"},
		{math.Inf(-1), "B", "-∞"},
		{math.MaxFloat64, "1", "∞"},
	} {
		if got := Format(tt.value, tt.unit); got != tt.want {
			t.Errorf("Format(%v, %q) = %q, want %q", tt.value, tt.unit, got, tt.want)
		}
	}
}
