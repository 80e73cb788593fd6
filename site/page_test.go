package site

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/net/html"

	"hotloop/runner"
	"hotloop/runner/report"
)

func TestPagesAreSentOnce(t *testing.T) {
	ts := newSite(t)
	first := ts.get("/keyboard").want(t, 200)
	if got := first.Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("Cache-Control is %q", got)
	}
	req := ts.request("GET", "/keyboard", nil)
	req.Header.Set("If-None-Match", first.Header.Get("ETag"))
	if res := ts.do(req).want(t, 304); res.body != "" {
		t.Errorf("304 with a body of %d bytes", len(res.body))
	}
	req = ts.request("GET", "/keyboard", nil)
	req.Header.Set("Accept-Encoding", "gzip;q=0, br")
	if res := ts.do(req); res.Header.Get("Content-Encoding") != "" {
		t.Errorf("gzip although it was refused")
	}
	req = ts.request("GET", "/keyboard", nil)
	req.Header.Set("Accept-Encoding", "br, gzip")
	if res := ts.do(req); res.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("no gzip although it was offered")
	}
}

func TestAssets(t *testing.T) {
	ts := newSite(t)
	res := ts.get("/assets/app-1A.js").want(t, 200) // the client asks for gzip by itself, and unpacks it
	if res.body != "export {}\n" || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/javascript") {
		t.Errorf("the script comes as %q with %v", res.body, res.Header)
	}
	if got := ts.get("/assets/js-worker-3C.js").want(t, 200).Header.Get("Content-Security-Policy"); got != workerPolicy {
		t.Errorf("the worker's policy is %q", got)
	}
	page := ts.get("/").html(t)
	if got := attr(all(page, tag("html"))[0], "data-worker"); got != "/assets/js-worker-3C.js" {
		t.Errorf("data-worker is %q", got)
	}
	if len(all(page, withAttr("src", "/assets/app-1A.js"))) != 1 {
		t.Errorf("the page does not load app.js")
	}
}

func TestWithoutAssetsThePageSaysWhatToRun(t *testing.T) {
	ts := newSite(t)
	bare, err := New(Config{Lessons: ts.site.lessons, Exercises: ts.site.exercises, Workspace: ts.workspace, History: ts.store,
		Run: accept, Assets: fstest.MapFS{}, Token: "t"})
	if err != nil {
		t.Fatal(err)
	}
	ts.Config.Handler = bare
	if res := ts.get("/").want(t, 200); !strings.Contains(res.body, "make assets") || len(all(res.html(t), tag("script"))) > 0 {
		t.Errorf("the page does not tell how to build the assets")
	}
	_, err = New(Config{Lessons: ts.site.lessons, Exercises: ts.site.exercises, Assets: fstest.MapFS{"manifest.json": {Data: []byte("{")}}})
	if err == nil || !strings.Contains(err.Error(), "make assets") {
		t.Errorf("a broken manifest gives %v", err)
	}
}

func TestPanicIsAPage(t *testing.T) {
	ts := newSite(t)
	ts.site.mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic("on purpose") })
	res := ts.get("/panic").want(t, 500)
	if strings.Contains(res.body, "on purpose") || !strings.Contains(res.body, "<main") {
		t.Errorf("the page is %s", res.body)
	}
	if !strings.Contains(ts.log.String(), "on purpose") {
		t.Errorf("the log lacks the panic: %s", ts.log)
	}
	ts.get("/").want(t, 200)
}

func TestUnknownSlugSuggests(t *testing.T) {
	ts := newSite(t)
	page := ts.get("/exercises/apend-bytes").want(t, 404).html(t)
	if n := len(all(one(t, page, "main"), withAttr("href", "/exercises/append-bytes"))); n != 1 {
		t.Errorf("%d links to the nearest exercise, want 1", n)
	}
	res := ts.get("/lessons/leaks/later").want(t, 404)
	if !strings.Contains(res.body, "planned") {
		t.Errorf("a planned lesson is not called so")
	}
}

