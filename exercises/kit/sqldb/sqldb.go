// Package sqldb gives an exercise's tests an SQLite database behind database/sql that counts what is asked of it and can
// be as far away as a real one. SQLite runs in a process of its own, the program hotloop-sqlite: each query is a round
// trip, and profiles and allocations of the test binary are the learner's.
//
//	db := sqldb.SQLite(t, sqldb.Options{Script: schema})
//	posts, err := (&Store{DB: db.DB}).PostsWithAuthors(t.Context(), 100)
//	if n := db.Count().RoundTrips; n > 2 { … }
//
// All databases of a test binary live in one such process, which ends with the binary. It is found at HOTLOOP_SQLITE, in
// PATH, beside the program hotloop, or in .build of a folder above; hotloop itself tells its place to the tests it runs.
//
// A query's result comes whole, and is one round trip however many rows it has. Integers, floats, text, blobs and NULL
// are SQLite's; a bool is stored as 0 or 1, a time as text in UTC. There are no named arguments. An SQL text may hold
// several statements.
//
// No database may be opened in a synctest bubble: time passes in the other process.
package sqldb

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Options say what a database is like. The zero value is an empty one, as near as it can be.
type Options struct {
	// Script is SQL that is run before anybody gets to see the database: its tables and rows. It is not counted.
	Script string

	// RTT is how much further away the database is: what each round trip takes longer.
	RTT time.Duration

	// PrepareAlways hides that the driver can run a text with arguments at once. Database/sql then prepares each query,
	// runs it and closes it, which is three round trips; drivers of other databases make it do so.
	PrepareAlways bool

	// MaxRows is what the result of one query may have, 100,000 if zero. What has more is an error.
	MaxRows int

	// MaxTime is what one statement may take without RTT, 10 s if zero. What takes longer is ended and an error.
	MaxTime time.Duration
}

// Counts are what a database was asked for. Opening a connection is not counted.
type Counts struct {
	Queries    int // runs of a statement for its rows
	Execs      int // runs of a statement for its effect; of transactions, beginning and end are none
	Prepares   int
	Closes     int      // of prepared statements
	RoundTrips int      // all of these, and the beginning and end of transactions
	SQL        []string // the texts of the first 10,000 queries and execs, in order
}

const maxTexts = 10_000

// A DB is a database with a counter. The embedded DB is what code under test gets.
type DB struct {
	*sql.DB
	name    string
	options Options
	process *process
	aside   *sql.DB // the test's own connection, which also keeps the database alive

	mu     sync.Mutex
	counts Counts
}

var databases atomic.Int64 // so far, for names

// SQLite opens a new database for one test or benchmark, which ends with it. It fails the test if there is no program
// hotloop-sqlite, or if the script fails.
func SQLite(tb testing.TB, o Options) *DB {
	tb.Helper()
	db, err := Open(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return db
}

// Open is SQLite for a database that outlives one test, as one that all turns of a benchmark read.
func Open(o Options) (*DB, error) {
	p, err := started()
	if err != nil {
		return nil, err
	}
	if o.MaxRows == 0 {
		o.MaxRows = 100_000
	}
	if o.MaxTime == 0 {
		o.MaxTime = 10 * time.Second
	}
	db := &DB{options: o, process: p, name: "db" + strconv.FormatInt(databases.Add(1), 10)}
	db.DB, db.aside = sql.OpenDB(connector{db: db}), sql.OpenDB(connector{db: db, aside: true})
	db.aside.SetMaxOpenConns(1)
	if _, err := db.aside.Exec(o.Script); err != nil {
		db.Close()
		return nil, fmt.Errorf("sqldb: running the script of a database: %w", err)
	}
	return db, nil
}

// Close ends the database and all connections to it.
func (db *DB) Close() error {
	return errors.Join(db.DB.Close(), db.aside.Close())
}

// Count says what was asked since the last Reset.
func (db *DB) Count() Counts {
	db.mu.Lock()
	defer db.mu.Unlock()
	c := db.counts
	c.SQL = slices.Clone(c.SQL)
	return c
}

// Reset sets all counts to zero.
func (db *DB) Reset() {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.counts = Counts{}
}

// Aside runs SQL for the test itself: uncounted, without RTT, on a connection of its own.
func (db *DB) Aside(tb testing.TB, query string, args ...any) {
	tb.Helper()
	if _, err := db.aside.Exec(query, args...); err != nil {
		tb.Fatalf("sqldb: running %.60q: %v", query, err)
	}
}

// Value is the first column of the first row of a query that the test itself asks, as Aside does.
func Value[T any](tb testing.TB, db *DB, query string, args ...any) (v T) {
	tb.Helper()
	if err := db.aside.QueryRow(query, args...).Scan(&v); err != nil {
		tb.Fatalf("sqldb: asking %.60q: %v", query, err)
	}
	return v
}

// Plan is how SQLite would run the query: the lines of EXPLAIN QUERY PLAN in their order, such as
// "SEARCH posts USING INDEX by_author (author_id=?)". The query does not run, and nothing is counted.
func Plan(tb testing.TB, db *DB, query string, args ...any) []string {
	tb.Helper()
	// A statement that only explains does not see whether another connection has changed the tables; this one does.
	Value[int](tb, db, "SELECT count(*) FROM sqlite_schema")
	rows, err := db.aside.Query("EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		tb.Fatalf("sqldb: explaining %q: %v", query, err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var id, parent, unused int
		var line string
		if err := rows.Scan(&id, &parent, &unused, &line); err != nil {
			tb.Fatalf("sqldb: explaining %q: %v", query, err)
		}
		lines = append(lines, line)
	}
	return lines
}
