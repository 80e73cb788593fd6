package site

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotloop/exercises"
	"hotloop/runner"
	"hotloop/runner/report"
	"hotloop/site/history"
)

// An event is one message of a stream, as a browser sees it.
type sseEvent struct {
	id    int
	event string
	data  string
}

// follow reads an event stream until it ends or enough says so.
func (ts *testSite) follow(path string, last int, enough func(sseEvent) bool) []sseEvent {
	ts.t.Helper()
	ctx, cancel := context.WithTimeout(ts.t.Context(), 20*time.Second)
	defer cancel()
	req := ts.request("GET", path, nil).WithContext(ctx)
	if last > 0 {
		req.Header.Set("Last-Event-ID", strconv.Itoa(last))
	}
	res, err := ts.Client().Do(req)
	if err != nil {
		ts.t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/event-stream") {
		b, _ := io.ReadAll(res.Body)
		ts.t.Fatalf("GET %s: %s, %s, want an event stream\n%s", path, res.Status, got, b)
	}
	return readEvents(ts.t, res.Body, enough)
}

func readEvents(t *testing.T, r io.Reader, enough func(sseEvent) bool) []sseEvent {
	t.Helper()
	var list []sseEvent
	var e sseEvent
	in := bufio.NewScanner(r)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		field, value, _ := strings.Cut(in.Text(), ": ")
		switch field {
		case "id":
			e.id, _ = strconv.Atoi(value)
		case "event":
			e.event = value
		case "data":
			e.data = value
			list = append(list, e)
			if enough != nil && enough(e) {
				return list
			}
			e = sseEvent{}
		}
	}
	if err := in.Err(); err != nil {
		t.Fatalf("reading the stream: %v", err)
	}
	return list
}

// startRun starts a run as the page does and returns the address of its events.
func (ts *testSite) startRun(goal string) string {
	ts.t.Helper()
	res := ts.sendJSON("POST", "/exercises/add/runs", map[string]string{"goal": goal}).want(ts.t, 202)
	answer := res.json(ts.t)
	if want := fmt.Sprintf("/runs/%s", answer["id"]); res.Header.Get("Location") != want {
		ts.t.Fatalf("Location is %q, want %q", res.Header.Get("Location"), want)
	}
	return answer["events"].(string)
}

func TestRunIsShownLiveAndKept(t *testing.T) {
	ts := newSite(t)
	events := ts.follow(ts.startRun("test"), 0, nil)
	drawn := map[string]string{}
	last := 0
	for _, e := range events {
		if e.id <= last {
			t.Errorf("event %s has id %d after %d: ids must grow", e.event, e.id, last)
		}
		last = e.id
		if e.event == "fragment" {
			var f struct{ ID, HTML string }
			if err := json.Unmarshal([]byte(e.data), &f); err != nil {
				t.Fatal(err)
			}
			drawn[f.ID] = f.HTML
			if got := attr(one(t, parse(t, f.HTML), f.ID), "id"); got != f.ID {
				t.Errorf("fragment %s holds an element with id %q", f.ID, got)
			}
		}
	}
	for _, name := range sections {
		if drawn[name] == "" {
			t.Errorf("section %s was never drawn", name)
		}
	}
	if !strings.Contains(drawn["run-status"], "Accepted") || !strings.Contains(drawn["run-tests"], "TestAdd") {
		t.Errorf("the sections don't tell the result:\n%s\n%s", drawn["run-status"], drawn["run-tests"])
	}
	var done outcome
	if err := json.Unmarshal([]byte(events[len(events)-1].data), &done); err != nil || done.Verdict != "accepted" || done.Attempt != "/exercises/add/attempts/1" {
		t.Errorf("the last event is %+v, %v; want the verdict and the attempt", events[len(events)-1], err)
	}
	page := ts.get(done.Attempt).want(t, 200).html(t)
	if text := textOf(one(t, page, "run-status")); !strings.Contains(text, "Accepted") {
		t.Errorf("the attempt's page says %q", text)
	}
	if text := textOf(page); !strings.Contains(text, "func Add(a, b int) int { return 0 }") {
		t.Errorf("the attempt's page lacks the source that made it")
	}
	if list := textOf(ts.get("/exercises/add/attempts").html(t)); !strings.Contains(list, "1 of 1") {
		t.Errorf("the list of attempts lacks the count of tests: %s", list)
	}
	p, err := ts.store.Progress(t.Context())
	if err != nil || p["add"].State != history.Accepted {
		t.Errorf("progress is %+v, %v; want accepted", p["add"], err)
	}
}

