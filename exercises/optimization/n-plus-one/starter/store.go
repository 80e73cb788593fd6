// Package nplusone reads posts with their authors in two round trips, and batches what many callers ask for one by one.
package nplusone

import (
	"context"
	"database/sql"
	"errors"
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

// PostsWithAuthors are the newest posts, at most limit, with their authors.
//
// TODO: so far this is the loop of the story: one query for the posts, and one more for each of them, asked while the
// first one still has its connection. And what does SQLite take a limit of -1 for?
func (s *Store) PostsWithAuthors(ctx context.Context, limit int) ([]Post, error) {
	rows, err := s.DB.QueryContext(ctx, "SELECT id, author_id, title FROM posts ORDER BY id DESC LIMIT ?", limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var posts []Post
	for rows.Next() {
		var p Post
		if err := rows.Scan(&p.ID, &p.AuthorID, &p.Title); err != nil {
			return nil, err
		}
		if p.Author, err = s.user(ctx, p.AuthorID); err != nil {
			return nil, err
		}
		posts = append(posts, p)
	}
	return posts, rows.Err()
}

func (s *Store) user(ctx context.Context, id int64) (*User, error) {
	u := User{ID: id}
	err := s.DB.QueryRowContext(ctx, "SELECT name FROM users WHERE id = ?", id).Scan(&u.Name)
	if err != nil { // TODO: is it a failure that the user is gone?
		return nil, err
	}
	return &u, nil
}

// UsersByID are the users of those ids that there are.
//
// TODO: each id once, at most 500 of them in one query.
func (s *Store) UsersByID(ctx context.Context, ids []int64) (map[int64]User, error) {
	users := map[int64]User{}
	for _, id := range ids {
		u, err := s.user(ctx, id)
		if err != nil {
			return nil, err
		}
		if u != nil {
			users[id] = *u
		}
	}
	return users, nil
}
