package report

import (
	"strings"
	"testing"
	"unicode/utf8"
)

var cleanTests = []struct{ name, in, want string }{
	{"plain", "one\n\ttwo → 3 µs é 👍", "one\n\ttwo → 3 µs é 👍"},
	{"a real U+FFFD", "a\ufffdb", "a\ufffdb"},
	{"bytes that are not UTF-8", "a\xffb\xc3", "a\ufffdb\ufffd"},
	{"NUL and C0", "a\x00b\x07c\x7f", "a\ufffdb\ufffdc\ufffd"},
	{"C1", "a\u009b31mb", "a\ufffd31mb"},
	{"what XML cannot hold", "a\ufffeb\uffff", "a\ufffdb\ufffd"},
	{"carriage returns", "a\r\nb\rc\r", "a\nb\nc\n"},
	{"colors", "\x1b[31mred\x1b[0m", "red"},
	{"clear screen", "a\x1b[2J\x1b[Hb", "ab"},
	{"window title", "a\x1b]0;owned\x07b", "ab"},
	{"link", "\x1b]8;;https://x\x1b\\text\x1b]8;;\x1b\\", "text"},
	{"device string", "a\x1bPq#0\x1b\\b", "ab"},
	{"title without end", "a\x1b]0;rest\nof it", "a0;rest\nof it"},
	{"cut off", "a\x1b[3", "a"},
	{"escape in an escape", "a\x1b[3\x1b[31mb", "ab"},
	{"two-byte escapes", "a\x1b7b\x1b(Bc", "abc"},
	{"lone escape", "a\x1b", "a"},
	{"bidi", "a\u202egpj.exe\u202cb\u2066c\u2069", "agpj.exebc"},
	{"invisible", "a\u200bb\u200dc\ufeffd\u00ade\u2028f\U000e0041g", "abcdefg"},
}

func TestClean(t *testing.T) {
	for _, tt := range cleanTests {
		if got := Clean(tt.in); got != tt.want {
			t.Errorf("%s: Clean(%q) = %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, tt := range cleanTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if !utf8.ValidString(got) {
			t.Errorf("Clean(%q) = %q: not UTF-8", s, got)
		}
		if again := Clean(got); again != got {
			t.Errorf("Clean(%q) = %q, and cleaned again %q", s, got, again)
		}
		for _, r := range got {
			if r != '\n' && r != '\t' && (isControl(r) || isInvisible(r)) {
				t.Errorf("Clean(%q) = %q still holds %U", s, got, r)
			}
		}
		if line := cleanLine(s); strings.ContainsAny(line, "\n\t") || utf8.RuneCountInString(line) > maxName {
			t.Errorf("cleanLine(%q) = %q: not one line of at most %d characters", s, line, maxName)
		}
	})
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		in    string
		limit int
		want  string
	}{{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"µµµ", 3, "µµµ"}, {"µµµµ", 3, "µµ…"}, {"", 3, ""}} {
		if got := cut(tt.in, tt.limit); got != tt.want {
			t.Errorf("cut(%q, %d) = %q, want %q", tt.in, tt.limit, got, tt.want)
		}
	}
}

func TestHead(t *testing.T) {
	for _, tt := range []struct {
		name   string
		limit  int
		writes []string
		want   string
	}{
		{"fits", 10, []string{"one\n", "two\n"}, "one\ntwo\n"},
		{"exactly", 4, []string{"one\n"}, "one\n"},
		{"too much", 4, []string{"one\n", "two\n", "three\n"}, "one\n\n… 10 B more not shown\n"},
		{"a character cut in half", 2, []string{"aµ"}, "a\n… 1 B more not shown\n"},
		{"an escape over two writes", 99, []string{"a\x1b[3", "1mb"}, "ab"},
		{"nothing kept", 0, []string{"abc"}, "\n… 3 B more not shown\n"},
	} {
		h := Head{Limit: tt.limit}
		for _, w := range tt.writes {
			if n, err := h.Write([]byte(w)); n != len(w) || err != nil {
				t.Errorf("%s: Write(%q) = %d, %v; a Head takes everything", tt.name, w, n, err)
			}
		}
		if got := h.String(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
