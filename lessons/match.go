package lessons

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// The ways in which an output block is compared with what a run printed (Block.Expect).
const (
	ExpectExact     = "exact"     // the same lines in the same order
	ExpectContains  = "contains"  // each line is part of a printed line, in order
	ExpectUnordered = "unordered" // the same lines in any order
	ExpectRegex     = "regex"     // the block is a regular expression that is found
	ExpectJSON      = "json"      // a JSON value a line; strings may hold matchers
	ExpectNone      = "none"      // nothing is compared
)

// Match is nil if got is what expected describes. In the modes that compare lines, and in JSON strings, expected may
// hold matchers at the start of a word:
//
//	~N      a number within 25 % of N; ~N±p% within p %
//	<N >N   a number below, above N
//	<dur>   a duration: 1.5ms, 20 µs
//	<pid>   digits
//	<any>   anything, also nothing
//
// A backslash before ~ or < or > takes the matcher's meaning away. Blanks in a row count as one, those at the ends of
// lines and empty lines at the ends of the text as none: columns may be wider for another number. The error says which
// line differs, and how.
func Match(expected, got, mode string) error {
	switch mode {
	case "", ExpectExact:
		return matchExact(lines(expected), lines(got))
	case ExpectContains:
		return matchContains(lines(expected), lines(got))
	case ExpectUnordered:
		return matchUnordered(lines(expected), lines(got))
	case ExpectRegex:
		re, err := regexp.Compile(strings.TrimSpace(expected))
		if err != nil {
			return fmt.Errorf("reading the expected output as a regular expression: %w", err)
		}
		if !re.MatchString(got) {
			return fmt.Errorf("no match of %q in %q", expected, got)
		}
		return nil
	case ExpectJSON:
		return matchJSON(lines(expected), lines(got))
	case ExpectNone:
		return nil
	}
	return fmt.Errorf("unknown way to compare %q", mode)
}

// lines splits text without the white space that does not count.
func lines(text string) []string {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if text == "" {
		return nil
	}
	out := strings.Split(text, "\n")
	for i := range out {
		out[i] = strings.TrimRight(out[i], " \t")
	}
	return out
}

func matchExact(want, got []string) error {
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(got):
			return fmt.Errorf("line %d is missing: want %q", i+1, want[i])
		case i >= len(want):
			return fmt.Errorf("line %d is too much: %q", i+1, got[i])
		}
		if err := matchLine(want[i], got[i], false); err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return nil
}

func matchContains(want, got []string) error {
	next := 0
	for i, w := range want {
		for ; next < len(got); next++ {
			if matchLine(w, got[next], true) == nil {
				break
			}
		}
		if next == len(got) {
			return fmt.Errorf("line %d, %q, is in no further line of %q", i+1, w, strings.Join(got, "\n"))
		}
		next++
	}
	return nil
}

// matchUnordered looks for a pairing of the lines, since one line with a matcher may fit several.
func matchUnordered(want, got []string) error {
	if len(want) != len(got) {
		return fmt.Errorf("got %d lines, want %d: %q", len(got), len(want), strings.Join(got, "\n"))
	}
	owner := make([]int, len(got)) // which want has this got; -1: none
	for i := range owner {
		owner[i] = -1
	}
	for i, w := range want {
		if !pair(i, want, got, owner, make([]bool, len(got))) {
			return fmt.Errorf("line %d, %q, is not among %q", i+1, w, strings.Join(got, "\n"))
		}
	}
	return nil
}

func pair(i int, want, got []string, owner []int, tried []bool) bool {
	for j := range got {
		if tried[j] || matchLine(want[i], got[j], false) != nil {
			continue
		}
		tried[j] = true
		if owner[j] < 0 || pair(owner[j], want, got, owner, tried) {
			owner[j] = i
			return true
		}
	}
	return false
}

func matchJSON(want, got []string) error {
	if len(want) != len(got) {
		return fmt.Errorf("got %d lines, want %d: %q", len(got), len(want), strings.Join(got, "\n"))
	}
	for i := range want {
		var w, g any
		if err := json.Unmarshal([]byte(want[i]), &w); err != nil {
			return fmt.Errorf("reading expected line %d as JSON: %w", i+1, err)
		}
		if err := json.Unmarshal([]byte(got[i]), &g); err != nil {
			return fmt.Errorf("line %d, %q, is no JSON: %w", i+1, got[i], err)
		}
		if err := matchValue("", w, g); err != nil {
			return fmt.Errorf("line %d%w", i+1, err)
		}
	}
	return nil
}

