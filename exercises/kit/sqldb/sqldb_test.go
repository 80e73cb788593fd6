package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const numbers = `
CREATE TABLE numbers (id INTEGER PRIMARY KEY, square INTEGER NOT NULL, name TEXT UNIQUE);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
INSERT INTO numbers SELECT i, i * i, 'n' || i FROM n;
CREATE INDEX by_square ON numbers (square);`

// forever is a query that SQLite works on within one step, without a row.
const forever = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

func TestValues(t *testing.T) {
	db := SQLite(t, Options{Script: "CREATE TABLE t (v)"})
	for _, want := range []any{
		nil, int64(0), int64(-1), int64(math.MaxInt64), int64(math.MinInt64), 0.5, -math.MaxFloat64, math.SmallestNonzeroFloat64,
		"", "text", "grün\x00日本", []byte{}, []byte("\x00\xff"), []byte(strings.Repeat("blob", 100_000)),
	} {
		var got any
		var kind string
		if err := db.QueryRow("SELECT ?1, typeof(?1)", want).Scan(&got, &kind); err != nil {
			t.Fatalf("SELECT %.20v: %v", want, err)
		}
		if b, ok := want.([]byte); ok {
			if g, ok := got.([]byte); !ok || !slices.Equal(g, b) {
				t.Errorf("a blob of %d bytes comes back as %.20v, a %s", len(b), got, kind)
			}
		} else if got != want {
			t.Errorf("%T %v comes back as %T %v, a %s", want, want, got, got, kind)
		}
	}
}

func TestOtherArguments(t *testing.T) {
	db := SQLite(t, Options{})
	at := time.Date(2024, 2, 29, 12, 0, 0, 0, time.FixedZone("", 3600))
	var got []any
	a, b, c, d := any(nil), any(nil), any(nil), any(nil)
	if err := db.QueryRow("SELECT ?, ?, ?, ?", true, at, int8(-3), sql.NullString{}).Scan(&a, &b, &c, &d); err != nil {
		t.Fatal(err)
	}
	got = append(got, a, b, c, d)
	if want := []any{int64(1), "2024-02-29 11:00:00", int64(-3), nil}; !slices.Equal(got, want) {
		t.Errorf("true, %v, int8(-3), NULL come back as %v, want %v", at, got, want)
	}
	if _, err := db.Query("SELECT :x", sql.Named("x", 1)); err == nil || !strings.Contains(err.Error(), "write ?") {
		t.Errorf("a named argument: error %v, want one that says to write ?", err)
	}
	if _, err := db.Query("SELECT ?, ?", 1); err == nil {
		t.Error("one argument for two placeholders: no error")
	}
}

func TestResults(t *testing.T) {
	db := SQLite(t, Options{Script: numbers})
	res, err := db.Exec("INSERT INTO numbers (square, name) VALUES (?, ?), (?, ?)", 1, "a", 2, "b")
	if err != nil {
		t.Fatal(err)
	}
	id, _ := res.LastInsertId()
	if n, _ := res.RowsAffected(); id != 1002 || n != 2 {
		t.Errorf("two rows after 1000: last id %d, %d affected; want 1002 and 2", id, n)
	}
	rows, err := db.Query("SELECT id, square AS sq FROM numbers WHERE id > ? ORDER BY id", 1000)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if cols, _ := rows.Columns(); !slices.Equal(cols, []string{"id", "sq"}) {
		t.Errorf("columns %v, want id and sq", cols)
	}
	var got []int
	for rows.Next() {
		var id, square int
		if err := rows.Scan(&id, &square); err != nil {
			t.Fatal(err)
		}
		got = append(got, id, square)
	}
	if want := []int{1001, 1, 1002, 2}; !slices.Equal(got, want) {
		t.Errorf("rows %v, want %v", got, want)
	}
}

func TestErrors(t *testing.T) {
	db := SQLite(t, Options{Script: numbers})
	_, err := db.Exec("INSERT INTO numbers (square, name) VALUES (1, 'n1')")
	serr, ok := errors.AsType[*Error](err)
	if !ok || serr.Code != 2067 || !strings.Contains(err.Error(), "UNIQUE") {
		t.Errorf("a name for the second time: error %v, want an *Error with SQLite's code 2067", err)
	}
	if _, err := db.Prepare("SELECT nothing FROM nowhere"); err == nil {
		t.Error("Prepare of a query that cannot run: no error")
	}
	var n int
	if err := db.QueryRow("SELECT count(*) FROM numbers").Scan(&n); n != 1000 {
		t.Errorf("after errors, the connection counts %d numbers (%v), want 1000", n, err)
	}
	if _, err := Open(Options{Script: "CREATE nonsense"}); err == nil || !strings.Contains(err.Error(), "script") {
		t.Errorf("a script that fails: error %v, want one that speaks of the script", err)
	}
}

