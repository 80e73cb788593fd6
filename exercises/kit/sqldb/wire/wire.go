// Package wire is what a test binary and the program hotloop-sqlite say to each other over the program's standard input
// and output. Both ends belong to the same hotloop; Greeting tells when they do not.
//
//	program ─► Greeting, once
//	binary  ─► Request    of one of several connections; each has one request at a time
//	program ─► Response   to each request but Cancel, in whatever order they are done
//
// Messages are frames: four bytes of length, then the content. Numbers in it are unsigned varints unless they are
// SQLite's own.
package wire

import (
	"errors"
	"fmt"
	"io"
)

// Greeting is the first line that the program writes. Its number changes with the protocol.
const Greeting = "hotloop-sqlite 1\n"

// maxFrame bounds a frame; what claims to be longer is no frame.
const maxFrame = 128 << 20

// An Op is what a Request asks for.
type Op byte

const (
	Open    Op = iota // make the connection Conn to the database SQL; Limit bounds the results of its queries
	Exec              // run SQL, or the statement Stmt if it is not 0, for its effect
	Query             // run it for its rows
	Prepare           // make the statement Stmt of SQL
	Forget            // close the statement Stmt
	Cancel            // end what the connection is doing; has no Response of its own
	Close             // close the connection
)

// A Request is what the test binary asks of the program.
type Request struct {
	Op    Op
	Conn  uint64 // chosen by who asks, as is Stmt
	Seq   uint64 // comes back in the Response; of Cancel, the request to end
	Stmt  uint64
	Limit uint64 // of Open: rows
	SQL   string
	Args  []any // nil, int64, float64, string, []byte
}

// A Response answers the request Seq of a connection.
type Response struct {
	Conn, Seq uint64

	Code    int64  // SQLite's extended result code; 0 is success
	Message string // of the failure

	LastID, Affected int64 // of Exec
	Columns          []string
	Rows             uint64 // of Query: how many
	Values           []byte // of the rows, one after the other, for Next
}

// Append appends the request's frame to b.
func (r *Request) Append(b []byte) []byte {
	return frame(b, func(b []byte) []byte {
		b = append(b, byte(r.Op))
		for _, v := range []uint64{r.Conn, r.Seq, r.Stmt, r.Limit, uint64(len(r.Args))} {
			b = appendUint(b, v)
		}
		b = appendString(b, r.SQL)
		for _, v := range r.Args {
			b = AppendValue(b, v)
		}
		return b
	})
}

// Parse reads a request from the content of a frame.
func (r *Request) Parse(content []byte) error {
	d := &decoder{rest: content}
	r.Op = Op(d.byte())
	var args uint64
	for _, p := range []*uint64{&r.Conn, &r.Seq, &r.Stmt, &r.Limit, &args} {
		*p = d.uint()
	}
	r.SQL = d.string()
	r.Args = nil
	for range args {
		v := d.value()
		if d.err != nil {
			break
		}
		r.Args = append(r.Args, v)
	}
	return d.err
}

// Append appends the response's frame to b.
func (r *Response) Append(b []byte) []byte {
	return frame(b, func(b []byte) []byte {
		for _, v := range []uint64{r.Conn, r.Seq, uint64(r.Code)} {
			b = appendUint(b, v)
		}
		b = appendString(b, r.Message)
		for _, v := range []uint64{uint64(r.LastID), uint64(r.Affected), r.Rows, uint64(len(r.Columns))} {
			b = appendUint(b, v)
		}
		for _, c := range r.Columns {
			b = appendString(b, c)
		}
		return append(b, r.Values...)
	})
}

// Parse reads a response from the content of a frame, and keeps a part of it as Values.
func (r *Response) Parse(content []byte) error {
	d := &decoder{rest: content}
	r.Conn, r.Seq, r.Code, r.Message = d.uint(), d.uint(), int64(d.uint()), d.string()
	r.LastID, r.Affected, r.Rows = int64(d.uint()), int64(d.uint()), d.uint()
	n := d.uint()
	r.Columns = nil
	for range n {
		c := d.string()
		if d.err != nil {
			break
		}
		r.Columns = append(r.Columns, c)
	}
	r.Values = d.rest
	return d.err
}

// Next takes the next value from Values.
func (r *Response) Next() (any, error) {
	d := &decoder{rest: r.Values}
	v := d.value()
	r.Values = d.rest
	return v, d.err
}

// frame appends what content appends, with its length before it.
func frame(b []byte, content func([]byte) []byte) []byte {
	at := len(b)
	b = content(append(b, 0, 0, 0, 0))
	n := len(b) - at - 4
	b[at], b[at+1], b[at+2], b[at+3] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	return b
}

// ReadFrame reads the content of one frame. It is the caller's own. At the end of r the error is io.EOF.
func ReadFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := int(head[0])<<24 | int(head[1])<<16 | int(head[2])<<8 | int(head[3])
	if n > maxFrame {
		return nil, fmt.Errorf("a frame of %d bytes; at most %d are sent", n, maxFrame)
	}
	content := make([]byte, n)
	if _, err := io.ReadFull(r, content); err != nil {
		return nil, errors.Join(io.ErrUnexpectedEOF, err)
	}
	return content, nil
}
