package hotspot

import (
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hotloop/exercises/kit"
)

var expectedCountry = regexp.MustCompile(`-[A-Z]{2}$`)

// expectedReport is the report by the words of the statement, at its leisure.
func expectedReport(orders []Order, topN int) Report {
	var r Report
	for _, o := range orders {
		sum := int64(0)
		for _, l := range o.Lines {
			sum += int64(l.Qty) * l.Cents
			sku := expectedCountry.ReplaceAllString(strings.ToUpper(l.SKU), "")
			i := slices.IndexFunc(r.TopSKUs, func(c SKUCount) bool { return c.SKU == sku })
			if i < 0 {
				i = len(r.TopSKUs)
				r.TopSKUs = append(r.TopSKUs, SKUCount{SKU: sku})
			}
			r.TopSKUs[i].Qty += l.Qty
		}
		i := slices.IndexFunc(r.ByCustomer, func(c CustomerTotal) bool { return c.Customer == o.Customer })
		if i < 0 {
			i = len(r.ByCustomer)
			r.ByCustomer = append(r.ByCustomer, CustomerTotal{Customer: o.Customer})
		}
		r.ByCustomer[i].Cents += sum
		r.Text += fmt.Sprintf("%06d;%s;%s;%d\n", o.ID, o.At.Format("2006-01-02"), o.Customer, sum)
	}
	slices.SortFunc(r.TopSKUs, func(a, b SKUCount) int {
		if a.Qty != b.Qty {
			return b.Qty - a.Qty
		}
		return strings.Compare(a.SKU, b.SKU)
	})
	slices.SortFunc(r.ByCustomer, func(a, b CustomerTotal) int {
		if a.Cents != b.Cents {
			return int(b.Cents - a.Cents)
		}
		return strings.Compare(a.Customer, b.Customer)
	})
	r.TopSKUs = r.TopSKUs[:max(0, min(topN, len(r.TopSKUs)))]
	return r
}

// wantReport compares what was built with what was to be built. No rows may be nil or empty.
func wantReport(t *testing.T, what string, got, want Report) {
	t.Helper()
	if !slices.Equal(got.ByCustomer, want.ByCustomer) {
		t.Errorf("Build(%s).ByCustomer\n got %v\nwant %v\nthe largest total first, then by name", what, got.ByCustomer, want.ByCustomer)
	}
	if !slices.Equal(got.TopSKUs, want.TopSKUs) {
		t.Errorf("Build(%s).TopSKUs\n got %v\nwant %v\nupper case, no country, the largest number first, then by SKU", what, got.TopSKUs, want.TopSKUs)
	}
	if got.Text != want.Text {
		t.Errorf("Build(%s).Text\n got %q\nwant %q\nwho reads the file compares it byte for byte", what, got.Text, want.Text)
	}
}

// Few words, so that they meet again in other spellings.
var oddSKUs = []string{"", "A", "a", "-US", "-us", "A-US", "a-us", "a-uS", "A-DE", "A-US-DE", "A-U", "A-USA", "A-1S", "A-[S", "A-@S", "AUS", "A_US", "US-A", "é-fr", "É", "x-\u017f\u017f", "1-ÄÖ", "b-us\n", "B-US", "b"}

func randomOrders(r *rand.Rand) []Order {
	zones := []*time.Location{time.UTC, time.FixedZone("west", -5*3600), time.FixedZone("east", 9*3600)}
	orders := make([]Order, r.IntN(30))
	for i := range orders {
		o := &orders[i]
		o.ID, o.Customer = r.IntN(2_000_000), fmt.Sprint("customer ", r.IntN(8))
		o.At = time.Date(2026, 1, 1, r.IntN(24*365), r.IntN(60), 0, 0, zones[r.IntN(len(zones))])
		for range r.IntN(4) {
			o.Lines = append(o.Lines, Line{oddSKUs[r.IntN(len(oddSKUs))], r.IntN(4), int64(r.IntN(3) * 50)})
		}
	}
	return orders
}

func TestSameReport(t *testing.T) {
	r := kit.Rand(t)
	for range 200 {
		orders, topN := randomOrders(r), r.IntN(30)
		wantReport(t, fmt.Sprintf("%v, %d", orders, topN), Build(orders, topN), expectedReport(orders, topN))
		if t.Failed() {
			return
		}
	}
}

// nightlyAt is a moment that is the 31st where it was and the 1st in Greenwich.
var nightlyAt = time.Date(2026, 3, 31, 23, 30, 0, 0, time.FixedZone("west", -5*3600))

func TestText(t *testing.T) {
	got := Build([]Order{
		{ID: 7, Customer: "Ada", At: nightlyAt, Lines: []Line{{"a", 2, 1050}, {"b", 1, 5}}},
		{ID: 1_234_567, Customer: "Bob; & Söhne", At: nightlyAt},
		{ID: -42, Customer: "", At: time.Date(987, 1, 2, 3, 4, 5, 6, time.UTC), Lines: []Line{{"a", -3, 100}}},
		{ID: -1_234_567, Customer: "%d", At: time.Time{}, Lines: []Line{{"a", 1, 1 << 40}}},
	}, 1).Text
	want := "000007;2026-03-31;Ada;2105\n1234567;2026-03-31;Bob; & Söhne;0\n-00042;0987-01-02;;-300\n-1234567;0001-01-01;%d;1099511627776\n"
	if got != want {
		t.Errorf("Text of four orders\n got %q\nwant %q\nthe ID has at least six characters, the day is that of the order's own zone, cents are pieces times price", got, want)
	}
}

