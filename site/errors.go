package site

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"hotloop/exercises"
	"hotloop/site/history"
)

// An httpError is an answer that is not what was asked for: what happened and what to do, for people. Anything else that
// a handler returns is ours: a 500 page for the learner and a line in the log.
type httpError struct {
	Status  int
	Title   string
	Message string
	Hint    string
	Links   []link // where to go instead
	Err     error  // for the log
}

type link struct{ URL, Text string }

func (e *httpError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %v", e.Title, e.Err)
	}
	return e.Title + ": " + e.Message
}

func (e *httpError) Unwrap() error { return e.Err }

func badRequest(message, hint string) *httpError {
	return &httpError{Status: http.StatusBadRequest, Title: "That did not work", Message: message, Hint: hint}
}

func tooLarge() *httpError {
	return &httpError{Status: http.StatusRequestEntityTooLarge, Title: "Too large",
		Message: fmt.Sprintf("A request may hold at most %d KiB.", maxBody>>10),
		Hint:    "Keep large files out of the solution."}
}

// badBody is the answer to a body that could not be read.
func badBody(err error) *httpError {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge()
	}
	e := badRequest("The request's body could not be read.", "Reload the page, then try again.")
	e.Err = err
	return e
}

// asHTTPError gives every error its page. Whoever has a hint for people (interface{ Hint() string }) gets it shown.
func asHTTPError(err error) *httpError {
	if e, ok := errors.AsType[*httpError](err); ok {
		return e
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge()
	}
	if errors.Is(err, history.ErrNotFound) {
		return &httpError{Status: http.StatusNotFound, Title: "Not kept", Err: err,
			Message: "This is not, or no longer, in your history.",
			Hint:    "The oldest attempts of an exercise make room for new ones."}
	}
	e := &httpError{Status: http.StatusInternalServerError, Title: "hotloop failed", Err: err,
		Message: "Something went wrong here; it is not your code.",
		Hint:    "Your files are as they were. The terminal that runs hotloop says more."}
	var hinted interface {
		error
		Hint() string
	}
	if errors.As(err, &hinted) {
		e.Message, e.Hint = upper(hinted.Error())+".", upper(hinted.Hint())+"."
	}
	return e
}

// fail answers with an error: JSON for scripts, a page for people.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // nobody is waiting for the answer
	}
	e := asHTTPError(err)
	if e.Status >= 500 {
		s.log.Error("request failed", "method", r.Method, "path", r.URL.Path, "err", err)
	}
	if wantsJSON(r) {
		writeJSON(w, e.Status, map[string]string{"error": e.Message, "hint": e.Hint})
		return
	}
	p := errorPage{page: s.page(r, e.Title, ""), Error: e}
	if err := s.render(w, r, e.Status, "error", p); err != nil {
		s.log.Error("rendering the error page", "err", err)
		http.Error(w, e.Message+"\n"+e.Hint, e.Status)
	}
}

type errorPage struct {
	page
	Error *httpError
}

// wantsJSON says whether a script asked: it sends or accepts JSON, or carries the token in the header.
func wantsJSON(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") ||
		strings.Contains(r.Header.Get("Accept"), "application/json") ||
		r.Header.Get(tokenHeader) != ""
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err = w.Write(append(b, '\n'))
	return err
}

// notFound is the page for an address that leads nowhere, with what was perhaps meant.
func (s *Server) notFound(r *http.Request, what string) *httpError {
	e := &httpError{Status: http.StatusNotFound, Title: "Not found", Message: what,
		Hint: "The list of exercises and the search may have what you look for."}
	last := r.URL.Path[strings.LastIndex(strings.TrimSuffix(r.URL.Path, "/"), "/")+1:]
	for _, l := range s.nearest(strings.Trim(last, "/")) {
		e.Links = append(e.Links, l)
	}
	return e
}

// exercise is the exercise of the route, or a not-found error.
func (s *Server) exercise(r *http.Request) (*exercises.Exercise, error) {
	slug := r.PathValue("slug")
	e, err := s.exercises.Lookup(slug)
	if errors.Is(err, exercises.ErrNotFound) {
		return nil, s.notFound(r, fmt.Sprintf("There is no exercise %q.", slug))
	}
	return e, err
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
