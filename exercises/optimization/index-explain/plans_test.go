package indexplan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hotloop/exercises/kit"
	"hotloop/exercises/kit/sqldb"
)

const schema = `
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT NOT NULL);
CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL, status TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL,
	created_at INTEGER NOT NULL);
CREATE TABLE messages (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, body TEXT NOT NULL, read_at INTEGER);
`

type user struct {
	id          int64
	email, name string
}

type post struct {
	id, author    int64
	status, title string
	at            int64
}

// data is what a small database holds, known to the test.
type data struct {
	users  []user
	posts  [postTimes][]post // by time, the oldest first; those of one time by id
	unread map[int64]int
}

const (
	userRows, postRows, messageRows = 200, 1500, 800
	postTimes                       = 60 // of posts, half a month apart
)

var began = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// smallDB is one database for all tests, which only read: to fill it takes longer than to ask.
var smallDB struct {
	once sync.Once
	db   *sqldb.DB
	data *data
	err  error
}

// open makes a database with some hundred rows in each table, and the indexes, unless an earlier test has made it. The
// random numbers are the same in either case.
func open(t *testing.T) (*sqldb.DB, *data, *rand.Rand) {
	t.Helper()
	r := kit.Rand(t)
	rows := rand.New(rand.NewPCG(r.Uint64(), 0))
	smallDB.once.Do(func() {
		d, script := fillSmall(rows)
		smallDB.data = d
		if smallDB.db, smallDB.err = sqldb.Open(sqldb.Options{Script: script}); smallDB.err == nil {
			_, smallDB.err = smallDB.db.Exec(Indexes)
		}
	})
	if smallDB.err != nil {
		t.Fatalf("making the tables and the indexes: %v\n%s", smallDB.err, Indexes)
	}
	return smallDB.db, smallDB.data, r
}

// fillSmall makes rows, and the SQL that inserts them: one statement for each table, which SQLite runs in one go.
func fillSmall(r *rand.Rand) (*data, string) {
	d := &data{unread: map[int64]int{}}
	var b strings.Builder
	b.WriteString(schema)
	into := func(table string, rows int64, values func(id int64) string) {
		b.WriteString("INSERT INTO " + table + " VALUES ")
		for id := int64(1); id <= rows; id++ {
			if id > 1 {
				b.WriteString(", ")
			}
			b.WriteString(values(id))
		}
		b.WriteString(";\n")
	}
	into("users", userRows, func(id int64) string {
		name := []string{"anna", "Bob", "CARL", "dörte", "DÖRTE"}[r.IntN(5)]
		u := user{id, fmt.Sprintf("%s%d@Example.com", name, r.IntN(30)), name}
		d.users = append(d.users, u)
		return fmt.Sprintf("(%d, '%s', '%s')", u.id, u.email, u.name)
	})
	into("posts", postRows, func(id int64) string {
		slot := r.IntN(postTimes) // many at the same time
		at := began.Add(time.Duration(slot) * 12 * time.Hour * 30)
		p := post{id, 1 + r.Int64N(20), []string{"published", "published", "draft"}[r.IntN(3)], fmt.Sprint("post ", id), at.Unix()}
		d.posts[slot] = append(d.posts[slot], p)
		return fmt.Sprintf("(%d, %d, '%s', '%s', 'body', %d)", p.id, p.author, p.status, p.title, p.at)
	})
	into("messages", messageRows, func(id int64) string {
		to, read := 1+r.Int64N(20), "NULL"
		if r.IntN(5) > 0 {
			read = "1700000000"
		} else {
			d.unread[to]++
		}
		return fmt.Sprintf("(%d, %d, 'body', %s)", id, to, read)
	})
	return d, b.String()
}

// run runs a query and writes its rows down, a text for each.
func run(t *testing.T, db *sqldb.DB, what string, q Query) (lines []string) {
	t.Helper()
	rows, err := db.Query(q.SQL, q.Args...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", what, err, q.SQL)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		row := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprint(row...))
	}
	return lines
}

func compare(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s: %d rows\n%.500q, want %d\n%.500q", what, len(got), got, len(want), want)
	}
}

func usersWith(d *data, same func(email string) bool) (lines []string) {
	for _, u := range d.users {
		if same(u.email) {
			lines = append(lines, fmt.Sprint(u.id, u.email, u.name))
		}
	}
	return lines
}

func TestByEmail(t *testing.T) {
	db, d, r := open(t)
	for range 50 {
		email := d.users[r.IntN(len(d.users))].email
		compare(t, fmt.Sprintf("ByEmail(%q)", email), run(t, db, "ByEmail", ByEmail(email)), usersWith(d, func(s string) bool { return s == email }))
	}
	if got := run(t, db, "ByEmail", ByEmail("ANNA1@EXAMPLE.COM")); len(got) > 0 {
		t.Errorf("ByEmail of an address in capitals finds %q; want none: it compares what is written", got)
	}
}

// lower folds what SQLite folds: the letters of ASCII.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func TestByEmailFold(t *testing.T) {
	db, d, r := open(t)
	for i := range 50 {
		email := d.users[r.IntN(len(d.users))].email
		asked := []string{email, lower(email), strings.ToUpper(lower(email))}[i%3]
		compare(t, fmt.Sprintf("ByEmailFold(%q)", asked), run(t, db, "ByEmailFold", ByEmailFold(asked)),
			usersWith(d, func(s string) bool { return lower(s) == lower(asked) }))
	}
}

