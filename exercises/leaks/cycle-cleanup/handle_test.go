package handle

import (
	"errors"
	"runtime"
	"testing"
	"time"
	"weak"
)

// afterCollections forces collections until ok, five at most. Cleanups run on goroutines of the runtime, so each
// collection is followed by looks that leave them time. Looks are counted and not time, because on a busy machine time
// passes while nobody runs.
func afterCollections(ok func() bool) bool {
	for range 5 {
		runtime.GC()
		for range 40 {
			if ok() {
				return true
			}
			time.Sleep(time.Millisecond)
		}
	}
	return false
}

// forgetFiles opens files with two pages each, reads from the last page and lets go of them all. It is a function of its own,
// as are others here, so that no pointer stays behind in the frame of a test.
//
//go:noinline
func forgetFiles(t *testing.T, tab *Table, files int) {
	t.Helper()
	for range files {
		f := Open(tab)
		f.AddPage()
		if _, err := f.AddPage().Read(); err != nil {
			t.Fatalf("Read from the second page of an open file: %v", err)
		}
	}
}

// wantReleased fails unless the forgotten files of tab give their handles back, so that as many are open as want.
func wantReleased(t *testing.T, done string, tab *Table, want int) {
	t.Helper()
	if !afterCollections(func() bool { return tab.Live() <= want }) {
		t.Errorf("%s: after five collections %d handles are open, want %d: nobody can reach these files, and nothing gives their handles back", done, tab.Live(), want)
	}
	if n := tab.Live(); n < want {
		t.Errorf("%s: after collections %d handles are open, want %d: a handle was closed while its file was in use", done, n, want)
	}
	if n := tab.Faults(); n != 0 {
		t.Errorf("%s: %d calls named a handle that was not open, want 0: where numbers are used again, that is somebody else's file", done, n)
	}
}

func TestTable(t *testing.T) {
	var tab Table
	a, b := tab.Open(), tab.Open()
	if a == b || tab.Live() != 2 {
		t.Fatalf("two handles opened: %d and %d, Live() = %d; want two numbers, 2", a, b, tab.Live())
	}
	for want := 1; want <= 2; want++ {
		if n, err := tab.Read(b); n != want || err != nil {
			t.Errorf("read %d of a handle: %d, %v", want, n, err)
		}
	}
	slow := 0
	tab.Slow = func() { slow++; tab.Close(b) }
	if n, err := tab.Read(b); n != 0 || err == nil || slow != 1 || tab.Faults() != 1 {
		t.Errorf("a handle closed while it is read: %d, %v after %d calls of Slow, %d faults; want 0, an error, 1, 1", n, err, slow, tab.Faults())
	}
	if n, err := tab.Read(b); n != 0 || err == nil || slow != 1 || tab.Faults() != 2 {
		t.Errorf("Read of a closed handle: %d, %v after %d calls of Slow, %d faults; want 0, an error, 1, 2", n, err, slow, tab.Faults())
	}
	if err := tab.Close(a); err != nil || tab.Live() != 0 || tab.Faults() != 2 {
		t.Errorf("Close: %v, Live() = %d, %d faults; want none, 0, 2", err, tab.Live(), tab.Faults())
	}
	if err := tab.Close(a); err == nil || tab.Faults() != 3 {
		t.Errorf("Close of a closed handle: %v, %d faults; want an error, 3", err, tab.Faults())
	}
	if c := tab.Open(); c == a || c == b {
		t.Errorf("a new handle has the number %d, which was used before", c)
	}
}

