package indexplan

import (
	"strings"
	"sync"
	"testing"
	"time"

	"hotloop/exercises/kit/sqldb"
)

// large is one database for all turns: 20,000 users, 200,000 posts of twenty years, 300,000 messages of which 2 % are unread.
var large = sync.OnceValues(func() (*sqldb.DB, error) {
	const rows = `
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
		INSERT INTO users SELECT i, 'User' || i || '@example.com', 'name ' || i FROM n;
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
		INSERT INTO posts SELECT i, 1 + i * 7919 % 200, iif(i % 3 = 0, 'draft', 'published'), 'post ' || i, 'body', 1104537600 + i * 3155 FROM n;
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
		INSERT INTO messages SELECT i, 1 + i * 7919 % 20000, 'body', iif(i % 50 = 0, NULL, 1700000000 + i) FROM n;`
	db, err := sqldb.Open(sqldb.Options{Script: schema + rows})
	if err == nil {
		_, err = db.Exec(Indexes)
	}
	return db, err
})

// measure runs a query and counts its rows.
func measure(b *testing.B, q Query, want int) {
	b.Helper()
	db, err := large()
	if err != nil {
		b.Fatal(err)
	}
	rows, err := db.Query(q.SQL, q.Args...)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		n++
	}
	if n != want {
		b.Fatalf("%d rows, want %d: %s", n, want, q.SQL)
	}
}

func BenchmarkByEmailFold(b *testing.B) {
	for b.Loop() {
		measure(b, ByEmailFold("USER777@example.com"), 1)
	}
}

func BenchmarkRecentByAuthor(b *testing.B) {
	for b.Loop() {
		measure(b, RecentByAuthor(77, 20), 20)
	}
}

func BenchmarkUnreadCount(b *testing.B) {
	for b.Loop() {
		measure(b, UnreadCount(777), 1)
	}
}

// BenchmarkPlans counts the steps of each plan that go through a table or an index from end to end, or sort.
func BenchmarkPlans(b *testing.B) {
	db, err := large()
	if err != nil {
		b.Fatal(err)
	}
	slow := func(q Query) float64 {
		n := 0
		for _, line := range sqldb.Plan(b, db, q.SQL, q.Args...) {
			if strings.HasPrefix(line, "SCAN") || strings.Contains(line, "USE TEMP B-TREE") {
				n++
			}
		}
		return float64(n)
	}
	var email, fold, recent, month, unread float64
	for b.Loop() {
		email, fold = slow(ByEmail("x")), slow(ByEmailFold("x"))
		recent, month, unread = slow(RecentByAuthor(1, 20)), slow(InMonth(2020, time.May)), slow(UnreadCount(1))
	}
	b.ReportMetric(email, "ByEmail-slow-steps")
	b.ReportMetric(fold, "ByEmailFold-slow-steps")
	b.ReportMetric(recent, "RecentByAuthor-slow-steps")
	b.ReportMetric(month, "InMonth-slow-steps")
	b.ReportMetric(unread, "UnreadCount-slow-steps")
}

// BenchmarkIndexSize measures the indexes on messages, and reports 0 for none: then UnreadCount is slow.
func BenchmarkIndexSize(b *testing.B) {
	db, err := large()
	if err != nil {
		b.Fatal(err)
	}
	size := 0
	for b.Loop() {
		size = sqldb.Value[int](b, db, "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name IN (SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'messages')")
	}
	b.ReportMetric(float64(size), "message-index-B")
}
