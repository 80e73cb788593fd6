package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"hotloop/site/history"
)

// Progress is how far the learner has come, by slug. Exercises never touched are not in it.
func (s *Store) Progress(ctx context.Context) (map[string]history.Progress, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT exercise, state, hints, solution_seen, attempts, updated FROM progress`)
	if err != nil {
		return nil, fmt.Errorf("reading the progress: %w", err)
	}
	defer rows.Close()
	all := map[string]history.Progress{}
	for rows.Next() {
		var slug string
		var p history.Progress
		var updated int64
		if err := rows.Scan(&slug, &p.State, &p.Hints, &p.SolutionSeen, &p.Attempts, &updated); err != nil {
			return nil, fmt.Errorf("reading the progress: %w", err)
		}
		p.Updated = fromMillis(updated)
		all[slug] = p
	}
	return all, rows.Err()
}

// Started notes that the learner has a copy of the exercise.
func (s *Store) Started(ctx context.Context, slug string) error {
	err := s.write(ctx, func(tx *sql.Tx) error { return raise(ctx, tx, slug, history.Started, 0) })
	return told("starting", slug, err)
}

// HintShown notes that the first n hints of the exercise were shown. It never takes one back.
func (s *Store) HintShown(ctx context.Context, slug string, n int) error {
	err := s.exec(ctx, `INSERT INTO progress (exercise, hints, updated) VALUES (?1, ?2, ?3)
		ON CONFLICT DO UPDATE SET hints = max(hints, ?2), updated = ?3`, slug, n, millis(time.Now()))
	return told("noting a hint of", slug, err)
}

// SolutionSeen notes that the learner was shown the reference solution.
func (s *Store) SolutionSeen(ctx context.Context, slug string) error {
	err := s.exec(ctx, `INSERT INTO progress (exercise, solution_seen, updated) VALUES (?1, 1, ?2)
		ON CONFLICT DO UPDATE SET solution_seen = 1, updated = ?2`, slug, millis(time.Now()))
	return told("noting the solution of", slug, err)
}

// raise lifts the state of an exercise to at least to, and counts attempts.
func raise(ctx context.Context, tx *sql.Tx, slug string, to history.State, attempts int) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO progress (exercise, state, attempts, updated) VALUES (?1, ?2, ?3, ?4)
		ON CONFLICT DO UPDATE SET state = max(state, ?2), attempts = attempts + ?3, updated = ?4`,
		slug, int(to), attempts, millis(time.Now()))
	return err
}

// Lessons says which lessons were opened and read, by topic/slug.
func (s *Store) Lessons(ctx context.Context) (map[string]history.LessonProgress, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT id, visited, read FROM lessons`)
	if err != nil {
		return nil, fmt.Errorf("reading the lessons' progress: %w", err)
	}
	defer rows.Close()
	all := map[string]history.LessonProgress{}
	for rows.Next() {
		var id string
		var visited, read int64
		if err := rows.Scan(&id, &visited, &read); err != nil {
			return nil, fmt.Errorf("reading the lessons' progress: %w", err)
		}
		all[id] = history.LessonProgress{Visited: fromMillis(visited), Read: fromMillis(read)}
	}
	return all, rows.Err()
}

// VisitLesson notes that a lesson was opened now.
func (s *Store) VisitLesson(ctx context.Context, id string) error {
	err := s.exec(ctx, `INSERT INTO lessons (id, visited) VALUES (?1, ?2)
		ON CONFLICT DO UPDATE SET visited = ?2`, id, millis(time.Now()))
	return told("noting a visit of lesson", id, err)
}

// MarkLesson marks a lesson as read, or as not read.
func (s *Store) MarkLesson(ctx context.Context, id string, read bool) error {
	var at int64
	if read {
		at = millis(time.Now())
	}
	err := s.exec(ctx, `INSERT INTO lessons (id, read) VALUES (?1, ?2)
		ON CONFLICT DO UPDATE SET read = ?2`, id, at)
	return told("marking lesson", id, err)
}

func told(doing, what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s %s: %w", doing, what, err)
	}
	return nil
}
