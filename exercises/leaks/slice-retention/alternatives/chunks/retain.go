// Package retain holds on to what is needed, and to nothing that happens to lie beside it.
//
// This one looks for fields by hand, drops by index, and its queue is a list of small arrays: nothing is ever moved, and
// an array goes as soon as its last element has been taken.
package retain

import (
	"strings"
	"unicode"
)

// Header is a copy of the first 16 bytes of body, or of all if there are fewer.
func Header(body []byte) []byte {
	own := make([]byte, min(16, len(body)))
	copy(own, body)
	return own
}

// Field is the n-th field of line, counted from 0. Fields are separated by white space, as in strings.Fields.
func Field(line string, n int) (string, bool) {
	for ; n >= 0; n-- {
		line = strings.TrimLeftFunc(line, unicode.IsSpace)
		end := strings.IndexFunc(line, unicode.IsSpace)
		if end < 0 {
			end = len(line)
		}
		if n == 0 && end > 0 {
			return string([]byte(line[:end])), true
		}
		line = line[end:]
	}
	return "", false
}

type size int

func (s size) get() int { return int(s) }

// Sizer returns a function that reports how long big is.
func Sizer(big []byte) func() int { return size(len(big)).get }

// Compact drops in place what keep refuses, and returns the front of xs that holds the rest, in order. What lies behind
// it is set to nil.
func Compact[T any](xs []*T, keep func(*T) bool) []*T {
	kept := 0
	for i, x := range xs {
		xs[i] = nil
		if keep(x) {
			xs[kept] = x
			kept++
		}
	}
	return xs[:kept]
}

// chunkSize is small enough that one chunk at each end, nearly empty, stays within the bound on Cap.
const chunkSize = 8

type chunk[T any] struct {
	items [chunkSize]T
	next  *chunk[T]
}

// A Queue is first in, first out. Its zero value is empty and ready to use.
type Queue[T any] struct {
	first, last *chunk[T]
	from, to    int // the next to take in first, the next free place in last
	chunks      int
}

// Push puts v at the end.
func (q *Queue[T]) Push(v T) {
	if q.last == nil || q.to == chunkSize {
		c := new(chunk[T])
		if q.last == nil {
			q.first, q.from = c, 0
		} else {
			q.last.next = c
		}
		q.last, q.to = c, 0
		q.chunks++
	}
	q.last.items[q.to] = v
	q.to++
}

// Pop takes the first element, and reports whether there was one.
func (q *Queue[T]) Pop() (v T, ok bool) {
	if q.Len() == 0 {
		return v, false
	}
	var zero T
	v, q.first.items[q.from] = q.first.items[q.from], zero
	q.from++
	if q.from == chunkSize {
		q.first, q.from = q.first.next, 0
		q.chunks--
		if q.first == nil {
			q.last = nil
		}
	}
	return v, true
}

// Len is the number of elements.
func (q *Queue[T]) Len() int {
	if q.chunks == 0 {
		return 0
	}
	return (q.chunks-1)*chunkSize + q.to - q.from
}

// Cap is for how many elements the queue holds memory.
func (q *Queue[T]) Cap() int { return q.chunks * chunkSize }
