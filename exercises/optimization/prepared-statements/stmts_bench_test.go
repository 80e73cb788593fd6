package stmts

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"hotloop/exercises/kit"
	"hotloop/exercises/kit/sqldb"
)

// far is one database for all turns, a third of a millisecond away; its driver prepares whatever is run.
var far = sync.OnceValues(func() (*Cache, error) {
	db, err := sqldb.Open(sqldb.Options{Script: schema, RTT: 300 * time.Microsecond, PrepareAlways: true})
	if err != nil {
		return nil, err
	}
	return NewCache(db.DB, 10), nil
})

// near is a database for counting, with a pool of one connection, on which a statement is prepared once.
var near = sync.OnceValues(func() (*sqldb.DB, error) {
	db, err := sqldb.Open(sqldb.Options{Script: schema, PrepareAlways: true})
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
})

const byID = "SELECT id FROM users WHERE id = ?"

// BenchmarkQuery asks the same query again and again.
func BenchmarkQuery(b *testing.B) {
	c, err := far()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if n, err := number(b.Context(), c, byID, 7); n != 7 || err != nil {
			b.Fatalf("the user of id 7: id %d, error %v", n, err)
		}
	}
}

// counting runs f with a new cache and returns what the database was asked for.
func counting(b *testing.B, max int, f func(c *Cache)) sqldb.Counts {
	b.Helper()
	db, err := near()
	if err != nil {
		b.Fatal(err)
	}
	c := NewCache(db.DB, max)
	db.Reset()
	f(c)
	n := db.Count()
	if err := c.Close(); err != nil {
		b.Fatal(err)
	}
	return n
}

func ask(b *testing.B, c *Cache, q string, arg, want int) {
	b.Helper()
	if n, err := number(context.Background(), c, q, arg); n != want || err != nil {
		b.Fatalf("Query(%q, %d) = %d, error %v; want %d", q, arg, n, err, want)
	}
}

// BenchmarkTrips counts the round trips for 1,000 queries of five texts, for which there are five places, and draws them by
// the number of queries.
func BenchmarkTrips(b *testing.B) {
	trips := func(queries int) float64 {
		return float64(counting(b, 5, func(c *Cache) {
			for i := range queries {
				ask(b, c, text(i%5), i, i+i%5)
			}
		}).RoundTrips)
	}
	var last float64
	for b.Loop() {
		for queries := 200; queries <= 1000; queries += 200 {
			last = trips(queries)
			kit.Point("round trips", "round-trips", "queries", float64(queries), last)
		}
	}
	b.ReportMetric(last/1000, "round-trips/query")
}

// BenchmarkHotAmongCold asks one query all the time, and in between others that come once: four places are for the hot one
// and three of the others.
func BenchmarkHotAmongCold(b *testing.B) {
	const queries = 400
	var n sqldb.Counts
	for b.Loop() {
		n = counting(b, 4, func(c *Cache) {
			for i := range queries / 2 {
				ask(b, c, byID, 7, 7)
				ask(b, c, text(i), i, 2*i)
			}
		})
	}
	b.ReportMetric(float64(n.Prepares)/queries, "prepares/query")
}

// BenchmarkFirstUse lets 50 goroutines ask a query that nobody has asked before.
func BenchmarkFirstUse(b *testing.B) {
	var n sqldb.Counts
	for b.Loop() {
		n = counting(b, 4, func(c *Cache) {
			var wg sync.WaitGroup
			errs := make(chan error, 50)
			for range 50 {
				wg.Go(func() {
					if n, err := number(b.Context(), c, byID, 7); n != 7 || err != nil {
						errs <- fmt.Errorf("the user of id 7: id %d, error %v", n, err)
					}
				})
			}
			wg.Wait()
			select {
			case err := <-errs:
				b.Fatal(err)
			default:
			}
		})
	}
	b.ReportMetric(float64(n.Prepares), "prepares")
}
