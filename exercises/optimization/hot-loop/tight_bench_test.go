package tight

import (
	"fmt"
	"testing"
	"time"

	"hotloop/exercises/kit"
)

// Ten thousand numbers, which fit into the first two caches: what is measured is the loop and not the memory.
const elements = 10_000

func BenchmarkSum(b *testing.B) {
	r := kit.Rand(b)
	xs, want := make([]int64, elements), int64(0)
	for i := range xs {
		xs[i] = int64(r.Uint64())
		want += xs[i]
	}
	b.ReportAllocs()
	for b.Loop() {
		if Sum(xs) != want {
			b.Fatal("the sum is wrong")
		}
	}
}

func BenchmarkDot(b *testing.B) {
	r := kit.Rand(b)
	x, y := make([]float64, elements), make([]float64, elements)
	for i := range x {
		x[i], y[i] = r.Float64(), r.Float64()
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Dot(x, y); err != nil {
			b.Fatal(err)
		}
	}
}

// A cart of 50 items of 1,000 that are sold there.
func BenchmarkCartTotal(b *testing.B) {
	r := kit.Rand(b)
	prices := map[string]map[string]int64{}
	for _, region := range []string{"EUROPE-WEST", "EUROPE-EAST", "AMERICA", "ASIA"} {
		prices[region] = map[string]int64{}
		for i := range 1000 {
			prices[region][fmt.Sprint("sku-", i)] = r.Int64N(10_000)
		}
	}
	c := &Cart{Region: "europe-west"}
	for range 50 {
		c.Items = append(c.Items, Item{fmt.Sprint("sku-", r.IntN(1000)), 1 + r.Int64N(5)})
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := CartTotal(c, prices); err != nil {
			b.Fatal(err)
		}
	}
}

// A line in a buffer that has room for it.
func BenchmarkAppendEvent(b *testing.B) {
	buf := make([]byte, 0, 4096)
	e := &Event{ID: 1_234_567, Level: "info", Msg: `GET /cart for user "42"`, Elapsed: 1500 * time.Microsecond}
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendEvent(buf[:0], e)
	}
	if string(buf) != line(e) {
		b.Fatalf("the line is %q, want %q", buf, line(e))
	}
}

func BenchmarkCentroid(b *testing.B) {
	r := kit.Rand(b)
	ps := make([]Point, 1000)
	for i := range ps {
		ps[i] = Point{r.Float64(), r.Float64()}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := Centroid(ps); !ok {
			b.Fatal("there are points")
		}
	}
}
