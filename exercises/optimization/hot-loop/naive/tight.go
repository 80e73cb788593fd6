// Package tight holds five functions that are called all the time.
//
// It is how one writes them coming from JavaScript: reduce with a callback, a value for each step, everything looked up
// where it is needed, and a format string.
package tight

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ErrLen is what Dot returns for slices of different lengths.
var ErrLen = errors.New("tight: length mismatch")

// An Item is one line of a cart.
type Item struct {
	SKU string
	Qty int64
}

// A Cart is what somebody is about to buy.
type Cart struct {
	Region string // in any case: "eu" is "EU"
	Items  []Item
}

// ErrRegion is what CartTotal returns for a region that has no prices.
var ErrRegion = errors.New("tight: unknown region")

// An Event is one line of a log.
type Event struct {
	ID         int64
	Level, Msg string
	Elapsed    time.Duration
}

// A Point is a place in the plane.
type Point struct{ X, Y float64 }

// reduce is Array.prototype.reduce. It is kept out of line, as it would be in a package whose functions are too large to be
// copied to where they are called.
//
//go:noinline
func reduce[T, A any](xs []T, f func(A, T) A, start A) A {
	for _, x := range xs {
		start = f(start, x)
	}
	return start
}

// Sum adds all numbers. It wraps around as int64 does.
func Sum(xs []int64) int64 {
	return reduce(xs, func(sum, x int64) int64 { return sum + x }, 0)
}

// Dot is the scalar product, with the terms added in the order of the slices. It returns ErrLen if they differ in length.
func Dot(a, b []float64) (float64, error) {
	if len(a) != len(b) {
		return 0, ErrLen
	}
	next := 0
	return reduce(a, func(sum, x float64) float64 {
		next++
		return sum + x*b[next-1]
	}, 0), nil
}

// CartTotal is the price of a cart: quantity times price of each item, by prices[region][SKU], where regions are in upper
// case. An item that has no price there costs nothing; a region that has none is ErrRegion.
func CartTotal(c *Cart, prices map[string]map[string]int64) (int64, error) {
	if _, ok := prices[strings.ToUpper(c.Region)]; !ok {
		return 0, ErrRegion
	}
	var total int64
	for _, item := range c.Items {
		total += item.Qty * prices[strings.ToUpper(c.Region)][item.SKU]
	}
	return total, nil
}

// AppendEvent appends a line to dst and returns it: id, level, elapsed time in whole microseconds, and the message,
// quoted as strconv.Quote does.
//
//	id=7 level=warn elapsed_us=1500 msg="disk \"data\" is full"
func AppendEvent(dst []byte, e *Event) []byte {
	line := fmt.Sprintf("id=%d level=%s elapsed_us=%d msg=%s\n", e.ID, e.Level, e.Elapsed.Microseconds(), strconv.Quote(e.Msg))
	return append(dst, []byte(line)...)
}

// Centroid is the mean of the points, with the coordinates added in order; false if there are none.
func Centroid(ps []Point) (Point, bool) {
	if len(ps) == 0 {
		return Point{}, false
	}
	sum := reduce(ps, func(sum *Point, p Point) *Point { return &Point{sum.X + p.X, sum.Y + p.Y} }, &Point{})
	n := float64(len(ps))
	return Point{sum.X / n, sum.Y / n}, true
}
