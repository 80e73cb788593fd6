package retain

import (
	"bytes"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"hotloop/exercises/kit"
)

// bodySize is the length of bodies and lines that are to be collected: each is an allocation of its own.
const bodySize = 64 << 10

var headerCases = []struct{ body, want string }{
	{"", ""},
	{"short", "short"},
	{"exactly 16 bytes", "exactly 16 bytes"},
	{"more than sixteen bytes", "more than sixtee"},
}

func TestHeader(t *testing.T) {
	for _, tt := range headerCases {
		if got := Header([]byte(tt.body)); string(got) != tt.want {
			t.Errorf("Header(%q) = %q, want %q", tt.body, got, tt.want)
		}
	}
}

var fieldCases = []struct {
	line string
	n    int
	want string
	ok   bool
}{
	{"GET /cart 200", 0, "GET", true},
	{"GET /cart 200", 2, "200", true},
	{"GET /cart 200", 3, "", false},
	{"GET /cart 200", -1, "", false},
	{"", 0, "", false},
	{"   ", 0, "", false},
	{"  GET   /cart  ", 1, "/cart", true},
	{"GET\t/cart\n200", 1, "/cart", true},
	{"grün\u00a0über 日本", 2, "日本", true},
}

func TestField(t *testing.T) {
	for _, tt := range fieldCases {
		if got, ok := Field(tt.line, tt.n); got != tt.want || ok != tt.ok {
			t.Errorf("Field(%q, %d) = %q, %v; want %q, %v", tt.line, tt.n, got, ok, tt.want, tt.ok)
		}
	}
}

func TestSizer(t *testing.T) {
	for _, n := range []int{0, 1, 1000} {
		size := Sizer(make([]byte, n))
		if got := size(); got != n {
			t.Errorf("Sizer of %d bytes reports %d", n, got)
		}
		if got := size(); got != n {
			t.Errorf("Sizer of %d bytes reports %d when asked again", n, got)
		}
	}
}

func TestHeaderIsIndependent(t *testing.T) {
	body := []byte("0123456789abcdef and the rest of it")
	h := Header(body)
	clear(body)
	if string(h) != "0123456789abcdef" {
		t.Errorf("after the body was overwritten the header is %q: it is a window on the body, so the body lives as long as it does", h)
	}
	body = []byte("0123456789abcdef and the rest of it")
	_ = append(Header(body), "XXXX"...)
	if string(body) != "0123456789abcdef and the rest of it" {
		t.Errorf("after an append to the header the body is %q: it is a window on the body", body)
	}
}

func TestHeaderDoesNotPin(t *testing.T) {
	var h []byte
	gone := kit.Collected(func() (*byte, func()) {
		body := bytes.Repeat([]byte("x"), bodySize)
		h = Header(body)
		return &body[0], nil
	})
	if !gone {
		t.Errorf("a header of %d bytes keeps its body of 64 KiB alive: a slice holds the whole array that it points into", len(h))
	}
	runtime.KeepAlive(h)
}

func TestFieldDoesNotPin(t *testing.T) {
	var field string
	gone := kit.Collected(func() (*byte, func()) {
		line := "GET /cart " + strings.Repeat("x", bodySize)
		field, _ = Field(line, 1)
		return unsafe.StringData(line), nil
	})
	if !gone {
		t.Errorf("the field %q keeps its line of 64 KiB alive: a substring holds the whole string that it is part of", field)
	}
	runtime.KeepAlive(field)
}

func TestSizerDoesNotPin(t *testing.T) {
	var size func() int
	gone := kit.Collected(func() (*byte, func()) {
		big := make([]byte, bodySize)
		size = Sizer(big)
		return &big[0], nil
	})
	if !gone {
		t.Error("a function that reports a length keeps 64 KiB alive: a closure holds every variable that it mentions")
	}
	runtime.KeepAlive(size)
}

// A page is large enough to be an allocation of its own. Its first byte is its number.
type page [4096]byte

func newPages(n byte) []*page {
	pages := make([]*page, n)
	for i := range pages {
		pages[i] = &page{byte(i)}
	}
	return pages
}

