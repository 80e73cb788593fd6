// Package nplusone reads posts with their authors in two round trips, and batches what many callers ask for one by one.
package nplusone

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// ErrNotFound is the answer for a key that fetch does not know.
var ErrNotFound = errors.New("nplusone: not found")

// A User has written posts.
type User struct {
	ID   int64
	Name string
}

// A Post has an author, unless the user is gone.
type Post struct {
	ID, AuthorID int64
	Title        string
	Author       *User
}

// A Store reads from a database with the tables users and posts.
type Store struct{ DB *sql.DB }

// PostsWithAuthors asks for each author as soon as it knows of it, in batches of one that are remembered.
func (s *Store) PostsWithAuthors(ctx context.Context, limit int) ([]Post, error) {
	if limit < 1 {
		return nil, nil
	}
	rows, err := s.DB.QueryContext(ctx, "SELECT id, author_id, title FROM posts ORDER BY id DESC LIMIT ?", limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var posts []Post
	known := map[int64]*User{}
	for rows.Next() {
		var p Post
		if err := rows.Scan(&p.ID, &p.AuthorID, &p.Title); err != nil {
			return nil, err
		}
		if _, ok := known[p.AuthorID]; !ok {
			users, err := s.UsersByID(ctx, []int64{p.AuthorID})
			if err != nil {
				return nil, err
			}
			known[p.AuthorID] = nil
			if u, ok := users[p.AuthorID]; ok {
				known[p.AuthorID] = &u
			}
		}
		p.Author = known[p.AuthorID]
		posts = append(posts, p)
	}
	return posts, rows.Err()
}

// maxIDs bounds the placeholders of one query: databases have limits, and a plan for each number of them helps nobody.
const maxIDs = 500

// UsersByID are the users of those ids that there are.
func (s *Store) UsersByID(ctx context.Context, ids []int64) (map[int64]User, error) {
	users := make(map[int64]User, len(ids))
	var args []any
	asked := make(map[int64]bool, len(ids))
	for _, id := range ids {
		if asked[id] {
			continue
		}
		asked[id] = true
		args = append(args, id)
	}
	for len(args) > 0 {
		n := min(maxIDs, len(args))
		if err := s.readUsers(ctx, users, args[:n]); err != nil {
			return nil, err
		}
		args = args[n:]
	}
	return users, nil
}

func (s *Store) readUsers(ctx context.Context, users map[int64]User, ids []any) error {
	in := strings.TrimSuffix(strings.Repeat("?,", len(ids)), ",")
	rows, err := s.DB.QueryContext(ctx, "SELECT id, name FROM users WHERE id IN ("+in+")", ids...)
	if err != nil {
		return fmt.Errorf("nplusone: reading users: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var u User
		if err := rows.Scan(&u.ID, &u.Name); err != nil {
			return err
		}
		users[u.ID] = u
	}
	return rows.Err()
}
