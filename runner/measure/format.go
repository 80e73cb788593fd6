package measure

import (
	"math"
	"strconv"
	"strings"

	"golang.org/x/perf/benchunit"
)

// A Kind is how values of a unit are read by people, and scaled.
type Kind string

const (
	Seconds Kind = "seconds" // 28.1 ns
	Bytes   Kind = "bytes"   // 1.5 MiB
	Count   Kind = "count"   // 12, 0.577
)

// KindOf is the kind of what unit's numerator measures: "cpu-sec/op" is Seconds, "kept-B" is Bytes, "allocs/op" and
// whatever is not known are Count.
func KindOf(unit string) Kind {
	_, unit = benchunit.Tidy(1, unit)
	numerator, _, _ := strings.Cut(unit, "/")
	switch {
	case benchunit.ClassOf(unit) == benchunit.Binary:
		return Bytes
	case numerator == "sec" || strings.HasSuffix(numerator, "-sec"):
		return Seconds
	}
	return Count
}

// Format writes a value for people, with three digits and the prefix that fits: "28.1 ns", "1.5 MiB", "12". Only what
// the unit's numerator measures is named, since tables and axes name the unit: "sec/op" gives "ns" and "allocs/op"
// nothing.
func Format(value float64, unit string) string {
	switch {
	case math.IsNaN(value):
		return "?"
	case math.Abs(value) >= math.MaxFloat64: // also the infinities
		return strings.TrimSuffix(strconv.FormatFloat(math.Copysign(1, value), 'f', 0, 64), "1") + "∞"
	}
	value, unit = benchunit.Tidy(value, unit)
	switch KindOf(unit) {
	case Bytes:
		return scaled(value, benchunit.Binary, true) + "B" + rate(unit)
	case Seconds:
		return scaled(value, benchunit.Decimal, false) + "s"
	}
	return plain(value)
}

// Multiple writes a ratio: "54.6×".
func Multiple(ratio float64) string { return Format(ratio, "1") + "×" }

// rate keeps the denominator of a rate over time; that of "B/op" stands in the table's head.
func rate(unit string) string {
	if strings.HasSuffix(unit, "/s") || strings.HasSuffix(unit, "/sec") {
		return "/s"
	}
	return ""
}

func scaled(value float64, class benchunit.Class, trim bool) string {
	if value == 0 {
		return "0 "
	}
	s := benchunit.CommonScale([]float64{value}, class)
	digits := strconv.FormatFloat(value/s.Factor, 'f', max(0, s.Prec-1), 64) // benchunit shows four digits
	if trim {
		digits = trimZeros(digits)
	}
	return digits + " " + s.Prefix
}

// plain writes a number without a unit: whole ones in full, others with three digits.
func plain(value float64) string {
	if value == math.Trunc(value) && math.Abs(value) < 1e7 {
		return grouped(strconv.FormatFloat(value, 'f', 0, 64))
	}
	if abs := math.Abs(value); abs >= 100 && abs < 1e7 {
		return grouped(strconv.FormatFloat(math.Round(value), 'f', 0, 64))
	} else if abs >= 1e7 || abs < 0.001 {
		return strconv.FormatFloat(value, 'g', 3, 64)
	}
	return trimZeros(strconv.FormatFloat(value, 'f', 2-int(math.Floor(math.Log10(math.Abs(value)))), 64))
}

// grouped sets a comma before each three digits: "12,000".
func grouped(digits string) string {
	sign := ""
	if rest, ok := strings.CutPrefix(digits, "-"); ok {
		sign, digits = "-", rest
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

func trimZeros(digits string) string {
	if !strings.Contains(digits, ".") {
		return digits
	}
	return strings.TrimRight(strings.TrimRight(digits, "0"), ".")
}
