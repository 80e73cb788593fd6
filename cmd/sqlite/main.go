// Sqlite is the program that exercises' tests keep their databases in: SQLite, in memory, spoken to over standard input
// and output. It is a process of its own so that a learner's test binary is linked in a moment, its profiles show the
// learner's code alone, and each query is a round trip, as with a database server.
//
// It serves the test binary that has started it (hotloop/exercises/kit/sqldb), and ends when that one does. Databases
// have names; connections to one name see one database, which is gone with the last of them.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"hotloop/exercises/kit/sqldb/wire"
)

func main() {
	if len(os.Args) != 2 || os.Args[1] != "serve" {
		fmt.Fprintln(os.Stderr, "hotloop-sqlite: this is for the exercises' tests to start")
		os.Exit(2)
	}
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "hotloop-sqlite:", err)
		os.Exit(1)
	}
}

// A server answers the requests of one test binary.
type server struct {
	mu  sync.Mutex // held to write
	out io.Writer
	buf []byte // of the last frame, to be used again

	sessions map[uint64]*session
	running  sync.WaitGroup
}

// serve answers requests until there are no more.
func serve(in io.Reader, out io.Writer) error {
	if _, err := io.WriteString(out, wire.Greeting); err != nil {
		return fmt.Errorf("greeting: %w", err)
	}
	s := &server{out: out, sessions: map[uint64]*session{}}
	defer s.running.Wait()
	defer s.hangUp()
	for r := bufio.NewReader(in); ; {
		frame, err := wire.ReadFrame(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		var req wire.Request
		if err == nil {
			err = req.Parse(frame)
		}
		if err != nil {
			return fmt.Errorf("reading a request: %w", err)
		}
		s.take(&req)
	}
}

// take hands a request to its session, which a request to open makes.
func (s *server) take(req *wire.Request) {
	se := s.sessions[req.Conn]
	switch {
	case req.Op == wire.Open && se == nil:
		se = newSession(s)
		s.sessions[req.Conn] = se
		s.running.Go(se.run)
	case se == nil:
		if req.Op != wire.Cancel {
			s.answer(req, &wire.Response{Code: codeMisuse, Message: "no such connection"})
		}
		return
	}
	switch req.Op {
	case wire.Cancel:
		se.cancel(req.Seq)
	case wire.Close:
		delete(s.sessions, req.Conn)
		se.requests <- req
		close(se.requests)
	default:
		se.requests <- req
	}
}

// hangUp ends all sessions.
func (s *server) hangUp() {
	for _, se := range s.sessions {
		se.hangUp()
		close(se.requests)
	}
}

// answer writes the response to a request. That nobody reads any more shows when reading.
func (s *server) answer(req *wire.Request, resp *wire.Response) {
	resp.Conn, resp.Seq = req.Conn, req.Seq
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buf = resp.Append(s.buf[:0])
	s.out.Write(s.buf)
	if cap(s.buf) > maxKept {
		s.buf = nil
	}
}

const maxKept = 1 << 20 // bytes of a buffer that is kept for the next response
