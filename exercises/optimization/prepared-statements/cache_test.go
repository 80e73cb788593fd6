package stmts

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"hotloop/exercises/kit/sqldb"
)

const schema = `
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT NOT NULL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
INSERT INTO users SELECT i, 'user' || i || '@example.com', 'name ' || (i * 37 % 100) FROM n;
`

// open makes a cache of at most max statements on a database with 200 users.
func open(t *testing.T, max int) (*Cache, *sqldb.DB) {
	t.Helper()
	db := sqldb.SQLite(t, sqldb.Options{Script: schema, PrepareAlways: true})
	c := NewCache(db.DB, max)
	t.Cleanup(func() { c.Close() })
	return c, db
}

// number asks for one number.
func number(ctx context.Context, c *Cache, q string, args ...any) (n int, err error) {
	rows, err := c.Query(ctx, q, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, err
		}
	}
	return n, rows.Err()
}

// text is one of many queries that differ in their text.
func text(i int) string { return fmt.Sprintf("SELECT ? + %d", i) }

func TestQuery(t *testing.T) {
	c, _ := open(t, 3)
	for i := range 40 {
		q := text(i % 7)
		if n, err := number(t.Context(), c, q, i); n != i+i%7 || err != nil {
			t.Fatalf("Query(%q, %d), call %d: %d, error %v; want %d", q, i, i, n, err, i+i%7)
		}
	}
}

func TestExec(t *testing.T) {
	c, db := open(t, 3)
	for i := range 5 {
		res, err := c.Exec(t.Context(), "UPDATE users SET name = ? WHERE id <= ?", fmt.Sprint("new ", i), i)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := res.RowsAffected(); n != int64(i) || err != nil {
			t.Errorf("Exec of an update of %d users: %d rows affected, error %v", i, n, err)
		}
	}
	if name := sqldb.Value[string](t, db, "SELECT name FROM users WHERE id = 1"); name != "new 4" {
		t.Errorf("after Exec, the name is %q, want %q", name, "new 4")
	}
}

func TestStats(t *testing.T) {
	c, _ := open(t, 2)
	calls := uint64(0)
	for i := range 60 {
		if _, err := number(t.Context(), c, text(i*i%5), i); err != nil {
			t.Fatal(err)
		}
		calls++
		prepared, hits, evicted := c.Stats()
		if prepared+hits != calls || evicted > prepared {
			t.Fatalf("after %d calls: Stats() = %d prepared, %d hits, %d evicted; want the first two to make up all calls, and none evicted that was not prepared",
				calls, prepared, hits, evicted)
		}
	}
	if _, _, evicted := c.Stats(); evicted == 0 {
		t.Error("five texts went through a cache of two statements: Stats() counts none evicted")
	}
}

// waitUntil polls: statements in use are closed by who used them last.
func waitUntil(done func() bool) bool {
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if done() {
			return true
		}
	}
	return done()
}

func TestEvictedAreClosed(t *testing.T) {
	const max = 4
	c, db := open(t, max)
	db.SetMaxOpenConns(1)
	db.Reset()
	for i := range 25 {
		if _, err := number(t.Context(), c, text(i), i); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Exec(t.Context(), fmt.Sprintf("UPDATE users SET name = ? WHERE id = %d", i), "new"); err != nil {
			t.Fatal(err)
		}
	}
	if !waitUntil(func() bool { n := db.Count(); return n.Prepares-n.Closes <= max }) {
		n := db.Count()
		t.Errorf("50 texts went through a cache of %d statements: the server still has %d of them; each holds memory there until it is closed", max, n.Prepares-n.Closes)
	}
	closesAll(t, c, db, "50 texts went through a cache")
}

// closesAll closes the cache, after which nobody uses a statement any more.
func closesAll(t *testing.T, c *Cache, db *sqldb.DB, done string) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Errorf("%s, then Close: %v", done, err)
	}
	if !waitUntil(func() bool { n := db.Count(); return n.Prepares == n.Closes }) {
		n := db.Count()
		t.Errorf("%s, then Close: the server still has %d of %d statements, want none: what was evicted in use is closed by who used it last", done, n.Prepares-n.Closes, n.Prepares)
	}
}

func TestEvictedWhileRowsAreRead(t *testing.T) {
	c, _ := open(t, 1)
	rows, err := c.Query(t.Context(), "SELECT id FROM users WHERE id <= ? ORDER BY id", 100)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		n++
		if n%10 == 0 {
			if _, err := number(t.Context(), c, text(n), n); err != nil { // takes the only place
				t.Fatalf("another query while rows are being read: %v", err)
			}
		}
	}
	if err := rows.Err(); n != 100 || err != nil {
		t.Errorf("rows of a statement that was evicted meanwhile: %d, then error %v; want all 100", n, err)
	}
}

