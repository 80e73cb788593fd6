package nplusone

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"hotloop/exercises/kit"
	"hotloop/exercises/kit/sqldb"
)

const schema = `
CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL, title TEXT NOT NULL);
`

// firstUser is large, so that an id in a query's text cannot be taken for anything else.
const firstUser = 7_000_001

// rows is the SQL for users, and for posts with authors among them; ids beyond are of users that are gone. posts are what
// reading them all, the newest first, should give.
func rows(r *rand.Rand, users, posts, gone int) (script string, want []Post) {
	var b strings.Builder
	b.WriteString(schema)
	all := make([]User, users)
	for i := range all {
		all[i] = User{firstUser + int64(i), fmt.Sprintf("user %d", r.IntN(1_000_000))}
		fmt.Fprintf(&b, "INSERT INTO users VALUES (%d, '%s');\n", all[i].ID, all[i].Name)
	}
	for i := range posts {
		p := Post{ID: int64(i + 1), AuthorID: firstUser + int64(r.IntN(users+gone)), Title: fmt.Sprintf("post %d", r.IntN(1_000_000))}
		if n := p.AuthorID - firstUser; n < int64(users) {
			p.Author = &all[n]
		}
		fmt.Fprintf(&b, "INSERT INTO posts VALUES (%d, %d, '%s');\n", p.ID, p.AuthorID, p.Title)
		want = append(want, p)
	}
	slices.Reverse(want)
	return b.String(), want
}

func open(t *testing.T, script string) (*Store, *sqldb.DB) {
	t.Helper()
	db := sqldb.SQLite(t, sqldb.Options{Script: script})
	return &Store{DB: db.DB}, db
}

func comparePosts(t *testing.T, what string, got, want []Post) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d posts, want %d", what, len(got), len(want))
	}
	for i, g := range got {
		if w := want[i]; show(g) != show(w) {
			t.Fatalf("%s: post %d of %d is\n%s, want\n%s", what, i+1, len(want), show(g), show(w))
		}
	}
}

func show(p Post) string {
	author := "no author"
	if p.Author != nil {
		author = fmt.Sprintf("author %+v", *p.Author)
	}
	return fmt.Sprintf("{ID:%d AuthorID:%d Title:%q} with %s", p.ID, p.AuthorID, p.Title, author)
}

func TestPostsWithAuthors(t *testing.T) {
	script, want := rows(kit.Rand(t), 40, 120, 0)
	s, _ := open(t, script)
	for _, limit := range []int{1, 2, 100, 120, 500} {
		got, err := s.PostsWithAuthors(t.Context(), limit)
		if err != nil {
			t.Fatalf("PostsWithAuthors(%d): %v", limit, err)
		}
		comparePosts(t, fmt.Sprintf("PostsWithAuthors(%d) of 120 posts", limit), got, want[:min(limit, 120)])
	}
}

func TestAuthorIsGone(t *testing.T) {
	script, want := rows(kit.Rand(t), 5, 60, 5)
	s, _ := open(t, script)
	got, err := s.PostsWithAuthors(t.Context(), 60)
	if err != nil {
		t.Fatalf("PostsWithAuthors, where the users of some posts are gone: error %v, want the posts with Author nil", err)
	}
	comparePosts(t, "PostsWithAuthors, where half of the users are gone (an inner join drops their posts)", got, want)
}

func TestNoPosts(t *testing.T) {
	script, _ := rows(kit.Rand(t), 3, 3, 0)
	s, _ := open(t, script)
	for _, limit := range []int{0, -1} {
		got, err := s.PostsWithAuthors(t.Context(), limit)
		if err != nil || len(got) != 0 {
			t.Errorf("PostsWithAuthors(%d) = %d posts, error %v; want none: to SQLite, LIMIT -1 is no limit", limit, len(got), err)
		}
	}
	s, db := open(t, schema)
	got, err := s.PostsWithAuthors(t.Context(), 10)
	if err != nil || len(got) != 0 {
		t.Errorf("PostsWithAuthors(10) of an empty table = %d posts, error %v; want none", len(got), err)
	}
	if n := db.Count().RoundTrips; n > 1 {
		t.Errorf("PostsWithAuthors of an empty table took %d round trips, want 1: there is no author to ask for", n)
	}
}

func TestUsersByID(t *testing.T) {
	script, _ := rows(kit.Rand(t), 1200, 0, 0)
	s, db := open(t, script)
	for _, tt := range []struct {
		what string
		ids  []int64
		want int
	}{
		{"one id", []int64{firstUser}, 1},
		{"an id three times", []int64{firstUser + 1, firstUser + 1, firstUser, firstUser + 1}, 2},
		{"an id that there is not, and one that there is", []int64{-5, firstUser}, 1},
		{"500 ids", sequence(500), 500},
		{"501 ids", sequence(501), 501},
		{"1200 ids, twice each", append(sequence(1200), sequence(1200)...), 1200},
	} {
		users, err := s.UsersByID(t.Context(), tt.ids)
		if err != nil {
			t.Fatalf("UsersByID of %s: %v", tt.what, err)
		}
		if len(users) != tt.want {
			t.Errorf("UsersByID of %s: %d users, want %d", tt.what, len(users), tt.want)
		}
		for id, u := range users {
			if name := sqldb.Value[string](t, db, "SELECT name FROM users WHERE id = ?", id); u.ID != id || u.Name != name {
				t.Fatalf("UsersByID of %s: for %d, %+v; want the user of that id, %q", tt.what, id, u, name)
			}
		}
	}
}