func TestEventsResume(t *testing.T) {
	ts := newSite(t)
	path := ts.startRun("test") + "?view=events"
	whole := ts.follow(path, 0, nil)
	if n := len(whole); n != 5 || whole[n-1].event != "done" {
		t.Fatalf("the stream holds %d events: %v; want 4 and done", n, whole)
	}
	for i, e := range whole {
		if e.id != i+1 {
			t.Errorf("event %d has id %d", i, e.id)
		}
		rest := ts.follow(path, e.id, nil)
		if want := len(whole) - i - 1; len(rest) != max(want, 1) {
			t.Errorf("after event %d come %d more, want %d", e.id, len(rest), want)
		}
	}
	if rest := ts.follow(path+"&last-event-id=3", 0, nil); len(rest) != 2 {
		t.Errorf("with last-event-id=3 in the address come %d events, want 2", len(rest))
	}
}

func TestFragmentsResume(t *testing.T) {
	ts := newSite(t)
	path := ts.startRun("test")
	whole := ts.follow(path, 0, nil)
	last := whole[len(whole)-2].id
	rest := ts.follow(path, last, nil)
	if len(rest) != 1 || rest[0].event != "done" {
		t.Errorf("after all fragments come %v, want done alone", rest)
	}
}

// endless tells that it runs and then waits to be canceled.
func endless(running chan<- string) runner.Func {
	return func(ctx context.Context, job runner.Job, h report.Handler) error {
		if err := h.Handle(report.Event{Step: &report.Step{Phase: "test"}}); err != nil {
			return err
		}
		running <- job.Exercise
		<-ctx.Done()
		return h.Handle(report.Event{Report: &report.Report{Verdict: report.Canceled, Reason: "You stopped it."}})
	}
}

func TestStop(t *testing.T) {
	ts := newSite(t)
	running := make(chan string, 1)
	ts.runs(endless(running))
	path := ts.startRun("bench")
	<-running
	page := ts.get("/exercises/add").html(t)
	if live := all(page, withAttr("data-run", "*")); len(live) == 0 || !strings.Contains(path, attr(live[0], "data-run")) {
		t.Errorf("the exercise's page does not name the run that is going on")
	}
	ts.sendJSON("DELETE", strings.TrimSuffix(path, "/events"), nil).want(t, 202)
	events := ts.follow(path, 0, nil)
	if last := events[len(events)-1]; last.event != "done" || !strings.Contains(last.data, `"canceled"`) {
		t.Errorf("the stopped run ends with %+v", last)
	}
	if list, err := ts.store.Attempts(t.Context(), "add", 10); err != nil || len(list) != 0 {
		t.Errorf("a stopped run was kept as an attempt: %v, %v", list, err)
	}
	ts.sendJSON("DELETE", strings.TrimSuffix(path, "/events"), nil).want(t, 202) // again is no error
	ts.sendJSON("DELETE", "/runs/nope", nil).want(t, 404)
}

func TestNewRunReplacesTheOlder(t *testing.T) {
	ts := newSite(t)
	running := make(chan string, 1)
	ts.runs(endless(running))
	first := ts.startRun("test")
	<-running
	ts.runs(accept)
	second := ts.startRun("test")
	end := func(path string) string { events := ts.follow(path, 0, nil); return events[len(events)-1].data }
	if got := end(first); !strings.Contains(got, `"canceled"`) {
		t.Errorf("the older run ends with %s, want canceled", got)
	}
	if got := end(second); !strings.Contains(got, `"accepted"`) {
		t.Errorf("the newer run ends with %s, want accepted", got)
	}
}

func TestRunsAreBounded(t *testing.T) {
	ts := newSite(t)
	running := make(chan string, maxRuns)
	ts.runs(endless(running))
	snippet := map[string]any{"executor": "go", "source": "package main"}
	for range maxRuns {
		ts.sendJSON("POST", "/snippets/runs", snippet).want(t, 202)
		<-running
	}
	ts.sendJSON("POST", "/snippets/runs", snippet).want(t, 429)
}

func TestManyRunsAreForgotten(t *testing.T) {
	ts := newSite(t)
	first := ts.startRun("test")
	ts.follow(first, 0, nil)
	for range keepRuns {
		ts.follow(ts.startRun("test"), 0, nil)
	}
	ts.get(first).want(t, 404)
}

