// Package keyset pages through posts by position, and not by number.
package keyset

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
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

// List is the page at a cursor, or the first one if the cursor is "".
//
// TODO: so far this is the route of the story: the cursor is a number of posts to skip, which anybody can write, and which
// means another place as soon as somebody posts. What does a post have that stays where it is?
func (p *Pager) List(ctx context.Context, cursor string, limit int) (Page, error) {
	offset, _ := strconv.Atoi(cursor)
	var total int
	if err := p.DB.QueryRowContext(ctx, "SELECT count(*) FROM posts").Scan(&total); err != nil {
		return Page{}, err
	}
	rows, err := p.DB.QueryContext(ctx, "SELECT id, created_at, title FROM posts ORDER BY created_at DESC LIMIT ? OFFSET ?", limit, offset)
	if err != nil {
		return Page{}, err
	}
	defer rows.Close()
	var page Page
	for rows.Next() {
		var item Post
		if err := rows.Scan(&item.ID, &item.CreatedAt, &item.Title); err != nil {
			return Page{}, err
		}
		page.Items = append(page.Items, item)
	}
	if offset+limit < total {
		page.Next = strconv.Itoa(offset + limit)
	}
	if offset > 0 {
		page.Prev = strconv.Itoa(max(0, offset-limit))
	}
	return page, rows.Err()
}
