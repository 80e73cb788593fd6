package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"hotloop/site/history"
)

// keepDrafts is how many drafts of one exercise are kept.
const keepDrafts = 50

// SaveDraft keeps a version of the learner's files that did not reach the workspace. Saving what the newest draft
// already holds gives that draft's id.
func (s *Store) SaveDraft(ctx context.Context, d history.Draft) (id int64, err error) {
	files, err := packFiles(d.Files)
	if err != nil {
		return 0, fmt.Errorf("packing a draft of %s: %w", d.Exercise, err)
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		var newest []byte
		err := tx.QueryRowContext(ctx, `SELECT id, files FROM drafts WHERE exercise = ? ORDER BY id DESC LIMIT 1`, d.Exercise).Scan(&id, &newest)
		if err == nil && bytes.Equal(newest, files) {
			return nil
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		row := tx.QueryRowContext(ctx, `INSERT INTO drafts (exercise, why, saved, files) VALUES (?, ?, ?, ?) RETURNING id`,
			d.Exercise, d.Why, millis(time.Now()), files)
		if err := row.Scan(&id); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM drafts WHERE exercise = ?1
			AND id NOT IN (SELECT id FROM drafts WHERE exercise = ?1 ORDER BY id DESC LIMIT ?2)`, d.Exercise, keepDrafts)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("saving a draft of %s: %w", d.Exercise, err)
	}
	return id, nil
}

// Drafts lists the drafts of an exercise, newest first, with their files.
func (s *Store) Drafts(ctx context.Context, slug string) ([]history.Draft, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT id, exercise, why, saved, files FROM drafts WHERE exercise = ? ORDER BY id DESC`, slug)
	if err != nil {
		return nil, fmt.Errorf("listing drafts of %s: %w", slug, err)
	}
	defer rows.Close()
	var list []history.Draft
	for rows.Next() {
		d, err := scanDraft(rows)
		if err != nil {
			return nil, fmt.Errorf("listing drafts of %s: %w", slug, err)
		}
		list = append(list, d)
	}
	return list, rows.Err()
}

// Draft is one draft. The error is history.ErrNotFound if it is not kept.
func (s *Store) Draft(ctx context.Context, id int64) (history.Draft, error) {
	d, err := scanDraft(s.db.QueryRowContext(ctx, `SELECT id, exercise, why, saved, files FROM drafts WHERE id = ?`, id))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return d, fmt.Errorf("draft %d: %w", id, history.ErrNotFound)
	case err != nil:
		return d, fmt.Errorf("reading draft %d: %w", id, err)
	}
	return d, nil
}

// DropDraft lets a draft go, once its content is where the learner wants it.
func (s *Store) DropDraft(ctx context.Context, id int64) error {
	err := s.exec(ctx, `DELETE FROM drafts WHERE id = ?`, id)
	return told("dropping draft", fmt.Sprint(id), err)
}

func scanDraft(row interface{ Scan(...any) error }) (history.Draft, error) {
	var d history.Draft
	var saved int64
	var files []byte
	if err := row.Scan(&d.ID, &d.Exercise, &d.Why, &saved, &files); err != nil {
		return d, err
	}
	d.Saved = fromMillis(saved)
	var err error
	d.Files, err = unpackFiles(files)
	return d, err
}

func pack(b []byte) ([]byte, error) {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if _, err := z.Write(b); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

func unpack(b []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// packFiles is the same bytes for the same files: encoding/json sorts the keys of a map.
func packFiles(files map[string][]byte) ([]byte, error) {
	b, err := json.Marshal(files)
	if err != nil {
		return nil, err
	}
	return pack(b)
}

func unpackFiles(b []byte) (map[string][]byte, error) {
	b, err := unpack(b)
	if err != nil {
		return nil, err
	}
	var files map[string][]byte
	return files, json.Unmarshal(b, &files)
}
