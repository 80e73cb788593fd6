package keyset

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"hotloop/exercises/kit"
	"hotloop/exercises/kit/sqldb"
)

// depths are how many posts lie before a page.
var depths = []int{0, 1_000, 10_000, 50_000, 100_000, 190_000}

// A deep table has 200,000 posts, and knows a cursor at each depth: they are taken while the table grows.
type deep struct {
	db      *sqldb.DB
	pager   *Pager
	cursors []string
}

var table = sync.OnceValues(func() (*deep, error) {
	db, err := sqldb.Open(sqldb.Options{Script: schema})
	if err != nil {
		return nil, err
	}
	d := &deep{db: db, pager: &Pager{DB: db.DB, Key: key}, cursors: make([]string, len(depths))}
	total, n := 0, 9_980
	for i := len(depths) - 1; i >= 0; i-- {
		if err := d.grow(total, n); err != nil {
			return nil, err
		}
		total += n
		page, err := d.pager.List(context.Background(), "", 20)
		if err != nil {
			return nil, err
		}
		d.cursors[i] = page.Next
		if i > 0 {
			n = depths[i] - depths[i-1]
		}
	}
	return d, nil
})

// grow adds n posts that are newer than the total ones that are there, eight for each second.
func (d *deep) grow(total, n int) error {
	_, err := d.db.Exec(fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		INSERT INTO posts SELECT i, 1700000000 + i / 8, 'post ' || i FROM n`, total+1, total+n))
	return err
}

// BenchmarkDeepPage reads a page that 190,000 posts lie before.
func BenchmarkDeepPage(b *testing.B) {
	d, err := table()
	if err != nil {
		b.Fatal(err)
	}
	cursor := d.cursors[len(depths)-1]
	for b.Loop() {
		if page, err := d.pager.List(b.Context(), cursor, 20); len(page.Items) != 20 || err != nil {
			b.Fatalf("the page after 190,000 posts has %d posts, error %v; want 20", len(page.Items), err)
		}
	}
}

// BenchmarkDepths draws how long a page takes by its depth, and counts round trips.
func BenchmarkDepths(b *testing.B) {
	d, err := table()
	if err != nil {
		b.Fatal(err)
	}
	trips := 0
	for b.Loop() {
		d.db.Reset()
		const rounds = 5
		for i, depth := range depths {
			least := time.Hour
			for range rounds {
				begun := time.Now()
				if _, err := d.pager.List(b.Context(), d.cursors[i], 20); err != nil {
					b.Fatal(err)
				}
				least = min(least, time.Since(begun))
			}
			kit.Point("time of a page", "sec", "posts before it", float64(depth), least.Seconds())
		}
		trips = d.db.Count().RoundTrips / rounds / len(depths)
	}
	b.ReportMetric(float64(trips), "round-trips/page")
}
