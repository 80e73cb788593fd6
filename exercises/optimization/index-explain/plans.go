// Package indexplan has five queries and the indexes that they are found with.
package indexplan

import "time"

// Indexes are at most five statements CREATE INDEX.
const Indexes = `
CREATE INDEX users_email ON users (email);
CREATE INDEX users_email_fold ON users (email COLLATE NOCASE);
CREATE INDEX posts_author ON posts (author_id, status, created_at);
CREATE INDEX posts_time ON posts (created_at);
CREATE INDEX messages_unread ON messages (user_id) WHERE read_at IS NULL;
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

// ByEmailFold finds users by their address, in upper or lower case: SQLite's NOCASE folds the letters of ASCII.
func ByEmailFold(email string) Query {
	return Query{"SELECT id, email, name FROM users WHERE email = ? COLLATE NOCASE ORDER BY id", []any{email}}
}

// RecentByAuthor are an author's published posts, the newest first. An index ends with the row's id, so ids need no
// column; it is read backwards.
func RecentByAuthor(author int64, limit int) Query {
	return Query{`SELECT id, title, created_at FROM posts WHERE author_id = ? AND status = 'published'
		ORDER BY created_at DESC, id DESC LIMIT ?`, []any{author, limit}}
}

// InMonth are the posts of a month in UTC, the oldest first. The month becomes two times, and the column stays as it is.
func InMonth(year int, m time.Month) Query {
	first := time.Date(year, m, 1, 0, 0, 0, 0, time.UTC)
	return Query{"SELECT id, title FROM posts WHERE created_at >= ? AND created_at < ? ORDER BY created_at, id",
		[]any{first.Unix(), first.AddDate(0, 1, 0).Unix()}}
}

// UnreadCount counts a user's messages that are not read.
func UnreadCount(user int64) Query {
	return Query{"SELECT count(*) FROM messages WHERE user_id = ? AND read_at IS NULL", []any{user}}
}
