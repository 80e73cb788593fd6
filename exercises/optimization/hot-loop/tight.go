// Package tight holds five functions that are called all the time.
package tight

import (
	"errors"
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

// Sum adds all numbers. It wraps around as int64 does.
//
// Four sums at a time, because an addition that needs the result of the last one has to wait for it. For integers the
// order does not matter; for Dot it would.
func Sum(xs []int64) int64 {
	var a, b, c, d int64
	for len(xs) >= 4 {
		a += xs[0]
		b += xs[1]
		c += xs[2]
		d += xs[3]
		xs = xs[4:]
	}
	for _, x := range xs {
		a += x
	}
	return a + b + c + d
}

// Dot is the scalar product, with the terms added in the order of the slices. It returns ErrLen if they differ in length.
func Dot(a, b []float64) (float64, error) {
	if len(a) != len(b) {
		return 0, ErrLen
	}
	b = b[:len(a)] // tells the compiler that each index of a is one of b
	sum := 0.0
	for i, x := range a {
		sum += x * b[i]
	}
	return sum, nil
}

// CartTotal is the price of a cart: quantity times price of each item, by prices[region][SKU], where regions are in upper
// case. An item that has no price there costs nothing; a region that has none is ErrRegion.
func CartTotal(c *Cart, prices map[string]map[string]int64) (int64, error) {
	of, ok := prices[strings.ToUpper(c.Region)] // the same for all items
	if !ok {
		return 0, ErrRegion
	}
	var total int64
	for i := range c.Items {
		total += c.Items[i].Qty * of[c.Items[i].SKU]
	}
	return total, nil
}

// AppendEvent appends a line to dst and returns it: id, level, elapsed time in whole microseconds, and the message,
// quoted as strconv.Quote does.
//
//	id=7 level=warn elapsed_us=1500 msg="disk \"data\" is full"
func AppendEvent(dst []byte, e *Event) []byte {
	dst = append(dst, "id="...)
	dst = strconv.AppendInt(dst, e.ID, 10)
	dst = append(dst, " level="...)
	dst = append(dst, e.Level...)
	dst = append(dst, " elapsed_us="...)
	dst = strconv.AppendInt(dst, e.Elapsed.Microseconds(), 10)
	dst = append(dst, " msg="...)
	dst = strconv.AppendQuote(dst, e.Msg)
	return append(dst, '\n')
}

// Centroid is the mean of the points, with the coordinates added in order; false if there are none.
func Centroid(ps []Point) (Point, bool) {
	if len(ps) == 0 {
		return Point{}, false
	}
	var sum Point
	for _, p := range ps {
		sum.X += p.X
		sum.Y += p.Y
	}
	n := float64(len(ps))
	return Point{sum.X / n, sum.Y / n}, true
}
