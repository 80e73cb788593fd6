package main

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite"

	"hotloop/exercises/kit/sqldb/wire"
)

// SQLite's result codes for what is found out here and not there.
const (
	codeError     = 1
	codeInterrupt = 9
	codeTooBig    = 18
	codeMisuse    = 21
)

const maxResult = 32 << 20 // bytes of the rows of one query

// A session is one connection: requests come one after the other and are done in this order.
type session struct {
	server   *server
	requests chan *wire.Request

	mu   sync.Mutex
	seq  uint64             // of the request that is being done
	stop context.CancelFunc // ends it; nil between requests
	gone bool               // nobody waits for answers any more

	conn       driver.Conn
	statements map[uint64]driver.Stmt
	maxRows    uint64
}

func newSession(s *server) *session {
	return &session{server: s, requests: make(chan *wire.Request, 2), statements: map[uint64]driver.Stmt{}}
}

// run does requests until the session is closed.
func (se *session) run() {
	for req := range se.requests {
		resp, err := se.do(req)
		if err != nil {
			resp = failure(err)
		}
		se.server.answer(req, resp)
	}
	for _, stmt := range se.statements {
		stmt.Close()
	}
	if se.conn != nil {
		se.conn.Close()
	}
}

func failure(err error) *wire.Response {
	resp := &wire.Response{Code: codeError, Message: err.Error()}
	if serr, ok := errors.AsType[*sqlite.Error](err); ok {
		resp.Code = int64(serr.Code())
	}
	if errors.Is(err, context.Canceled) {
		resp.Code, resp.Message = codeInterrupt, "interrupted"
	}
	if lerr, ok := errors.AsType[*limitError](err); ok {
		resp.Code, resp.Message = codeTooBig, lerr.Error()
	}
	return resp
}

// A limitError says that a result is more than the test binary shall get.
type limitError struct{ limit string }

func (e *limitError) Error() string { return "the result has more than " + e.limit + "; add a LIMIT" }

func (se *session) do(req *wire.Request) (*wire.Response, error) {
	ctx, done := se.begin(req.Seq)
	defer done()
	if se.conn == nil && req.Op != wire.Open {
		return nil, errors.New("the connection was not opened")
	}
	switch req.Op {
	case wire.Open:
		return &wire.Response{}, se.open(req)
	case wire.Exec:
		return se.exec(ctx, req)
	case wire.Query:
		return se.query(ctx, req)
	case wire.Prepare:
		stmt, err := se.conn.(driver.ConnPrepareContext).PrepareContext(ctx, req.SQL)
		if err == nil {
			se.statements[req.Stmt] = stmt
		}
		return &wire.Response{}, err
	case wire.Forget:
		stmt := se.statements[req.Stmt]
		if stmt == nil {
			return nil, fmt.Errorf("no statement %d", req.Stmt)
		}
		delete(se.statements, req.Stmt)
		return &wire.Response{}, stmt.Close()
	case wire.Close:
		return &wire.Response{}, nil
	}
	return nil, fmt.Errorf("no operation %d", req.Op)
}

// begin notes that a request is being done, so that cancel can end it.
func (se *session) begin(seq uint64) (ctx context.Context, done func()) {
	ctx, stop := context.WithCancel(context.Background())
	se.mu.Lock()
	defer se.mu.Unlock()
	se.seq, se.stop = seq, stop
	if se.gone {
		stop()
	}
	return ctx, func() {
		se.mu.Lock()
		defer se.mu.Unlock()
		se.stop = nil
		stop()
	}
}

// cancel ends the request seq if it is being done.
func (se *session) cancel(seq uint64) {
	se.mu.Lock()
	defer se.mu.Unlock()
	if se.stop != nil && se.seq == seq {
		se.stop()
	}
}

func (se *session) hangUp() {
	se.mu.Lock()
	defer se.mu.Unlock()
	se.gone = true
	if se.stop != nil {
		se.stop()
	}
}

// open connects to the database of a name, in memory. Who finds it locked waits for a while, as is usual.
func (se *session) open(req *wire.Request) error {
	conn, err := (&sqlite.Driver{}).Open("file:/" + url.PathEscape(req.SQL) + "?vfs=memdb&_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)")
	if err != nil {
		return err
	}
	se.conn, se.maxRows = conn, req.Limit
	return nil
}

func (se *session) exec(ctx context.Context, req *wire.Request) (*wire.Response, error) {
	var res driver.Result
	var err error
	if req.Stmt != 0 {
		stmt, ok := se.statements[req.Stmt].(driver.StmtExecContext)
		if !ok {
			return nil, fmt.Errorf("no statement %d", req.Stmt)
		}
		res, err = stmt.ExecContext(ctx, named(req.Args))
	} else {
		res, err = se.conn.(driver.ExecerContext).ExecContext(ctx, req.SQL, named(req.Args))
	}
	if err != nil || res == nil { // nil: there was nothing but space and comments
		return &wire.Response{}, err
	}
	resp := &wire.Response{}
	resp.LastID, _ = res.LastInsertId()
	resp.Affected, _ = res.RowsAffected()
	return resp, nil
}

func (se *session) query(ctx context.Context, req *wire.Request) (resp *wire.Response, err error) {
	var rows driver.Rows
	if req.Stmt != 0 {
		stmt, ok := se.statements[req.Stmt].(driver.StmtQueryContext)
		if !ok {
			return nil, fmt.Errorf("no statement %d", req.Stmt)
		}
		rows, err = stmt.QueryContext(ctx, named(req.Args))
	} else {
		rows, err = se.conn.(driver.QueryerContext).QueryContext(ctx, req.SQL, named(req.Args))
	}
	if err != nil {
		return nil, err
	}
	defer func() {
		if cerr := rows.Close(); err == nil {
			err = cerr
		}
	}()
	return se.read(ctx, rows)
}

// read takes all rows into one response: a result is one round trip, and nothing stays open between requests.
func (se *session) read(ctx context.Context, rows driver.Rows) (*wire.Response, error) {
	resp := &wire.Response{Columns: rows.Columns()}
	row := make([]driver.Value, len(resp.Columns))
	for {
		switch err := rows.Next(row); {
		case errors.Is(err, io.EOF):
			return resp, nil
		case err != nil:
			return nil, err
		case ctx.Err() != nil:
			return nil, ctx.Err()
		}
		if resp.Rows == se.maxRows {
			return nil, &limitError{fmt.Sprintf("%d rows", se.maxRows)}
		}
		if len(resp.Values) > maxResult {
			return nil, &limitError{fmt.Sprintf("%d MiB", maxResult>>20)}
		}
		resp.Rows++
		for _, v := range row {
			resp.Values = wire.AppendValue(resp.Values, plain(v))
		}
	}
}

// plain undoes what the driver makes of columns that are declared as dates: SQLite has no such type, and stores text.
func plain(v driver.Value) any {
	switch v := v.(type) {
	case time.Time:
		return strings.TrimSuffix(v.Format("2006-01-02 15:04:05.999999999"), " 00:00:00")
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	}
	return v
}

func named(args []any) []driver.NamedValue {
	all := make([]driver.NamedValue, len(args))
	for i, v := range args {
		all[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return all
}
