package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"time"

	"hotloop/exercises/kit/sqldb/wire"
)

// cancelGrace is how long a canceled statement may take to end. SQLite ends most at once, but not one that goes through
// many rows before it finds its second; the connection is then given up.
const cancelGrace = time.Second

// asideLimit is for what tests do themselves, such as filling tables.
const asideLimit = time.Minute

// An Error is SQLite's own.
type Error struct {
	Code    int // extended result code, such as 2067 for a constraint UNIQUE
	Message string
}

func (e *Error) Error() string { return "sqlite: " + e.Message }

type connector struct {
	db    *DB
	aside bool // for the test itself: not counted, and near
}

func (c connector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.db.connect(c.aside)
	if err != nil {
		return nil, err
	}
	if c.db.options.PrepareAlways && !c.aside {
		return preparing{conn}, nil
	}
	return conn, nil
}

func (c connector) Driver() driver.Driver { return noDriver{} }

// noDriver is there because database/sql wants one: these databases have no names to open them by.
type noDriver struct{}

func (noDriver) Open(string) (driver.Conn, error) {
	return nil, errors.New("sqldb: databases are opened with sqldb.Open")
}

// preparing is a connection of which database/sql does not know that it can do without preparing.
type preparing struct{ preparer }

type preparer interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.Validator
	driver.NamedValueChecker
}

// A conn is one connection. Database/sql lets one goroutine at a time use it.
type conn struct {
	db      *DB
	id      uint64
	answers chan *wire.Response
	req     wire.Request
	args    []any
	late    *time.Timer // runs while a statement does
	seq     uint64
	stmts   uint64
	broken  bool
	aside   bool
}

func (db *DB) connect(aside bool) (*conn, error) {
	id, answers, err := db.process.open()
	if err != nil {
		return nil, err
	}
	c := &conn{db: db, id: id, answers: answers, late: time.NewTimer(time.Hour), aside: aside}
	c.late.Stop()
	if _, err := c.ask(context.Background(), wire.Request{Op: wire.Open, SQL: db.name, Limit: uint64(db.options.MaxRows)}); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *conn) IsValid() bool { return !c.broken }

// Close tells the program, and does not wait: nobody can use the connection any more.
func (c *conn) Close() error {
	c.db.process.forget(c.id)
	return c.db.process.send(&wire.Request{Op: wire.Close, Conn: c.id})
}

func (c *conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	c.stmts++
	id := c.stmts
	_, err := c.trip(ctx, wire.Request{Op: wire.Prepare, Stmt: id, SQL: query}, query)
	if err != nil {
		return nil, err
	}
	return &stmt{c: c, id: id, query: query}, nil
}

func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.query(ctx, wire.Request{Op: wire.Query, SQL: query}, query, args)
}

func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.exec(ctx, wire.Request{Op: wire.Exec, SQL: query}, query, args)
}

func (c *conn) query(ctx context.Context, req wire.Request, query string, args []driver.NamedValue) (driver.Rows, error) {
	req.Args = c.values(args)
	resp, err := c.trip(ctx, req, query)
	if err != nil {
		return nil, err
	}
	return &rows{resp}, nil
}

func (c *conn) exec(ctx context.Context, req wire.Request, query string, args []driver.NamedValue) (driver.Result, error) {
	req.Args = c.values(args)
	resp, err := c.trip(ctx, req, query)
	if err != nil {
		return nil, err
	}
	return result{resp.LastID, resp.Affected}, nil
}

func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// BeginTx begins one of SQLite's transactions, which are serializable.
func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if level := sql.IsolationLevel(opts.Isolation); level != sql.LevelDefault && level != sql.LevelSerializable {
		return nil, fmt.Errorf("sqldb: a transaction of isolation level %v: SQLite has serializable ones only", level)
	}
	if _, err := c.trip(ctx, wire.Request{Op: wire.Exec, SQL: "BEGIN"}, ""); err != nil {
		return nil, err
	}
	return tx{c}, nil
}

// CheckNamedValue says which arguments there are.
func (c *conn) CheckNamedValue(nv *driver.NamedValue) (err error) {
	if nv.Name != "" {
		return fmt.Errorf("sqldb: an argument named %s: write ? in the query, and arguments in order", nv.Name)
	}
	nv.Value, err = driver.DefaultParameterConverter.ConvertValue(nv.Value)
	switch v := nv.Value.(type) {
	case bool:
		nv.Value = int64(0)
		if v {
			nv.Value = int64(1)
		}
	case time.Time:
		nv.Value = v.UTC().Format("2006-01-02 15:04:05.999999999")
	}
	return err
}

