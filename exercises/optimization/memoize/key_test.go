package memoize

import (
	"errors"
	"fmt"
	htmltemplate "html/template"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	texttemplate "text/template"
	"unsafe"

	"hotloop/exercises/kit"
)

type (
	euro  int
	point struct{ X, Y int }
	pair  struct {
		name string // what is not exported counts as well
		next *pair
	}
	head struct {
		n    int
		self *int
	}
)

func key(t *testing.T, args ...any) string {
	t.Helper()
	k, err := Key(args...)
	if err != nil {
		t.Errorf("Key(%s) = %v, want a key", show(args), err)
	}
	return k
}

// show writes arguments with their types.
func show(args []any) string {
	var texts []string
	for _, a := range args {
		texts = append(texts, fmt.Sprintf("%T %+v", a, a))
	}
	return strings.Join(texts, ", ")
}

// How JSON gets these wrong is in the comments.
func TestKeyTable(t *testing.T) {
	one := 1
	for _, tt := range []struct {
		a, b []any
		same bool
	}{
		{[]any{math.NaN()}, []any{math.NaN()}, true}, // an error in Go, null in JavaScript
		{[]any{math.NaN()}, []any{math.Float64frombits(0x7ff8000000000123)}, true},
		{[]any{math.NaN()}, []any{nil}, false},
		{[]any{math.Inf(1)}, []any{math.Inf(-1)}, false},
		{[]any{math.Copysign(0, -1)}, []any{0.0}, true},
		{[]any{1}, []any{"1"}, false},
		{[]any{1}, []any{1.0}, false}, // both 1
		{[]any{1}, []any{int64(1)}, false},
		{[]any{1}, []any{euro(1)}, false},
		{[]any{1}, []any{true}, false},
		{[]any{nil}, []any{"nil"}, false},
		{[]any{nil}, []any{}, false},
		{[]any{nil}, []any{nil, nil}, false},
		{[]any{uint8(1)}, []any{uint8(2)}, false},
		{[]any{uint8(1)}, []any{int8(1)}, false},
		{[]any{true, nil}, []any{false}, false},
		{[]any{(*int)(nil)}, []any{nil}, false},
		{[]any{(*int)(nil)}, []any{new(int)}, false}, // null for both
		{[]any{(*int)(nil)}, []any{[]int(nil)}, false},
		{[]any{(*point)(nil), point{1, 2}}, []any{&point{1, 2}}, false},
		{[]any{[]int(nil)}, []any{[]int{}}, false},
		{[]any{map[string]int(nil)}, []any{map[string]int{}}, false},
		{[]any{[]int{}}, []any{map[string]int{}}, false},
		{[]any{[]int{1, 2}}, []any{[]int{1, 2}}, true},
		{[]any{[]int{1, 2}}, []any{[2]int{1, 2}}, false},
		{[]any{[]int{1, 2}}, []any{1, 2}, false},
		{[]any{[]int{1, 2}}, []any{[]int{1}, 2}, false},
		{[]any{[2]int{1, 2}}, []any{[2]int{1, 2}}, true},
		{[]any{[2]int{1, 2}}, []any{[2]int{2, 1}}, false},
		{[]any{"ab", "c"}, []any{"a", "bc"}, false},
		{[]any{"a", ""}, []any{"", "a"}, false},
		{[]any{`a","b`}, []any{"a", "b"}, false},
		{[]any{"\xff"}, []any{"\ufffd"}, false}, // both the replacement character
		{[]any{point{1, 2}}, []any{point{1, 2}}, true},
		{[]any{point{1, 2}}, []any{point{2, 1}}, false},
		{[]any{point{1, 2}}, []any{&point{1, 2}}, false},
		{[]any{&point{1, 2}}, []any{&point{1, 2}}, true},
		{[]any{pair{name: "a"}}, []any{pair{name: "b"}}, false}, // both {}
		{[]any{map[string]int{"a": 1, "b": 2}}, []any{map[string]int{"b": 2, "a": 1}}, true},
		{[]any{map[string]int{"a": 1}}, []any{map[string]int{"a": 2}}, false},
		{[]any{map[string]int{"a": 1}}, []any{map[string]int{"a": 1, "b": 0}}, false},
		{[]any{map[string]int{"a": 1, "b": 2}}, []any{map[string]int{"a": 1}, "b", 2}, false},
		{[]any{map[any]any{1: "x"}}, []any{map[any]any{"1": "x"}}, false}, // no key but strings
		{[]any{big.NewInt(7)}, []any{big.NewInt(7)}, true},                // a TypeError for JavaScript's BigInt
		{[]any{big.NewInt(7)}, []any{big.NewInt(8)}, false},
		{[]any{&one, &one}, []any{&one, new(int)}, false},
		{[]any{complex(0, math.NaN())}, []any{complex(0, math.NaN())}, true},
		{[]any{complex(1, 2)}, []any{complex(1, 3)}, false},
		{[]any{complex(1, 2)}, []any{complex(3, 2)}, false},
		{[]any{[]byte("a")}, []any{"a"}, false},
	} {
		if got := key(t, tt.a...) == key(t, tt.b...); got != tt.same {
			t.Errorf("Key(%s) and Key(%s) equal: %v, want %v: a wrong match returns somebody else's data, a missed one computes for nothing", show(tt.a), show(tt.b), got, tt.same)
		}
	}
}

// Each function has a type of its own, of the same name.
func inEuros(n int) any {
	type amount int
	return amount(n)
}

func inYen(n int) any {
	type amount int
	return amount(n)
}

