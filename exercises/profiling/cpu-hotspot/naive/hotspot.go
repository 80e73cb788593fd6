// Package hotspot reads a CPU profile as a table of functions, and builds a nightly report that takes far too long.
package hotspot

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sort"
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

// Build makes the report of orders, with at most topN SKUs.
func Build(orders []Order, topN int) Report {
	text := ""
	var customers []CustomerTotal
	skus := map[string]int{}
	for _, o := range orders {
		var cents int64
		for _, l := range o.Lines {
			cents += int64(l.Qty) * l.Cents
			skus[normalise(l.SKU)] += l.Qty
		}
		i := findCustomer(customers, o.Customer)
		if i < 0 {
			i = len(customers)
			customers = append(customers, CustomerTotal{Customer: o.Customer})
		}
		customers[i].Cents += cents
		text += fmt.Sprintf("%06d;%s;%s;%d\n", o.ID, o.At.Format(time.DateOnly), o.Customer, cents)
	}
	sort.Slice(customers, func(i, j int) bool {
		if customers[i].Cents != customers[j].Cents {
			return customers[i].Cents > customers[j].Cents
		}
		return customers[i].Customer < customers[j].Customer
	})
	return Report{ByCustomer: customers, TopSKUs: topSKUs(skus, topN), Text: text}
}

// normalise is sku in upper case without the country at its end: "-US".
func normalise(sku string) string {
	country := regexp.MustCompile(`-[A-Z]{2}$`)
	return country.ReplaceAllString(strings.ToUpper(sku), "")
}

// findCustomer is where the customer stands in the list, -1 for nowhere.
func findCustomer(list []CustomerTotal, name string) int {
	for i, c := range list {
		if c.Customer == name {
			return i
		}
	}
	return -1
}

func topSKUs(skus map[string]int, n int) []SKUCount {
	var list []SKUCount
	for sku, qty := range skus {
		list = append(list, SKUCount{sku, qty})
	}
	sortSKUs(list)
	if n < 0 {
		n = 0
	}
	if n < len(list) {
		list = list[:n]
	}
	return list
}

// sortSKUs puts the largest number first, then sorts by SKU.
func sortSKUs(list []SKUCount) {
	for end := len(list) - 1; end > 0; end-- {
		for i := range end {
			a, b := list[i], list[i+1]
			if a.Qty < b.Qty || a.Qty == b.Qty && a.SKU > b.SKU {
				list[i], list[i+1] = b, a
			}
		}
	}
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
	index := -1
	for i, t := range p.SampleType {
		if t.Type == sampleType {
			index = i
		}
	}
	if index < 0 {
		return nil, fmt.Errorf("%w: %s", ErrSampleType, sampleType)
	}
	flat, cum := map[string]int64{}, map[string]int64{}
	var total int64
	for _, s := range p.Sample {
		stack := stackOf(s)
		total += s.Value[index]
		for i, name := range stack {
			if i == 0 {
				flat[name] += s.Value[index]
			}
			if !slices.Contains(stack[:i], name) {
				cum[name] += s.Value[index]
			}
		}
	}
	var list []Frame
	for name := range cum {
		f := Frame{Func: name, Flat: flat[name], Cum: cum[name]}
		if total != 0 {
			f.FlatPct = 100 * float64(f.Flat) / float64(total)
			f.CumPct = 100 * float64(f.Cum) / float64(total)
		}
		list = append(list, f)
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].Flat != list[j].Flat {
			return list[i].Flat > list[j].Flat
		}
		return list[i].Func < list[j].Func
	})
	return list[:min(max(n, 0), len(list))], nil
}

// stackOf are the functions on a sample's stack, the innermost first.
func stackOf(s *profile.Sample) (names []string) {
	for _, loc := range s.Location {
		for _, line := range loc.Line {
			names = append(names, line.Function.Name)
		}
		if len(loc.Line) == 0 {
			names = append(names, fmt.Sprintf("0x%x", loc.Address))
		}
	}
	return names
}