func TestConnectionsShareADatabase(t *testing.T) {
	db := SQLite(t, Options{Script: numbers})
	other := SQLite(t, Options{})
	db.SetMaxIdleConns(0) // each query is on a connection of its own
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if _, err := db.Exec("INSERT INTO numbers (square) VALUES (-1)"); err != nil {
					t.Errorf("INSERT beside others: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if n := Value[int](t, db, "SELECT count(*) FROM numbers WHERE square = -1"); n != 160 {
		t.Errorf("8 goroutines inserted 20 rows each; %d are there", n)
	}
	if n := Value[int](t, other, "SELECT count(*) FROM sqlite_schema"); n != 0 {
		t.Errorf("another database has %d tables, want none", n)
	}
}

func TestTransactions(t *testing.T) {
	db := SQLite(t, Options{Script: numbers})
	for _, commit := range []bool{false, true} {
		tx, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelSerializable})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec("DELETE FROM numbers WHERE id = 1"); err != nil {
			t.Fatal(err)
		}
		end, want := tx.Rollback, 1
		if commit {
			end, want = tx.Commit, 0
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
		if n := Value[int](t, db, "SELECT count(*) FROM numbers WHERE id = 1"); n != want {
			t.Errorf("deleted, commit %v: %d rows, want %d", commit, n, want)
		}
	}
	if _, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelReadCommitted}); err == nil {
		t.Error("a transaction of isolation level read committed, which SQLite has not: no error")
	}
}

func TestCounts(t *testing.T) {
	for _, always := range []bool{false, true} {
		db := SQLite(t, Options{Script: numbers, PrepareAlways: always})
		ask := func() {
			t.Helper()
			rows, err := db.Query("SELECT id FROM numbers WHERE square = ?", 9)
			if err != nil {
				t.Fatal(err)
			}
			rows.Close()
		}
		ask()
		want := Counts{Queries: 1, RoundTrips: 1, SQL: []string{"SELECT id FROM numbers WHERE square = ?"}}
		if always {
			want.Prepares, want.Closes, want.RoundTrips = 1, 1, 3
		}
		expect(t, db, "a query", want)

		db.Reset()
		stmt, err := db.Prepare("DELETE FROM numbers WHERE id = ?")
		if err != nil {
			t.Fatal(err)
		}
		for id := range 3 {
			if _, err := stmt.Exec(id); err != nil {
				t.Fatal(err)
			}
		}
		if err := stmt.Close(); err != nil {
			t.Fatal(err)
		}
		const text = "DELETE FROM numbers WHERE id = ?"
		expect(t, db, "a statement prepared once, run three times and closed", Counts{Execs: 3, Prepares: 1, Closes: 1, RoundTrips: 5, SQL: []string{text, text, text}})

		db.Reset()
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		tx.Rollback()
		db.Aside(t, "DELETE FROM numbers")
		Plan(t, db, "SELECT 1")
		expect(t, db, "an empty transaction, and what the test asks aside", Counts{RoundTrips: 2})
	}
}

func expect(t *testing.T, db *DB, what string, want Counts) {
	t.Helper()
	got := db.Count()
	if got.Queries != want.Queries || got.Execs != want.Execs || got.Prepares != want.Prepares || got.Closes != want.Closes || got.RoundTrips != want.RoundTrips || !slices.Equal(got.SQL, want.SQL) {
		t.Errorf("%s (PrepareAlways %v): counts\n%+v, want\n%+v", what, db.options.PrepareAlways, got, want)
	}
}

func TestRTT(t *testing.T) {
	const rtt = 20 * time.Millisecond
	db := SQLite(t, Options{RTT: rtt, PrepareAlways: true})
	begun := time.Now()
	if _, err := db.Exec("SELECT 1"); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took < 3*rtt {
		t.Errorf("three round trips of %v each took %v", rtt, took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := db.ExecContext(ctx, "SELECT 1"); !errors.Is(err, context.Canceled) {
		t.Errorf("on the way, with a context that has ended: error %v", err)
	}
}

func TestCancel(t *testing.T) {
	db := SQLite(t, Options{Script: numbers})
	db.SetMaxOpenConns(1)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		var n int
		done <- db.QueryRowContext(ctx, forever).Scan(&n)
	}()
	for db.Count().Queries == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("a query whose context was canceled: error %v, want context.Canceled", err)
	}
	var n int
	if err := db.QueryRow("SELECT count(*) FROM numbers").Scan(&n); n != 1000 {
		t.Errorf("after it, the connection counts %d numbers (%v), want 1000", n, err)
	}
}

