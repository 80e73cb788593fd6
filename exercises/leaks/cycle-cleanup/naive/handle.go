// Package handle owns handles of the operating system in objects that refer to each other, and gives the handles back
// although somebody forgets to close them.
//
// It is the way of before Go 1.24: the finalizer sits on a small object outside of the cycle. The cache learns of no
// value's end, and so looks at all its entries each time.
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

	owner  *owner
	closed bool
}

// An owner refers to no file and to no page.
type owner struct {
	table  *Table
	handle int
}

// A Page reads from its file. It refers to the file, and the file to the page.
type Page struct {
	File *File
}

// Open makes a file with a handle of t.
func Open(t *Table) *File {
	o := &owner{t, t.Open()}
	runtime.SetFinalizer(o, func(o *owner) { o.table.Close(o.handle) })
	return &File{owner: o}
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
	runtime.SetFinalizer(f.owner, nil)
	return f.owner.table.Close(f.owner.handle)
}

// Read reads from the file's handle. It is ErrClosed after Close.
func (p *Page) Read() (int, error) {
	if p.File.closed {
		return 0, ErrClosed
	}
	o := p.File.owner
	defer runtime.KeepAlive(o)
	return o.table.Read(o.handle)
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
	c.sweep()
	v := c.entries[k].Value()
	if v == nil {
		v = c.mk(k)
		c.entries[k] = weak.Make(v)
	}
	return v
}

// Len is how many entries there are. That of a value which was collected goes a moment later.
func (c *WeakCache[K, V]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sweep()
	return len(c.entries)
}

func (c *WeakCache[K, V]) sweep() {
	for k, w := range c.entries {
		if w.Value() == nil {
			delete(c.entries, k)
		}
	}
}
