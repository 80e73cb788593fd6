package tight

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotloop/exercises/kit"
)

var sumCases = []struct {
	xs   []int64
	want int64
}{
	{nil, 0},
	{[]int64{7}, 7},
	{[]int64{-1, -2, -3}, -6},
	{[]int64{math.MaxInt64, 1}, math.MinInt64},
	{[]int64{math.MinInt64, -1, 1, 1, 1}, math.MinInt64 + 2},
}

func TestSum(t *testing.T) {
	for _, tt := range sumCases {
		if got := Sum(tt.xs); got != tt.want {
			t.Errorf("Sum(%d) = %d, want %d: int64 wraps around", tt.xs, got, tt.want)
		}
	}
	r := kit.Rand(t)
	for n := range 100 { // each length, because whoever takes several at a time has a rest
		xs, want := make([]int64, n), int64(0)
		for i := range xs {
			xs[i] = int64(r.Uint64())
			want += xs[i]
		}
		if got := Sum(xs); got != want {
			t.Fatalf("Sum of %d random numbers = %d, want %d: is the rest added when the length is not a multiple of the step?", n, got, want)
		}
	}
}

// inOrder is the scalar product with the terms added one after the other.
func inOrder(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		term := float64(a[i] * b[i]) // the conversion keeps a multiplication and an addition from becoming one
		sum += term
	}
	return sum
}

var dotCases = []struct{ a, b []float64 }{
	{nil, nil},
	{[]float64{2}, []float64{3}},
	{[]float64{1, 2, 3}, []float64{4, 5, 6}},
	{[]float64{1, 2, 3}, []float64{4, 5}},
	{[]float64{1, 2}, []float64{4, 5, 6}},
	{nil, []float64{1}},
	{[]float64{math.Inf(1), 1}, []float64{1, 1}},
	{[]float64{math.Inf(1), 1}, []float64{0, 1}},
	{[]float64{math.NaN(), 1}, []float64{1, 1}},
	{[]float64{1e16, 1, -1e16, 1}, []float64{1, 1, 1, 1}},
}

func TestDot(t *testing.T) {
	for _, tt := range dotCases {
		want, wantErr := 0.0, ErrLen
		if len(tt.a) == len(tt.b) {
			want, wantErr = inOrder(tt.a, tt.b), nil
		}
		if got, err := Dot(tt.a, tt.b); !errors.Is(err, wantErr) || !same(got, want) {
			t.Errorf("Dot(%v, %v) = %v, %v; want %v, %v", tt.a, tt.b, got, err, want, wantErr)
		}
	}
}

// same compares floating-point numbers as values, so that NaN is NaN. Where the processor multiplies and adds in one
// instruction, the last digits may differ.
func same(a, b float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-12*math.Abs(b)
}

// Large and small terms in turns: the sum of another order is another number.
func TestDotAddsInOrder(t *testing.T) {
	r := kit.Rand(t)
	for range 50 {
		n := 1 + r.IntN(40)
		a, b := make([]float64, n), make([]float64, n)
		for i := range a {
			a[i] = []float64{1e17, 1, -1e17, 3}[i%4] // all products and partial sums are exact, or lose the small ones
			b[i] = 1
		}
		want := inOrder(a, b)
		if got, err := Dot(a, b); got != want || err != nil {
			t.Fatalf("Dot of %d terms 1e17, 1, -1e17, 3, … = %v, %v; want %v: floating-point sums depend on the order, and two servers must agree", n, got, err, want)
		}
	}
}

var cartCases = []struct {
	cart Cart
	want int64
	err  error
}{
	{Cart{"EU", []Item{{"pen", 2}, {"ink", 1}, {"free", 7}}}, 1190, nil},
	{Cart{"eu", []Item{{"pen", 2}, {"pen", 1}}}, 360, nil},
	{Cart{"Usa", []Item{{"pen", 1}, {"ink", 5}}}, 135, nil},
	{Cart{"EU", []Item{{"pen", -1}}}, -120, nil},
	{Cart{"EU", nil}, 0, nil},
	{Cart{"x", []Item{{"pen", 1}}}, 0, nil},
	{Cart{"mars", []Item{{"pen", 1}}}, 0, ErrRegion},
	{Cart{"mars", nil}, 0, ErrRegion},
	{Cart{"", nil}, 0, ErrRegion},
}

func TestCartTotal(t *testing.T) {
	prices := map[string]map[string]int64{
		"EU":  {"pen": 120, "ink": 950, "free": 0},
		"USA": {"pen": 135},
		"X":   nil,
	}
	for _, tt := range cartCases {
		before := fmt.Sprintf("%+v", tt.cart)
		got, err := CartTotal(&tt.cart, prices)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("CartTotal of %s = %d, %v; want %d, %v: regions are found in any case, an unknown SKU costs nothing, an unknown region is an error",
				before, got, err, tt.want, tt.err)
		}
		if after := fmt.Sprintf("%+v", tt.cart); after != before {
			t.Errorf("CartTotal changed the cart: %s; want %s", after, before)
		}
	}
}

