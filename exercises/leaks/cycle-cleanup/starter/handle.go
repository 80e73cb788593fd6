// Package handle owns handles of the operating system in objects that refer to each other, and gives the handles back
// although somebody forgets to close them.
package handle

import (
	"errors"
	"runtime"
	"sync"
)

// ErrClosed is what a page of a closed file returns.
var ErrClosed = errors.New("handle: closed")

// A File owns an open handle until it is closed, or until neither it nor one of its pages can be reached. A file and its
// pages are used by one goroutine at a time.
type File struct {
	Pages []*Page
	buf   [64 << 10]byte // what makes a forgotten file expensive

	table  *Table
	handle int
}

// A Page reads from its file. It refers to the file, and the file to the page.
type Page struct {
	File *File
}

// Open makes a file with a handle of t.
func Open(t *Table) *File {
	f := &File{table: t, handle: t.Open()}
	runtime.SetFinalizer(f, (*File).Close) // TODO: has anybody seen it run?
	return f
}

// AddPage adds a page to the end of f.Pages.
func (f *File) AddPage() *Page {
	p := &Page{File: f} // the cycle: it stays
	f.Pages = append(f.Pages, p)
	return p
}

// Close gives the handle back. Further calls do nothing.
func (f *File) Close() error {
	return f.table.Close(f.handle) // TODO: and again?
}

// Read reads from the file's handle. It is ErrClosed after Close.
func (p *Page) Read() (int, error) {
	return p.File.table.Read(p.File.handle) // TODO: how long is the file in use?
}

// A WeakCache makes a value for each key and holds it weakly: it returns the same one as long as anybody else holds it.
// It is safe for concurrent use.
type WeakCache[K comparable, V any] struct {
	mk func(K) *V

	mu      sync.Mutex
	entries map[K]*V // TODO: who else has to let go of a value?
}

// NewWeakCache makes an empty cache. It calls mk, which does not use the cache, for a key that has no living value.
func NewWeakCache[K comparable, V any](mk func(K) *V) *WeakCache[K, V] {
	return &WeakCache[K, V]{mk: mk, entries: map[K]*V{}}
}

// Get returns the value of k: the living one, else a new one.
func (c *WeakCache[K, V]) Get(k K) *V {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.entries[k]
	if v == nil {
		v = c.mk(k)
		c.entries[k] = v
	}
	return v
}

// Len is how many entries there are. That of a value which was collected goes a moment later.
func (c *WeakCache[K, V]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries)
}
