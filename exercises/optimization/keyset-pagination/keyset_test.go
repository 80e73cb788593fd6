package keyset

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"hotloop/exercises/kit"
	"hotloop/exercises/kit/sqldb"
)

const schema = `
CREATE TABLE posts (id INTEGER PRIMARY KEY, created_at INTEGER NOT NULL, title TEXT NOT NULL);
CREATE INDEX posts_by_time ON posts (created_at, id);
`

var key = []byte("a key of at least 16 bytes")

// open makes a table of n posts. About eight have the same time, and ids are in no order of time.
func open(tb testing.TB, n int) (*Pager, *sqldb.DB) {
	tb.Helper()
	seed := kit.Rand(tb).IntN(1_000_000)
	script := fmt.Sprintf(`%s WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		INSERT INTO posts SELECT i, 1700000000 + (i * 7919 + %d) %% (%d / 8 + 1), 'post ' || i FROM n WHERE i <= %d`, schema, max(n, 1), seed, n, n)
	db := sqldb.SQLite(tb, sqldb.Options{Script: script})
	return &Pager{DB: db.DB, Key: key}, db
}

// all is the table in order: all posts, the newest first.
func all(t *testing.T, db *sqldb.DB) (posts []Post) {
	t.Helper()
	rows, err := db.Query("SELECT id, created_at, title FROM posts ORDER BY created_at DESC, id DESC")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var p Post
		if err := rows.Scan(&p.ID, &p.CreatedAt, &p.Title); err != nil {
			t.Fatal(err)
		}
		posts = append(posts, p)
	}
	return posts
}

func list(t *testing.T, p *Pager, cursor string, limit int) Page {
	t.Helper()
	page, err := p.List(t.Context(), cursor, limit)
	if err != nil {
		t.Fatalf("List(%q, %d): %v", cursor, limit, err)
	}
	return page
}

// walk reads from a cursor to the end. It gives up after more pages than there can be.
func walk(t *testing.T, p *Pager, cursor string, limit, most int) (pages []Page) {
	t.Helper()
	for {
		page := list(t, p, cursor, limit)
		pages = append(pages, page)
		if page.Next == "" {
			return pages
		}
		if len(pages) > most {
			t.Fatalf("after %d pages of %d posts there is still a next one; the walk goes round in circles", len(pages), limit)
		}
		cursor = page.Next
	}
}

func items(pages []Page) (posts []Post) {
	for _, page := range pages {
		posts = append(posts, page.Items...)
	}
	return posts
}

func TestWalkAll(t *testing.T) {
	const n, limit = 10_000, 99
	p, db := open(t, n)
	want := all(t, db)
	got := items(walk(t, p, "", limit, n))
	seen := map[int64]int{}
	for i, post := range got {
		if before, ok := seen[post.ID]; ok {
			t.Fatalf("walking through %d posts, eight of each second: post %d comes as number %d and again as number %d", n, post.ID, before, i)
		}
		seen[post.ID] = i
		if i >= len(want) || post != want[i] {
			t.Fatalf("walking through %d posts, eight of each second: number %d is %+v, want %+v: where a page ends between posts of one time, the time alone is no position", n, i, post, want[min(i, len(want)-1)])
		}
	}
	if len(got) != n {
		t.Errorf("walking through %d posts gives %d", n, len(got))
	}
}

func TestInsertWhileWalking(t *testing.T) {
	const n, limit = 300, 20
	p, db := open(t, n)
	old := all(t, db)
	page := list(t, p, "", limit)
	got := page.Items
	for i := 0; page.Next != "" && i < n; i++ {
		db.Aside(t, "INSERT INTO posts (created_at, title) VALUES (1900000000, 'new'), (1900000000, 'new'), (1900000000, 'new')")
		page = list(t, p, page.Next, limit)
		got = append(got, page.Items...)
	}
	if !slices.Equal(got, old) {
		t.Errorf("three new posts after each page of %d: the walk gives %d posts, %s; want the %d that were there, each once", limit, len(got), firstDifference(got, old), n)
	}
}

func firstDifference(got, want []Post) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("and number %d is post %d instead of %d", i, got[i].ID, want[i].ID)
		}
	}
	return "all of them right as far as they go"
}

func TestDeleteWhileWalking(t *testing.T) {
	p, db := open(t, 100)
	first := list(t, p, "", 10)
	want := all(t, db)[10:]
	for _, post := range first.Items { // the one that the cursor stands at, too
		db.Aside(t, "DELETE FROM posts WHERE id = ?", post.ID)
	}
	if got := items(walk(t, p, first.Next, 10, 100)); !slices.Equal(got, want) {
		t.Errorf("the first page was deleted before the second was read: %d posts follow, %s; want the %d that are left", len(got), firstDifference(got, want), len(want))
	}
	db.Aside(t, "DELETE FROM posts")
	if page := list(t, p, first.Next, 10); len(page.Items) != 0 || page.Next != "" || page.Prev != "" {
		t.Errorf("all posts were deleted: the next page has %d posts, Next %q, Prev %q; want an empty page with neither", len(page.Items), page.Next, page.Prev)
	}
}

