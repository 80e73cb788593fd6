package stmts

import (
	"errors"
	"fmt"
	"strings"
)

// ErrSort is the answer to a sort column that there is not.
var ErrSort = errors.New("stmts: unknown sort column")

// A Filter says which users to look for. A field that is empty does not filter.
type Filter struct {
	Email    string // exactly
	NameLike string // somewhere in the name; %, _ and \ are ordinary characters
	IDs      []int64
	Sort     string // "", id, email or name; "" is id
	Desc     bool
	Limit    int // 1 to 100; 0 is 20
}

// UsersQuery is the SQL for a filter, and its arguments. Filters that differ in values only have the same text.
//
// TODO: so far the values are in the text. Whoever sends one writes SQL.
func UsersQuery(f Filter) (string, []any, error) {
	q := "SELECT id, email, name FROM users WHERE 1 = 1"
	if f.Email != "" {
		q += fmt.Sprintf(" AND email = '%s'", f.Email)
	}
	if f.NameLike != "" {
		q += fmt.Sprintf(" AND name LIKE '%%%s%%'", f.NameLike)
	}
	if len(f.IDs) > 0 {
		q += " AND id IN (" + strings.Trim(strings.ReplaceAll(fmt.Sprint(f.IDs), " ", ","), "[]") + ")"
	}
	if f.Sort != "" {
		q += " ORDER BY " + f.Sort
	}
	if f.Desc {
		q += " DESC"
	}
	return q + fmt.Sprintf(" LIMIT %d", f.Limit), nil, nil
}