func TestNormalised(t *testing.T) {
	for sku, want := range map[string]string{
		"tea-us": "TEA", "TEA-DE": "TEA", "tea": "TEA", "tea-us-de": "TEA-US", "-us": "", "us": "US", "tea-u": "TEA-U", "tea-usa": "TEA-USA",
		"tea-u5": "TEA-U5", "tea_us": "TEA_US", "tea-us ": "TEA-US ", "thé-fr": "THÉ", "tea-öö": "TEA-ÖÖ", "tea-u[": "TEA-U[", "tea-@u": "TEA-@U", "": "",
		"tea-az": "TEA", "tea-za": "TEA",
	} {
		got := Build([]Order{{Lines: []Line{{sku, 1, 1}}}}, 10).TopSKUs
		if !slices.Equal(got, []SKUCount{{want, 1}}) {
			t.Errorf("an order of one %q: TopSKUs %v; want [{%s 1}]: upper case first, then one country of two letters is cut off the end, whichever it is", sku, got, want)
		}
	}
	got := Build([]Order{{Lines: []Line{{"tea-us", 1, 1}, {"TEA", 2, 1}}}, {Lines: []Line{{"Tea-DE", 4, 1}}}}, 10).TopSKUs
	if !slices.Equal(got, []SKUCount{{"TEA", 7}}) {
		t.Errorf("tea-us, TEA and Tea-DE in two orders, 7 pieces: TopSKUs %v; want [{TEA 7}]: they are one article", got)
	}
}

func TestTies(t *testing.T) {
	var orders []Order
	var customers []CustomerTotal
	var skus []SKUCount
	for _, i := range kit.Rand(t).Perm(40) {
		name := fmt.Sprintf("%c%02d", 'A'+i%2, i)
		orders = append(orders, Order{ID: i, Customer: name, Lines: []Line{{name, 1 + i/20, 10}}})
		customers = append(customers, CustomerTotal{name, int64(10 + i/20*10)})
		skus = append(skus, SKUCount{name, 1 + i/20})
	}
	slices.SortFunc(customers, func(a, b CustomerTotal) int {
		if a.Cents != b.Cents {
			return int(b.Cents - a.Cents)
		}
		return strings.Compare(a.Customer, b.Customer)
	})
	slices.SortFunc(skus, func(a, b SKUCount) int {
		if a.Qty != b.Qty {
			return b.Qty - a.Qty
		}
		return strings.Compare(a.SKU, b.SKU)
	})
	for range 3 {
		got := Build(orders, 25)
		if !slices.Equal(got.ByCustomer, customers) {
			t.Errorf("40 customers with two totals: ByCustomer\n got %v\nwant %v\nwhere totals are equal the names decide, or tomorrow's report differs from today's", got.ByCustomer, customers)
		}
		if !slices.Equal(got.TopSKUs, skus[:25]) {
			t.Errorf("40 SKUs with two numbers, the best 25: TopSKUs\n got %v\nwant %v\nwhere numbers are equal the SKUs decide, or the cut is made by chance", got.TopSKUs, skus[:25])
		}
	}
}

func TestTopN(t *testing.T) {
	orders := []Order{{ID: 1, Customer: "Ada", Lines: []Line{{"tea", 1, 5}, {"jam", 3, 1}, {"rye", 2, 2}}}}
	all := []SKUCount{{"JAM", 3}, {"RYE", 2}, {"TEA", 1}}
	for n, want := range map[int][]SKUCount{-1: nil, 0: nil, 1: all[:1], 2: all[:2], 3: all, 4: all, math.MaxInt: all, math.MinInt: nil} {
		got := Build(orders, n)
		if !slices.Equal(got.TopSKUs, want) {
			t.Errorf("Build(an order of three SKUs, %d).TopSKUs = %v; want %v", n, got.TopSKUs, want)
		}
		if len(got.ByCustomer) != 1 || got.Text == "" {
			t.Errorf("Build(an order, %d) has customers %v and the text %q; topN is for SKUs only", n, got.ByCustomer, got.Text)
		}
	}
	wantReport(t, "no orders, 3", Build(nil, 3), Report{})
}

func TestOrdersAreLeftAlone(t *testing.T) {
	r := kit.Rand(t)
	for range 20 {
		orders := randomOrders(r)
		before := fmt.Sprintf("%#v", orders)
		Build(orders, 5)
		if after := fmt.Sprintf("%#v", orders); after != before {
			t.Fatalf("Build changed the orders that it was given\n was %s\n  is %s\nthey are the caller's: somebody else reads them next", before, after)
		}
	}
}

func TestReportsAreIndependent(t *testing.T) {
	r := kit.Rand(t)
	first, second := randomOrders(r), append(randomOrders(r), Order{ID: 1, Customer: "customer 1", Lines: []Line{{"a", 1, 1}}})
	got := Build(first, 30)
	want := expectedReport(first, 30)
	wantReport(t, "the second of two inputs", Build(second, 30), expectedReport(second, 30))
	wantReport(t, "the first of two inputs, looked at after the second call", got, want)
}
