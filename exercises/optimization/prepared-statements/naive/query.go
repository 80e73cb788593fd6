package stmts

import (
	"errors"
	"math/bits"
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
func UsersQuery(f Filter) (string, []any, error) {
	switch f.Sort {
	case "":
		f.Sort = "id"
	case "id", "email", "name":
	default:
		return "", nil, ErrSort
	}
	var conditions []string
	var args []any
	where := func(condition string, values ...any) {
		conditions = append(conditions, condition)
		args = append(args, values...)
	}
	if f.Email != "" {
		where("email = ?", f.Email)
	}
	if f.NameLike != "" {
		where(`name LIKE ? ESCAPE '\'`, "%"+escape.Replace(f.NameLike)+"%")
	}
	if f.IDs != nil {
		ids := padded(f.IDs)
		where("id IN ("+strings.TrimSuffix(strings.Repeat("?,", len(ids)), ",")+")", ids...)
	}
	var b strings.Builder
	b.WriteString("SELECT id, email, name FROM users")
	for i, c := range conditions {
		b.WriteString([]string{" WHERE ", " AND "}[min(i, 1)] + c)
	}
	b.WriteString(" ORDER BY " + f.Sort)
	if f.Desc {
		b.WriteString(" DESC")
	}
	if f.Sort != "id" {
		b.WriteString(", id")
	}
	b.WriteString(" LIMIT ?")
	return b.String(), append(args, limit(f.Limit)), nil
}

var escape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// padded are the ids, the last one repeated until their number is a power of two: so there are ten texts for up to 512 ids,
// and not 512.
func padded(ids []int64) []any {
	if len(ids) == 0 {
		return nil
	}
	all := make([]any, 1<<bits.Len(uint(len(ids)-1)))
	for i := range all {
		all[i] = ids[min(i, len(ids)-1)]
	}
	return all
}

func limit(n int) int {
	if n == 0 {
		return 20
	}
	return min(max(n, 1), 100)
}
