package connpool

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hotloop/exercises/kit"
)

// A server is what the tests' pools connect to. It counts, and it fails as it is told.
type server struct {
	dialTime time.Duration
	onDial   func(n int) error // of the n-th Dial, counted from 1; may panic
	onPing   func(context.Context) error
	onClose  func() error

	mu    sync.Mutex
	dials int
	open  int
	most  int // connections, or attempts to make one, at a time
	wrong []string
}

func (s *server) dial(ctx context.Context) (*conn, error) {
	s.mu.Lock()
	s.dials++
	n := s.dials
	s.open++
	s.most = max(s.most, s.open)
	s.mu.Unlock()
	made := false
	defer func() {
		if !made {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.open--
		}
	}()
	if s.dialTime > 0 {
		select {
		case <-time.After(s.dialTime):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if s.onDial != nil {
		if err := s.onDial(n); err != nil {
			return nil, err
		}
	}
	made = true
	return &conn{server: s, id: n}, nil
}

// A conn is one of the server's connections. What is done to one that is closed is a mistake of the pool.
type conn struct {
	server *server
	id     int
	used   bool // by a test
	dead   bool // Ping fails
	pings  int
	closed bool
}

func (c *conn) Ping(ctx context.Context) error {
	c.server.mu.Lock()
	c.pings++
	dead := c.dead
	if c.closed {
		c.server.wrong = append(c.server.wrong, "Ping of a closed connection")
	}
	c.server.mu.Unlock()
	switch {
	case dead:
		return errors.New("connection reset by peer")
	case c.server.onPing != nil:
		return c.server.onPing(ctx)
	}
	return nil
}

func (c *conn) Close() (err error) {
	c.server.mu.Lock()
	if c.closed {
		c.server.wrong = append(c.server.wrong, "second Close of a connection")
	}
	c.closed = true
	c.server.mu.Unlock()
	if c.server.onClose != nil {
		err = c.server.onClose()
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.server.open--
	return err
}

// bubble runs a test on a clock of its own: sleeping costs no time, and the clock moves when every goroutine waits. At
// its end, a goroutine that can never wake up again is a leak.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	kit.Limit(t, 10*time.Second, "a goroutine waits for the pool's lock, and whoever holds it sleeps, dials, pings or closes, or the pool works without end")
	defer func() {
		if v := recover(); v != nil {
			t.Errorf("goroutines of the pool or of those who wait for a connection are still there, and nothing can wake them: a place was lost, or Close forgot somebody (%v)", v)
		}
	}()
	synctest.Test(t, test)
}

// patience is how long tests wait, on their own clock, for what should have come long since.
const patience = 1000 * time.Hour

// newPool makes a pool of connections to s. At the end of the test it is closed, and the server asked whether anything
// was wrong.
func newPool(t *testing.T, s *server, c Config[*conn]) *Pool[*conn] {
	t.Helper()
	c.Dial = s.dial
	p, err := New(c)
	if err != nil || p == nil {
		t.Fatalf("New with Dial and Max: %d = %v, %v; want a pool", c.Max, p, err)
	}
	t.Cleanup(func() {
		p.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, wrong := range s.wrong {
			t.Errorf("the server saw a %s", wrong)
		}
		if s.open > 0 && !t.Failed() {
			t.Errorf("the pool is closed and all leases have ended, and %d connections are still open at the server; it has only so many", s.open)
		}
	})
	return p
}

// acquire is Acquire that must succeed. A connection that somebody else has at the same time fails the test.
func acquire(t *testing.T, p *Pool[*conn], done string) *Lease[*conn] {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	l, err := p.Acquire(ctx)
	if err != nil || l == nil {
		t.Fatalf("%s: Acquire = %v, %v; want a connection", done, l, err)
	}
	use(t, l)
	return l
}

// use marks the connection as in use; release ends that and gives it back.
func use(t *testing.T, l *Lease[*conn]) {
	t.Helper()
	c := l.Conn()
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if c.used || c.closed {
		t.Errorf("Acquire handed out connection %d, which is used by somebody else: %v, closed: %v; two requests then read each other's answers", c.id, c.used, c.closed)
	}
	c.used = true
}

func release(l *Lease[*conn]) {
	c := l.Conn()
	c.server.mu.Lock()
	c.used = false
	c.server.mu.Unlock()
	l.Release()
}

// wantStats compares the counts when all goroutines of the bubble wait.
func wantStats(t *testing.T, p *Pool[*conn], done string, want Stats) {
	t.Helper()
	synctest.Wait()
	if got := p.Stats(); got != want {
		t.Errorf("%s: Stats() =\n%+v, want\n%+v", done, got, want)
	}
}
