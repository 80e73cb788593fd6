// Package keyset pages through posts with cursors that one can read: "o.1718000000.42." and a signature.
package keyset

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
)

// ErrCursor is the answer to a cursor that no pager with this key has handed out.
var ErrCursor = errors.New("keyset: bad cursor")

// A Post is a row of the table posts.
type Post struct {
	ID, CreatedAt int64
	Title         string
}

// A Page is some posts, the newest first, and the cursors of the pages beside it; "" if there is none.
type Page struct {
	Items      []Post
	Next, Prev string
}

// A Pager reads pages. Key signs cursors and has at least 16 bytes.
type Pager struct {
	DB  *sql.DB
	Key []byte
}

// List is the page at a cursor. The first page is the one that is older than anything can be.
func (p *Pager) List(ctx context.Context, cursor string, limit int) (page Page, err error) {
	switch {
	case len(p.Key) < 16:
		return page, errors.New("keyset: the key is too short")
	case limit <= 0:
		limit = 20
	case limit > 100:
		limit = 100
	}
	at, id, back := int64(math.MaxInt64), int64(math.MaxInt64), false
	if cursor != "" {
		body, signature, _ := cut(cursor)
		if !hmac.Equal([]byte(signature), []byte(p.signature(body))) {
			return page, ErrCursor
		}
		var way string
		if _, err := fmt.Sscanf(strings.ReplaceAll(body, ".", " "), "%s %d %d", &way, &at, &id); err != nil {
			return page, ErrCursor
		}
		back = way == "n"
	}
	// Without row values: the first condition is what the index is entered with, the second one sorts out ties.
	query := `SELECT id, created_at, title FROM posts
		WHERE created_at <= ?1 AND (created_at < ?1 OR id < ?2)
		ORDER BY created_at DESC, id DESC LIMIT ?3`
	if back {
		// The outer query turns the page round, so that nobody else has to.
		query = `SELECT * FROM (SELECT id, created_at, title FROM posts
			WHERE created_at >= ?1 AND (created_at > ?1 OR id > ?2)
			ORDER BY created_at, id LIMIT ?3) ORDER BY created_at DESC, id DESC`
	}
	rows, err := p.DB.QueryContext(ctx, query, at, id, limit+1)
	if err != nil {
		return page, err
	}
	defer rows.Close()
	var items []Post
	for rows.Next() {
		var item Post
		if err := rows.Scan(&item.ID, &item.CreatedAt, &item.Title); err != nil {
			return page, err
		}
		items = append(items, item)
	}
	if err := rows.Err(); err != nil || len(items) == 0 {
		return page, err
	}
	more := len(items) > limit
	switch {
	case more && back:
		items = items[1:]
	case more:
		items = items[:limit]
	}
	page.Items = items
	if back || more {
		page.Next = p.cursor("o", items[len(items)-1])
	}
	if back && more || !back && cursor != "" {
		page.Prev = p.cursor("n", items[0])
	}
	return page, nil
}

func (p *Pager) cursor(way string, beside Post) string {
	body := fmt.Sprintf("%s.%d.%d", way, beside.CreatedAt, beside.ID)
	return body + "." + p.signature(body)
}

func cut(cursor string) (body, signature string, ok bool) {
	i := strings.LastIndexByte(cursor, '.')
	if i < 0 {
		return "", cursor, false
	}
	return cursor[:i], cursor[i+1:], true
}

func (p *Pager) signature(body string) string {
	mac := hmac.New(sha256.New, p.Key)
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}
