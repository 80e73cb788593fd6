package heapdiff

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// A Class is what V8 calls a constructor: the objects that it made, or the closures of one function.
type Class struct {
	Name    string
	Count   int
	Shallow int64 // bytes of the objects themselves, without what they refer to
}

// ErrFormat says that a file is no heap snapshot of V8, or a broken one.
var ErrFormat = errors.New("heapdiff: not a V8 heap snapshot")

// maxNumber is the largest number that may stand in a file: JavaScript's largest safe one.
const maxNumber = 1<<53 - 1

// ParseV8 reads a .heapsnapshot file and adds up its objects and closures by name. It reads from left to right and keeps
// the sums only: the strings, which the numbers refer to, come last.
func ParseV8(r io.Reader) (map[string]Class, error) {
	s := &snapshot{scanner: scanner{in: r, space: make([]byte, 64<<10)}}
	s.object(func(key string) {
		switch key {
		case "snapshot":
			s.readMeta()
		case "nodes":
			s.readNodes()
		case "strings":
			s.readStrings()
		default:
			s.skip()
		}
	})
	if s.err == nil && s.classes == nil {
		s.malformed("it ends without nodes, or without strings")
	}
	if s.err != nil {
		return nil, fmt.Errorf("reading a heap snapshot: %w", s.err)
	}
	return s.classes, nil
}

// A snapshot is what is known of the file so far.
type snapshot struct {
	scanner
	fields, types []string
	sums          map[int64]Class // by the number of their name; nil before the nodes
	classes       map[string]Class
}

// readMeta reads which numbers a node consists of, and what the types are.
func (s *snapshot) readMeta() {
	s.object(func(key string) {
		if key != "meta" {
			s.skip()
			return
		}
		s.object(func(key string) {
			switch key {
			case "node_fields":
				s.array(func(int) { s.fields = append(s.fields, s.string()) })
			case "node_types": // the type of each field; a list of names for the field that is an enumeration
				s.array(func(i int) {
					if s.peek() == '[' && i == slices.Index(s.fields, "type") {
						s.array(func(int) { s.types = append(s.types, s.string()) })
					} else {
						s.skip()
					}
				})
			default:
				s.skip()
			}
		})
	})
}

func (s *snapshot) readNodes() {
	typeAt, nameAt, sizeAt := slices.Index(s.fields, "type"), slices.Index(s.fields, "name"), slices.Index(s.fields, "self_size")
	if typeAt < 0 || nameAt < 0 || sizeAt < 0 || s.types == nil {
		s.malformed("nodes have no type, name and self_size")
		return
	}
	s.sums = map[int64]Class{}
	node := make([]int64, len(s.fields))
	at := 0
	s.array(func(int) {
		node[at] = s.number()
		if at++; at < len(node) {
			return
		}
		at = 0
		if node[typeAt] >= int64(len(s.types)) {
			s.malformed("a node has a type without a name")
			return
		}
		if t := s.types[node[typeAt]]; t == "object" || t == "closure" {
			c := s.sums[node[nameAt]]
			s.sums[node[nameAt]] = Class{Count: c.Count + 1, Shallow: c.Shallow + node[sizeAt]}
		}
	})
	if at != 0 {
		s.malformed("the last node is incomplete")
	}
}

// readStrings gives the sums their names. Most strings are not the name of anything that was counted.
func (s *snapshot) readStrings() {
	if s.sums == nil {
		s.malformed("strings stand before the nodes")
		return
	}
	s.classes = map[string]Class{}
	s.array(func(i int) {
		sum, ok := s.sums[int64(i)]
		if !ok {
			s.skip()
			return
		}
		delete(s.sums, int64(i))
		name := s.string()
		c := s.classes[name]
		s.classes[name] = Class{name, c.Count + sum.Count, c.Shallow + sum.Shallow}
	})
	if len(s.sums) > 0 {
		s.malformed("a node has a name that is not among the strings")
	}
}

// A scanner reads JSON as it comes. It remembers the first error; after that it reads nothing and all loops end.
type scanner struct {
	in    io.Reader
	space []byte // what was read last, and room for more
	at, n int    // of what was read: where to go on, and how much there is
	text  []byte // of the last string, in quotes
	err   error
}

