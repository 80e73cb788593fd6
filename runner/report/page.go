package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"hotloop/runner/measure"
)

// A style is a terminal's escape for it.
type style string

const (
	red    style = "\x1b[31m"
	green  style = "\x1b[32m"
	yellow style = "\x1b[33m"
	dim    style = "\x1b[2m"
	reset        = "\x1b[0m"
)

// A page is a writer of lines that remembers its first error, so that what is written reads as what is shown.
type page struct {
	w     io.Writer
	color bool
	err   error
}

func (p *page) print(s string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, s)
	}
}

func (p *page) line(parts ...string) {
	p.print(strings.TrimRight(strings.Join(parts, ""), " ") + "\n")
}

// block prints untrusted text with prefix before each line.
func (p *page) block(prefix, s string) {
	s = strings.TrimRight(Clean(s), "\n")
	if s == "" {
		return
	}
	for line := range strings.SplitSeq(s, "\n") {
		p.line(prefix, line)
	}
}

func (p *page) paint(s style, text string) string {
	if !p.color || s == "" || text == "" {
		return text
	}
	return string(s) + text + reset
}

// pad fills s with spaces to width characters.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

func seconds(s float64) string {
	if s < 0.1 {
		return measure.Format(s, "sec")
	}
	return fmt.Sprintf("%.2f s", s)
}

// table prints rows under a head, each column as wide as its widest cell, and calls after behind each row. Columns
// without any content are left out.
func (p *page) table(head []string, rows [][]string, after func(row int)) {
	width := make([]int, len(head))
	for _, row := range rows {
		for c, cell := range row {
			width[c] = max(width[c], utf8.RuneCountInString(cell))
		}
	}
	for c, title := range head {
		if width[c] > 0 {
			width[c] = max(width[c], utf8.RuneCountInString(title))
		}
	}
	write := func(row []string, s style) {
		var cells []string
		for c, cell := range row {
			if width[c] > 0 {
				cells = append(cells, pad(cell, width[c]))
			}
		}
		p.line(p.paint(s, strings.TrimRight(strings.Join(cells, "  "), " ")))
	}
	write(head, dim)
	for i, row := range rows {
		write(row, rowStyle(row))
		after(i)
	}
}

func (p *page) benchmarks(list []Benchmark) {
	head := []string{"benchmark", "unit", "naive", "reference", "yours", "better", "target", ""}
	var rows [][]string
	for _, b := range list {
		rows = append(rows, []string{cleanLine(b.Name), cleanLine(b.Unit), value(b.Naive, b.Unit), value(b.Reference, b.Unit),
			value(b.Yours, b.Unit), times(b.Speedup), b.Target.In(b.Unit), decisions[b.Met]})
	}
	p.table(head, rows, func(i int) {
		p.block("    ", list[i].Note)
	})
}

var decisions = map[measure.Decision]string{measure.Yes: "✓ met", measure.No: "✗ missed", measure.Inconclusive: "? not sure"}

// rowStyle colors a row of benchmarks by its last cell.
func rowStyle(row []string) style {
	switch row[len(row)-1] {
	case decisions[measure.Yes]:
		return green
	case decisions[measure.No]:
		return red
	case decisions[measure.Inconclusive]:
		return yellow
	}
	return ""
}

// value is a center with how far off it may be: "28.1 ns ± 1 %", or the ends where that says more: "96 B … 5 KiB".
func value(iv *measure.Interval, unit string) string {
	if iv == nil {
		return ""
	}
	center := measure.Format(iv.Center, unit)
	switch spread := iv.Spread(); {
	case iv.Known() && iv.Lo == iv.Hi:
		return center
	case iv.Known() && !(spread < 1): // also NaN, around zero
		return measure.Format(iv.Lo, unit) + " … " + measure.Format(iv.Hi, unit)
	case !iv.Known():
		return center + " ± ?"
	case spread < 0.005:
		return center + " ± 0 %"
	default:
		return fmt.Sprintf("%s ± %.0f %%", center, 100*spread)
	}
}