func sequence(n int) (ids []int64) {
	for i := range n {
		ids = append(ids, firstUser+int64(i))
	}
	return ids
}

func TestUsersOfNoIDs(t *testing.T) {
	s, db := open(t, schema)
	users, err := s.UsersByID(t.Context(), nil)
	if err != nil || len(users) != 0 {
		t.Errorf("UsersByID(nil) = %v, error %v; want no users", users, err)
	}
	if n := db.Count().RoundTrips; n != 0 {
		t.Errorf("UsersByID(nil) took %d round trips, want none: \"IN ()\" asks for nothing", n)
	}
}

func TestNoQueryIsTooLong(t *testing.T) {
	script, _ := rows(kit.Rand(t), 1200, 0, 0)
	s, db := open(t, script)
	if _, err := s.UsersByID(t.Context(), sequence(1200)); err != nil {
		t.Fatal(err)
	}
	if n := db.Count().Queries; n < 3 {
		t.Errorf("UsersByID of 1200 ids made %d queries, want at least 3: at most 500 ids in one. Databases limit the arguments of a query (PostgreSQL: 65535), "+
			"and what is planned for 1200 of them is no use for 1201", n)
	}
}

func TestIDsAreArguments(t *testing.T) {
	script, _ := rows(kit.Rand(t), 30, 30, 0)
	s, db := open(t, script)
	if _, err := s.PostsWithAuthors(t.Context(), 30); err != nil {
		t.Fatal(err)
	}
	if _, err := s.UsersByID(t.Context(), sequence(30)); err != nil {
		t.Fatal(err)
	}
	for _, text := range db.Count().SQL {
		if strings.Contains(text, "70000") {
			t.Fatalf("a query has ids in its text:\n%.300s\nwant them as arguments: a text that differs each time is planned each time, and with other types it is how SQL is injected", text)
		}
	}
}

func TestCanceled(t *testing.T) {
	script, _ := rows(kit.Rand(t), 3, 3, 0)
	s, _ := open(t, script)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.PostsWithAuthors(ctx, 3); !errors.Is(err, context.Canceled) {
		t.Errorf("PostsWithAuthors with a canceled context: error %v, want context.Canceled: who has gone needs no answer", err)
	}
	if _, err := s.UsersByID(ctx, sequence(3)); !errors.Is(err, context.Canceled) {
		t.Errorf("UsersByID with a canceled context: error %v, want context.Canceled", err)
	}
}

// In a pool of one, who asks while still reading waits for himself.
func TestOneConnection(t *testing.T) {
	script, want := rows(kit.Rand(t), 10, 20, 0)
	s, db := open(t, script)
	db.SetMaxOpenConns(1)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for range 3 {
		got, err := s.PostsWithAuthors(ctx, 20)
		if err != nil {
			t.Fatalf("PostsWithAuthors with a pool of one connection: %v; it holds the connection of one query while it asks the next, or does not give it back", err)
		}
		comparePosts(t, "PostsWithAuthors with a pool of one connection", got, want)
	}
}

func TestDatabaseFails(t *testing.T) {
	s, _ := open(t, "CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER, title TEXT); INSERT INTO posts VALUES (1, 1, 'x')")
	if got, err := s.PostsWithAuthors(t.Context(), 5); err == nil {
		t.Errorf("PostsWithAuthors without a table of users = %v and no error; a failure must not look like users that are gone", got)
	}
	if got, err := s.UsersByID(t.Context(), []int64{1}); err == nil {
		t.Errorf("UsersByID without a table of users = %v and no error", maps.Collect(maps.All(got)))
	}
}

// SQLite keeps a text in a column of integers, if it is told to.
func TestUnreadableRow(t *testing.T) {
	s, db := open(t, schema+"INSERT INTO users VALUES (1, 'ann'); INSERT INTO posts VALUES (1, 'nobody', 'x'), (2, 1, 'y');")
	if got, err := s.PostsWithAuthors(t.Context(), 5); err == nil {
		t.Errorf("PostsWithAuthors, where the author_id of one post is the text 'nobody' = %v and no error; a row that cannot be read is no end of the page", got)
	}
	if n := db.Stats().InUse; n != 0 {
		t.Errorf("PostsWithAuthors failed at a row, and %d connections are still in use, want 0: who leaves a loop over rows early must close them, or the pool is empty after so many bad rows", n)
	}
}
