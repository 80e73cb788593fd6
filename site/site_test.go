package site

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"golang.org/x/net/html"

	"hotloop/runner"
	"hotloop/runner/report"
	"hotloop/runner/workspace"
	"hotloop/site/store"
)

// A testSite is a whole site on a loopback port: real workspace, real store, and a Func that the test decides on.
type testSite struct {
	*httptest.Server
	t         *testing.T
	site      *Server
	store     *store.Store
	workspace *workspace.Workspace
	log       *syncBuffer

	mu  sync.Mutex
	run runner.Func
}

func newSite(t *testing.T) *testSite {
	t.Helper()
	ws, _, err := workspace.Init(filepath.Join(t.TempDir(), "ws"))
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(ws.Database())
	if err != nil {
		t.Fatal(err)
	}
	ts := &testSite{t: t, store: st, workspace: ws, log: &syncBuffer{}}
	ts.site, err = New(Config{
		Lessons: testLessons(t), Exercises: testExercises(t), Workspace: ws, History: st, Assets: testAssets(), Version: "v0-test",
		Logger: slog.New(slog.NewTextHandler(ts.log, nil)),
		Run: func(ctx context.Context, job runner.Job, h report.Handler) error {
			ts.mu.Lock()
			run := ts.run
			ts.mu.Unlock()
			return run(ctx, job, h)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ts.runs(accept)
	ts.Server = httptest.NewServer(ts.site)
	ts.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	t.Cleanup(func() {
		if err := ts.site.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		ts.Close()
		st.Close()
	})
	return ts
}

func (ts *testSite) runs(f runner.Func) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.run = f
}

// accept is a run whose only test passes.
func accept(_ context.Context, job runner.Job, h report.Handler) error {
	test := report.Test{Name: "TestAdd", Status: report.TestPass, Seconds: 0.01}
	return tell(h, report.Event{Step: &report.Step{Phase: "build"}}, report.Event{Step: &report.Step{Phase: "build", Status: "exited"}},
		report.Event{Test: &test},
		report.Event{Report: &report.Report{Exercise: job.Exercise, Goal: string(job.Goal), Verdict: report.Accepted, Tests: []report.Test{test}}})
}

func tell(h report.Handler, events ...report.Event) error {
	for _, e := range events {
		if err := h.Handle(e); err != nil {
			return err
		}
	}
	return nil
}

func testAssets() fstest.MapFS {
	return fstest.MapFS{
		"manifest.json":     {Data: []byte(`{"app.js":"app-1A.js","app.css":"app-2B.css","js-worker.js":"js-worker-3C.js","lab-frame.js":"lab-frame-6F.js","inter.woff2":"inter-4D.woff2"}`)},
		"app-1A.js":         {Data: []byte("export {}\n")},
		"app-1A.js.gz":      {Data: zipped("export {}\n")},
		"app-2B.css":        {Data: []byte("body{}\n")},
		"js-worker-3C.js":   {Data: []byte("onmessage=0\n")},
		"lab-frame-6F.js":   {Data: []byte("stage.lab=1\n")},
		"inter-4D.woff2":    {Data: []byte("font")},
		".secret-5E.js":     {Data: []byte("hidden")},
		"notes.unknowntype": {Data: []byte("what")},
	}
}

func zipped(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	return b.Bytes()
}

type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// A response is an answer, read.
type response struct {
	*http.Response
	body string
}

func (ts *testSite) do(req *http.Request) response {
	ts.t.Helper()
	res, err := ts.Client().Do(req)
	if err != nil {
		ts.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		ts.t.Fatal(err)
	}
	return response{res, string(b)}
}

func (ts *testSite) request(method, path string, body io.Reader) *http.Request {
	ts.t.Helper()
	req, err := http.NewRequestWithContext(ts.t.Context(), method, ts.URL+path, body)
	if err != nil {
		ts.t.Fatal(err)
	}
	return req
}

func (ts *testSite) get(path string) response {
	ts.t.Helper()
	return ts.do(ts.request("GET", path, nil))
}

// sendJSON is what the page's script sends.
func (ts *testSite) sendJSON(method, path string, body any) response {
	ts.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		ts.t.Fatal(err)
	}
	req := ts.request(method, path, bytes.NewReader(b))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set(tokenHeader, ts.site.token)
	req.Header.Set("Origin", ts.URL)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return ts.do(req)
}

// submit is what a browser without scripts sends for a form.
func (ts *testSite) submit(path string, fields url.Values) response {
	ts.t.Helper()
	fields.Set("token", ts.site.token)
	req := ts.request("POST", path, strings.NewReader(fields.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", ts.URL)
	return ts.do(req)
}

func (r response) want(t *testing.T, status int) response {
	t.Helper()
	if r.StatusCode != status {
		t.Fatalf("%s %s: status %d, want %d\n%s", r.Request.Method, r.Request.URL.Path, r.StatusCode, status, r.body)
	}
	return r
}

func (r response) json(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		t.Fatalf("%s %s: answer is no JSON: %v\n%s", r.Request.Method, r.Request.URL.Path, err, r.body)
	}
	return v
}

func (r response) html(t *testing.T) *html.Node { t.Helper(); return parse(t, r.body) }

func parse(t *testing.T, text string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// all are the elements below n that match.
func all(n *html.Node, match func(*html.Node) bool) []*html.Node {
	var list []*html.Node
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && match(d) {
			list = append(list, d)
		}
	}
	return list
}

func tag(name string) func(*html.Node) bool { return func(n *html.Node) bool { return n.Data == name } }

func withAttr(key, value string) func(*html.Node) bool {
	return func(n *html.Node) bool { v, ok := attrOf(n, key); return ok && (value == "*" || v == value) }
}

func attrOf(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

func attr(n *html.Node, key string) string { v, _ := attrOf(n, key); return v }

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// one is the only element with that id.
func one(t *testing.T, n *html.Node, id string) *html.Node {
	t.Helper()
	list := all(n, withAttr("id", id))
	if len(list) != 1 {
		t.Fatalf("%d elements with id %q, want 1", len(list), id)
	}
	return list[0]
}

var pages = []string{
	"/", "/exercises", "/exercises?topic=arithmetic", "/exercises/add", "/exercises/add/attempts", "/exercises/add/attempts/1",
	"/exercises/add/drafts/1", "/exercises/add/reference", "/lessons/leaks/closures", "/search", "/search?q=zebra", "/search?q=nothing-has-this", "/keyboard", "/nowhere",
}

// fill gives every page something to show.
func (ts *testSite) fill() {
	ts.t.Helper()
	ts.submit("/exercises/add/runs", url.Values{"goal": {"test"}}).want(ts.t, 303)
	ts.submit("/exercises/add/attempts/1/restore", url.Values{}).want(ts.t, 303) // leaves a draft
	ts.submit("/exercises/add/hint", url.Values{}).want(ts.t, 303)
}

func TestPagesAreWellFormed(t *testing.T) {
	ts := newSite(t)
	ts.fill()
	for _, path := range pages {
		res := ts.get(path)
		if wanted := 200; res.StatusCode != wanted && path != "/nowhere" {
			t.Errorf("GET %s: status %d, want %d", path, res.StatusCode, wanted)
			continue
		}
		doc := res.html(t)
		if n := len(all(doc, tag("h1"))); n != 1 {
			t.Errorf("GET %s: %d h1, want 1", path, n)
		}
		one(t, doc, "main")
		checkIDs(t, path, doc)
		checkPolicy(t, path, doc)
	}
}

// checkIDs finds ids that are used twice, and references to ids that aren't there.
func checkIDs(t *testing.T, path string, doc *html.Node) {
	t.Helper()
	seen := map[string]int{}
	for _, n := range all(doc, withAttr("id", "*")) {
		seen[attr(n, "id")]++
	}
	for id, n := range seen {
		if n > 1 {
			t.Errorf("GET %s: id %q occurs %d times", path, id, n)
		}
	}
	for _, key := range []string{"for", "aria-labelledby", "aria-controls", "popovertarget"} {
		for _, n := range all(doc, withAttr(key, "*")) {
			if id := attr(n, key); seen[id] == 0 {
				t.Errorf("GET %s: %s=%q on <%s> leads nowhere", path, key, id, n.Data)
			}
		}
	}
	for _, n := range all(doc, tag("a")) {
		if id, ok := strings.CutPrefix(attr(n, "href"), "#"); ok && seen[id] == 0 {
			t.Errorf("GET %s: link to #%s leads nowhere", path, id)
		}
	}
}

// checkPolicy finds what the content security policy would refuse.
func checkPolicy(t *testing.T, path string, doc *html.Node) {
	t.Helper()
	for _, n := range all(doc, func(*html.Node) bool { return true }) {
		if n.Data == "style" || n.Data == "script" && attr(n, "src") == "" && attr(n, "type") != "application/json" {
			t.Errorf("GET %s: inline <%s>", path, n.Data)
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("GET %s: attribute %s on <%s>", path, a.Key, n.Data)
			}
			if (a.Key == "src" || a.Key == "href" && n.Data == "link") && !strings.HasPrefix(a.Val, "/assets/") {
				t.Errorf("GET %s: <%s> loads %q", path, n.Data, a.Val)
			}
		}
	}
}

func TestLinksLeadSomewhere(t *testing.T) {
	ts := newSite(t)
	ts.fill()
	seen := map[string]bool{}
	for _, path := range pages {
		for _, n := range all(ts.get(path).html(t), tag("a")) {
			href := attr(n, "href")
			target, _, _ := strings.Cut(href, "#")
			if target == "" || !strings.HasPrefix(target, "/") || seen[target] {
				continue
			}
			seen[target] = true
			if res := ts.get(target); res.StatusCode != 200 {
				t.Errorf("%s links to %s: status %d", path, href, res.StatusCode)
			}
		}
	}
	if len(seen) < 8 {
		t.Errorf("only %d different links were found: %v", len(seen), seen)
	}
}
