package site

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestHostIsChecked(t *testing.T) {
	ts := newSite(t)
	port := ts.URL[strings.LastIndex(ts.URL, ":"):]
	for host, want := range map[string]int{
		"localhost" + port: 200, "127.0.0.1" + port: 200, "[::1]" + port: 200,
		"evil.example" + port: 403, "evil.example": 403, "localhost": 403, "localhost:1": 403, "127.0.0.1.evil.example" + port: 403, "": 403,
	} {
		req := ts.request("GET", "/", nil)
		req.Host = host
		if host == "" {
			continue // the client would fill it in
		}
		if res := ts.do(req); res.StatusCode != want {
			t.Errorf("GET / with Host %q: status %d, want %d", host, res.StatusCode, want)
		}
	}
}

func TestChangesAreChecked(t *testing.T) {
	ts := newSite(t)
	const good = `{"goal":"test"}`
	for _, tt := range []struct {
		name   string
		change func(*http.Request)
		want   int
	}{
		{"as the page sends it", func(*http.Request) {}, 202},
		{"without Origin, as a program on this machine", func(r *http.Request) { r.Header.Del("Origin"); r.Header.Del("Sec-Fetch-Site") }, 202},
		{"no token", func(r *http.Request) { r.Header.Del(tokenHeader) }, 403},
		{"wrong token", func(r *http.Request) { r.Header.Set(tokenHeader, "x") }, 403},
		{"foreign Origin", func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }, 403},
		{"Origin null", func(r *http.Request) { r.Header.Set("Origin", "null") }, 403},
		{"Origin of another port", func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:1") }, 403},
		{"two Origins", func(r *http.Request) { r.Header.Add("Origin", "http://evil.example") }, 403},
		{"cross-site", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		{"same-site", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }, 403},
	} {
		req := ts.request("POST", "/exercises/add/runs", strings.NewReader(good))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set(tokenHeader, ts.site.token)
		req.Header.Set("Origin", ts.URL)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		tt.change(req)
		if res := ts.do(req); res.StatusCode != tt.want {
			t.Errorf("%s: status %d, want %d: %s", tt.name, res.StatusCode, tt.want, res.body)
		}
	}
}

// TestEveryChangeNeedsTheToken goes through all routes that change something.
func TestEveryChangeNeedsTheToken(t *testing.T) {
	ts := newSite(t)
	for _, route := range []string{
		"POST /lessons/leaks/closures/read", "POST /exercises/add/start", "POST /exercises/add/hint", "POST /exercises/add/reset",
		"PUT /exercises/add/solution", "POST /exercises/add/solution", "POST /exercises/add/drafts/1/restore", "POST /exercises/add/runs",
		"POST /snippets/runs", "DELETE /runs/1", "POST /exercises/add/attempts/1/restore",
	} {
		method, path, _ := strings.Cut(route, " ")
		req := ts.request(method, path, strings.NewReader("token=wrong&goal=test"))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if res := ts.do(req); res.StatusCode != 403 {
			t.Errorf("%s with a wrong token: status %d, want 403", route, res.StatusCode)
		}
	}
}

func TestLargeBodies(t *testing.T) {
	ts := newSite(t)
	const size = 50 << 20
	for _, kind := range []string{"application/json", "application/x-www-form-urlencoded"} {
		for _, chunked := range []bool{false, true} {
			var body io.Reader = bytes.NewReader(bytes.Repeat([]byte(" "), size))
			if chunked {
				body = io.MultiReader(body) // hides the length
			}
			req := ts.request("PUT", "/exercises/add/solution", body)
			req.Header.Set("Content-Type", kind)
			if kind == "application/json" {
				req.Header.Set(tokenHeader, ts.site.token)
			}
			res, err := ts.Client().Do(req)
			if err != nil {
				continue // the server hung up while we were still sending: also an answer
			}
			res.Body.Close()
			if res.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("%s, chunked %v: status %d, want 413", kind, chunked, res.StatusCode)
			}
		}
	}
	ts.get("/healthz").want(t, 200)
}

func TestHeaders(t *testing.T) {
	ts := newSite(t)
	for _, path := range []string{"/", "/nowhere", "/healthz", "/assets/app-1A.js"} {
		h := ts.get(path).Header
		for key, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
				"connect-src 'self'; worker-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := h.Get(key); got != want {
				t.Errorf("GET %s: %s is %q, want %q", path, key, got, want)
			}
		}
	}
}

func TestUnusualAddresses(t *testing.T) {
	ts := newSite(t)
	for path, want := range map[string]int{
		"/assets/../site.go": 307, "/assets/%2e%2e/site.go": 404, "/assets/..%2fsite.go": 404, "/assets/manifest.json": 404,
		"/assets/.secret-5E.js": 404, "/assets/notes.unknowntype": 404, "/assets/missing.js": 404, "/assets/": 404,
		"/exercises/..%2f..%2fetc": 404, "/exercises/%00": 404, "/exercises/nope": 404, "/exercises/add/attempts/x": 404,
		"/exercises/add/attempts/999": 404, "/exercises/add/drafts/-1": 404, "/lessons/leaks/later": 404, "/lessons/leaks/nope": 404,
		"/runs/1/events": 404, "/exercises/add/reference": 403, "/exercises/add/runs": 405, "/snippets/runs": 405,
	} {
		req := ts.request("GET", "/", nil)
		req.URL.Opaque = strings.TrimPrefix(ts.URL, "http:") + path // as it stands, not cleaned by the client
		res := ts.do(req)
		if res.StatusCode != want {
			t.Errorf("GET %s: status %d, want %d", path, res.StatusCode, want)
		}
		if want == 404 && !strings.Contains(res.body, "<main") {
			t.Errorf("GET %s: the answer is not one of our pages:\n%s", path, res.body)
		}
		if want == 405 && res.Header.Get("Allow") == "" {
			t.Errorf("GET %s: 405 without Allow", path)
		}
	}
}
