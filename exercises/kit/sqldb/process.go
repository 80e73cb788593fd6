package sqldb

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"hotloop/exercises/kit/sqldb/wire"
)

// programName is the program's file name, without ".exe".
const programName = "hotloop-sqlite"

// A process is a running hotloop-sqlite.
type process struct {
	path   string
	stderr tail

	writing sync.Mutex
	in      io.Writer
	buf     []byte // of the last request, to be used again

	mu      sync.Mutex
	waiting map[uint64]chan *wire.Response // by connection
	last    uint64                         // connection that was opened
	dead    error                          // why nobody answers any more
}

// started is the one process of this test binary, which is started when it is first needed. It reads from a pipe of
// ours, and so ends when we do.
var started = sync.OnceValues(start)

func start() (*process, error) {
	path, err := find()
	if err != nil {
		return nil, err
	}
	p := &process{path: path, waiting: map[uint64]chan *wire.Response{}}
	cmd := exec.Command(path, "serve")
	cmd.Stderr = &p.stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("sqldb: starting %s: %w", path, err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("sqldb: starting %s: %w", path, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("sqldb: starting %s: %w; \"make build\" makes it anew", path, err)
	}
	p.in = in
	r := bufio.NewReader(out)
	greeting, err := r.ReadString('\n')
	if greeting != wire.Greeting {
		in.Close()
		cmd.Wait()
		return nil, fmt.Errorf("sqldb: %s says %q, not %q (%v%s): it belongs to another hotloop; \"make build\" makes the one that belongs here, HOTLOOP_SQLITE names it",
			path, greeting, wire.Greeting, err, p.stderr.said())
	}
	go func() {
		err := p.read(r)
		werr := cmd.Wait()
		p.die(fmt.Errorf("sqldb: %s has ended: %w%s", path, errors.Join(err, werr), p.stderr.said()))
	}()
	return p, nil
}

// find is where the program is.
func find() (string, error) {
	name := programName
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	if path := os.Getenv("HOTLOOP_SQLITE"); path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("sqldb: looking for SQLite where HOTLOOP_SQLITE says: %w; unset it, or \"make build\" makes .build/%s", err, name)
		}
		return path, nil
	}
	if path, err := exec.LookPath(name); err == nil {
		return filepath.Abs(path)
	}
	if hotloop, err := exec.LookPath("hotloop"); err == nil {
		if real, err := filepath.EvalSymlinks(hotloop); err == nil {
			hotloop = real
		}
		if path := filepath.Join(filepath.Dir(hotloop), name); isFile(path) {
			return filepath.Abs(path)
		}
	}
	dir, err := os.Getwd()
	for ; err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if path := filepath.Join(dir, ".build", name); isFile(path) {
			return path, nil
		}
	}
	return "", fmt.Errorf("sqldb: no program %s, which the tests of this exercise keep their database in: it is neither in PATH nor beside hotloop; "+
		"in hotloop's own folder, \"make install\" puts it into PATH, \"make build\" makes .build/%s, and HOTLOOP_SQLITE names it", name, name)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// open gives a new connection its number, and a channel for what is answered to it.
func (p *process) open() (conn uint64, answers chan *wire.Response, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead != nil {
		return 0, nil, p.dead
	}
	p.last++
	answers = make(chan *wire.Response, 1)
	p.waiting[p.last] = answers
	return p.last, answers, nil
}

// forget drops what is still answered to a connection.
func (p *process) forget(conn uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waiting, conn)
}

func (p *process) send(req *wire.Request) error {
	p.writing.Lock()
	defer p.writing.Unlock()
	p.buf = req.Append(p.buf[:0])
	if _, err := p.in.Write(p.buf); err != nil {
		return fmt.Errorf("sqldb: asking %s: %w%s", p.path, err, p.stderr.said())
	}
	return nil
}

// read hands answers to the connections that they are for.
func (p *process) read(r io.Reader) error {
	for {
		frame, err := wire.ReadFrame(r)
		if err != nil {
			return err
		}
		resp := &wire.Response{}
		if err := resp.Parse(frame); err != nil {
			return err
		}
		p.mu.Lock()
		if answers := p.waiting[resp.Conn]; answers != nil {
			select {
			case answers <- resp:
			default: // nobody has waited for the one before
			}
		}
		p.mu.Unlock()
	}
}

// die tells all who wait that no answer will come.
func (p *process) die(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = err
	for _, answers := range p.waiting {
		close(answers)
	}
	clear(p.waiting)
}

// A tail is the last that was written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const maxTail = 2000 // bytes

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-maxTail):]
	return len(b), nil
}

// said is the text to stand behind an error.
func (t *tail) said() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if text := strings.TrimSpace(string(t.text)); text != "" {
		return ": " + text
	}
	return ""
}