func (s *scanner) malformed(what string) { s.fail(fmt.Errorf("%w: %s", ErrFormat, what)) }

func (s *scanner) fail(err error) {
	if s.err == nil {
		s.err = err
	}
	s.at, s.n = 0, 0
}

// next is the next byte, 0 if there is none.
func (s *scanner) next() byte {
	if s.at == s.n && !s.fill() {
		return 0
	}
	s.at++
	return s.space[s.at-1]
}

// back undoes the last next.
func (s *scanner) back() { s.at-- }

// fill reads more and says whether there is any.
func (s *scanner) fill() bool {
	if s.err != nil {
		return false
	}
	n, err := io.ReadAtLeast(s.in, s.space, 1)
	if err == io.EOF {
		s.malformed("it is cut off")
	} else if err != nil {
		s.fail(err)
	}
	s.at, s.n = 0, n
	return n > 0
}

// token is the next byte that is not space.
func (s *scanner) token() byte {
	c := s.next()
	for c == ' ' || c == '\n' || c == '\r' || c == '\t' {
		c = s.next()
	}
	return c
}

// peek is the next byte that is not space; it is read again.
func (s *scanner) peek() byte {
	c := s.token()
	if s.err == nil {
		s.back()
	}
	return c
}

func (s *scanner) expect(want byte) {
	if c := s.token(); s.err == nil && c != want {
		s.malformed(fmt.Sprintf("%q where %q should be", c, want))
	}
}

// array calls element at the beginning of each one with its index. element reads it.
func (s *scanner) array(element func(i int)) { s.list('[', ']', element) }

// object calls value at the beginning of each one with its key. value reads it.
func (s *scanner) object(value func(key string)) {
	s.list('{', '}', func(int) {
		key := s.string()
		s.expect(':')
		value(key)
	})
}

func (s *scanner) list(open, end byte, element func(i int)) {
	s.expect(open)
	if s.peek() == end {
		s.next()
		return
	}
	for i := 0; s.err == nil; i++ {
		element(i)
		switch c := s.token(); {
		case c == end:
			return
		case c != ',' && s.err == nil:
			s.malformed(fmt.Sprintf("%q where %q or %q should be", c, ',', end))
		}
	}
}

// number reads a whole number that is not negative.
func (s *scanner) number() (n int64) {
	c := s.token()
	if s.err == nil && (c < '0' || c > '9') {
		s.malformed(fmt.Sprintf("%q where a number should be", c))
	}
	for ; c >= '0' && c <= '9'; c = s.next() {
		if n = 10*n + int64(c-'0'); n > maxNumber {
			s.malformed("a number is too large")
		}
	}
	if s.err == nil {
		s.back() // what is no digit is somebody else's, or an error there
	}
	return n
}

// string reads a string.
func (s *scanner) string() (text string) {
	s.quoted()
	if s.err != nil {
		return ""
	}
	if err := json.Unmarshal(s.text, &text); err != nil {
		s.malformed(err.Error())
	}
	return text
}

// quoted reads a string to s.text, as it stands in the file.
func (s *scanner) quoted() {
	s.expect('"')
	s.text = append(s.text[:0], '"')
	for s.err == nil {
		c := s.next()
		s.text = append(s.text, c)
		switch c {
		case '"':
			return
		case '\\':
			s.text = append(s.text, s.next())
		}
	}
}

// skip reads any value and forgets it. What is inside is looked at no closer than it takes to find the end.
func (s *scanner) skip() {
	switch s.peek() {
	case '"':
		s.quoted()
	case '[', '{':
		s.skipNested()
	default:
		s.skipWord()
	}
}

func (s *scanner) skipNested() {
	for depth := 0; s.err == nil; {
		switch s.next() {
		case '"':
			s.back()
			s.quoted()
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return
			}
		}
	}
}

// skipWord reads a number, true, false or null.
func (s *scanner) skipWord() {
	for s.err == nil {
		switch s.next() {
		case ',', ']', '}', ' ', '\n', '\r', '\t':
			s.back()
			return
		}
	}
}
