package memoize

import (
	"encoding/binary"
	"errors"
	"math"
	"reflect"
	"slices"
	"strconv"
)

// ErrUnkeyable is returned for an argument that holds a function, a channel, an unsafe pointer, or itself.
var ErrUnkeyable = errors.New("memoize: argument cannot be a key")

// Key makes a string of arguments, so that equal arguments have equal strings and others have others. Types count: 1,
// "1" and 1.0 are three keys. Maps are equal whatever the order in which they were filled, pointers if what they point to
// is equal; NaN is equal to itself, and -0 is 0. A key is good for the process that made it.
//
// Each value is written as its type and then its content, and whatever has no fixed size with its length in front: what
// follows can then not be taken for a part of it.
func Key(args ...any) (string, error) {
	w := &writer{open: map[visit]bool{}}
	for _, a := range args {
		w.value(reflect.ValueOf(a))
	}
	if w.unkeyable {
		return "", ErrUnkeyable
	}
	return string(w.buf), nil
}

type writer struct {
	buf       []byte
	open      map[visit]bool // what holds the value that is being written
	unkeyable bool
}

// A visit is one thing that may hold itself. A slice and its first element have the same address, and so have slices of
// different lengths.
type visit struct {
	address uintptr
	length  int
	typ     reflect.Type
}

func (w *writer) value(v reflect.Value) {
	if !v.IsValid() {
		w.number(0) // where there is no type
		return
	}
	// Types are equal if they are the same pointer; their names may be equal even if they are not.
	w.number(uint64(reflect.ValueOf(v.Type()).Pointer()))
	switch v.Kind() {
	case reflect.Bool:
		w.text(strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		w.number(uint64(v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		w.number(v.Uint())
	case reflect.Float32, reflect.Float64:
		w.float(v.Float())
	case reflect.Complex64, reflect.Complex128:
		w.float(real(v.Complex()))
		w.float(imag(v.Complex()))
	case reflect.String:
		w.text(v.String())
	case reflect.Struct:
		for i := range v.NumField() {
			w.value(v.Field(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			w.value(v.Index(i))
		}
	case reflect.Interface:
		w.value(v.Elem())
	case reflect.Pointer, reflect.Slice, reflect.Map:
		w.holder(v)
	default: // functions, channels, unsafe pointers
		w.unkeyable = true
	}
}

// holder writes what may hold itself.
func (w *writer) holder(v reflect.Value) {
	at := visit{address: v.Pointer(), typ: v.Type()}
	if v.Kind() == reflect.Slice {
		at.length = v.Len()
	}
	if w.open[at] {
		w.unkeyable = true
		return
	}
	w.open[at] = true
	defer delete(w.open, at)
	switch v.Kind() {
	case reflect.Pointer:
		w.value(v.Elem()) // which nil has not
	case reflect.Slice:
		w.length(v)
		for i := range v.Len() {
			w.value(v.Index(i))
		}
	case reflect.Map:
		var entries []string
		for iter := v.MapRange(); iter.Next(); {
			entry := &writer{open: w.open}
			entry.value(iter.Key())
			entry.value(iter.Value())
			w.unkeyable = w.unkeyable || entry.unkeyable
			entries = append(entries, string(entry.buf))
		}
		slices.Sort(entries)
		w.length(v)
		for _, e := range entries {
			w.buf = append(w.buf, e...)
		}
	}
}

func (w *writer) number(n uint64) { w.buf = binary.BigEndian.AppendUint64(w.buf, n) }

// length writes how long a slice or map is; one that is nil is shorter than an empty one.
func (w *writer) length(v reflect.Value) {
	n := v.Len()
	if v.IsNil() {
		n = -1
	}
	w.number(uint64(n))
}

func (w *writer) text(s string) {
	w.number(uint64(len(s)))
	w.buf = append(w.buf, s...)
}

// float writes one NaN for all of them, and one zero for both.
func (w *writer) float(f float64) {
	switch {
	case math.IsNaN(f):
		f = math.NaN()
	case f == 0:
		f = 0
	}
	w.number(math.Float64bits(f))
}
