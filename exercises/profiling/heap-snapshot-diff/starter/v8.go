package heapdiff

import (
	"errors"
	"io"
)

// A Class is what V8 calls a constructor: the objects that it made, or the closures of one function.
type Class struct {
	Name    string
	Count   int
	Shallow int64 // bytes of the objects themselves, without what they refer to
}

// ErrFormat says that a file is no heap snapshot of V8, or a broken one.
var ErrFormat = errors.New("heapdiff: not a V8 heap snapshot")

// ParseV8 reads a .heapsnapshot file and adds up its objects and closures by name.
func ParseV8(r io.Reader) (map[string]Class, error) {
	return nil, ErrFormat // TODO: look at a file first: node --heapsnapshot-signal=SIGUSR2, or v8.writeHeapSnapshot()
}
