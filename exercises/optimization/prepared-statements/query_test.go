package stmts

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"hotloop/exercises/kit"
	"hotloop/exercises/kit/sqldb"
)

const fewUsers = `
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT NOT NULL);
INSERT INTO users VALUES
	(1, 'd@example.com', 'percent 100% sure'),
	(2, 'c@example.com', 'percent 100 percent'),
	(3, 'b@example.com', 'snake_case'),
	(4, 'a@example.com', 'snake case'),
	(5, 'e@example.com', 'back\slash'),
	(6, 'f@example.com', 'backslash'),
	(7, 'g''h@example.com', 'quoted ''name'''),
	(8, 'i@example.com', 'snake case');
WITH RECURSIVE n(i) AS (SELECT 101 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
INSERT INTO users SELECT i, 'x' || i || '@example.com', 'many ' || i FROM n;
`

// find runs the query of a filter and returns the ids.
func find(t *testing.T, db *sqldb.DB, f Filter) []int64 {
	t.Helper()
	q, args, err := UsersQuery(f)
	if err != nil {
		t.Fatalf("UsersQuery(%+v): %v", f, err)
	}
	rows, err := db.Query(q, args...)
	if err != nil {
		t.Fatalf("UsersQuery(%+v) is %q with %d arguments, which fails: %v", f, q, len(args), err)
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		var email, name string
		if err := rows.Scan(&id, &email, &name); err != nil {
			t.Fatalf("UsersQuery(%+v): %v; want the columns id, email, name", f, err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return ids
}

func finds(t *testing.T, db *sqldb.DB, f Filter, want ...int64) {
	t.Helper()
	if got := find(t, db, f); !slices.Equal(got, want) {
		t.Errorf("%+v finds users %v, want %v", f, got, want)
	}
}

func TestFilters(t *testing.T) {
	db := sqldb.SQLite(t, sqldb.Options{Script: fewUsers})
	finds(t, db, Filter{Email: "b@example.com"}, 3)
	finds(t, db, Filter{Email: "g'h@example.com"}, 7)
	finds(t, db, Filter{Email: "nobody@example.com"})
	finds(t, db, Filter{NameLike: "snake"}, 3, 4, 8)
	finds(t, db, Filter{NameLike: "case", IDs: []int64{8, 4}}, 4, 8)
	finds(t, db, Filter{NameLike: "case", IDs: []int64{8, 4}, Email: "i@example.com"}, 8)
	finds(t, db, Filter{Limit: 3}, 1, 2, 3)
}

func TestSort(t *testing.T) {
	db := sqldb.SQLite(t, sqldb.Options{Script: fewUsers})
	ids := []int64{1, 2, 3, 4, 8}
	finds(t, db, Filter{IDs: ids, Sort: "id"}, 1, 2, 3, 4, 8)
	finds(t, db, Filter{IDs: ids, Desc: true}, 8, 4, 3, 2, 1)
	finds(t, db, Filter{IDs: ids, Sort: "email"}, 4, 3, 2, 1, 8)
	finds(t, db, Filter{IDs: ids, Sort: "email", Desc: true}, 8, 1, 2, 3, 4)
	finds(t, db, Filter{IDs: ids, Sort: "name"}, 2, 1, 4, 8, 3)
	finds(t, db, Filter{IDs: ids, Sort: "name", Desc: true}, 3, 4, 8, 1, 2)
	// DESC may read an index backwards; those of one name then come backwards, too, unless the query says otherwise.
	db.Aside(t, "CREATE INDEX by_name ON users (name, email)")
	finds(t, db, Filter{NameLike: "snake", Sort: "name"}, 4, 8, 3)
	finds(t, db, Filter{NameLike: "snake", Sort: "name", Desc: true}, 3, 4, 8)
	for _, sort := range []string{"ID", "id ", "password", "1", "name DESC", "id; DROP TABLE users", "(SELECT 1)", "name--"} {
		if q, _, err := UsersQuery(Filter{Sort: sort}); !errors.Is(err, ErrSort) {
			t.Errorf("UsersQuery sorted by %q = %q, error %v; want ErrSort: a column's name cannot be an argument, so it must be one of those that are known", sort, q, err)
		}
	}
}

func TestLikeIsPlainText(t *testing.T) {
	db := sqldb.SQLite(t, sqldb.Options{Script: fewUsers})
	finds(t, db, Filter{NameLike: "100%"}, 1)
	finds(t, db, Filter{NameLike: "%"}, 1)
	finds(t, db, Filter{NameLike: "snake_"}, 3)
	finds(t, db, Filter{NameLike: "_"}, 3)
	finds(t, db, Filter{NameLike: `\`}, 5)
	finds(t, db, Filter{NameLike: `k\s`}, 5)
	finds(t, db, Filter{NameLike: `\%`})
	finds(t, db, Filter{NameLike: "'name'"}, 7)
}

func TestInjection(t *testing.T) {
	db := sqldb.SQLite(t, sqldb.Options{Script: fewUsers})
	r := kit.Rand(t)
	evil := []string{"'; DROP TABLE users;--", "' OR '1'='1", `" OR ""="`, "x') OR 1=1--", "\x00'; DELETE FROM users;--", "a\x00b", `\' OR 1=1--`, "?", "$1", ":x", "ünïcode'"}
	for range 50 {
		var b strings.Builder
		for range 1 + r.IntN(20) {
			b.WriteString([]string{"'", `"`, "\\", ";", "--", "%", "_", "/*", "*/", ")", "(", "DROP", " ", "users", "1", "=", "OR", "\x00"}[r.IntN(18)])
		}
		evil = append(evil, "zz"+b.String())
	}
	plain, _, err := UsersQuery(Filter{Email: "a", NameLike: "b"})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range evil {
		f := Filter{Email: s, NameLike: s}
		q, _, err := UsersQuery(f)
		if err != nil || q != plain {
			t.Fatalf("UsersQuery(%+v) = %q, error %v\nwant the same text as for any other values, %q: what is in the text is SQL, what is in the arguments is data", f, q, err, plain)
		}
		finds(t, db, f)
	}
	if n := sqldb.Value[int](t, db, "SELECT count(*) FROM users"); n != 208 {
		t.Errorf("after all that, %d of 208 users are left", n)
	}
}

func TestIDs(t *testing.T) {
	db := sqldb.SQLite(t, sqldb.Options{Script: fewUsers})
	finds(t, db, Filter{IDs: []int64{3}}, 3)
	finds(t, db, Filter{IDs: []int64{3, 1, 2}}, 1, 2, 3)
	finds(t, db, Filter{IDs: []int64{5, 5, 5}}, 5)
	finds(t, db, Filter{IDs: []int64{-1, 4}}, 4)
	numbers := []int{31, 32, 33, 63, 64, 65, 99, 100, 18 + kit.Rand(t).IntN(80)} // around powers of two, which are padded differently
	for n := range 17 {
		numbers = append(numbers, n+1)
	}
	for _, n := range numbers {
		ids := make([]int64, n)
		for i := range ids {
			ids[i] = int64(101 + i)
		}
		given := slices.Clone(ids)
		finds(t, db, Filter{IDs: ids, Limit: 100}, given...)
		if !slices.Equal(ids, given) {
			t.Fatalf("UsersQuery changed the ids of its filter, which are the caller's")
		}
	}
}

func TestNoIDs(t *testing.T) {
	db := sqldb.SQLite(t, sqldb.Options{Script: fewUsers})
	finds(t, db, Filter{IDs: []int64{}})
	finds(t, db, Filter{IDs: []int64{}, NameLike: "snake"})
	if got := find(t, db, Filter{IDs: nil}); len(got) != 20 {
		t.Errorf("without IDs, %d users are found, want the first 20: nil is no filter, an empty list is one that nobody passes", len(got))
	}
}

func TestTextsAreFew(t *testing.T) {
	texts := map[string]int{}
	for n := 1; n <= 64; n++ {
		q, args, err := UsersQuery(Filter{IDs: make([]int64, n)})
		if err != nil {
			t.Fatal(err)
		}
		texts[q]++
		if len(args) > 2*n {
			t.Errorf("for %d ids there are %d arguments, want at most twice as many as ids: the next power of two is enough", n, len(args))
		}
	}
	if len(texts) > 7 {
		t.Errorf("for 1 to 64 ids there are %d texts, want at most 7 (1, 2, 4 … 64 placeholders): each text is a statement to prepare and to keep", len(texts))
	}
	five, _, _ := UsersQuery(Filter{IDs: []int64{1, 2, 3, 4, 5}, Email: "x", Limit: 3, Sort: "name"})
	six, _, _ := UsersQuery(Filter{IDs: []int64{9, 8, 7, 6, 5, 4}, Email: "y", Limit: 99, Sort: "name"})
	if five != six {
		t.Errorf("filters that differ in values only have different texts:\n%s\n%s", five, six)
	}
	if desc, _, _ := UsersQuery(Filter{IDs: []int64{1, 2, 3, 4, 5}, Email: "x", Limit: 3, Sort: "name", Desc: true}); desc == five {
		t.Errorf("the order is part of the text, but both ways have the same: %s", desc)
	}
}

func TestLimit(t *testing.T) {
	db := sqldb.SQLite(t, sqldb.Options{Script: fewUsers})
	for _, tt := range []struct{ limit, want int }{{0, 20}, {1, 1}, {100, 100}, {101, 100}, {1 << 40, 100}, {-1, 1}} {
		if got := find(t, db, Filter{Limit: tt.limit}); len(got) != tt.want {
			t.Errorf("Filter{Limit: %s} finds %d users, want %d", fmt.Sprint(tt.limit), len(got), tt.want)
		}
	}
}