// values are the arguments as the wire has them, until the next call.
func (c *conn) values(args []driver.NamedValue) []any {
	c.args = c.args[:0]
	for _, a := range args {
		c.args = append(c.args, a.Value)
	}
	return c.args
}

// trip is one round trip: counted, and as long as the database is far away.
func (c *conn) trip(ctx context.Context, req wire.Request, query string) (*wire.Response, error) {
	if !c.aside {
		c.db.count(req.Op, query)
		if err := travel(ctx, c.db.options.RTT); err != nil {
			return nil, err
		}
	}
	return c.ask(ctx, req)
}

// travel takes d, or until ctx ends.
func travel(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	if ctx.Done() == nil {
		time.Sleep(d)
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (db *DB) count(op wire.Op, query string) {
	db.mu.Lock()
	defer db.mu.Unlock()
	c := &db.counts
	c.RoundTrips++
	switch {
	case op == wire.Query:
		c.Queries++
	case op == wire.Exec && query != "":
		c.Execs++
	case op == wire.Prepare:
		c.Prepares++
		return
	case op == wire.Forget:
		c.Closes++
		return
	default:
		return
	}
	if len(c.SQL) < maxTexts {
		c.SQL = append(c.SQL, query)
	}
}

// ask sends a request and waits for the answer. When ctx ends or the time is over, what it asked for is canceled.
func (c *conn) ask(ctx context.Context, req wire.Request) (*wire.Response, error) {
	c.seq++
	c.req = req
	c.req.Conn, c.req.Seq = c.id, c.seq
	if err := c.db.process.send(&c.req); err != nil {
		c.broken = true
		return nil, err
	}
	limit := c.db.options.MaxTime
	if c.aside {
		limit = asideLimit
	}
	c.late.Reset(limit)
	defer c.late.Stop()
	select {
	case resp, ok := <-c.answers:
		return c.check(resp, ok)
	case <-ctx.Done():
		return nil, c.cancel(ctx.Err())
	case <-c.late.C:
		return nil, c.cancel(fmt.Errorf("sqldb: stopped after %v: a statement may not take longer: %.100s", limit, c.req.SQL))
	}
}

func (c *conn) check(resp *wire.Response, ok bool) (*wire.Response, error) {
	switch {
	case !ok:
		c.broken = true
		c.db.process.mu.Lock()
		defer c.db.process.mu.Unlock()
		return nil, c.db.process.dead
	case resp.Code != 0:
		return nil, &Error{int(resp.Code), resp.Message}
	}
	return resp, nil
}

// cancel ends the request that was asked last, and returns why.
func (c *conn) cancel(why error) error {
	err := c.db.process.send(&wire.Request{Op: wire.Cancel, Conn: c.id, Seq: c.seq})
	c.late.Reset(cancelGrace)
	select {
	case _, ok := <-c.answers:
		c.broken = !ok
	case <-c.late.C:
		c.broken = true
	}
	return errors.Join(why, err)
}

// A stmt is a prepared statement. It belongs to its connection.
type stmt struct {
	c     *conn
	id    uint64
	query string
}

func (s *stmt) Close() error {
	_, err := s.c.trip(context.Background(), wire.Request{Op: wire.Forget, Stmt: s.id}, "")
	return err
}

// NumInput leaves it to SQLite to count arguments.
func (s *stmt) NumInput() int { return -1 }

func (s *stmt) Exec([]driver.Value) (driver.Result, error) { return nil, driver.ErrSkip }
func (s *stmt) Query([]driver.Value) (driver.Rows, error)  { return nil, driver.ErrSkip }

func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.c.exec(ctx, wire.Request{Op: wire.Exec, Stmt: s.id}, s.query, args)
}

func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.c.query(ctx, wire.Request{Op: wire.Query, Stmt: s.id}, s.query, args)
}

type tx struct{ c *conn }

func (t tx) Commit() error   { return t.end("COMMIT") }
func (t tx) Rollback() error { return t.end("ROLLBACK") }

func (t tx) end(how string) error {
	_, err := t.c.trip(context.Background(), wire.Request{Op: wire.Exec, SQL: how}, "")
	return err
}

type result struct{ id, affected int64 }

func (r result) LastInsertId() (int64, error) { return r.id, nil }
func (r result) RowsAffected() (int64, error) { return r.affected, nil }

// rows are a response's.
type rows struct{ resp *wire.Response }

func (r *rows) Columns() []string { return r.resp.Columns }
func (r *rows) Close() error      { return nil }

func (r *rows) Next(dest []driver.Value) (err error) {
	if r.resp.Rows == 0 {
		return io.EOF
	}
	r.resp.Rows--
	for i := range dest {
		if dest[i], err = r.resp.Next(); err != nil {
			return fmt.Errorf("sqldb: reading a row: %w", err)
		}
	}
	return nil
}
