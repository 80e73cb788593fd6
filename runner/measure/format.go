package measure

import (
	"math"
	"strconv"
	"strings"

	"golang.org/x/perf/benchunit"
)

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
	class := benchunit.ClassOf(unit)
	switch {
	case class == benchunit.Binary:
		return strings.TrimSuffix(scaled(value, class, true)+"B"+rate(unit), " ")
	case isTime(unit):
		return scaled(value, class, false) + "s"
	}
	return strings.TrimSpace(plain(value))
}

// Multiple writes a ratio: "54.6×".
func Multiple(ratio float64) string { return Format(ratio, "1") + "×" }

// isTime says whether unit counts seconds: "sec/op", "cpu-sec/op", "p99-sec".
func isTime(unit string) bool {
	numerator, _, _ := strings.Cut(unit, "/")
	return numerator == "sec" || strings.HasSuffix(numerator, "-sec")
}

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