func TestPrevIsThePageBefore(t *testing.T) {
	for _, limit := range []int{7, 10} {
		p, _ := open(t, 60)
		pages := walk(t, p, "", limit, 60)
		page := pages[len(pages)-1]
		for i := len(pages) - 2; i >= 0; i-- {
			if page.Prev == "" {
				t.Fatalf("page %d of %d, limit %d: Prev is empty", i+2, len(pages), limit)
			}
			page = list(t, p, page.Prev, limit)
			if !slices.Equal(page.Items, pages[i].Items) {
				t.Fatalf("back from page %d to %d, limit %d: posts %v, want those of the way forth, in the same order, %v", i+2, i+1, limit, ids(page), ids(pages[i]))
			}
			if again := list(t, p, page.Next, limit); !slices.Equal(again.Items, pages[i+1].Items) {
				t.Fatalf("back from page %d to %d and forth again, limit %d: posts %v, want %v", i+2, i+1, limit, ids(again), ids(pages[i+1]))
			}
		}
		if page.Prev != "" {
			t.Errorf("back at the first page, limit %d: Prev is %q, want \"\": there is nothing before it", limit, page.Prev)
		}
	}
}

func ids(p Page) (ids []int64) {
	for _, post := range p.Items {
		ids = append(ids, post.ID)
	}
	return ids
}

func TestNewPostsBeforeTheFirstPage(t *testing.T) {
	p, db := open(t, 30)
	second := list(t, p, list(t, p, "", 10).Next, 10)
	db.Aside(t, "INSERT INTO posts (id, created_at, title) VALUES (1001, 1900000000, 'new')")
	first := list(t, p, second.Prev, 10)
	if first.Prev == "" {
		t.Fatal("back at what was the first page, and somebody has posted since: Prev is empty, want the way to the new post")
	}
	if page := list(t, p, first.Prev, 10); len(page.Items) != 1 || page.Items[0].ID != 1001 || page.Prev != "" {
		t.Errorf("before what was the first page: posts %v, Prev %q; want the new one, 1001, alone", ids(page), page.Prev)
	}
}

func TestEnds(t *testing.T) {
	p, _ := open(t, 40)
	for _, tt := range []struct{ limit, pages int }{{10, 4}, {40, 1}, {41, 1}, {39, 2}, {20, 2}, {13, 4}} {
		pages := walk(t, p, "", tt.limit, 40)
		if len(pages) != tt.pages {
			t.Errorf("40 posts, %d on a page: %d pages, the last with %d posts; want %d: a full page is not a sign that another follows",
				tt.limit, len(pages), len(pages[len(pages)-1].Items), tt.pages)
		}
		if pages[0].Prev != "" {
			t.Errorf("40 posts, %d on a page: the first has Prev %q, want none", tt.limit, pages[0].Prev)
		}
	}
}

func TestEmptyTable(t *testing.T) {
	p, _ := open(t, 0)
	if page := list(t, p, "", 10); len(page.Items) != 0 || page.Next != "" || page.Prev != "" {
		t.Errorf("an empty table: %d posts, Next %q, Prev %q; want an empty page with neither", len(page.Items), page.Next, page.Prev)
	}
}

func TestLimits(t *testing.T) {
	p, _ := open(t, 150)
	for _, tt := range []struct{ limit, want int }{{0, 20}, {-5, 20}, {1, 1}, {100, 100}, {101, 100}, {1_000_000_000, 100}} {
		if page := list(t, p, "", tt.limit); len(page.Items) != tt.want {
			t.Errorf("List with limit %d: %d posts, want %d: a caller must not choose to read the whole table", tt.limit, len(page.Items), tt.want)
		}
	}
}

// refused fails the test unless List answers ErrCursor, without asking the database.
func refused(t *testing.T, p *Pager, db *sqldb.DB, what, cursor string) {
	t.Helper()
	db.Reset()
	page, err := p.List(t.Context(), cursor, 10)
	if !errors.Is(err, ErrCursor) {
		t.Errorf("%s: List(%q) = %d posts, error %v; want ErrCursor", what, cursor, len(page.Items), err)
	}
	if n := db.Count().RoundTrips; n != 0 {
		t.Errorf("%s: %d round trips, want none: a cursor is checked before it is used", what, n)
	}
}

