package exercises

import (
	"fmt"
	"strings"
)

// Lookup finds the exercise of that slug, or ErrNotFound.
func (c *Catalog) Lookup(slug string) (*Exercise, error) {
	for _, e := range c.exercises {
		if e.Slug == slug {
			return e, nil
		}
	}
	return nil, fmt.Errorf("%w: %q", ErrNotFound, slug)
}

// Suggest is the slug that word most likely means: the only one that begins with it, else the nearest by number of
// typing mistakes. ok is false if none is near.
func (c *Catalog) Suggest(word string) (slug string, ok bool) {
	word = strings.ToLower(strings.TrimSpace(word))
	if word == "" {
		return "", false
	}
	var begins []string
	for _, e := range c.exercises {
		if strings.HasPrefix(e.Slug, word) {
			begins = append(begins, e.Slug)
		}
	}
	if len(begins) == 1 {
		return begins[0], true
	}
	// A third of the letters may be wrong; more is another word.
	best := max(1, len(word)/3) + 1
	for _, e := range c.exercises {
		if d := mistakes(word, e.Slug); d < best {
			slug, best = e.Slug, d
		}
	}
	return slug, slug != ""
}

// mistakes counts the letters to insert, delete, replace or swap with their neighbour to make b of a.
func mistakes(a, b string) int {
	var before []int // the row before last, for swaps
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replace := last[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			row[j] = min(replace, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
