// Package keyset pages through posts by position, and not by number.
package keyset

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
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

// A position is a place between two posts, and the way to go from there.
type position struct {
	way           way
	createdAt, id int64 // of the post beside it, which may be gone
}

type way byte

const (
	older way = 'o'
	newer way = 'n'
)

// Both queries read along the index, in one of its two directions, from the place where it is entered.
var queries = map[way]string{
	older: "SELECT id, created_at, title FROM posts WHERE (created_at, id) < (?, ?) ORDER BY created_at DESC, id DESC LIMIT ?",
	newer: "SELECT id, created_at, title FROM posts WHERE (created_at, id) > (?, ?) ORDER BY created_at, id LIMIT ?",
}

const newest = "SELECT id, created_at, title FROM posts ORDER BY created_at DESC, id DESC LIMIT ?"

// List is the page at a cursor, or the first one if the cursor is "".
func (p *Pager) List(ctx context.Context, cursor string, limit int) (Page, error) {
	if len(p.Key) < 16 {
		return Page{}, errors.New("keyset: the key must have at least 16 bytes")
	}
	if limit <= 0 {
		limit = 20
	}
	limit = min(limit, 100)
	if cursor == "" {
		items, err := p.read(ctx, newest, limit+1)
		return p.page(position{way: older}, items, limit, false), err
	}
	pos, err := p.open(cursor)
	if err != nil {
		return Page{}, err
	}
	items, err := p.read(ctx, queries[pos.way], pos.createdAt, pos.id, limit+1)
	return p.page(pos, items, limit, true), err
}

func (p *Pager) read(ctx context.Context, query string, args ...any) ([]Post, error) {
	rows, err := p.DB.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var items []Post
	for rows.Next() {
		var item Post
		if err := rows.Scan(&item.ID, &item.CreatedAt, &item.Title); err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, rows.Err()
}

// page is made of one post more than fits, if there is one: that is how to know without counting. Behind is whether there
// is something in the direction that one comes from.
func (p *Pager) page(pos position, items []Post, limit int, behind bool) Page {
	ahead := len(items) > limit
	items = items[:min(limit, len(items))]
	if len(items) == 0 {
		return Page{}
	}
	hasNext, hasPrev := ahead, behind
	if pos.way == newer {
		slices.Reverse(items)
		hasNext, hasPrev = behind, ahead
	}
	page := Page{Items: items}
	if last := items[len(items)-1]; hasNext {
		page.Next = p.seal(position{older, last.CreatedAt, last.ID})
	}
	if first := items[0]; hasPrev {
		page.Prev = p.seal(position{newer, first.CreatedAt, first.ID})
	}
	return page
}

const (
	bodySize = 1 + 8 + 8
	sealSize = 16 // half of SHA-256 is more than anybody can try
)

// encoding is strict, so that there is one text only for each position.
var encoding = base64.RawURLEncoding.Strict()

func (p *Pager) seal(pos position) string {
	b := []byte{byte(pos.way)}
	b = binary.BigEndian.AppendUint64(b, uint64(pos.createdAt))
	b = binary.BigEndian.AppendUint64(b, uint64(pos.id))
	return encoding.EncodeToString(append(b, p.sign(b)...))
}

func (p *Pager) open(cursor string) (position, error) {
	b, err := encoding.DecodeString(cursor)
	if err != nil || len(b) != bodySize+sealSize || !hmac.Equal(b[bodySize:], p.sign(b[:bodySize])) {
		return position{}, ErrCursor
	}
	return position{way(b[0]), int64(binary.BigEndian.Uint64(b[1:])), int64(binary.BigEndian.Uint64(b[9:]))}, nil
}

func (p *Pager) sign(body []byte) []byte {
	mac := hmac.New(sha256.New, p.Key)
	mac.Write(body)
	return mac.Sum(nil)[:sealSize]
}
