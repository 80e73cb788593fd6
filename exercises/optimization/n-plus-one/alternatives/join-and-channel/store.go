// Package nplusone reads posts with their authors in one round trip, and batches what many callers ask for one by one.
package nplusone

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
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

// PostsWithAuthors lets the database join. LEFT keeps the posts whose author is gone.
func (s *Store) PostsWithAuthors(ctx context.Context, limit int) (posts []Post, err error) {
	const query = `
		SELECT p.id, p.author_id, p.title, u.name
		FROM posts AS p LEFT JOIN users AS u ON u.id = p.author_id
		ORDER BY p.id DESC
		LIMIT max(?, 0)`
	err = each(ctx, s.DB, query, limit, func(rows *sql.Rows) error {
		var p Post
		var author sql.Null[string]
		if err := rows.Scan(&p.ID, &p.AuthorID, &p.Title, &author); err != nil {
			return err
		}
		if author.Valid {
			p.Author = &User{p.AuthorID, author.V}
		}
		posts = append(posts, p)
		return nil
	})
	return posts, err
}

// UsersByID hands ids over as one argument, a JSON array: the text of the query is the same for any number of them.
func (s *Store) UsersByID(ctx context.Context, ids []int64) (map[int64]User, error) {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	users := map[int64]User{}
	for part := range slices.Chunk(slices.Compact(ids), 500) {
		list, err := json.Marshal(part)
		if err != nil {
			return nil, err
		}
		err = each(ctx, s.DB, "SELECT id, name FROM users WHERE id IN (SELECT value FROM json_each(?))", string(list), func(rows *sql.Rows) error {
			var u User
			err := rows.Scan(&u.ID, &u.Name)
			users[u.ID] = u
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return users, nil
}

// each calls f for each row.
func each(ctx context.Context, db *sql.DB, query string, arg any, f func(*sql.Rows) error) error {
	rows, err := db.QueryContext(ctx, query, arg)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
