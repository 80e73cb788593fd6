package harness

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Records and turns travel as lines of key=value pairs, strings quoted as in Go. Each learner's binary has the code for
// it in it, and is linked anew at each save; package encoding/json would take longer to link than this to read.

// fields are the names of a record's fields and where they are; Extra stands apart.
func (r *Record) fields() []field {
	return []field{{"kind", &r.Kind}, {"name", &r.Name}, {"status", &r.Status}, {"code", &r.Code}, {"sec", &r.Seconds}, {"cpu", &r.CPU}, {"yard", &r.Yard},
		{"n", &r.N}, {"allocs", &r.Allocs}, {"bytes", &r.Bytes}, {"unit", &r.Unit}, {"axis", &r.Axis}, {"x", &r.X}, {"y", &r.Y}, {"data", &r.Data}}
}

type field struct {
	key   string
	value any // a pointer
}

// append appends the record to b, without what is zero.
func (r *Record) append(b []byte) []byte {
	b = appendFields(b, r.fields())
	for _, unit := range slices.Sorted(maps.Keys(r.Extra)) {
		value := r.Extra[unit]
		b = appendFields(b, []field{{"extra", &unit}})
		b = appendFields(b, []field{{"is", &value}})
	}
	return b
}

func (r *Record) parse(line string) error {
	var unit string
	var value float64
	fields := append(r.fields(), field{"extra", &unit}, field{"is", &value})
	return parseFields(line, fields, func(key string) {
		switch key {
		case "extra": // a value of zero is left out
			if r.Extra == nil {
				r.Extra = map[string]float64{}
			}
			r.Extra[unit] = 0
		case "is":
			if r.Extra != nil {
				r.Extra[unit] = value
			}
		}
	})
}

// Line is the turn as it is sent.
func (t Turn) Line() []byte { return append(appendFields(nil, t.fields()), '\n') }

func (t *Turn) fields() []field {
	return []field{{"bench", &t.Bench}, {"n", &t.N}, {"sample", &t.Sample}, {"profile", &t.Profile}, {"cpu", &t.CPU}}
}

func (t *Turn) parse(line string) error { return parseFields(line, t.fields(), func(string) {}) }

func appendFields(b []byte, fields []field) []byte {
	for _, f := range fields {
		start := len(b)
		if len(b) > 0 {
			b = append(b, ' ')
		}
		b = append(append(b, f.key...), '=')
		filled := true
		switch v := f.value.(type) {
		case *string:
			b, filled = strconv.AppendQuote(b, *v), *v != ""
		case *int:
			b, filled = strconv.AppendInt(b, int64(*v), 10), *v != 0
		case *uint64:
			b, filled = strconv.AppendUint(b, *v, 10), *v != 0
		case *float64:
			b, filled = strconv.AppendFloat(b, *v, 'g', -1, 64), *v != 0
		case *bool:
			b, filled = strconv.AppendBool(b, *v), *v
		}
		if !filled {
			b = b[:start]
		}
	}
	return b
}

var errLine = errors.New("not a line of key=value pairs")

// parseFields sets the fields that are in the line, and calls then after each.
func parseFields(line string, fields []field, then func(key string)) error {
	for line = strings.TrimRight(line, "\n"); line != ""; line = strings.TrimPrefix(line, " ") {
		key, rest, ok := strings.Cut(line, "=")
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == key })
		if !ok || i < 0 {
			return fmt.Errorf("%w: %q", errLine, line)
		}
		var text string
		var err error
		switch v := fields[i].value.(type) {
		case *string:
			if text, err = strconv.QuotedPrefix(rest); err == nil {
				*v, err = strconv.Unquote(text)
			}
			line = rest[len(text):]
		default:
			text, line, _ = strings.Cut(rest, " ")
			err = setNumber(v, text)
		}
		if err != nil {
			return fmt.Errorf("%w: %s: %w", errLine, key, err)
		}
		then(key)
	}
	return nil
}

func setNumber(value any, text string) (err error) {
	switch v := value.(type) {
	case *int:
		*v, err = strconv.Atoi(text)
	case *uint64:
		*v, err = strconv.ParseUint(text, 10, 64)
	case *float64:
		*v, err = strconv.ParseFloat(text, 64)
	case *bool:
		*v, err = strconv.ParseBool(text)
	}
	return err
}