func TestHotloopFails(t *testing.T) {
	for name, fail := range map[string]runner.Func{
		"error": func(context.Context, runner.Job, report.Handler) error {
			return errors.New("starting none: <b>no</b> supervisor")
		},
		"panic": func(context.Context, runner.Job, report.Handler) error { panic("<b>no</b> supervisor") },
	} {
		ts := newSite(t)
		ts.runs(fail)
		events := ts.follow(ts.startRun("test"), 0, nil)
		last := events[len(events)-1]
		if last.event != "done" || !strings.Contains(last.data, `"error"`) || !strings.Contains(last.data, "supervisor") {
			t.Errorf("%s: the run ends with %+v", name, last)
		}
		for _, e := range events {
			if e.event == "fragment" && strings.Contains(e.data, "\\u003cb\\u003eno") {
				t.Errorf("%s: the error became markup: %s", name, e.data)
			}
		}
		ts.get("/healthz").want(t, 200)
	}
}

func TestSnippet(t *testing.T) {
	ts := newSite(t)
	var got runner.Job
	ts.runs(func(_ context.Context, job runner.Job, h report.Handler) error {
		got = job
		return tell(h, report.Event{Output: &report.Output{Stream: "stdout", Text: "hi\n"}},
			report.Event{Report: &report.Report{Verdict: report.Accepted}})
	})
	res := ts.sendJSON("POST", "/snippets/runs", map[string]any{"executor": "node", "source": "x()", "flags": []string{"--expose-gc"}, "timeout": "5s"}).want(t, 202)
	events := ts.follow(res.json(t)["events"].(string)+"?view=events", 0, nil)
	if len(events) != 3 || !strings.Contains(events[0].data, `"text":"hi\n"`) {
		t.Errorf("events are %v", events)
	}
	if string(got.Files["main.mjs"]) != "x()" || got.Executor != "node" || got.Limits.Time != 5*time.Second || len(got.Flags) != 1 {
		t.Errorf("the job is %+v", got)
	}
	if list, err := ts.store.Attempts(t.Context(), "", 1); err != nil || len(list) != 0 {
		t.Errorf("a snippet was kept as an attempt: %v, %v", list, err)
	}
	for name, body := range map[string]any{
		"executor": map[string]string{"executor": "ruby"}, "time": map[string]string{"executor": "go", "timeout": "9h"}, "shape": []int{1},
	} {
		if res := ts.sendJSON("POST", "/snippets/runs", body); res.StatusCode != 400 {
			t.Errorf("bad %s: status %d, want 400", name, res.StatusCode)
		}
	}
}

func TestRunRequestIsChecked(t *testing.T) {
	ts := newSite(t)
	ts.sendJSON("POST", "/exercises/add/runs", map[string]string{"goal": "win"}).want(t, 400)
	ts.sendJSON("POST", "/exercises/add/runs", "x").want(t, 400)
	res := ts.sendJSON("POST", "/exercises/nope/runs", map[string]string{"goal": "test"}).want(t, 404)
	if e := res.json(t); e["error"] == "" {
		t.Errorf("the script got no words: %s", res.body)
	}
}

func TestFormRunsWithoutScripts(t *testing.T) {
	ts := newSite(t)
	form := all(ts.get("/exercises/add").html(t), withAttr("data-editor", "*"))[0]
	fields := url.Values{"goal": {"test"}}
	for _, n := range all(form, withAttr("name", "*")) {
		switch n.Data {
		case "textarea":
			fields.Set(attr(n, "name"), "package add\r\n\r\nfunc Add(a, b int) int { return a + b }\r\n")
		case "input":
			fields.Set(attr(n, "name"), attr(n, "value"))
		}
	}
	var files exercises.Files
	ts.runs(func(ctx context.Context, job runner.Job, h report.Handler) error {
		files = job.Files
		return accept(ctx, job, h)
	})
	res := ts.submit(attr(form, "action"), fields).want(t, 303)
	if got := res.Header.Get("Location"); got != "/exercises/add/attempts/1" {
		t.Errorf("the form leads to %q, want the attempt", got)
	}
	if want := "package add\n\nfunc Add(a, b int) int { return a + b }\n"; string(files["add.go"]) != want {
		t.Errorf("what ran is %q, want %q", files["add.go"], want)
	}
}

func TestShutdownEndsRunsAndStreams(t *testing.T) {
	ts := newSite(t)
	running := make(chan string, 1)
	ts.runs(endless(running))
	path := ts.startRun("test")
	<-running
	res, err := ts.Client().Do(ts.request("GET", path, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := ts.site.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	readEvents(t, res.Body, nil) // returns, since the stream ends
	if res.StatusCode != http.StatusOK {
		t.Errorf("status %d", res.StatusCode)
	}
}