func TestCompactKeepsOrderInPlace(t *testing.T) {
	all := newPages(10)
	want := []*page{all[0], all[3], all[6], all[9]}
	kept := Compact(all, func(p *page) bool { return p[0]%3 == 0 })
	if !slices.Equal(kept, want) {
		var got []byte
		for _, p := range kept {
			got = append(got, p[0])
		}
		t.Errorf("Compact of pages 0 … 9, keeping what 3 divides = %v, want the pointers to [0 3 6 9] that it was given", got)
	}
	if len(kept) > 0 && unsafe.SliceData(kept) != unsafe.SliceData(all) {
		t.Error("Compact returns another array; want it to work in place: at 10 million elements a copy is what one wanted to avoid")
	}
	if kept := Compact(nil, func(*page) bool { return true }); len(kept) != 0 {
		t.Errorf("Compact(nil) = %v, want an empty slice", kept)
	}
	if kept := Compact(all[:4], func(*page) bool { return true }); len(kept) != 4 {
		t.Errorf("Compact of 4 elements that are all kept has %d", len(kept))
	}
	if kept := Compact(all[:4], func(*page) bool { return false }); len(kept) != 0 {
		t.Errorf("Compact of 4 elements that are all dropped has %d", len(kept))
	}
}

func TestCompactReleases(t *testing.T) {
	var kept []*page
	gone := kit.Collected(func() (*byte, func()) {
		xs := newPages(8)
		last := xs[7]
		kept = Compact(xs, func(p *page) bool { return p[0] < 4 })
		return &last[0], nil
	})
	if !gone {
		t.Errorf("Compact dropped a page, and it is still alive: behind the %d elements returned, the array still points to it", len(kept))
	}
	for _, p := range kept[len(kept):cap(kept)] {
		if p != nil {
			t.Fatal("behind the elements that Compact returned there are pointers left; want nil")
		}
	}
}

func TestPopOfEmptyQueue(t *testing.T) {
	var q Queue[int]
	for range 2 {
		if v, ok := q.Pop(); v != 0 || ok {
			t.Errorf("Pop() of an empty queue = %d, %v; want 0, false", v, ok)
		}
		q.Push(7)
		if v, ok := q.Pop(); v != 7 || !ok {
			t.Errorf("Push(7), Pop() = %d, %v; want 7, true", v, ok)
		}
	}
	if n := q.Len(); n != 0 {
		t.Errorf("of an empty queue: Len() = %d", n)
	}
}

func TestQueueIsFirstInFirstOut(t *testing.T) {
	r := kit.Rand(t)
	var q Queue[int]
	var want []int
	next := 0
	pushes := 50 // of 100 calls; changes, so that the queue grows and shrinks
	for i := range 20_000 {
		if i%500 == 0 {
			pushes = 20 + r.IntN(61)
		}
		if r.IntN(100) < pushes {
			q.Push(next)
			want = append(want, next)
			next++
		} else {
			v, ok := q.Pop()
			if ok != (len(want) > 0) || ok && v != want[0] {
				t.Fatalf("call %d, with %d elements: Pop() = %d, %v; want the oldest of %v", i, len(want), v, ok, want[:min(3, len(want))])
			}
			want = want[min(1, len(want)):]
		}
		if q.Len() != len(want) {
			t.Fatalf("call %d: Len() = %d, want %d", i, q.Len(), len(want))
		}
		if q.Cap() < q.Len() {
			t.Fatalf("call %d: Cap() = %d with %d elements", i, q.Cap(), q.Len())
		}
	}
}

func TestPopReleases(t *testing.T) {
	var q Queue[*page]
	gone := kit.Collected(func() (*byte, func()) {
		pages := newPages(5)
		for _, p := range pages {
			q.Push(p)
		}
		q.Pop()
		return &pages[0][0], nil
	})
	if !gone {
		t.Errorf("a popped page is still alive while %d others wait: the place where it lay still points to it", q.Len())
	}
	runtime.KeepAlive(&q)
}

func TestQueueShrinks(t *testing.T) {
	const burst, rest = 10_000, 10
	var q Queue[int]
	for i := range burst {
		q.Push(i)
	}
	top := q.Cap()
	for range burst - rest {
		q.Pop()
		if limit := 4 * max(q.Len(), 8); q.Cap() > limit {
			t.Fatalf("after a burst of %d (Cap %d) and with %d left: Cap() = %d, want at most %d (4·max(Len, 8)): one bad minute must not cost memory for ever",
				burst, top, q.Len(), q.Cap(), limit)
		}
	}
	for i := range rest {
		if v, ok := q.Pop(); v != burst-rest+i || !ok {
			t.Fatalf("after shrinking: Pop() = %d, %v; want %d, true", v, ok, burst-rest+i)
		}
	}
}
