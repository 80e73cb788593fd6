// Package hotspot reads a CPU profile as a table of functions, and builds a nightly report.
package hotspot

import (
	"errors"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/google/pprof/profile"
)

// A Line is one position of an order.
type Line struct {
	SKU   string
	Qty   int
	Cents int64 // for one piece
}

// An Order is what somebody bought at once.
type Order struct {
	ID       int
	Customer string
	Lines    []Line
	At       time.Time
}

// A CustomerTotal is what one customer spent.
type CustomerTotal struct {
	Customer string
	Cents    int64
}

// An SKUCount is how many pieces of one article were sold.
type SKUCount struct {
	SKU string // normalised
	Qty int
}

// A Report is what the night's job hands over.
type Report struct {
	ByCustomer []CustomerTotal // the largest total first, then by name
	TopSKUs    []SKUCount      // the largest number first, then by SKU
	Text       string          // a line for each order
}

var countrySuffix = regexp.MustCompile(`-[A-Z]{2}$`)

// Build makes the report of orders, with at most topN SKUs.
func Build(orders []Order, topN int) Report {
	r := Report{ByCustomer: []CustomerTotal{}}
	where := make(map[string]int) // of customers in the list
	spelt := map[string]string{}  // SKUs as they were ordered → normalised
	pieces := map[string]int{}    // by normalised SKU
	text := make([]byte, 0, 40*len(orders))
	for i := range orders {
		o := &orders[i]
		var sum int64
		for _, l := range o.Lines {
			sum += l.Cents * int64(l.Qty)
			sku, known := spelt[l.SKU]
			if !known {
				sku = countrySuffix.ReplaceAllLiteralString(strings.ToUpper(l.SKU), "")
				spelt[l.SKU] = sku
			}
			pieces[sku] += l.Qty
		}
		at, known := where[o.Customer]
		if !known {
			at = len(r.ByCustomer)
			where[o.Customer] = at
			r.ByCustomer = append(r.ByCustomer, CustomerTotal{Customer: o.Customer})
		}
		r.ByCustomer[at].Cents += sum
		text = appendNumber(text, o.ID)
		text = append(text, ';')
		text = o.At.AppendFormat(text, "2006-01-02")
		text = append(text, ';')
		text = append(text, o.Customer...)
		text = append(text, ';')
		text = strconv.AppendInt(text, sum, 10)
		text = append(text, '\n')
	}
	r.Text = string(text)
	sort.Slice(r.ByCustomer, func(i, j int) bool {
		a, b := r.ByCustomer[i], r.ByCustomer[j]
		return a.Cents > b.Cents || a.Cents == b.Cents && a.Customer < b.Customer
	})
	r.TopSKUs = best(pieces, topN)
	return r
}

// appendNumber appends a number of at least six characters, as %06d does.
func appendNumber(b []byte, n int) []byte {
	digits := strconv.Itoa(n)
	if n < 0 {
		b, digits = append(b, '-'), digits[1:]
	}
	for missing := 6 - len(strconv.Itoa(n)); missing > 0; missing-- {
		b = append(b, '0')
	}
	return append(b, digits...)
}

// best keeps the n best seen so far in order, so that a long tail is never sorted.
func best(pieces map[string]int, n int) (list []SKUCount) {
	better := func(a, b SKUCount) bool { return a.Qty > b.Qty || a.Qty == b.Qty && a.SKU < b.SKU }
	for sku, qty := range pieces {
		c := SKUCount{sku, qty}
		if n <= 0 || len(list) == n && better(list[n-1], c) {
			continue
		}
		at := sort.Search(len(list), func(i int) bool { return better(c, list[i]) })
		list = append(list, c)
		copy(list[at+1:], list[at:])
		list[at] = c
		list = list[:min(len(list), n)]
	}
	return list
}

// A Frame is one function of a profile.
type Frame struct {
	Func            string
	Flat, Cum       int64   // in the profile's unit: in the function itself, and with all that it called
	FlatPct, CumPct float64 // of the total of all samples
}

// ErrSampleType says that a profile has no values of the type that was asked for.
var ErrSampleType = errors.New("hotspot: no such sample type")

// Top lists the n functions of p with the most of sampleType in themselves, the largest first, then by name. It does not
// change p.
func Top(p *profile.Profile, sampleType string, n int) ([]Frame, error) {
	for i, t := range p.SampleType {
		if t.Type == sampleType {
			return topOf(p, i, n), nil
		}
	}
	return nil, ErrSampleType
}

func topOf(p *profile.Profile, value, n int) []Frame {
	var rows []Frame
	row := map[string]int{}
	last := map[string]*profile.Sample{} // the last sample that a function was seen in
	total := int64(0)
	for _, s := range p.Sample {
		total += s.Value[value]
		depth := 0
		see := func(name string) {
			i, known := row[name]
			if !known {
				i = len(rows)
				row[name] = i
				rows = append(rows, Frame{Func: name})
			}
			if depth == 0 {
				rows[i].Flat += s.Value[value]
			}
			if last[name] != s {
				last[name] = s
				rows[i].Cum += s.Value[value]
			}
			depth++
		}
		for _, loc := range s.Location {
			for _, line := range loc.Line {
				see(line.Function.Name)
			}
			if len(loc.Line) == 0 {
				see("0x" + strconv.FormatUint(loc.Address, 16))
			}
		}
	}
	sort.Slice(rows, func(i, j int) bool {
		return rows[i].Flat > rows[j].Flat || rows[i].Flat == rows[j].Flat && rows[i].Func < rows[j].Func
	})
	rows = rows[:max(min(n, len(rows)), 0)]
	for i := range rows {
		if total != 0 {
			rows[i].FlatPct = float64(rows[i].Flat) / float64(total) * 100
			rows[i].CumPct = float64(rows[i].Cum) / float64(total) * 100
		}
	}
	return rows
}
