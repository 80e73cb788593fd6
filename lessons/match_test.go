package lessons

import (
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		name, expected, got, mode string
		wrong                     string // part of the error; "": matches
	}{
		{name: "the same", expected: "a\nb\n", got: "a\nb", mode: ExpectExact},
		{name: "no mode is exact", expected: "a", got: "b", wrong: `line 1: got "b", want "a"`},
		{name: "blanks at the ends", expected: "a  \n\n", got: "\na\r\n", mode: ExpectExact},
		{name: "wider column", expected: "heap    ~5 MiB", got: "heap ~5 MiB", mode: ExpectExact, wrong: "line 1"},
		{name: "blanks in a row", expected: "heap    ~5 MiB", got: "heap      5 MiB", mode: ExpectExact},
		{name: "missing line", expected: "a\nb", got: "a", mode: ExpectExact, wrong: `line 2 is missing: want "b"`},
		{name: "line too much", expected: "a", got: "a\nb", mode: ExpectExact, wrong: `line 2 is too much: "b"`},
		{name: "nothing wanted, nothing printed", expected: "", got: "", mode: ExpectExact},
		{name: "characters of expressions", expected: "f(x) = [1.5]*", got: "f(x) = [1.5]*", mode: ExpectExact},
		{name: "a dot is a dot", expected: "1.5", got: "1x5", mode: ExpectExact, wrong: "line 1"},

		{name: "about, inside", expected: "~100 ms", got: "75 ms", mode: ExpectExact},
		{name: "about, outside", expected: "~100 ms", got: "74.9 ms", mode: ExpectExact, wrong: "74.9 is outside ~100"},
		{name: "about, own tolerance", expected: "~100±1%", got: "101", mode: ExpectExact},
		{name: "about, outside own tolerance", expected: "~100±1%", got: "102", mode: ExpectExact, wrong: "102 is outside ~100±1%"},
		{name: "about, below zero", expected: "~-8", got: "-10", mode: ExpectExact},
		{name: "about zero is zero", expected: "~0", got: "0.1", mode: ExpectExact, wrong: "outside"},
		{name: "thousands", expected: "~10,000", got: "9_500", mode: ExpectExact},
		{name: "exponent", expected: "~1000", got: "1e3", mode: ExpectExact},
		{name: "no number", expected: "~100", got: "NaN", mode: ExpectExact, wrong: "line 1"},
		{name: "below", expected: "<0.5 MiB", got: "-0.0 MiB", mode: ExpectExact},
		{name: "not below", expected: "<0.5 MiB", got: "0.5 MiB", mode: ExpectExact, wrong: "0.5 is outside <0.5"},
		{name: "above", expected: "x=>3", got: "x=>3", mode: ExpectExact},
		{name: "above a number", expected: "rows: >3", got: "rows: 4", mode: ExpectExact},
		{name: "not above", expected: "rows: >3", got: "rows: 3", mode: ExpectExact, wrong: "3 is outside >3"},
		{name: "inside of a word", expected: "a<5", got: "a4", mode: ExpectExact, wrong: "line 1"},
		{name: "two on a line", expected: "~10 of ~20", got: "11 of 30", mode: ExpectExact, wrong: "30 is outside ~20"},
		{name: "taken away", expected: `\~5 \<3`, got: "~5 <3", mode: ExpectExact},
		{name: "taken away, other", expected: `\~5`, got: "5", mode: ExpectExact, wrong: "line 1"},
		{name: "anything", expected: "panic: <any> [recovered]", got: "panic: x y [recovered]", mode: ExpectExact},
		{name: "anything is on one line", expected: "<any>", got: "a\nb", mode: ExpectExact, wrong: "line 2"},
		{name: "process", expected: "pid <pid>", got: "pid 4711", mode: ExpectExact},
		{name: "no process", expected: "pid <pid>", got: "pid none", mode: ExpectExact, wrong: "line 1"},
		{name: "duration", expected: "took <dur>", got: "took 1m2.5s", mode: ExpectExact},
		{name: "duration of Node", expected: "took <dur>", got: "took 1.234 ms", mode: ExpectExact},
		{name: "no duration", expected: "took <dur>", got: "took 5", mode: ExpectExact, wrong: "line 1"},

		{name: "contains", expected: "b\n~10", got: "a\nxbx\nfound 9 rows", mode: ExpectContains},
		{name: "contains, in order", expected: "b\na", got: "a\nb", mode: ExpectContains, wrong: `line 2, "a", is in no further line`},
		{name: "unordered", expected: "a\nb", got: "b\na", mode: ExpectUnordered},
		{name: "unordered, pairs are sought", expected: "<any>\na", got: "a\nb", mode: ExpectUnordered},
		{name: "unordered, each once", expected: "a\na", got: "a\nb", mode: ExpectUnordered, wrong: `line 2, "a", is not among`},
		{name: "unordered, number of lines", expected: "a", got: "a\na", mode: ExpectUnordered, wrong: "got 2 lines, want 1"},
		{name: "expression", expected: `^v\d+`, got: "v20.1", mode: ExpectRegex},
		{name: "expression fails", expected: `^v\d+$`, got: "v20.1", mode: ExpectRegex, wrong: "no match"},
		{name: "bad expression", expected: `(`, got: "(", mode: ExpectRegex, wrong: "as a regular expression"},
		{name: "nothing is compared", expected: "a", got: "b", mode: ExpectNone},
		{name: "unknown mode", expected: "a", got: "a", mode: "fuzzy", wrong: `unknown way to compare "fuzzy"`},

		{name: "json", expected: `{"a":1,"b":[true,null]}`, got: `{"b":[true,null],"a":1.0}`, mode: ExpectJSON},
		{name: "json, matcher", expected: `{"y":"~10"}`, got: `{"y":11}`, mode: ExpectJSON},
		{name: "json, matcher fails", expected: `{"c":{"y":"<0.5"}}`, got: `{"c":{"y":3}}`, mode: ExpectJSON, wrong: "line 1.c.y: "},
		{name: "json, other field", expected: `{"a":1}`, got: `{"a":1,"b":2}`, mode: ExpectJSON, wrong: "want the fields"},
		{name: "json, length", expected: `[1,2]`, got: `[1]`, mode: ExpectJSON, wrong: "want 2 values"},
		{name: "json, other value", expected: `[true]`, got: `[false]`, mode: ExpectJSON, wrong: "line 1[0]: got false, want true"},
		{name: "no json", expected: `1`, got: `one`, mode: ExpectJSON, wrong: "is no JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := Match(tt.expected, tt.got, tt.mode)
			switch {
			case tt.wrong == "" && err != nil:
				t.Errorf("Match(%q, %q, %s) = %v, want a match", tt.expected, tt.got, tt.mode, err)
			case tt.wrong != "" && err == nil:
				t.Errorf("Match(%q, %q, %s) matches, want an error with %q", tt.expected, tt.got, tt.mode, tt.wrong)
			case tt.wrong != "" && !strings.Contains(err.Error(), tt.wrong):
				t.Errorf("Match(%q, %q, %s) = %v, want an error with %q", tt.expected, tt.got, tt.mode, err, tt.wrong)
			}
		})
	}
}

func FuzzMatchAcceptsItsOwnText(f *testing.F) {
	f.Add("a ~5 <any> \\~")
	f.Add("<")
	f.Fuzz(func(t *testing.T, text string) {
		for _, mode := range []string{ExpectExact, ExpectContains, ExpectUnordered} {
			if strings.ContainsAny(text, `~<>\`) {
				_ = Match(text, text, mode) // must not panic
				continue
			}
			if err := Match(text, text, mode); err != nil {
				t.Errorf("%s: %v", mode, err)
			}
		}
	})
}