func matchValue(path string, want, got any) error {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok || len(object) != len(want) {
			return fmt.Errorf("%s: got %v, want the fields of %v", path, got, want)
		}
		for k := range want {
			if err := matchValue(path+"."+k, want[k], object[k]); err != nil {
				return err
			}
		}
		return nil
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return fmt.Errorf("%s: got %v, want %d values", path, got, len(want))
		}
		for i := range want {
			if err := matchValue(fmt.Sprintf("%s[%d]", path, i), want[i], list[i]); err != nil {
				return err
			}
		}
		return nil
	case string:
		text, ok := got.(string)
		if number, isNumber := got.(float64); isNumber {
			text, ok = strconv.FormatFloat(number, 'g', -1, 64), true
		}
		if !ok {
			return fmt.Errorf("%s: got %v, want %q", path, got, want)
		}
		if err := matchLine(want, text, false); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	}
	if !reflect.DeepEqual(want, got) {
		return fmt.Errorf("%s: got %v, want %v", path, got, want)
	}
	return nil
}

var (
	matcher = regexp.MustCompile(`\\[~<>]|~(-?\d[\d_,]*(?:\.\d+)?)(?:±(\d+)%)?|([<>])(-?\d[\d_,]*(?:\.\d+)?)|<(any|pid|dur)>`)
	number  = `(-?\d[\d_,]*(?:\.\d+)?(?:[eE][-+]?\d+)?)`
	named   = map[string]string{
		"any": `.*?`,
		"pid": `\d+`,
		"dur": `(?:\d+(?:\.\d+)?\s?(?:ns|µs|us|ms|s|m|h))+`,
	}
)

// A bound is what a number at a matcher's place must keep to.
type bound struct {
	text   string // the matcher itself
	lo, hi float64
	open   bool // lo and hi themselves are outside
}

// matchLine compares one line, or with part a part of it.
func matchLine(want, got string, part bool) error {
	pattern, bounds := compile(blanks(want))
	if !part {
		pattern = "^" + pattern + "$"
	}
	re := regexp.MustCompile(pattern)
	groups := re.FindStringSubmatch(blanks(got))
	if groups == nil {
		return fmt.Errorf("got %q, want %q", got, want)
	}
	for i, b := range bounds {
		n := parseNumber(groups[i+1])
		inside := b.lo <= n && n <= b.hi // false for NaN
		if !inside || b.open && (n == b.lo || n == b.hi) {
			return fmt.Errorf("got %q, want %q: %s is outside %s", got, want, groups[i+1], b.text)
		}
	}
	return nil
}

// blanks makes one blank of several, and text of any bytes: what is compared was printed by a program.
func blanks(line string) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(line, "\ufffd")), " ")
}

// compile turns a line with matchers into a regular expression with one group a bound.
func compile(line string) (string, []bound) {
	var b strings.Builder
	var bounds []bound
	at := 0
	for _, m := range matcher.FindAllStringSubmatchIndex(line, -1) {
		text := line[m[0]:m[1]]
		group := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return line[m[2*i]:m[2*i+1]]
		}
		escaped := text[0] == '\\'
		if !escaped && group(5) == "" && insideWord(line, m[0]) {
			continue // stays literal: written out with what follows
		}
		b.WriteString(regexp.QuoteMeta(line[at:m[0]]))
		at = m[1]
		switch {
		case escaped:
			b.WriteString(regexp.QuoteMeta(text[1:]))
		case group(1) != "":
			b.WriteString(number)
			bounds = append(bounds, about(text, group(1), group(2)))
		case group(3) != "":
			b.WriteString(number)
			limit := bound{text: text, lo: math.Inf(-1), hi: parseNumber(group(4)), open: true}
			if group(3) == ">" {
				limit.lo, limit.hi = limit.hi, math.Inf(1)
			}
			bounds = append(bounds, limit)
		default:
			b.WriteString(named[group(5)])
		}
	}
	b.WriteString(regexp.QuoteMeta(line[at:]))
	return b.String(), bounds
}

func about(text, n, percent string) bound {
	p := 25.0
	if percent != "" {
		p = parseNumber(percent)
	}
	v := parseNumber(n)
	tolerance := math.Abs(v) * p / 100
	return bound{text: text, lo: v - tolerance, hi: v + tolerance}
}

// insideWord says that the sign at i is part of a word or an operator: a<5, x=>3.
func insideWord(line string, i int) bool {
	if i == 0 {
		return false
	}
	if line[i] == '>' && line[i-1] == '=' {
		return true
	}
	return !strings.ContainsRune(" \t([{:,=\"'|", rune(line[i-1]))
}

func parseNumber(s string) float64 {
	n, err := strconv.ParseFloat(strings.NewReplacer("_", "", ",", "").Replace(s), 64)
	if err != nil {
		return math.NaN()
	}
	return n
}
