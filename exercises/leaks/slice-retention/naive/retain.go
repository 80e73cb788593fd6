// Package retain holds on to what is needed, and to nothing that happens to lie beside it.
//
// It is the obvious cure: whatever may be pinned is copied, all of it. The original can go, and the copy stays. The
// queue moves all its elements up at each Pop, and Compact does so for each element that it drops.
package retain

import (
	"bytes"
	"slices"
	"strings"
)

// Header is a copy of the first 16 bytes of body, or of all if there are fewer.
func Header(body []byte) []byte {
	own := bytes.Clone(body)
	return own[:min(16, len(own))]
}

// Field is the n-th field of line, counted from 0. Fields are separated by white space, as in strings.Fields.
func Field(line string, n int) (string, bool) {
	fields := strings.Fields(strings.Clone(line))
	if n < 0 || n >= len(fields) {
		return "", false
	}
	return fields[n], true
}

// Sizer returns a function that reports how long big is.
func Sizer(big []byte) func() int {
	own := bytes.Clone(big)
	return func() int { return len(own) }
}

// Compact drops in place what keep refuses, and returns the front of xs that holds the rest, in order. What lies behind
// it is set to nil.
func Compact[T any](xs []*T, keep func(*T) bool) []*T {
	for i := 0; i < len(xs); {
		if keep(xs[i]) {
			i++
		} else {
			xs = slices.Delete(xs, i, i+1)
		}
	}
	return xs
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
	q.items = slices.Delete(q.items, 0, 1)
	if cap(q.items) > 4*max(len(q.items), 8) {
		q.items = append(make([]T, 0, 2*len(q.items)), q.items...)
	}
	return v, true
}

// Len is the number of elements.
func (q *Queue[T]) Len() int { return len(q.items) }

// Cap is for how many elements the queue holds memory.
func (q *Queue[T]) Cap() int { return cap(q.items) }
