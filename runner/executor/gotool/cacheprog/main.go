// Command cacheprog lets the go command use a build cache that it must not write to: cacheprog BASE OWN. What it looks
// for is taken from BASE, a build cache of the go command; what it adds is kept in the folder OWN. The go command starts
// it because of GOCACHEPROG, and speaks JSON with it: see cmd/go/internal/cacheprog.
//
// It is a program of its own, built when it is first needed, since it goes into the sandbox of a compiler.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

type request struct {
	ID       int64
	Command  string
	ActionID []byte
	OutputID []byte
	BodySize int64
}

type response struct {
	ID            int64
	Err           string     `json:",omitempty"`
	KnownCommands []string   `json:",omitempty"`
	Miss          bool       `json:",omitempty"`
	OutputID      []byte     `json:",omitempty"`
	Size          int64      `json:",omitempty"`
	Time          *time.Time `json:",omitempty"`
	DiskPath      string     `json:",omitempty"`
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: cacheprog BASE OWN")
		os.Exit(2)
	}
	c := &cache{base: os.Args[1], own: os.Args[2], added: map[string]*response{}}
	if err := c.serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "cacheprog:", err)
		os.Exit(1)
	}
}

type cache struct {
	base, own string
	added     map[string]*response // by action
}

// serve answers until the go command has no more requests.
func (c *cache) serve(stdin io.Reader, stdout io.Writer) error {
	in, out := bufio.NewReader(stdin), json.NewEncoder(stdout)
	if err := out.Encode(response{KnownCommands: []string{"get", "put", "close"}}); err != nil {
		return err
	}
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if len(bytes.TrimSpace(line)) == 0 { // after a request with a body
			continue
		}
		var req request
		if err := json.Unmarshal(line, &req); err != nil {
			return fmt.Errorf("reading a request: %w", err)
		}
		res, err := c.answer(&req, in)
		if err != nil {
			res = &response{Err: err.Error()}
		}
		answer := *res
		answer.ID = req.ID
		if err := out.Encode(answer); err != nil || req.Command == "close" {
			return err
		}
	}
}

func (c *cache) answer(req *request, in *bufio.Reader) (*response, error) {
	switch req.Command {
	case "get":
		if res, ok := c.added[string(req.ActionID)]; ok {
			return res, nil
		}
		return c.find(req.ActionID), nil
	case "put":
		return c.put(req, in)
	case "close":
		return &response{}, nil
	}
	return nil, fmt.Errorf("no command %q", req.Command)
}

// find looks into the base. Its entries are files ACTION-a that hold "v1 ACTION OUTPUT SIZE TIME", and OUTPUT-d.
func (c *cache) find(action []byte) *response {
	miss := &response{Miss: true}
	entry, err := os.ReadFile(c.inBase(action, "-a"))
	fields := bytes.Fields(entry)
	if err != nil || len(fields) != 5 || string(fields[0]) != "v1" || string(fields[1]) != hex.EncodeToString(action) {
		return miss
	}
	output, err := hex.DecodeString(string(fields[2]))
	size, sizeErr := strconv.ParseInt(string(fields[3]), 10, 64)
	nanos, timeErr := strconv.ParseInt(string(fields[4]), 10, 64)
	if err := errors.Join(err, sizeErr, timeErr); err != nil {
		return miss
	}
	path := c.inBase(output, "-d")
	if info, err := os.Stat(path); err != nil || info.Size() != size {
		return miss
	}
	when := time.Unix(0, nanos)
	return &response{OutputID: output, Size: size, Time: &when, DiskPath: path}
}

func (c *cache) inBase(id []byte, suffix string) string {
	name := hex.EncodeToString(id)
	return filepath.Join(c.base, name[:min(2, len(name))], name+suffix)
}

// put keeps what follows the request: a JSON string of base64, unless it is empty.
func (c *cache) put(req *request, in *bufio.Reader) (*response, error) {
	var body []byte
	if req.BodySize > 0 {
		text, err := in.ReadBytes('\n')
		for err == nil && len(bytes.TrimSpace(text)) == 0 {
			text, err = in.ReadBytes('\n')
		}
		if err != nil {
			return nil, fmt.Errorf("reading what to keep: %w", err)
		}
		if body, err = base64.StdEncoding.DecodeString(string(bytes.Trim(bytes.TrimSpace(text), `"`))); err != nil {
			return nil, fmt.Errorf("reading what to keep: %w", err)
		}
	}
	if int64(len(body)) != req.BodySize {
		return nil, fmt.Errorf("%d bytes to keep, not the %d that were announced", len(body), req.BodySize)
	}
	path := filepath.Join(c.own, hex.EncodeToString(req.OutputID)+"-d")
	if err := os.MkdirAll(c.own, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(path, body, 0o600); err != nil {
		return nil, err
	}
	now := time.Now()
	c.added[string(req.ActionID)] = &response{OutputID: req.OutputID, Size: req.BodySize, Time: &now, DiskPath: path}
	return &response{DiskPath: path}, nil
}
