// Package handle owns handles of the operating system in objects that refer to each other, and gives the handles back
// although somebody forgets to close them.
package handle

import (
	"errors"
	"runtime"
	"sync"
	"weak"
)

// ErrClosed is what a page of a closed file returns.
var ErrClosed = errors.New("handle: closed")

// A File owns an open handle until it is closed, or until neither it nor one of its pages can be reached. A file and its
// pages are used by one goroutine at a time.
type File struct {
	Pages []*Page
	buf   [64 << 10]byte // what makes a forgotten file expensive

	table   *Table
	handle  int
	closed  bool
	cleanup runtime.Cleanup
}

// A Page reads from its file. It refers to the file, and the file to the page.
type Page struct {
	File *File
}

// Open makes a file with a handle of t.
func Open(t *Table) *File {
	f := &File{table: t, handle: t.Open()}
	// The function knows the table, its argument is a number: neither leads to f, so that f can be collected.
	f.cleanup = runtime.AddCleanup(f, func(handle int) { t.Close(handle) }, f.handle)
	return f
}

// AddPage adds a page to the end of f.Pages.
func (f *File) AddPage() *Page {
	p := &Page{File: f}
	f.Pages = append(f.Pages, p)
	return p
}

// Close gives the handle back. Further calls do nothing.
func (f *File) Close() error {
	if f.closed {
		return nil
	}
	f.closed = true
	f.cleanup.Stop()
	return f.table.Close(f.handle) // f is used after Stop: while it is reachable, the cleanup cannot have begun
}

// Read reads from the file's handle. It is ErrClosed after Close.
func (p *Page) Read() (int, error) {
	f := p.File
	if f.closed {
		return 0, ErrClosed
	}
	n, err := f.table.Read(f.handle)
	runtime.KeepAlive(f) // the number does not hold f: without this, f may be collected, and its handle closed, meanwhile
	return n, err
}

// A WeakCache makes a value for each key and holds it weakly: it returns the same one as long as anybody else holds it.
// It is safe for concurrent use.
type WeakCache[K comparable, V any] struct {
	mk func(K) *V

	mu      sync.Mutex
	entries map[K]weak.Pointer[V]
}

// NewWeakCache makes an empty cache. It calls mk, which does not use the cache, for a key that has no living value.
func NewWeakCache[K comparable, V any](mk func(K) *V) *WeakCache[K, V] {
	return &WeakCache[K, V]{mk: mk, entries: map[K]weak.Pointer[V]{}}
}

// Get returns the value of k: the living one, else a new one.
func (c *WeakCache[K, V]) Get(k K) *V {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v := c.entries[k].Value(); v != nil {
		return v
	}
	v := c.mk(k)
	w := weak.Make(v)
	c.entries[k] = w
	runtime.AddCleanup(v, func(k K) { c.forget(k, w) }, k)
	return v
}

// forget takes the entry of a value that is gone out, unless the key has a new value by now.
func (c *WeakCache[K, V]) forget(k K, w weak.Pointer[V]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[k] == w {
		delete(c.entries, k)
	}
}

// Len is how many entries there are. That of a value which was collected goes a moment later.
func (c *WeakCache[K, V]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries)
}