// line is a line of the log, written with the format that the statement names.
func line(e *Event) string {
	return fmt.Sprintf("id=%d level=%s elapsed_us=%d msg=%s\n", e.ID, e.Level, e.Elapsed.Microseconds(), strconv.Quote(e.Msg))
}

var eventCases = []Event{
	{7, "warn", `disk "data" is full`, 1500 * time.Microsecond},
	{},
	{-1, "info", "ok", -time.Second},
	{math.MinInt64, "error", `C:\temp`, math.MaxInt64},
	{1, "info", "two\nlines\tand a bell \a", 999 * time.Nanosecond},
	{1, "info", "caf\u00e9 \u2028 \U0001f600 \x7f \x00", 0},
	{1, "info", "half a letter: \xc3, and none: \xff", 0},
}

func TestAppendEvent(t *testing.T) {
	for _, e := range eventCases {
		if got := string(AppendEvent(nil, &e)); got != line(&e) {
			t.Errorf("AppendEvent(nil, %+v) = %q,\nwant %q: one line for each event, whatever the message holds, else a message can forge one", e, got, line(&e))
		}
	}
}

func TestAppendEventAppends(t *testing.T) {
	e := &Event{7, "warn", "full", time.Millisecond}
	const before = "id=6 the line before\n"
	whole := make([]byte, 400)
	for i := range whole {
		whole[i] = '#'
	}
	dst := append(whole[:0], before...)
	got := AppendEvent(dst, e)
	if want := before + line(e); string(got) != want {
		t.Errorf("AppendEvent to a buffer that holds %q = %q, want %q: it appends", before, got, want)
	}
	if &got[0] != &whole[0] {
		t.Error("AppendEvent to a buffer with room returned another array; want the caller's, which is why it passed one")
	}
	if rest := whole[len(got):]; !bytes.Equal(rest, bytes.Repeat([]byte("#"), len(rest))) {
		t.Errorf("AppendEvent wrote behind the end of its result, into %q; that memory may be somebody else's", rest)
	}
	if got := AppendEvent(AppendEvent(nil, e), e); string(got) != line(e)+line(e) {
		t.Errorf("two events appended = %q, want %q twice", got, line(e))
	}
	full := []byte(before)
	if got := AppendEvent(full[:len(full):len(full)], e); string(got) != before+line(e) || string(full) != before {
		t.Errorf("AppendEvent to a buffer without room = %q, want %q", got, before+line(e))
	}
}

// message is any text: letters, quotes, control characters, and bytes that are no UTF-8.
func message(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(40) {
		switch r.IntN(5) {
		case 0:
			b.WriteByte(byte(r.Uint32()))
		case 1:
			b.WriteByte("\"\\\n\r\t'`"[r.IntN(7)])
		case 2:
			b.WriteRune(rune(r.IntN(0x11_0000)))
		default:
			b.WriteByte(byte('a' + r.IntN(26)))
		}
	}
	return b.String()
}

func TestAppendEventQuotesAnything(t *testing.T) {
	r := kit.Rand(t)
	for range 1000 {
		e := &Event{int64(r.Uint64()), "info", message(r), time.Duration(r.Uint64())}
		if got := string(AppendEvent(nil, e)); got != line(e) {
			t.Fatalf("AppendEvent of %+v = %q,\nwant %q", *e, got, line(e))
		}
	}
}

var centroidCases = []struct {
	ps   []Point
	want Point
}{
	{[]Point{{3, 4}}, Point{3, 4}},
	{[]Point{{0, 0}, {2, 4}}, Point{1, 2}},
	{[]Point{{-1, 1}, {1, -1}, {3, 6}}, Point{1, 2}},
	{[]Point{{math.Inf(1), 1}, {1, 1}}, Point{math.Inf(1), 1}},
}

func TestCentroid(t *testing.T) {
	if got, ok := Centroid(nil); ok || got != (Point{}) {
		t.Errorf("Centroid of no points = %v, %v; want the zero point, false: zero divided by zero is no place", got, ok)
	}
	for _, tt := range centroidCases {
		if got, ok := Centroid(tt.ps); !ok || got != tt.want {
			t.Errorf("Centroid(%v) = %v, %v; want %v, true", tt.ps, got, ok, tt.want)
		}
	}
}

// What is read must not be written: the same slices are used by others, and twice in one call.
func TestInputsStayAsTheyAre(t *testing.T) {
	xs, fs, ps := []int64{3, 1, 2, 5, 4}, []float64{3, 1, 2}, []Point{{3, 1}, {1, 3}}
	before := fmt.Sprint(xs, fs, ps)
	for round := range 2 {
		if got := Sum(xs); got != 15 {
			t.Errorf("call %d: Sum(%v) = %d, want 15", round+1, xs, got)
		}
		if got, err := Dot(fs, fs); got != 14 || err != nil {
			t.Errorf("call %d: Dot of %v with itself = %v, %v; want 14", round+1, fs, got, err)
		}
		if got, _ := Centroid(ps); got != (Point{2, 2}) {
			t.Errorf("call %d: Centroid(%v) = %v, want {2 2}", round+1, ps, got)
		}
	}
	if after := fmt.Sprint(xs, fs, ps); after != before {
		t.Errorf("after Sum, Dot and Centroid the inputs are %s; want %s: unchanged", after, before)
	}
}