func TestRecentByAuthor(t *testing.T) {
	db, d, r := open(t)
	for range 50 {
		author, limit := 1+r.Int64N(22), 1+r.IntN(30)
		var want []string
		for slot := postTimes - 1; slot >= 0; slot-- {
			for i := len(d.posts[slot]) - 1; i >= 0; i-- {
				if p := d.posts[slot][i]; p.author == author && p.status == "published" && len(want) < limit {
					want = append(want, fmt.Sprint(p.id, p.title, p.at))
				}
			}
		}
		compare(t, fmt.Sprintf("RecentByAuthor(%d, %d)", author, limit), run(t, db, "RecentByAuthor", RecentByAuthor(author, limit)), want)
	}
}

func TestInMonth(t *testing.T) {
	db, d, r := open(t)
	for range 50 {
		year, month := 2020+r.IntN(4), time.Month(1+r.IntN(12))
		var want []string
		for _, posts := range d.posts {
			for _, p := range posts {
				if at := time.Unix(p.at, 0).UTC(); at.Year() == year && at.Month() == month {
					want = append(want, fmt.Sprint(p.id, p.title))
				}
			}
		}
		compare(t, fmt.Sprintf("InMonth(%d, %v)", year, month), run(t, db, "InMonth", InMonth(year, month)), want)
	}
}

func TestMonthEdges(t *testing.T) {
	db := sqldb.SQLite(t, sqldb.Options{Script: schema + Indexes})
	for _, tt := range []struct {
		year  int
		month time.Month
		days  int
	}{{2024, time.February, 29}, {2023, time.February, 28}, {2023, time.December, 31}, {2024, time.April, 30}} {
		first := time.Date(tt.year, tt.month, 1, 0, 0, 0, 0, time.UTC).Unix()
		next := first + int64(tt.days)*24*3600
		for _, at := range []int64{first - 1, first, next - 1, next} {
			db.Aside(t, "INSERT INTO posts VALUES (?, 1, 'published', 'x', 'x', ?)", at, at)
		}
		want := []string{fmt.Sprint(first, "x"), fmt.Sprint(next-1, "x")}
		got := run(t, db, "InMonth", InMonth(tt.year, tt.month))
		if !slices.Equal(got, want) {
			t.Errorf("%v %d, posts in the seconds around both ends: rows %q, want %q: the first second is in, the first of the next month is not", tt.month, tt.year, got, want)
		}
	}
}

func TestUnreadCount(t *testing.T) {
	db, d, _ := open(t)
	for id := range int64(25) {
		compare(t, fmt.Sprintf("UnreadCount(%d)", id), run(t, db, "UnreadCount", UnreadCount(id)), []string{fmt.Sprint(d.unread[id])})
	}
}

func TestValuesAreArguments(t *testing.T) {
	for _, tt := range []struct {
		name string
		a, b Query
	}{
		{"ByEmail", ByEmail("a'b"), ByEmail("c")},
		{"ByEmailFold", ByEmailFold("a'b"), ByEmailFold("c")},
		{"RecentByAuthor", RecentByAuthor(1, 2), RecentByAuthor(3, 4)},
		{"InMonth", InMonth(2020, 2), InMonth(2023, 12)},
		{"UnreadCount", UnreadCount(1), UnreadCount(2)},
	} {
		if tt.a.SQL != tt.b.SQL {
			t.Errorf("%s has two texts for two values:\n%s\n%s\nwant values in Args: a text is planned once, and nobody writes SQL into it", tt.name, tt.a.SQL, tt.b.SQL)
		}
	}
}

func TestIndexesAreFew(t *testing.T) {
	db, _, _ := open(t)
	if n := sqldb.Value[int](t, db, "SELECT count(*) FROM sqlite_schema WHERE type = 'index'"); n > 5 {
		t.Errorf("there are %d indexes, want at most 5: each is written to with every row", n)
	}
	if n := sqldb.Value[int](t, db, "SELECT count(*) FROM sqlite_schema WHERE type != 'index'"); n != 3 {
		t.Errorf("there are %d tables, views and triggers, want the three tables: Indexes makes indexes only", n)
	}
	if n := sqldb.Value[int](t, db, "SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM posts) + (SELECT count(*) FROM messages)"); n != userRows+postRows+messageRows {
		t.Errorf("after Indexes, there are %d rows instead of %d", n, userRows+postRows+messageRows)
	}
}

// An index whose columns are the first ones of another's says nothing that the other does not.
func TestNoIndexIsRedundant(t *testing.T) {
	db, _, _ := open(t)
	rows, err := db.Query(`SELECT s.tbl_name, s.name, l.partial, group_concat(coalesce(x.name, 'expression of ' || s.name) || ' ' || x.coll, ',')
		FROM sqlite_schema AS s, pragma_index_list(s.tbl_name) AS l, pragma_index_xinfo(s.name) AS x
		WHERE s.type = 'index' AND l.name = s.name AND x.key GROUP BY s.name ORDER BY s.name, x.seqno`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	type index struct{ table, name, partial, columns string }
	var all []index
	for rows.Next() {
		var i index
		if err := rows.Scan(&i.table, &i.name, &i.partial, &i.columns); err != nil {
			t.Fatal(err)
		}
		all = append(all, i)
	}
	for _, a := range all {
		for _, b := range all {
			if a.name != b.name && a.table == b.table && a.partial == "0" && b.partial == "0" && strings.HasPrefix(b.columns+",", a.columns+",") {
				t.Errorf("index %s (%s) is the beginning of %s (%s): whatever it finds, the other one finds, too", a.name, a.columns, b.name, b.columns)
			}
		}
	}
}
