// Package nplusone reads posts, and then each post's author.
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

// PostsWithAuthors are the newest posts: one query for them, and one more for each.
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
	for rows.Next() {
		var p Post
		if err := rows.Scan(&p.ID, &p.AuthorID, &p.Title); err != nil {
			return nil, err
		}
		posts = append(posts, p)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for i := range posts {
		if posts[i].Author, err = s.user(ctx, posts[i].AuthorID); err != nil {
			return nil, err
		}
	}
	return posts, nil
}

func (s *Store) user(ctx context.Context, id int64) (*User, error) {
	u := User{ID: id}
	err := s.DB.QueryRowContext(ctx, "SELECT name FROM users WHERE id = ?", id).Scan(&u.Name)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &u, nil
}

// UsersByID are the users of those ids that there are.
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
