package site

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const (
	heartbeat  = 15 * time.Second
	writeLimit = 10 * time.Second       // a client that takes longer is dropped; it can come back and resume
	throttle   = 100 * time.Millisecond // between two drawings of a section
	maxStreams = 64
)

// A message is one server-sent event. ID 0 means that it has none.
type message struct {
	ID    int
	Event string
	Data  []byte // one line
}

// A source yields what has happened after the event last. changed is closed when there is more; end says that there will
// be none.
type source func(last int) (messages []message, changed <-chan struct{}, end bool, err error)

// serveEvents sends what the source yields until it ends, the client leaves or the server closes. Clients take what they
// have not seen yet, so that one that is slow holds up nobody; pause is the least time between two of its turns, unless
// urgent is closed.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request, pause time.Duration, urgent <-chan struct{}, next source) error {
	if s.streams.Add(1) > maxStreams {
		s.streams.Add(-1)
		return &httpError{Status: http.StatusServiceUnavailable, Title: "Too many open pages",
			Message: fmt.Sprintf("%d event streams are open.", maxStreams), Hint: "Close some of hotloop's tabs."}
	}
	defer s.streams.Add(-1)
	last := lastEventID(r)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Del("Content-Length")
	out := eventWriter{w: w, c: http.NewResponseController(w)}
	if err := out.write([]byte(": hotloop\n\n")); err != nil {
		return nil
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		messages, changed, end, err := next(last)
		if err != nil {
			s.log.Error("event stream failed", "path", r.URL.Path, "err", err)
			return nil
		}
		for _, m := range messages {
			if m.ID != 0 {
				last = m.ID
			}
			if out.send(m) != nil {
				return nil
			}
		}
		if end || !s.await(r.Context(), changed, beat.C, out) {
			return nil
		}
		select {
		case <-time.After(pause):
		case <-urgent:
		case <-r.Context().Done():
			return nil
		}
	}
}

// await waits for a change, with heartbeats. It is false if nobody listens any more.
func (s *Server) await(ctx context.Context, changed <-chan struct{}, beat <-chan time.Time, out eventWriter) bool {
	for {
		select {
		case <-changed:
			return true
		case <-ctx.Done():
			return false
		case <-s.closed.Done():
			return false
		case <-beat:
			if out.write([]byte(": still here\n\n")) != nil {
				return false
			}
		}
	}
}

type eventWriter struct {
	w http.ResponseWriter
	c *http.ResponseController
}

func (e eventWriter) send(m message) error {
	var b bytes.Buffer
	if m.ID != 0 {
		fmt.Fprintf(&b, "id: %d\n", m.ID)
	}
	fmt.Fprintf(&b, "event: %s\ndata: %s\n\n", m.Event, m.Data)
	return e.write(b.Bytes())
}

func (e eventWriter) write(b []byte) error {
	if err := e.c.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return err
	}
	if _, err := e.w.Write(b); err != nil {
		return err
	}
	return e.c.Flush()
}

// lastEventID is where a client resumes: the browser's header when it reconnects by itself, the parameter when a script
// takes a stream up again.
func lastEventID(r *http.Request) int {
	id := r.Header.Get("Last-Event-ID")
	if id == "" {
		id = r.URL.Query().Get("last-event-id")
	}
	n, err := strconv.Atoi(id)
	if err != nil {
		return 0
	}
	return max(n, 0)
}

// runEvents follows a run: by default as drawn sections of the page, with ?view=events as the events themselves.
func (s *Server) runEvents(w http.ResponseWriter, r *http.Request) error {
	run, ok := s.runs.lookup(r.PathValue("id"))
	if !ok {
		return s.notFound(r, "There is no such run, or not any more.")
	}
	if r.URL.Query().Get("view") == "events" {
		return s.serveEvents(w, r, 0, nil, run.rawEvents)
	}
	return s.serveEvents(w, r, throttle, run.done, func(last int) ([]message, <-chan struct{}, bool, error) {
		return run.fragments(last, s.templates)
	})
}

// rawEvents are the events after the last-th, then how the run ended.
func (r *run) rawEvents(last int) (messages []message, changed <-chan struct{}, end bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := last; i < len(r.log); i++ {
		messages = append(messages, message{ID: i + 1, Event: "event", Data: r.log[i]})
	}
	if r.outcome != nil {
		data, err := json.Marshal(r.outcome)
		return append(messages, message{ID: len(r.log) + 1, Event: "done", Data: data}), nil, true, err
	}
	return messages, r.changed, false, nil
}

// fragments are the sections that have changed after last, drawn, then how the run ended.
func (r *run) fragments(last int, t *templates) (messages []message, changed <-chan struct{}, end bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	messages, err = r.results.fragments(last, t)
	if err != nil {
		return nil, nil, false, err
	}
	if r.outcome != nil {
		data, err := json.Marshal(r.outcome)
		return append(messages, message{ID: r.results.version + 1, Event: "done", Data: data}), nil, true, err
	}
	return messages, r.changed, false, nil
}
