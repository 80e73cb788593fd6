// Package handle owns handles of the operating system in objects that refer to each other, and gives the handles back
// although somebody forgets to close them.
//
// Here a small object outside of the cycle owns the handle, and has the cleanup. The cache has a slot with a lock of its
// own for each key, so that values of several keys can be made at the same time; a slot that was emptied is not used again.
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

	own *owned // nil: closed
}

// Owned is an open handle. It refers to no file and to no page.
type owned struct {
	table *Table
	id    int
	net   runtime.Cleanup
}

// A Page reads from its file. It refers to the file, and the file to the page.
type Page struct {
	File *File
}

// Open makes a file with a handle of t.
func Open(t *Table) *File {
	o := &owned{table: t, id: t.Open()}
	o.net = runtime.AddCleanup(o, func(lost owned) { lost.table.Close(lost.id) }, *o)
	return &File{own: o}
}

// AddPage adds a page to the end of f.Pages.
func (f *File) AddPage() *Page {
	p := &Page{File: f}
	f.Pages = append(f.Pages, p)
	return p
}

// Close gives the handle back. Further calls do nothing.
func (f *File) Close() error {
	o := f.own
	if o == nil {
		return nil
	}
	f.own = nil
	defer runtime.KeepAlive(o)
	o.net.Stop()
	return o.table.Close(o.id)
}

// Read reads from the file's handle. It is ErrClosed after Close.
func (p *Page) Read() (n int, err error) {
	o := p.File.own
	if o == nil {
		return 0, ErrClosed
	}
	defer runtime.KeepAlive(o)
	return o.table.Read(o.id)
}

// A WeakCache makes a value for each key and holds it weakly: it returns the same one as long as anybody else holds it.
// It is safe for concurrent use.
type WeakCache[K comparable, V any] struct {
	make func(K) *V

	lock  sync.Mutex
	slots map[K]*slot[V]
}

type slot[V any] struct {
	lock  sync.Mutex
	value weak.Pointer[V]
	gone  bool
}

// NewWeakCache makes an empty cache. It calls mk, which does not use the cache, for a key that has no living value.
func NewWeakCache[K comparable, V any](mk func(K) *V) *WeakCache[K, V] {
	return &WeakCache[K, V]{make: mk, slots: map[K]*slot[V]{}}
}

// Get returns the value of k: the living one, else a new one.
func (c *WeakCache[K, V]) Get(k K) *V {
	for {
		c.lock.Lock()
		s := c.slots[k]
		if s == nil {
			s = new(slot[V])
			c.slots[k] = s
		}
		c.lock.Unlock()
		if v := c.fill(k, s); v != nil {
			return v
		}
	}
}

// fill is the value in s, made if need be, or nil if s was given up meanwhile.
func (c *WeakCache[K, V]) fill(k K, s *slot[V]) (v *V) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.gone {
		return nil
	}
	if v = s.value.Value(); v != nil {
		return v
	}
	defer func() {
		if v == nil { // a panic
			c.drop(k, s)
		}
	}()
	fresh := c.make(k)
	s.value = weak.Make(fresh)
	mine := s.value
	runtime.AddCleanup(fresh, func(k K) {
		s.lock.Lock()
		defer s.lock.Unlock()
		if s.value == mine {
			c.drop(k, s)
		}
	}, k)
	return fresh
}

// drop gives the slot up. The caller holds its lock.
func (c *WeakCache[K, V]) drop(k K, s *slot[V]) {
	s.gone = true
	c.lock.Lock()
	defer c.lock.Unlock()
	delete(c.slots, k)
}

// Len is how many entries there are. That of a value which was collected goes a moment later.
func (c *WeakCache[K, V]) Len() int {
	c.lock.Lock()
	defer c.lock.Unlock()
	return len(c.slots)
}
