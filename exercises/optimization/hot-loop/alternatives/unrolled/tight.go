// Package tight holds five functions that are called all the time.
//
// Sum walks over arrays of eight, which the compiler knows the length of; Dot is a plain loop over the shorter index; the
// log line is built in one append where that is possible, and the cart is walked by pointer.
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
func Sum(xs []int64) (total int64) {
	const width = 8
	var lanes [2]int64
	for ; len(xs) >= width; xs = xs[width:] {
		chunk := (*[width]int64)(xs)
		lanes[0] += chunk[0] + chunk[1] + chunk[2] + chunk[3]
		lanes[1] += chunk[4] + chunk[5] + chunk[6] + chunk[7]
	}
	total = lanes[0] + lanes[1]
	for i := 0; i < len(xs); i++ {
		total += xs[i]
	}
	return total
}

// Dot is the scalar product, with the terms added in the order of the slices. It returns ErrLen if they differ in length.
func Dot(a, b []float64) (product float64, err error) {
	if len(b) != len(a) {
		err = ErrLen
		return
	}
	for i := 0; i < len(a) && i < len(b); i++ {
		product += a[i] * b[i]
	}
	return
}

// CartTotal is the price of a cart: quantity times price of each item, by prices[region][SKU], where regions are in upper
// case. An item that has no price there costs nothing; a region that has none is ErrRegion.
func CartTotal(c *Cart, prices map[string]map[string]int64) (sum int64, err error) {
	list, known := prices[strings.ToUpper(c.Region)]
	if !known {
		return 0, ErrRegion
	}
	for rest := c.Items; len(rest) > 0; rest = rest[1:] {
		item := &rest[0]
		if price, sold := list[item.SKU]; sold {
			sum += price * item.Qty
		}
	}
	return sum, nil
}

// AppendEvent appends a line to dst and returns it: id, level, elapsed time in whole microseconds, and the message,
// quoted as strconv.Quote does.
//
//	id=7 level=warn elapsed_us=1500 msg="disk \"data\" is full"
func AppendEvent(dst []byte, e *Event) []byte {
	number := func(label string, n int64) {
		dst = strconv.AppendInt(append(dst, label...), n, 10)
	}
	number("id=", e.ID)
	dst = append(append(dst, " level="...), e.Level...)
	number(" elapsed_us=", int64(e.Elapsed/time.Microsecond))
	return append(strconv.AppendQuote(append(dst, " msg="...), e.Msg), '\n')
}

// Centroid is the mean of the points, with the coordinates added in order; false if there are none.
func Centroid(ps []Point) (Point, bool) {
	var x, y float64
	for i := range ps {
		x, y = x+ps[i].X, y+ps[i].Y
	}
	if count := float64(len(ps)); count > 0 {
		return Point{X: x / count, Y: y / count}, true
	}
	return Point{}, false
}
