package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"hotloop/site/history"
)

// keepAttempts is how many attempts of one exercise are kept, beside the first accepted one of each goal.
const keepAttempts = 200

const attemptColumns = `id, exercise, goal, verdict, reason, origin, started, seconds, report`

// Record keeps an attempt, raises the exercise's progress by it, and lets the oldest attempts of the exercise go.
func (s *Store) Record(ctx context.Context, a history.Attempt) (id int64, err error) {
	events, err := pack(a.Events)
	if err != nil {
		return 0, fmt.Errorf("packing the events of %s: %w", a.Exercise, err)
	}
	files, err := packFiles(a.Files)
	if err != nil {
		return 0, fmt.Errorf("packing the files of %s: %w", a.Exercise, err)
	}
	report := []byte(a.Report)
	if report == nil {
		report = []byte("null")
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		row := tx.QueryRowContext(ctx, `INSERT INTO attempts (exercise, goal, verdict, reason, origin, started, seconds, report, events, files)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
			a.Exercise, a.Goal, a.Verdict, a.Reason, a.Origin, millis(a.Started), a.Seconds, report, events, files)
		if err := row.Scan(&id); err != nil {
			return err
		}
		if err := raise(ctx, tx, a.Exercise, history.Reached(a.Goal, a.Verdict), 1); err != nil {
			return err
		}
		return prune(ctx, tx, a.Exercise)
	})
	if err != nil {
		return 0, fmt.Errorf("recording an attempt of %s: %w", a.Exercise, err)
	}
	return id, nil
}

func prune(ctx context.Context, tx *sql.Tx, exercise string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM attempts WHERE exercise = ?1
		AND id NOT IN (SELECT id FROM attempts WHERE exercise = ?1 ORDER BY id DESC LIMIT ?2)
		AND id NOT IN (SELECT min(id) FROM attempts WHERE exercise = ?1 AND verdict = 'accepted' GROUP BY goal)`,
		exercise, keepAttempts)
	return err
}

// Attempts lists up to limit attempts of an exercise, newest first, without their events and files. The empty slug lists
// those of all exercises.
func (s *Store) Attempts(ctx context.Context, slug string, limit int) ([]history.Attempt, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT `+attemptColumns+` FROM attempts
		WHERE ?1 = '' OR exercise = ?1 ORDER BY id DESC LIMIT ?2`, slug, limit)
	if err != nil {
		return nil, fmt.Errorf("listing attempts of %q: %w", slug, err)
	}
	defer rows.Close()
	var list []history.Attempt
	for rows.Next() {
		a, err := scanAttempt(rows)
		if err != nil {
			return nil, fmt.Errorf("listing attempts of %q: %w", slug, err)
		}
		list = append(list, a)
	}
	return list, rows.Err()
}

// Attempt is one attempt with its events and files. The error is history.ErrNotFound if it is not kept.
func (s *Store) Attempt(ctx context.Context, id int64) (history.Attempt, error) {
	var events, files []byte
	row := s.db.QueryRowContext(ctx, `SELECT `+attemptColumns+`, events, files FROM attempts WHERE id = ?`, id)
	a, err := scanAttempt(row, &events, &files)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return a, fmt.Errorf("attempt %d: %w", id, history.ErrNotFound)
	case err != nil:
		return a, fmt.Errorf("reading attempt %d: %w", id, err)
	}
	if a.Events, err = unpack(events); err != nil {
		return a, fmt.Errorf("unpacking the events of attempt %d: %w", id, err)
	}
	if a.Files, err = unpackFiles(files); err != nil {
		return a, fmt.Errorf("unpacking the files of attempt %d: %w", id, err)
	}
	return a, nil
}

func scanAttempt(row interface{ Scan(...any) error }, more ...any) (history.Attempt, error) {
	var a history.Attempt
	var started int64
	var report []byte
	err := row.Scan(append([]any{&a.ID, &a.Exercise, &a.Goal, &a.Verdict, &a.Reason, &a.Origin, &started, &a.Seconds, &report}, more...)...)
	a.Started, a.Report = fromMillis(started), report
	return a, err
}

// write runs f in a transaction. BEGIN IMMEDIATE waits until nobody else is writing.
func (s *Store) write(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return s.written(err)
	}
	if err := f(tx); err != nil {
		tx.Rollback() // which SQLite has done by itself if the disk is full, and then complains of
		return s.written(err)
	}
	return s.written(tx.Commit())
}

// exec writes with one statement.
func (s *Store) exec(ctx context.Context, query string, args ...any) error {
	_, err := s.db.ExecContext(ctx, query, args...)
	return s.written(err)
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