func TestErrorsAreNotKept(t *testing.T) {
	c, db := open(t, 3)
	const q = "SELECT count(*) FROM later WHERE ? = 1"
	for range 2 {
		if n, err := number(t.Context(), c, q, 1); err == nil {
			t.Fatalf("a query of a table that is not there = %d, no error", n)
		}
	}
	db.Aside(t, "CREATE TABLE later (x); INSERT INTO later VALUES (1)")
	if n, err := number(t.Context(), c, q, 1); n != 1 || err != nil {
		t.Errorf("now the table is there: %d, error %v; want 1: a failure that is kept outlives its cause", n, err)
	}
	if prepared, hits, _ := c.Stats(); prepared != 1 || hits != 0 {
		t.Errorf("two failures and a success: Stats() = %d prepared, %d hits; want 1 and 0: only calls that got a statement count", prepared, hits)
	}
}

func TestClosed(t *testing.T) {
	c, _ := open(t, 3)
	if _, err := number(t.Context(), c, text(1), 1); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	for _, q := range []string{text(1), text(2)} {
		if _, err := c.Query(t.Context(), q, 1); !errors.Is(err, ErrClosed) {
			t.Errorf("Query(%q) after Close: error %v, want ErrClosed", q, err)
		}
		if _, err := c.Exec(t.Context(), q, 1); !errors.Is(err, ErrClosed) {
			t.Errorf("Exec(%q) after Close: error %v, want ErrClosed", q, err)
		}
	}
}

func TestCanceled(t *testing.T) {
	c, _ := open(t, 3)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := number(ctx, c, text(1), 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Query with a canceled context: error %v, want context.Canceled", err)
	}
	if n, err := number(t.Context(), c, text(1), 1); n != 2 || err != nil {
		t.Errorf("the same query for somebody else: %d, error %v; want 2", n, err)
	}
}

// An asking context tells when it is asked for its end the first time: whoever waits, waits for that as well.
type asking struct {
	context.Context
	once  sync.Once
	asked chan struct{}
}

func (a *asking) Done() <-chan struct{} {
	a.once.Do(func() { close(a.asked) })
	return a.Context.Done()
}

// The only connection is busy, so that nothing can be prepared. Of four callers of one text, two go.
func TestCallersGo(t *testing.T) {
	const soon = 3 * time.Second
	c, db := open(t, 3)
	db.SetMaxOpenConns(1)
	busy, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	ends, cancel := context.WithCancel(t.Context())
	defer cancel()
	type answer struct {
		n   int
		err error
	}
	ask := func(ctx context.Context) <-chan answer {
		answers, a := make(chan answer, 1), &asking{Context: ctx, asked: make(chan struct{})}
		go func() {
			n, err := number(a, c, text(1), 1)
			answers <- answer{n, err}
		}()
		select {
		case <-a.asked:
		case <-time.After(soon): // it will not hear of the end of ctx either
		}
		return answers
	}
	who := []string{"the first caller, for whom the statement is prepared", "one who waits for it"}
	going := []<-chan answer{ask(ends), ask(ends)}
	staying := []<-chan answer{ask(t.Context()), ask(t.Context())}
	cancel()
	for i, answers := range going {
		select {
		case a := <-answers:
			if !errors.Is(a.err, context.Canceled) {
				t.Errorf("the only connection is busy, and the context of %s is canceled: Query = %d, error %v; want context.Canceled", who[i], a.n, a.err)
			}
		case <-time.After(soon):
			t.Fatalf("the only connection is busy, and the context of %s is canceled: no answer within %v, want context.Canceled at once: nobody can tell how long a database takes", who[i], soon)
		}
	}
	busy.Close()
	for _, answers := range staying {
		select {
		case a := <-answers:
			if a.n != 2 || a.err != nil {
				t.Errorf("two of four callers of one text are gone: Query of one who stays = %d, error %v; want 2: he did not ask for the end", a.n, a.err)
			}
		case <-time.After(soon):
			t.Fatalf("two of four callers of one text are gone, and the connection is free: no answer for one who stays within %v", soon)
		}
	}
	closesAll(t, c, db, "two of four callers left before the statement was prepared")
}

// With one place and three texts, a statement is evicted at nearly every call, while others are about to use it. They have
// fewer connections than goroutines: more of them then wait for one statement, and meet who evicts it.
func TestRace(t *testing.T) {
	const goroutines, calls = 8, 40
	for _, max := range []int{1, 2} {
		c, db := open(t, max)
		db.SetMaxOpenConns(2 * max)
		db.SetMaxIdleConns(2 * max)
		var wg sync.WaitGroup
		for g := range goroutines {
			wg.Go(func() {
				for i := range calls {
					k := (g + i*i) % 3
					n, err := number(t.Context(), c, text(k), i)
					if n != i+k || err != nil {
						t.Errorf("%d goroutines, %d places: Query(%q, %d) = %d, error %v; want %d: a statement is closed when nobody has it in hand any more", goroutines, max, text(k), i, n, err, i+k)
						return
					}
				}
			})
		}
		wg.Wait()
		if prepared, hits, evicted := c.Stats(); !t.Failed() && prepared+hits != goroutines*calls {
			t.Errorf("%d calls beside each other: Stats() = %d prepared, %d hits, %d evicted; want the first two to make up all calls", goroutines*calls, prepared, hits, evicted)
		}
		closesAll(t, c, db, fmt.Sprint(goroutines*calls, " calls beside each other"))
	}
}
