// Package retain holds on to what is needed, and to nothing that happens to lie beside it.
package retain

import (
	"slices"
	"strings"
)

// headerSize is how many bytes of a body are its header.
const headerSize = 16

// Header is a copy of the first 16 bytes of body, or of all if there are fewer.
func Header(body []byte) []byte {
	return slices.Clone(body[:min(headerSize, len(body))])
}

// Field is the n-th field of line, counted from 0. Fields are separated by white space, as in strings.Fields.
func Field(line string, n int) (string, bool) {
	for field := range strings.FieldsSeq(line) {
		if n == 0 {
			return strings.Clone(field), true
		}
		n--
	}
	return "", false
}

// Sizer returns a function that reports how long big is.
func Sizer(big []byte) func() int {
	size := len(big)
	return func() int { return size }
}

// Compact drops in place what keep refuses, and returns the front of xs that holds the rest, in order. What lies behind
// it is set to nil, since the array is still there and everything in it is alive.
func Compact[T any](xs []*T, keep func(*T) bool) []*T {
	return slices.DeleteFunc(xs, func(x *T) bool { return !keep(x) })
}

// minCap is the smallest capacity of a queue that has held anything.
const minCap = 8

// A Queue is first in, first out. Its zero value is empty and ready to use.
//
// The elements lie in a ring: the first one at head, each further one behind it, and behind the end of the slice comes
// its beginning. The length of ring is 0 or a power of two, so that a mask does for a division.
type Queue[T any] struct {
	ring []T
	head int
	size int
}

// Push puts v at the end.
func (q *Queue[T]) Push(v T) {
	if q.size == len(q.ring) {
		q.resize(max(minCap, 2*q.size))
	}
	q.ring[q.at(q.size)] = v
	q.size++
}

// Pop takes the first element, and reports whether there was one.
func (q *Queue[T]) Pop() (T, bool) {
	var zero T
	if q.size == 0 {
		return zero, false
	}
	v := q.ring[q.head]
	q.ring[q.head] = zero // else the ring would keep it alive
	q.head = q.at(1)
	q.size--
	if len(q.ring) > 4*max(q.size, minCap) {
		q.resize(len(q.ring) / 2)
	}
	return v, true
}

// Len is the number of elements.
func (q *Queue[T]) Len() int { return q.size }

// Cap is for how many elements the queue holds memory.
func (q *Queue[T]) Cap() int { return len(q.ring) }

// at is the place of the i-th element, counted from head.
func (q *Queue[T]) at(i int) int { return (q.head + i) & (len(q.ring) - 1) }

// resize moves the elements to a ring of that length. After it, at least a quarter of the ring's length in calls of Push
// or Pop pass before the next one, which pays for the copying.
func (q *Queue[T]) resize(length int) {
	ring := make([]T, length)
	n := copy(ring, q.ring[q.head:])
	copy(ring[n:], q.ring[:q.head])
	q.ring, q.head = ring, 0
}
