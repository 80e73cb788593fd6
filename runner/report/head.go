package report

import (
	"fmt"
	"unicode/utf8"

	"hotloop/runner/measure"
)

// A Head is a writer that keeps the first Limit bytes and counts the rest. Its writes never fail, so that a program that
// talks too much is not slowed or broken by whoever listens.
type Head struct {
	Limit int

	kept    []byte
	dropped int64
}

// Write keeps what still fits.
func (h *Head) Write(p []byte) (int, error) {
	n := min(len(p), max(0, h.Limit-len(h.kept)))
	h.kept = append(h.kept, p[:n]...)
	h.dropped += int64(len(p) - n)
	return len(p), nil
}

// Dropped is how many bytes did not fit.
func (h *Head) Dropped() int64 { return h.dropped }

// String is the kept text, cleaned, with a last line that says how much is missing.
func (h *Head) String() string {
	kept := h.kept
	if h.dropped == 0 {
		return Clean(string(kept))
	}
	for range utf8.UTFMax - 1 { // a character cut in half is not the program's fault
		if r, size := utf8.DecodeLastRune(kept); r != utf8.RuneError || size != 1 {
			break
		}
		kept = kept[:len(kept)-1]
	}
	return Clean(string(kept)) + fmt.Sprintf("\n… %s more not shown\n", measure.Format(float64(h.dropped), "B"))
}
