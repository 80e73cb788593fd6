// Package hotspot reads a CPU profile as a table of functions, and builds a nightly report without the hot spots that the
// table shows.
package hotspot

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"regexp"
	"slices"
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
	var text strings.Builder
	customers, skus := map[string]int64{}, map[string]int{}
	for _, o := range orders {
		var cents int64
		for _, l := range o.Lines {
			cents += int64(l.Qty) * l.Cents
			skus[normalise(l.SKU)] += l.Qty
		}
		customers[o.Customer] += cents
		fmt.Fprintf(&text, "%06d;%s;%s;%d\n", o.ID, o.At.Format(time.DateOnly), o.Customer, cents)
	}
	return Report{ByCustomer: byCents(customers), TopSKUs: top(skus, topN), Text: text.String()}
}

func byCents(customers map[string]int64) []CustomerTotal {
	list := make([]CustomerTotal, 0, len(customers))
	for name, cents := range customers {
		list = append(list, CustomerTotal{name, cents})
	}
	slices.SortFunc(list, func(a, b CustomerTotal) int {
		return cmp.Or(cmp.Compare(b.Cents, a.Cents), strings.Compare(a.Customer, b.Customer))
	})
	return list
}

func top(skus map[string]int, n int) []SKUCount {
	list := make([]SKUCount, 0, len(skus))
	for sku, qty := range skus {
		list = append(list, SKUCount{sku, qty})
	}
	slices.SortFunc(list, func(a, b SKUCount) int {
		return cmp.Or(cmp.Compare(b.Qty, a.Qty), strings.Compare(a.SKU, b.SKU))
	})
	return list[:max(0, min(n, len(list)))]
}

// normalise is sku in upper case without the country at its end: "-US".
func normalise(sku string) string {
	sku = strings.ToUpper(sku)
	return country().ReplaceAllString(sku, "")
}

func country() *regexp.Regexp { return regexp.MustCompile(`-[A-Z]{2}$`) }

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
	index := slices.IndexFunc(p.SampleType, func(t *profile.ValueType) bool { return t.Type == sampleType })
	if index < 0 {
		return nil, fmt.Errorf("%w: %q", ErrSampleType, sampleType)
	}
	frames := map[string]Frame{}
	var total int64
	for _, s := range p.Sample {
		v, leaf := s.Value[index], true
		total += v
		counted := map[string]bool{} // in this sample: a recursive function stands in it more than once
		for name := range functions(s) {
			f := frames[name]
			f.Func = name
			if leaf {
				f.Flat += v
			}
			if !counted[name] {
				f.Cum += v
			}
			frames[name], counted[name], leaf = f, true, false
		}
	}
	list := slices.SortedFunc(maps.Values(frames), func(a, b Frame) int {
		return cmp.Or(cmp.Compare(b.Flat, a.Flat), strings.Compare(a.Func, b.Func))
	})
	list = list[:max(0, min(n, len(list)))]
	for i := range list {
		list[i].FlatPct, list[i].CumPct = percent(list[i].Flat, total), percent(list[i].Cum, total)
	}
	return list, nil
}

// functions yields the functions on a sample's stack, the innermost first. A location has more than one line if calls were
// inlined there; its lines, too, begin with the innermost.
func functions(s *profile.Sample) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, loc := range s.Location {
			if len(loc.Line) == 0 && !yield(fmt.Sprintf("%#x", loc.Address)) {
				return
			}
			for _, line := range loc.Line {
				if !yield(line.Function.Name) {
					return
				}
			}
		}
	}
}

func percent(v, total int64) float64 {
	if total == 0 {
		return 0
	}
	return 100 * float64(v) / float64(total)
}