func TestCursorsAreSigned(t *testing.T) {
	p, db := open(t, 200)
	page := list(t, p, "", 10)
	page = list(t, p, page.Next, 10)
	for _, cursor := range []string{page.Next, page.Prev} {
		if cursor == "" {
			t.Fatal("the second page of twenty has no Next or no Prev")
		}
		for i := range len(cursor) - 1 { // of the last letter, some encodings do not use all bits
			for _, letter := range []byte("AZ09_") {
				if cursor[i] != letter {
					refused(t, p, db, fmt.Sprintf("letter %d changed", i), cursor[:i]+string(letter)+cursor[i+1:])
				}
			}
			refused(t, p, db, fmt.Sprintf("cut after %d letters", i), cursor[:max(1, i)])
			if t.Failed() {
				return
			}
		}
		refused(t, p, db, "something behind it", cursor+"AAAA")
	}
	other := &Pager{DB: p.DB, Key: []byte("another key of 16 bytes")}
	refused(t, other, db, "signed with another key", page.Next)
	for _, cursor := range []string{"0", "20", "-1", "=", "====", "AAAA", " ", "%00", "\x00", "ü", strings.Repeat("A", 10_000),
		base64.RawURLEncoding.EncodeToString(make([]byte, 33)), base64.StdEncoding.EncodeToString([]byte(`{"id":1}`))} {
		refused(t, p, db, "no cursor at all", cursor)
	}
}

func TestShortKey(t *testing.T) {
	p, db := open(t, 10)
	for _, short := range [][]byte{nil, {}, []byte("15 bytes, a few")} {
		p := &Pager{DB: p.DB, Key: short}
		if page, err := p.List(t.Context(), "", 5); err == nil {
			t.Errorf("a key of %d bytes: %d posts and no error; want an error: whoever guesses the key writes cursors himself", len(short), len(page.Items))
		}
	}
	if _, err := (&Pager{DB: p.DB, Key: []byte("16 bytes, enough")}).List(canceled(t), "", 5); !errors.Is(err, context.Canceled) {
		t.Errorf("a key of 16 bytes, a canceled context: error %v, want context.Canceled: 16 bytes are enough", err)
	}
	if n := db.Count().RoundTrips; n != 0 {
		t.Errorf("with a short key: %d round trips, want none", n)
	}
}

func TestCursorsFitIntoURLs(t *testing.T) {
	p, _ := open(t, 1000)
	for _, page := range walk(t, p, "", 10, 1000) {
		for _, cursor := range []string{page.Next, page.Prev} {
			if escaped := url.QueryEscape(cursor); escaped != cursor {
				t.Fatalf("cursor %q becomes %q in a URL; want letters, digits, - _ . ~ only: what is escaped is sooner or later escaped twice, or not at all", cursor, escaped)
			}
		}
	}
}

func TestOneQueryForEachPage(t *testing.T) {
	p, db := open(t, 500)
	db.Reset()
	pages := walk(t, p, "", 50, 500)
	page := pages[len(pages)-1]
	n := len(pages)
	for ; page.Prev != ""; n++ {
		page = list(t, p, page.Prev, 50)
	}
	if got := db.Count().RoundTrips; got != n {
		t.Errorf("%d pages forth and back took %d round trips, want one for each page: to know whether there is a next one, nobody has to count", n, got)
	}
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func TestCanceled(t *testing.T) {
	p, _ := open(t, 10)
	for _, cursor := range []string{"", list(t, p, "", 5).Next} {
		if _, err := p.List(canceled(t), cursor, 5); !errors.Is(err, context.Canceled) {
			t.Errorf("List of cursor %q with a canceled context: error %v, want context.Canceled", cursor, err)
		}
	}
}

// SQLite keeps a fraction in a column of integers, if it is told to.
func TestUnreadableRow(t *testing.T) {
	db := sqldb.SQLite(t, sqldb.Options{Script: schema + "INSERT INTO posts VALUES (1, 10, 'x'), (2, 9.5, 'y')"})
	p := &Pager{DB: db.DB, Key: key}
	if page, err := p.List(t.Context(), "", 5); err == nil {
		t.Errorf("List, where the created_at of one post is 9.5: %d posts and no error; a row that cannot be read is no end of the list", len(page.Items))
	}
	if n := db.Stats().InUse; n != 0 {
		t.Errorf("List failed at a row, and %d connections are still in use, want 0: who leaves a loop over rows early must close them, or the pool is empty after so many bad rows", n)
	}
}

func TestRace(t *testing.T) {
	p, db := open(t, 400)
	want := all(t, db)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			var got []Post
			cursor := ""
			for range 40 {
				page, err := p.List(t.Context(), cursor, 25)
				if err != nil {
					t.Errorf("List beside others: %v", err)
					return
				}
				got = append(got, page.Items...)
				if cursor = page.Next; cursor == "" {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("walking beside seven others: %d posts, want %d", len(got), len(want))
			}
		})
	}
	wg.Wait()
}