func TestLimits(t *testing.T) {
	db := SQLite(t, Options{Script: numbers, MaxRows: 999, MaxTime: 50 * time.Millisecond})
	if _, err := db.Query(forever); err == nil || !strings.Contains(err.Error(), "stopped after 50ms") {
		t.Errorf("a query without end: error %v, want one that says when it was stopped", err)
	}
	if _, err := db.Query("SELECT * FROM numbers"); err == nil || !strings.Contains(err.Error(), "more than 999 rows") {
		t.Errorf("1000 rows where 999 may be: error %v, want one that says so", err)
	}
	var n int
	if err := db.QueryRow("SELECT count(*) FROM (SELECT * FROM numbers LIMIT 999)").Scan(&n); n != 999 {
		t.Errorf("after them: %d rows (%v), want 999", n, err)
	}
}

func TestPlan(t *testing.T) {
	db := SQLite(t, Options{Script: numbers})
	plan := Plan(t, db, "SELECT * FROM numbers WHERE square = ? ORDER BY name", 9)
	if len(plan) != 2 || !strings.HasPrefix(plan[0], "SEARCH numbers USING INDEX by_square") || !strings.HasPrefix(plan[1], "USE TEMP B-TREE") {
		t.Errorf("plan %q, want a search with the index, and a sort", plan)
	}
	if _, err := db.Exec("DROP INDEX by_square"); err != nil {
		t.Fatal(err)
	}
	if plan := Plan(t, db, "SELECT * FROM numbers WHERE square = ?", 9); len(plan) != 1 || plan[0] != "SCAN numbers" {
		t.Errorf("plan %q after another connection has dropped the index, want a scan", plan)
	}
}

func TestProgramIsMissing(t *testing.T) {
	t.Setenv("HOTLOOP_SQLITE", filepath.Join(t.TempDir(), "none"))
	if _, err := find(); err == nil || !strings.Contains(err.Error(), "HOTLOOP_SQLITE") || !strings.Contains(err.Error(), "make build") {
		t.Errorf("HOTLOOP_SQLITE names nothing: error %v, want one that says so, and what to do", err)
	}
	t.Setenv("HOTLOOP_SQLITE", "")
	t.Setenv("PATH", t.TempDir())
	t.Chdir(t.TempDir())
	if _, err := find(); err == nil || !strings.Contains(err.Error(), "make install") {
		t.Errorf("no program anywhere: error %v, want one that says how to get it", err)
	}
}

func TestProgramEnds(t *testing.T) {
	p, err := start()
	if err != nil {
		t.Fatal(err)
	}
	db := &DB{options: Options{MaxRows: 10, MaxTime: time.Minute}, process: p, name: "mortal"}
	db.DB = sql.OpenDB(connector{db: db})
	defer db.DB.Close()
	if err := db.Ping(); err != nil {
		t.Fatal(err)
	}
	p.in.(interface{ Close() error }).Close()
	for err = nil; err == nil; {
		_, err = db.Exec("SELECT 1")
	}
	if !strings.Contains(err.Error(), "hotloop-sqlite") {
		t.Errorf("the program is gone: error %v, want one that names it", err)
	}
}

func BenchmarkRoundTrip(b *testing.B) {
	db := SQLite(b, Options{Script: numbers})
	b.ReportAllocs()
	for b.Loop() {
		var square int
		if err := db.QueryRow("SELECT square FROM numbers WHERE id = ?", 500).Scan(&square); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRoundTripPrepared(b *testing.B) {
	db := SQLite(b, Options{Script: numbers})
	stmt, err := db.Prepare("SELECT square FROM numbers WHERE id = ?")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		var square int
		if err := stmt.QueryRow(500).Scan(&square); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		db, err := Open(Options{Script: numbers})
		if err != nil {
			b.Fatal(err)
		}
		db.Close()
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		p, err := start()
		if err != nil {
			b.Fatal(err)
		}
		p.in.(interface{ Close() error }).Close()
	}
}