func TestOpenReadClose(t *testing.T) {
	tab := new(Table)
	f, g := Open(tab), Open(tab)
	if n := tab.Live(); n != 2 {
		t.Fatalf("two files opened: %d handles are open, want 2", n)
	}
	p, q, r := f.AddPage(), f.AddPage(), g.AddPage()
	if len(f.Pages) != 2 || f.Pages[0] != p || f.Pages[1] != q || p.File != f || q.File != f || r.File != g {
		t.Error("two pages added to one file, one to another: want them in Pages, in order, and each with its File: the cycle stays")
	}
	for i, page := range []*Page{p, q, r} {
		if n, err := page.Read(); n != []int{1, 2, 1}[i] || err != nil {
			t.Errorf("page %d of p, q (one file) and r (another): Read() = %d, %v; want what read %d of its handle returns", i, n, err, []int{1, 2, 1}[i])
		}
	}
	if err := f.Close(); err != nil {
		t.Errorf("Close of an open file: %v", err)
	}
	if n := tab.Live(); n != 1 {
		t.Errorf("one of two files closed: %d handles are open, want 1", n)
	}
	if n, err := r.Read(); n != 2 || err != nil {
		t.Errorf("another file closed: Read() = %d, %v; want 2, no error", n, err)
	}
	if err := g.Close(); err != nil || tab.Live() != 0 {
		t.Errorf("Close of the other: %v, %d handles are open; want none", err, tab.Live())
	}
}

func TestUseAfterClose(t *testing.T) {
	tab := new(Table)
	f := Open(tab)
	p := f.AddPage()
	for i := range 3 {
		if err := f.Close(); err != nil {
			t.Errorf("Close number %d: %v; want no error: a deferred Close after an explicit one is usual", i+1, err)
		}
	}
	if n, err := p.Read(); n != 0 || !errors.Is(err, ErrClosed) {
		t.Errorf("Read of a page whose file is closed = %d, %v; want 0, ErrClosed", n, err)
	}
	if n, err := f.AddPage().Read(); n != 0 || !errors.Is(err, ErrClosed) {
		t.Errorf("Read of a page added to a closed file = %d, %v; want 0, ErrClosed", n, err)
	}
	if n := tab.Faults(); n != 0 {
		t.Errorf("three Closes and two Reads of a closed file: the table was called %d times for a handle that is not open; want 0", n)
	}
}

func TestForgottenFilesAreClosed(t *testing.T) {
	tab := new(Table)
	forgetFiles(t, tab, 100)
	wantReleased(t, "100 files with two pages each were forgotten", tab, 0)
}

func TestClosedFileIsClosedOnce(t *testing.T) {
	tab := new(Table)
	var gone weak.Pointer[File]
	func() {
		f := Open(tab)
		f.AddPage()
		gone = weak.Make(f)
		if err := f.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}()
	for range 2 { // once a forgotten one is released, a cleanup of the closed one has had its time, too
		forgetFiles(t, tab, 1)
		wantReleased(t, "one file was closed and let go, another one forgotten", tab, 0)
	}
	if gone.Value() != nil {
		t.Error("a file was closed and let go: it is still alive after collections; what was to close it holds it")
	}
}

func TestPageKeepsItsFileOpen(t *testing.T) {
	tab := new(Table)
	page := Open(tab).AddPage()
	forgetFiles(t, tab, 1)
	wantReleased(t, "of one file a page is held, another file is forgotten", tab, 1)
	if n, err := page.Read(); n != 1 || err != nil {
		t.Errorf("Read of the page that is held = %d, %v; want 1, no error", n, err)
	}
	runtime.KeepAlive(page)
	page = nil
	wantReleased(t, "the page let go, too", tab, 0)
}

func TestFileOutlivesItsPages(t *testing.T) {
	tab := new(Table)
	f := Open(tab)
	f.AddPage()
	f.Pages = nil
	forgetFiles(t, tab, 1)
	wantReleased(t, "a file is held without its pages, another file is forgotten", tab, 1)
	if err := f.Close(); err != nil {
		t.Errorf("Close of a file whose pages are gone: %v", err)
	}
}

// readOnce reads from a page that nobody holds, nor its file.
//
//go:noinline
func readOnce(tab *Table) (int, error) {
	return Open(tab).AddPage().Read()
}

func TestReadKeepsTheFile(t *testing.T) {
	tab := new(Table)
	tab.Slow = func() { afterCollections(func() bool { return tab.Live() == 0 }) }
	if n, err := readOnce(tab); n != 1 || err != nil {
		t.Errorf("a collection in the middle of the last Read of a file: Read() = %d, %v; want 1, no error: for the collector the file's life ends with its last mention, and that came before the end of the read", n, err)
	}
	tab.Slow = nil
	wantReleased(t, "after the last Read of a file", tab, 0)
}