// times is a ratio with its interval: "54.6× [53.9, 55.4]".
func times(iv *measure.Interval) string {
	switch {
	case iv == nil:
		return ""
	case !iv.Known():
		return measure.Multiple(iv.Center) + " [?]"
	case iv.Lo == iv.Hi:
		return measure.Multiple(iv.Center)
	}
	return fmt.Sprintf("%s [%s, %s]", measure.Multiple(iv.Center), measure.Format(iv.Lo, "1"), measure.Format(iv.Hi, "1"))
}

// In writes the target for people: "≥ 10×", "≤ 300 KiB".
func (t *Target) In(unit string) string {
	switch {
	case t == nil:
		return ""
	case t.AtMost != nil:
		return "≤ " + measure.Format(*t.AtMost, unit)
	}
	return "≥ " + measure.Multiple(t.Speedup)
}

const graphWidth = 24

// series prints a small graph for each variant; variants of one series share its scale, which begins at zero so that a
// flat line looks flat.
func (p *page) series(list []Series) {
	told := map[string]bool{}
	for _, s := range list {
		if told[s.Name] {
			continue
		}
		told[s.Name] = true
		variants := slices.DeleteFunc(slices.Clone(list), func(v Series) bool { return v.Name != s.Name || len(v.Points) == 0 })
		if len(variants) > 1 && alike(variants) {
			variants = variants[:1]
			variants[0].Variant = "all alike"
		}
		if s.Axis == measure.PercentileAxis {
			p.percentiles(variants)
			continue
		}
		axis := s.Axis
		if axis == "" {
			axis = "seconds"
		}
		p.line(p.paint(dim, cleanLine(s.Name+" over "+axis)))
		lo, hi := bounds(variants)
		for _, v := range variants {
			first, last := v.Points[0][1], v.Points[len(v.Points)-1][1]
			p.line("  ", pad(cleanLine(v.Variant), 9), "  ", graph(v.Points, lo, hi), "  ",
				measure.Format(first, v.Unit), " → ", measure.Format(last, v.Unit))
		}
	}
}

// percentiles prints a distribution as a table: a row for each variant, a column for each percentile.
func (p *page) percentiles(variants []Series) {
	head := []string{cleanLine(variants[0].Name)}
	for _, point := range variants[0].Points {
		head = append(head, measure.Percentile(point[0]))
	}
	var rows [][]string
	for _, v := range variants {
		row := []string{"  " + cleanLine(v.Variant)}
		for _, point := range v.Points[:min(len(v.Points), len(head)-1)] {
			row = append(row, measure.Format(point[1], v.Unit))
		}
		for len(row) <= len(head) { // the last column is a table's mark, which this one has none of
			row = append(row, "")
		}
		rows = append(rows, row)
	}
	p.table(append(head, ""), rows, func(int) {})
}

// alike says whether all variants have the same points, as series have that a benchmark draws for comparison.
func alike(variants []Series) bool {
	for _, v := range variants[1:] {
		if !slices.Equal(v.Points, variants[0].Points) {
			return false
		}
	}
	return true
}

func bounds(variants []Series) (lo, hi float64) {
	for _, s := range variants {
		for _, point := range s.Points {
			lo, hi = min(lo, point[1]), max(hi, point[1])
		}
	}
	return lo, hi
}

// graph draws points as blocks between lo and hi. Of more points than fit, each block shows the highest of its share:
// peaks are what one looks for.
func graph(points [][2]float64, lo, hi float64) string {
	blocks := []rune("▁▂▃▄▅▆▇█")
	n := min(graphWidth, len(points))
	out := make([]rune, n)
	for i := range out {
		top := math.Inf(-1)
		for _, point := range points[i*len(points)/n : (i+1)*len(points)/n] {
			top = max(top, point[1])
		}
		level := (top - lo) / (hi - lo)
		if !(level > 0) { // also NaN: all are equal, or too far apart to subtract
			level = 0
		}
		out[i] = blocks[int(min(1, level)*float64(len(blocks)-1)+0.5)]
	}
	return pad(string(out), graphWidth)
}