func TestKeyTypesOfOneName(t *testing.T) {
	for _, tt := range []struct {
		what string
		a, b any
	}{
		{"nil pointers to a Template of text/template and of html/template", (*texttemplate.Template)(nil), (*htmltemplate.Template)(nil)},
		{"empty slices of Template of text/template and of html/template", []texttemplate.Template{}, []htmltemplate.Template{}},
		{"the number 5 of two types that are called amount in two functions", inEuros(5), inYen(5)},
	} {
		if key(t, tt.a) == key(t, tt.b) {
			t.Errorf("Key is the same for %s; want two keys: a type is not its name", tt.what)
		}
		if key(t, tt.a) != key(t, tt.a) {
			t.Errorf("Key of one of %s is not the same twice", tt.what)
		}
	}
}

func TestKeyMapOrder(t *testing.T) {
	forth, back := map[string][]int{}, map[string][]int{}
	for i := range 100 {
		forth[fmt.Sprint(i)] = []int{i}
		back[fmt.Sprint(99-i)] = []int{99 - i}
	}
	want := key(t, forth)
	for range 20 { // each walk over a map takes another order
		if key(t, forth) != want || key(t, back) != want {
			t.Fatal("maps of the same 100 entries have different keys; want one, whatever the order in which Go walks over a map")
		}
	}
}

func TestKeyRefuses(t *testing.T) {
	ring := &pair{name: "a"}
	ring.next = &pair{name: "b", next: ring}
	list := []any{1, nil}
	list[1] = list
	table := map[string]any{}
	table["self"] = table
	for _, tt := range []struct {
		what string
		arg  any
	}{
		{"a function", func() {}},
		{"a nil function", (func())(nil)},
		{"a channel", make(chan int)},
		{"an unsafe pointer", unsafe.Pointer(new(int))},
		{"a slice with a function in it", []any{1, func() {}}},
		{"a map with a channel in it", map[string]any{"c": make(chan int)}},
		{"a struct that points to itself", ring},
		{"a slice that holds itself", list},
		{"a map that holds itself", table},
	} {
		if k, err := Key("first", tt.arg); !errors.Is(err, ErrUnkeyable) || k != "" {
			t.Errorf("Key of %s = %.60q, %v; want an empty key, ErrUnkeyable: two functions look alike, and whatever holds itself has no end", tt.what, k, err)
		}
	}
	shared := &pair{name: "shared"}
	longer := []any{1, nil}
	longer[1] = longer[:1]
	front := &head{n: 1}
	front.self = &front.n
	for _, tt := range []struct {
		what string
		args []any
	}{
		{"arguments that hold the same pointer side by side", []any{shared, []*pair{shared, shared}, pair{next: shared}}},
		{"a slice that holds its first half, which has the same address", []any{longer}},
		{"a struct that points to its first field, which has the same address", []any{front}},
	} {
		if _, err := Key(tt.args...); err != nil {
			t.Errorf("Key of %s = %v, want a key: that is no cycle", tt.what, err)
		}
	}
}

// Two strings that are cut in other places are other arguments.
func TestKeyKeepsArgumentsApart(t *testing.T) {
	r := kit.Rand(t)
	for range 50 {
		text := random(r, 12)
		seen := map[string]int{}
		for cut := range len(text) + 1 {
			k := key(t, text[:cut], text[cut:])
			if other, ok := seen[k]; ok {
				t.Fatalf("Key(%q, %q) and Key(%q, %q) are equal", text[:cut], text[cut:], text[:other], text[other:])
			}
			seen[k] = cut
		}
	}
	// Whatever stands between two arguments in a key may stand in an argument.
	whole := key(t, "ab", "cd")
	for from := range len(whole) {
		for to := from; to <= len(whole); to++ {
			if part := whole[from:to]; key(t, part) == whole {
				t.Fatalf("Key(%q) and Key(\"ab\", \"cd\") are equal: whoever chooses an argument can choose whose result he gets", part)
			}
		}
	}
}

func random(r *rand.Rand, n int) string {
	const letters = "ab0123456789:,\"\\[]{}()\x00\x01\xff"
	var b strings.Builder
	for range n {
		b.WriteByte(letters[r.IntN(len(letters))])
	}
	return b.String()
}

// value makes a random value, and a text that is another one for each.
func value(r *rand.Rand, depth int) (any, string) {
	switch r.IntN(6 + 2*min(depth, 1)) {
	case 0:
		n := r.IntN(3)
		return n, fmt.Sprint("int ", n)
	case 1:
		n := int64(r.IntN(3))
		return n, fmt.Sprint("int64 ", n)
	case 2:
		f := float64(r.IntN(3))
		return f, fmt.Sprint("float64 ", f)
	case 3:
		s := random(r, r.IntN(3))
		return s, fmt.Sprintf("string %q", s)
	case 4:
		b := r.IntN(2) == 0
		return b, fmt.Sprint("bool ", b)
	case 5:
		return nil, "nil"
	case 6:
		v, text := value(r, depth-1)
		return &v, "pointer to " + text
	}
	list, texts := []any{}, []string{}
	for range r.IntN(3) {
		v, text := value(r, depth-1)
		list, texts = append(list, v), append(texts, text)
	}
	return list, "[" + strings.Join(texts, ", ") + "]"
}

func TestKeyHasNoCollisions(t *testing.T) {
	r := kit.Rand(t)
	texts, keys := map[string]string{}, map[string]string{}
	for range 20_000 {
		v, text := value(r, 3)
		k := key(t, v)
		if other, ok := texts[k]; ok && other != text {
			t.Fatalf("Key is the same for %s and for %s", text, other)
		}
		if other, ok := keys[text]; ok && other != k {
			t.Fatalf("Key of %s was %q and is %q", text, other, k)
		}
		texts[k], keys[text] = text, k
	}
}
