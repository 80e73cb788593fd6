// Package store keeps the history of a learner (attempts, drafts, progress) in one SQLite file of the workspace. The
// command line and any number of servers may use the same file at the same time. It alone knows SQL.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// busyTimeout is how long a write waits for another process's write. Writes take milliseconds; the time is for a machine
// that is measuring something.
const busyTimeout = 10 * time.Second

// A Store is an open history file. It is safe for concurrent use.
type Store struct {
	db   *sql.DB
	path string
}

// Open opens the history file at path, creates it if it isn't there and brings an older one up to date. Errors are of
// type *OpenError and say what to do.
func Open(path string) (*Store, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, &OpenError{Path: path, Err: err}
	}
	s, err := open(abs, "rwc")
	if err != nil {
		return nil, &OpenError{Path: abs, Err: err}
	}
	return s, nil
}

func open(path, mode string) (*Store, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, errors.New("it is a directory")
	}
	db, err := sql.Open("sqlite", dsn(path, mode))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4)
	if err := migrate(db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Store{db: db, path: path}, nil
}

// dsn names the file for the driver. Transactions begin IMMEDIATE: one that reads first and writes later could not wait
// for another's write, it would fail.
func dsn(path, mode string) string {
	q := url.Values{"mode": {mode}, "_txlock": {"immediate"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"journal_mode(WAL)",
		"synchronous(NORMAL)",
	}}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

// Path is where the file is.
func (s *Store) Path() string { return s.path }

// migrate brings the schema up to date. Another process may be doing the same to the same new file: who comes second
// fails on a table that is already there, looks again, and finds nothing left to do.
func migrate(db *sql.DB) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*busyTimeout)
	defer cancel()
	for try := 0; ; try++ {
		err := migrateOnce(ctx, db, dir)
		if err == nil || final(err) || try == 20 {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(try+1) * 10 * time.Millisecond):
		}
	}
}

func migrateOnce(ctx context.Context, db *sql.DB, dir fs.FS) error {
	p, err := goose.NewProvider(goose.DialectSQLite3, db, dir, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	current, target, err := p.GetVersions(ctx)
	switch {
	case err != nil:
		return err
	case current > target:
		return errNewer
	case current == target:
		return nil
	}
	_, err = p.Up(ctx)
	return err
}

var errNewer = errors.New("it was written by a newer hotloop")

// final says whether trying again cannot help.
func final(err error) bool {
	if errors.Is(err, errNewer) {
		return true
	}
	switch code(err) {
	case sqliteReadOnly, sqliteCorrupt, sqliteFull, sqliteCantOpen, sqliteNotADB:
		return true
	}
	return false
}

// Primary result codes of SQLite, https://sqlite.org/rescode.html.
const (
	sqliteBusy     = 5
	sqliteReadOnly = 8
	sqliteIO       = 10
	sqliteCorrupt  = 11
	sqliteFull     = 13
	sqliteCantOpen = 14
	sqliteNotADB   = 26
)

// code is the primary result code of SQLite behind err, or 0.
func code(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

// An OpenError says why a history file cannot be used.
type OpenError struct {
	Path string
	Err  error
}

func (e *OpenError) Error() string {
	return fmt.Sprintf("opening the history %s: %s", e.Path, cause(e.Err))
}

func (e *OpenError) Unwrap() error { return e.Err }

// Hint is the next step for people.
func (e *OpenError) Hint() string { return hint(e.Path, e.Err) }

// A WriteError says why something cannot be kept in a history file that is open. What was in it is there as before.
type WriteError struct {
	Path string
	Err  error
}

func (e *WriteError) Error() string {
	return fmt.Sprintf("writing the history %s: %s", e.Path, cause(e.Err))
}

func (e *WriteError) Unwrap() error { return e.Err }

// Hint is the next step for people.
func (e *WriteError) Hint() string { return hint(e.Path, e.Err) }

// written is err as a WriteError, if it is SQLite's.
func (s *Store) written(err error) error {
	if code(err) == 0 {
		return err
	}
	return &WriteError{s.path, err}
}

// cause says for people what is wrong with a file.
func cause(err error) string {
	switch code(err) {
	case sqliteNotADB, sqliteCorrupt:
		return "the file is damaged"
	case sqliteReadOnly:
		return "the file is read-only"
	case sqliteCantOpen:
		return "the file cannot be created or read"
	case sqliteFull:
		return "the disk is full"
	}
	return err.Error()
}

// hint is what to do about it.
func hint(path string, err error) string {
	if errors.Is(err, errNewer) {
		return "use that newer hotloop, or another workspace with --workspace DIR"
	}
	switch code(err) {
	case sqliteNotADB, sqliteCorrupt:
		return fmt.Sprintf("move it away (mv %q %q): hotloop begins a new one; your solutions are files of their own and stay",
			path, path+".damaged")
	case sqliteFull:
		return "free some space on that disk"
	case sqliteIO:
		return "see whether the disk of " + filepath.Dir(path) + " is full or failing"
	case sqliteBusy:
		return "try again: another hotloop is writing to it"
	}
	return fmt.Sprintf("make %s a folder you may write to, or choose another workspace with --workspace DIR", filepath.Dir(path))
}
