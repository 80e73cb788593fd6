package nplusone

import (
	"sync"
	"testing"
	"time"

	"hotloop/exercises/kit"
	"hotloop/exercises/kit/sqldb"
)

// far is one database for all turns, a third of a millisecond away: the same data center, another rack.
var far = sync.OnceValues(func() (*sqldb.DB, error) { return open1000(300 * time.Microsecond) })

// near is for counting.
var near = sync.OnceValues(func() (*sqldb.DB, error) { return open1000(0) })

func open1000(rtt time.Duration) (*sqldb.DB, error) {
	const script = schema + `
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) INSERT INTO users SELECT i, 'user ' || i FROM n;
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO posts SELECT i, 1 + i * 7919 % 1200, 'post ' || i FROM n;`
	return sqldb.Open(sqldb.Options{Script: script, RTT: rtt})
}

// BenchmarkPosts reads 100 posts with their authors.
func BenchmarkPosts(b *testing.B) {
	db, err := far()
	if err != nil {
		b.Fatal(err)
	}
	s := &Store{DB: db.DB}
	for b.Loop() {
		if posts, err := s.PostsWithAuthors(b.Context(), 100); len(posts) != 100 || err != nil {
			b.Fatalf("PostsWithAuthors(100) = %d posts, error %v; want 100", len(posts), err)
		}
	}
}

// BenchmarkPostTrips counts the round trips for 100 posts, and draws those for other numbers.
func BenchmarkPostTrips(b *testing.B) {
	db, err := near()
	if err != nil {
		b.Fatal(err)
	}
	s := &Store{DB: db.DB}
	trips := func(limit int) float64 {
		db.Reset()
		if _, err := s.PostsWithAuthors(b.Context(), limit); err != nil {
			b.Fatal(err)
		}
		return float64(db.Count().RoundTrips)
	}
	for b.Loop() {
		for _, limit := range []int{1, 10, 25, 50, 100, 200} {
			kit.Point("round trips", "round-trips", "posts", float64(limit), trips(limit))
		}
	}
	b.ReportMetric(trips(100), "round-trips")
}

// BenchmarkUserTrips counts the round trips for 1,200 users, each asked for twice.
func BenchmarkUserTrips(b *testing.B) {
	db, err := near()
	if err != nil {
		b.Fatal(err)
	}
	s := &Store{DB: db.DB}
	var ids []int64
	for i := range int64(2400) {
		ids = append(ids, 1+i%1200)
	}
	for b.Loop() {
		db.Reset()
		if users, err := s.UsersByID(b.Context(), ids); len(users) != 1200 || err != nil {
			b.Fatalf("UsersByID of 1200 users = %d users, error %v; want 1200", len(users), err)
		}
	}
	b.ReportMetric(float64(db.Count().RoundTrips), "round-trips")
}
