package memoize

import (
	"errors"
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"
)

// ErrUnkeyable is returned for an argument that holds a function, a channel, an unsafe pointer, or itself.
var ErrUnkeyable = errors.New("memoize: argument cannot be a key")

// Key makes a string of arguments, so that equal arguments have equal strings and others have others. Types count: 1,
// "1" and 1.0 are three keys. Maps are equal whatever the order in which they were filled, pointers if what they point to
// is equal; NaN is equal to itself, and -0 is 0. A key is good for the process that made it.
func Key(args ...any) (string, error) {
	parts := make([]string, len(args))
	for i, a := range args {
		part, err := describe(reflect.ValueOf(a), nil)
		if err != nil {
			return "", err
		}
		parts[i] = part
	}
	return join(parts), nil
}

// join writes parts so that they can be told apart again: each after its length.
func join(parts []string) string {
	var b strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&b, "%d:%s,", len(p), p)
	}
	return b.String()
}

// describe writes a value for one who has the holders above it in mind.
func describe(v reflect.Value, holders []reflect.Value) (string, error) {
	if !v.IsValid() {
		return "nil", nil
	}
	kind := v.Kind()
	parts := []string{fmt.Sprintf("%p", v.Type())}
	add := func(part string) { parts = append(parts, part) }
	within := append(holders[:len(holders):len(holders)], v)
	nested := func(inner reflect.Value) error {
		part, err := describe(inner, within)
		add(part)
		return err
	}
	if kind == reflect.Pointer || kind == reflect.Map || kind == reflect.Slice {
		if v.IsNil() {
			add("nil")
			return join(parts), nil
		}
		for _, h := range holders {
			if h.Kind() == kind && h.Type() == v.Type() && h.Pointer() == v.Pointer() && (kind != reflect.Slice || h.Len() == v.Len()) {
				return "", ErrUnkeyable
			}
		}
	}
	switch {
	case kind == reflect.Func || kind == reflect.Chan || kind == reflect.UnsafePointer:
		return "", ErrUnkeyable
	case v.CanInt():
		add(strconv.FormatInt(v.Int(), 10))
	case v.CanUint():
		add(strconv.FormatUint(v.Uint(), 10))
	case v.CanFloat():
		add(number(v.Float()))
	case v.CanComplex():
		add(number(real(v.Complex())))
		add(number(imag(v.Complex())))
	case kind == reflect.Bool:
		add(fmt.Sprint(v.Bool()))
	case kind == reflect.String:
		add(v.String())
	case kind == reflect.Pointer || kind == reflect.Interface:
		if err := nested(v.Elem()); err != nil {
			return "", err
		}
	case kind == reflect.Struct:
		for i := 0; i < v.NumField(); i++ {
			if err := nested(v.Field(i)); err != nil {
				return "", err
			}
		}
	case kind == reflect.Slice || kind == reflect.Array:
		for i := 0; i < v.Len(); i++ {
			if err := nested(v.Index(i)); err != nil {
				return "", err
			}
		}
	case kind == reflect.Map:
		var lines []string
		for it := v.MapRange(); it.Next(); {
			k, err := describe(it.Key(), within)
			if err != nil {
				return "", err
			}
			e, err := describe(it.Value(), within)
			if err != nil {
				return "", err
			}
			lines = append(lines, join([]string{k, e}))
		}
		sort.Strings(lines)
		parts = append(parts, lines...)
	}
	return join(parts), nil
}

// number writes NaN as such, and both zeros as one.
func number(f float64) string {
	if f == 0 {
		return "0"
	}
	return strconv.FormatFloat(f, 'x', -1, 64)
}