func TestHome(t *testing.T) {
	ts := newSite(t)
	newcomer := textOf(one(t, ts.get("/").html(t), "main"))
	for _, want := range []string{"Begin here", "Closures keep things", "A later lesson planned", "0 of 2 accepted", "0 of 1 lesson read"} {
		if !strings.Contains(newcomer, want) {
			t.Errorf("a newcomer's page lacks %q: %s", want, newcomer)
		}
	}
	ts.get("/lessons/leaks/closures").want(t, 200)
	ts.runs(func(_ context.Context, _ runner.Job, h report.Handler) error {
		return h.Handle(report.Event{Report: &report.Report{Verdict: report.WrongAnswer}})
	})
	ts.submit("/exercises/add/runs", url.Values{"goal": {"test"}}).want(t, 303)
	later := textOf(one(t, ts.get("/").html(t), "main"))
	for _, want := range []string{"Continue where you were", "Lesson, just now", "Exercise, just now", "attempted", "1 attempt"} {
		if !strings.Contains(later, want) {
			t.Errorf("the page lacks %q: %s", want, later)
		}
	}
}

func TestLessonPage(t *testing.T) {
	ts := newSite(t)
	doc := ts.get("/lessons/leaks/closures").want(t, 200).html(t)
	text := textOf(one(t, doc, "main"))
	for _, want := range []string{"Closures keep things", "lesson 1 of 2", "6 minutes", "2 things to run", "JavaScript, Go", "zebra", "Add two <b>numbers</b>"} {
		if !strings.Contains(text, want) {
			t.Errorf("the lesson lacks %q: %s", want, text)
		}
	}
	if n := len(all(doc, withAttr("data-snippet", "*"))); n != 2 {
		t.Errorf("%d snippets, want 2", n)
	}
	read := func() string {
		return attr(all(ts.get("/lessons/leaks/closures").html(t), withAttr("data-read", "*"))[0], "data-read")
	}
	for _, step := range []struct{ send, want string }{{"yes", "yes"}, {"no", "no"}} {
		ts.submit("/lessons/leaks/closures/read", url.Values{"read": {step.send}}).want(t, 303)
		if got := read(); got != step.want {
			t.Errorf("after read=%s the page says %q", step.send, got)
		}
	}
}

func TestPrefetchIsNoVisit(t *testing.T) {
	ts := newSite(t)
	req := ts.request("GET", "/lessons/leaks/closures", nil)
	req.Header.Set("Sec-Purpose", "prefetch")
	ts.do(req).want(t, 200)
	if read, err := ts.store.Lessons(t.Context()); err != nil || len(read) != 0 {
		t.Errorf("a prefetch counts as a visit: %v, %v", read, err)
	}
}

func TestSearch(t *testing.T) {
	ts := newSite(t)
	for query, want := range map[string]string{
		"zebra": "/lessons/leaks/closures", "ZEBRA closure": "/lessons/leaks/closures", "overflow": "/exercises/add",
		"zebra overflow": "", "": "", "%00%ff": "", strings.Repeat("long+", 1000): "",
	} {
		doc := ts.get("/search?q="+strings.ReplaceAll(query, " ", "+")).want(t, 200).html(t)
		var got string
		if hits := all(doc, func(n *html.Node) bool { return n.Data == "ol" && attr(n, "class") == "hits" }); len(hits) > 0 {
			got = attr(all(hits[0], tag("a"))[0], "href")
		}
		if got != want {
			t.Errorf("search for %.20q finds %q first, want %q", query, got, want)
		}
	}
	if near := ts.get("/search?q=apend-bytes").html(t); len(all(one(t, near, "main"), withAttr("href", "/exercises/append-bytes"))) != 1 {
		t.Errorf("a mistyped slug is not recognised")
	}
}

func TestTheme(t *testing.T) {
	ts := newSite(t)
	for cookie, want := range map[string]string{"": "", "dark": "dark", "light": "light", "x": ""} {
		req := ts.request("GET", "/", nil)
		if cookie != "" {
			req.AddCookie(&http.Cookie{Name: "hotloop-theme", Value: cookie})
		}
		if got := attr(all(ts.do(req).html(t), tag("html"))[0], "data-theme"); got != want {
			t.Errorf("with the cookie %q the theme is %q, want %q", cookie, got, want)
		}
	}
}

func TestHealth(t *testing.T) {
	ts := newSite(t)
	if got := ts.get("/healthz").want(t, 200).json(t); got["name"] != "hotloop" || got["version"] != "v0-test" {
		t.Errorf("healthz says %v", got)
	}
}
