// Package retain holds on to what is needed, and to nothing that happens to lie beside it.
package retain

import "strings"

// Header is a copy of the first 16 bytes of body, or of all if there are fewer.
func Header(body []byte) []byte {
	// TODO: 16 bytes that keep a megabyte alive.
	return body[:min(16, len(body))]
}

// Field is the n-th field of line, counted from 0. Fields are separated by white space, as in strings.Fields.
func Field(line string, n int) (string, bool) {
	// TODO: where do these fields lie?
	fields := strings.Fields(line)
	if n < 0 || n >= len(fields) {
		return "", false
	}
	return fields[n], true
}

// Sizer returns a function that reports how long big is.
func Sizer(big []byte) func() int {
	// TODO: what does this function hold on to?
	return func() int { return len(big) }
}

// Compact drops in place what keep refuses, and returns the front of xs that holds the rest, in order. What lies behind
// it is set to nil.
func Compact[T any](xs []*T, keep func(*T) bool) []*T {
	kept := xs[:0]
	for _, x := range xs {
		if keep(x) {
			kept = append(kept, x)
		}
	}
	// TODO: what is left behind the front?
	return kept
}

// A Queue is first in, first out. Its zero value is empty and ready to use.
type Queue[T any] struct {
	items []T
}

// Push puts v at the end.
func (q *Queue[T]) Push(v T) { q.items = append(q.items, v) }

// Pop takes the first element, and reports whether there was one.
func (q *Queue[T]) Pop() (T, bool) {
	if len(q.items) == 0 {
		var zero T
		return zero, false
	}
	v := q.items[0]
	q.items = q.items[1:] // TODO: the slice has moved on; has the array?
	return v, true
}

// Len is the number of elements.
func (q *Queue[T]) Len() int { return len(q.items) }

// Cap is for how many elements the queue holds memory.
func (q *Queue[T]) Cap() int { return cap(q.items) }
