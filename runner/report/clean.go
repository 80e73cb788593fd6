package report

import (
	"strings"
	"unicode/utf8"
)

// Clean makes untrusted text safe to show in a terminal, a page or an editor: valid UTF-8 that stays where it is put and
// reads as it looks. Newline and tab stay; "\r\n" and a lone "\r" become newlines; terminal escapes, bidirectional and
// invisible controls go; other control characters and bytes that are not UTF-8 become U+FFFD. Escaping for HTML is the
// page's own affair. Cleaning twice is the same as cleaning once.
func Clean(s string) string {
	if isClean(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		if s[i] == 0x1b {
			i += escapeLen(s[i:])
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\r':
			if !strings.HasPrefix(s[i+1:], "\n") {
				b.WriteByte('\n')
			}
		case r == utf8.RuneError || isControl(r):
			b.WriteRune(utf8.RuneError)
		case !isInvisible(r):
			b.WriteRune(r)
		}
		i += size
	}
	return b.String()
}

func isClean(s string) bool {
	for i, r := range s {
		if r == '\r' || isControl(r) || isInvisible(r) {
			return false
		}
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)) {
			return false
		}
	}
	return true
}

// isControl also covers C1, which some terminals obey as they do escapes, and the characters that XML cannot hold.
func isControl(r rune) bool {
	return r < 0x20 && r != '\n' && r != '\t' || 0x7f <= r && r <= 0x9f || r&0xfffe == 0xfffe
}

func isInvisible(r rune) bool {
	switch {
	case r == 0x00ad, r == 0x034f, r == 0x061c, r == 0x180e, r == 0xfeff, // soft hyphen, joiner, marks, byte order mark
		0x200b <= r && r <= 0x200f,   // zero-width space and joiners, direction marks
		0x2028 <= r && r <= 0x202e,   // line and paragraph separator, embeddings, overrides
		0x2060 <= r && r <= 0x206f,   // word joiner, invisible operators, isolates
		0xfff9 <= r && r <= 0xfffb,   // interlinear annotation
		0xe0000 <= r && r <= 0xe007f: // tags
		return true
	}
	return false
}

// escapeLen is the length of the terminal escape at the start of s, which begins with ESC. Of a sequence that does not
// end properly only the part that cannot be text counts, so that no output disappears behind it.
func escapeLen(s string) int {
	if len(s) < 2 {
		return 1
	}
	switch c := s[1]; {
	case c == '[':
		i := 2
		for i < len(s) && 0x20 <= s[i] && s[i] <= 0x3f {
			i++
		}
		if i < len(s) && 0x40 <= s[i] && s[i] <= 0x7e {
			i++
		}
		return i
	case strings.IndexByte("]PX^_", c) >= 0:
		return stringLen(s)
	}
	i := 1
	for i < len(s) && 0x20 <= s[i] && s[i] <= 0x2f {
		i++
	}
	if i < len(s) && 0x30 <= s[i] && s[i] <= 0x7e {
		i++
	}
	return i
}

// stringLen is the length of an escape that carries a string up to BEL or ESC \: a window title, a link.
func stringLen(s string) int {
	for i := 2; i < len(s); i++ {
		switch {
		case s[i] == 0x07:
			return i + 1
		case s[i] == 0x1b && i+1 < len(s) && s[i+1] == '\\':
			return i + 2
		case s[i] == '\n' || s[i] == 0x1b:
			return 2
		}
	}
	return 2
}

const maxName = 200 // characters of a test's or file's name that are shown

// cleanLine is s cleaned, on one line and cut at maxName characters.
func cleanLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		return r
	}, Clean(s))
	return cut(s, maxName)
}

// cut shortens s to at most limit characters, the last of which says that there was more.
func cut(s string, limit int) string {
	n := 0
	for i := range s {
		if n++; n == limit && utf8.RuneCountInString(s[i:]) > 1 {
			return s[:i] + "…"
		}
	}
	return s
}
