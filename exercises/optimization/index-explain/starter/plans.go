// Package indexplan has five queries and the indexes that they are found with.
package indexplan

import (
	"fmt"
	"time"
)

// Indexes are at most five statements CREATE INDEX.
//
// TODO: so far these are the three of the story. Look at the plan of each query: which of them does it use, and what does it
// do after it?
const Indexes = `
CREATE INDEX idx_users_email ON users (email);
CREATE INDEX idx_posts_author_id ON posts (author_id);
CREATE INDEX idx_created_at ON posts (created_at DESC);
`

// A Query is SQL with its arguments.
type Query struct {
	SQL  string
	Args []any
}

// ByEmail finds users by their address, as it is written.
func ByEmail(email string) Query {
	return Query{"SELECT id, email, name FROM users WHERE email = ? ORDER BY id", []any{email}}
}

// ByEmailFold finds users by their address, in upper or lower case.
//
// TODO: so far only the argument is folded.
func ByEmailFold(email string) Query {
	return Query{"SELECT id, email, name FROM users WHERE email = lower(?) ORDER BY id", []any{email}}
}

// RecentByAuthor are an author's published posts, the newest first.
func RecentByAuthor(author int64, limit int) Query {
	return Query{`SELECT id, title, created_at FROM posts WHERE author_id = ? AND status = 'published'
		ORDER BY created_at DESC, id DESC LIMIT ?`, []any{author, limit}}
}

// InMonth are the posts of a month in UTC, the oldest first.
//
// TODO: can an index find what strftime makes of a column?
func InMonth(year int, m time.Month) Query {
	return Query{"SELECT id, title FROM posts WHERE strftime('%Y-%m', created_at, 'unixepoch') = ? ORDER BY created_at, id",
		[]any{fmt.Sprintf("%04d-%02d", year, m)}}
}

// UnreadCount counts a user's messages that are not read.
func UnreadCount(user int64) Query {
	return Query{"SELECT count(*) FROM messages WHERE user_id = ? AND read_at IS NULL", []any{user}}
}
