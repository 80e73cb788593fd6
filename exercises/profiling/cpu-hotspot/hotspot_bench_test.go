package hotspot

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"hotloop/exercises/kit"
)

// benchOrders are so many orders of so many lines, by customers who come back, for articles that others buy, too.
func benchOrders(r *rand.Rand, n, lines, customers, articles int) []Order {
	countries := []string{"", "-us", "-DE", "-fr"}
	orders := make([]Order, n)
	for i := range orders {
		o := &orders[i]
		o.ID, o.Customer, o.At = i, fmt.Sprintf("customer %06d", (i*7919)%customers), time.Date(2026, 11, 1, 0, i, 0, 0, time.UTC)
		for j := range lines {
			article := (i*lines + j) * 7919 % articles
			o.Lines = append(o.Lines, Line{fmt.Sprintf("sku-%05d%s", article, countries[r.IntN(4)]), 1 + r.IntN(9), int64(100 + r.IntN(9900))})
		}
	}
	return orders
}

// benchCheck is a quick look at whether all orders were built.
func benchCheck(b *testing.B, r Report, orders, customers int) {
	if lines := strings.Count(r.Text, "\n"); len(r.ByCustomer) != customers || lines != orders {
		b.Fatalf("Build: %d customers, %d lines of text; want %d, %d", len(r.ByCustomer), lines, customers, orders)
	}
}

// An ordinary night, on a small scale: 400 orders of three lines, 100 customers, 200 articles.
func BenchmarkBuild(b *testing.B) {
	orders := benchOrders(kit.Rand(b), 400, 3, 100, 200)
	b.ReportAllocs()
	var r Report
	for b.Loop() {
		r = Build(orders, 10)
	}
	benchCheck(b, r, 400, 100)
}

// What grows with the number of orders: 1,500 empty ones.
func BenchmarkOrders(b *testing.B) {
	orders := benchOrders(kit.Rand(b), 1500, 0, 10, 1)
	b.ReportAllocs()
	var r Report
	for b.Loop() {
		r = Build(orders, 10)
	}
	benchCheck(b, r, 1500, 10)
}

// What grows with the number of customers: 1,500 of them, one empty order each.
func BenchmarkCustomers(b *testing.B) {
	orders := benchOrders(kit.Rand(b), 1500, 0, 1500, 1)
	b.ReportAllocs()
	var r Report
	for b.Loop() {
		r = Build(orders, 10)
	}
	benchCheck(b, r, 1500, 1500)
}

// What grows with the number of articles: 2,000 of them in 20 orders.
func BenchmarkArticles(b *testing.B) {
	orders := benchOrders(kit.Rand(b), 20, 100, 20, 2000)
	b.ReportAllocs()
	var r Report
	for b.Loop() {
		r = Build(orders, 10)
	}
	benchCheck(b, r, 20, 20)
}

// A real profile of Build on an ordinary night: in how much of its CPU time was a regular expression being compiled, or
// strings being joined?
func BenchmarkPlanted(b *testing.B) {
	orders := benchOrders(kit.Rand(b), 400, 3, 100, 200)
	var compiling, joining float64
	measured := false
	for b.Loop() {
		compiling, joining, measured = benchShares(b, orders)
	}
	if measured {
		b.ReportMetric(compiling, "compiling-pct")
		b.ReportMetric(joining, "joining-pct")
	}
}

// benchShares profiles Build until there are at least 20 samples of it, and returns the percentages of them in which a
// regular expression is compiled and in which strings are joined. While somebody else profiles this process, it does the
// work for them, and ok is false.
func benchShares(b *testing.B, orders []Order) (compiling, joining float64, ok bool) {
	var total, compile, join int64
	for try := 0; try < 20 && total < 20; try++ { // a busy machine may leave little time to be profiled
		var data bytes.Buffer
		taken := pprof.StartCPUProfile(&data) != nil
		for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); {
			Build(orders, 10)
		}
		if taken {
			return 0, 0, false
		}
		pprof.StopCPUProfile()
		p, err := profile.Parse(&data)
		if err != nil {
			b.Fatal(err)
		}
		for _, s := range p.Sample {
			samples := s.Value[0]
			switch {
			case !benchOnStack(s, ".Build"):
				continue // the collector's own
			case benchOnStack(s, "regexp.compile"):
				compile += samples
			case benchOnStack(s, "runtime.concatstrings"):
				join += samples
			}
			total += samples
		}
	}
	if total == 0 {
		b.Fatal("20 profiles of 300 ms have no sample of Build: this process gets no CPU time, or no signals")
	}
	return 100 * float64(compile) / float64(total), 100 * float64(join) / float64(total), true
}

func benchOnStack(s *profile.Sample, suffix string) bool {
	for _, loc := range s.Location {
		for _, line := range loc.Line {
			if strings.HasSuffix(line.Function.Name, suffix) {
				return true
			}
		}
	}
	return false
}
