package site

import (
	"crypto/subtle"
	"fmt"
	"mime"
	"net"
	"net/http"
	"slices"
	"strings"
)

// maxBody is the most that a request may send, in bytes.
const maxBody = 1 << 20

// tokenHeader carries the token of this start; forms send it as the field "token".
const tokenHeader = "X-Hotloop-Token"

const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; worker-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// workerPolicy is the policy of the worker that runs JavaScript snippets. A worker takes its policy from its own
// response: eval is what it is for, and it may reach nothing.
const workerPolicy = "default-src 'none'; script-src 'unsafe-eval'; sandbox allow-scripts"

// guard lets a request through only if it comes from a page of this server or from a program on this machine that was
// given the token. This server runs programs for whoever may ask it to.
func (s *Server) guard(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	// Not no-referrer: with it browsers send "Origin: null" along with forms.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")

	if !ownHost(r) {
		return &httpError{Status: http.StatusForbidden, Title: "Not this address",
			Message: fmt.Sprintf("This server does not answer to the name %q.", r.Host),
			Hint:    "Open the address that hotloop printed when it started, on this machine."}
	}
	if r.ContentLength > maxBody {
		return tooLarge()
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil
	}
	return s.checkChange(r)
}

// ownHost says whether the Host of a request is a name of this machine's loopback with the port that it came in by.
// Other names that resolve here are an attacker's (DNS rebinding).
func ownHost(r *http.Request) bool {
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		host, port = r.Host, "80"
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if !slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, host) {
		return false
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	_, ours, err := net.SplitHostPort(local.String())
	return err == nil && port == ours
}

func (s *Server) checkChange(r *http.Request) error {
	foreign := &httpError{Status: http.StatusForbidden, Title: "Not from this site",
		Message: "This request came from another site, and it would change something here.",
		Hint:    "Use hotloop's own pages; keep to one of localhost and 127.0.0.1."}
	if origin, ok := r.Header["Origin"]; ok && (len(origin) != 1 || origin[0] != "http://"+r.Host) {
		return foreign
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return foreign
	}
	token := r.Header.Get(tokenHeader)
	if token == "" && isForm(r) {
		if err := r.ParseForm(); err != nil {
			return badBody(err)
		}
		token = r.PostForm.Get("token")
	}
	if subtle.ConstantTimeCompare([]byte(token), []byte(s.token)) != 1 {
		return &httpError{Status: http.StatusForbidden, Title: "This page is from an earlier start",
			Message: "The request does not carry the token of this start of hotloop.",
			Hint:    "Reload the page, then try again. What you typed is kept in the page until then."}
	}
	return nil
}

// isForm says whether the body is what a plain HTML form sends.
func isForm(r *http.Request) bool {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && t == "application/x-www-form-urlencoded"
}
