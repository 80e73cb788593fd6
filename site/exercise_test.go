package site

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hotloop/runner/workspace"
)

const (
	starter = "package add\n\nfunc Add(a, b int) int { return 0 }\n"
	mine    = "package add\n\nfunc Add(a, b int) int { return a + b }\n"
	theirs  = "package add\n\nfunc Add(a, b int) int { return b }\n"
)

func (ts *testSite) file() string { return filepath.Join(ts.workspace.Path("add"), "add.go") }

func (ts *testSite) onDisk() string {
	ts.t.Helper()
	b, err := os.ReadFile(ts.file())
	if err != nil {
		ts.t.Fatal(err)
	}
	return string(b)
}

func (ts *testSite) writeFile(content string) {
	ts.t.Helper()
	if err := os.WriteFile(ts.file(), []byte(content), 0o644); err != nil {
		ts.t.Fatal(err)
	}
}

// put saves add.go as the page does that last saw the version seen.
func (ts *testSite) put(content, seen string) response {
	ts.t.Helper()
	return ts.sendJSON("PUT", "/exercises/add/solution", map[string]any{
		"files": map[string]string{"add.go": content}, "base": map[string]string{"add.go": workspace.Hash([]byte(seen))},
	})
}

func TestLookingWritesNothing(t *testing.T) {
	ts := newSite(t)
	ts.get("/exercises/add").want(t, 200)
	ts.get("/exercises/add/solution").want(t, 200)
	if _, err := os.Stat(ts.workspace.Path("add")); !os.IsNotExist(err) {
		t.Errorf("opening the page made files: %v", err)
	}
}

func TestSaveMakesTheFiles(t *testing.T) {
	ts := newSite(t)
	area := all(ts.get("/exercises/add").html(t), withAttr("data-file", "add.go"))[0]
	if got := attr(area, "data-hash"); got != workspace.Hash([]byte(starter)) {
		t.Errorf("the page's hash of the starter is %q", got)
	}
	res := ts.put(mine, starter).want(t, 200)
	if got := res.json(t)["hashes"].(map[string]any)["add.go"]; got != workspace.Hash([]byte(mine)) {
		t.Errorf("the answer's hash is %v", got)
	}
	if got := ts.onDisk(); got != mine {
		t.Errorf("the file holds %q, want %q", got, mine)
	}
	if _, err := os.Stat(filepath.Join(ts.workspace.Path("add"), "add_test.go")); err != nil {
		t.Errorf("the tests were not put beside the solution: %v", err)
	}
	var sol struct {
		Files   map[string]version
		Started bool
	}
	if err := json.Unmarshal([]byte(ts.get("/exercises/add/solution").body), &sol); err != nil || sol.Files["add.go"].Content != mine || !sol.Started {
		t.Errorf("the solution reads back as %+v, %v", sol, err)
	}
}

// A history that cannot be written, as on a full disk, keeps no solution from being saved.
func TestSaveWithoutHistory(t *testing.T) {
	ts := newSite(t)
	if err := ts.store.Close(); err != nil {
		t.Fatal(err)
	}
	res := ts.put(mine, starter).want(t, 200)
	if got := res.json(t)["hashes"].(map[string]any)["add.go"]; got != workspace.Hash([]byte(mine)) || ts.onDisk() != mine {
		t.Errorf("the answer's hash is %v, the file holds %q; want it saved, and the page to know", got, ts.onDisk())
	}
	if !strings.Contains(ts.log.String(), "the exercise was started was not kept") {
		t.Errorf("the log says %q; want what was not kept", ts.log)
	}
	ts.put(mine+"// more\n", mine).want(t, 200)

	// Nor may it hide why one cannot be saved.
	if err := os.RemoveAll(ts.workspace.Path("add")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(ts.workspace.Path("add"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if res := ts.put(mine, starter); res.StatusCode != 500 || !strings.Contains(res.body, "file stands where a folder is needed") {
		t.Errorf("saving where a file is in the way: %d %s; want what is in the way", res.StatusCode, res.body)
	}
}

func TestConflictLosesNothing(t *testing.T) {
	ts := newSite(t)
	ts.put(starter, starter).want(t, 200)
	ts.writeFile(theirs)
	var answer struct{ Conflict map[string]version }
	res := ts.put(mine, starter).want(t, 409)
	if err := json.Unmarshal([]byte(res.body), &answer); err != nil || answer.Conflict["add.go"].Content != theirs ||
		answer.Conflict["add.go"].Hash != workspace.Hash([]byte(theirs)) {
		t.Errorf("the answer is %s, want the disk's version", res.body)
	}
	if got := ts.onDisk(); got != theirs {
		t.Errorf("the file was overwritten: %q", got)
	}
	drafts, err := ts.store.Drafts(t.Context(), "add")
	if err != nil || len(drafts) != 1 || string(drafts[0].Files["add.go"]) != mine {
		t.Fatalf("drafts are %v, %v; want the page's version", drafts, err)
	}
	if text := ts.get("/exercises/add/drafts/1").want(t, 200).html(t); !strings.Contains(textOf(text), "return a + b") {
		t.Errorf("the draft's page lacks the draft")
	}
	ts.submit("/exercises/add/drafts/1/restore", url.Values{}).want(t, 303)
	if got := ts.onDisk(); got != mine {
		t.Errorf("after restoring the file holds %q, want %q", got, mine)
	}
	drafts, _ = ts.store.Drafts(t.Context(), "add")
	if len(drafts) != 2 || string(drafts[0].Files["add.go"]) != theirs {
		t.Errorf("what was replaced is not kept: %v", drafts)
	}
	ts.put(mine, theirs).want(t, 200) // the same content again is no conflict
}

func TestConflictInAForm(t *testing.T) {
	ts := newSite(t)
	ts.put(starter, starter).want(t, 200)
	ts.writeFile(theirs)
	fields := url.Values{"goal": {"test"}, "file/add.go": {mine}, "base/add.go": {workspace.Hash([]byte(starter))}}
	page := ts.submit("/exercises/add/runs", fields).want(t, 409).html(t)
	if text := textOf(one(t, page, "main")); !strings.Contains(text, "draft") {
		t.Errorf("the page does not say where the version is: %s", text)
	}
	if drafts, _ := ts.store.Drafts(t.Context(), "add"); len(drafts) != 1 {
		t.Errorf("%d drafts, want 1", len(drafts))
	}
}

func TestSaveRefuses(t *testing.T) {
	ts := newSite(t)
	for name, files := range map[string]map[string]string{
		"no files": {}, "parent": {"../add.go": ""}, "folder": {"x/add.go": ""}, "test": {"add_test.go": ""}, "go.mod": {"go.mod": ""},
		"hidden": {".add.go": ""}, "NUL": {"add.go": "package add\x00"}, "backslash": {`..\add.go`: ""},
	} {
		if res := ts.sendJSON("PUT", "/exercises/add/solution", map[string]any{"files": files}); res.StatusCode != 400 {
			t.Errorf("%s: status %d, want 400", name, res.StatusCode)
		}
	}
	large := map[string]string{"add.go": strings.Repeat("/", maxFile+1)}
	ts.sendJSON("PUT", "/exercises/add/solution", map[string]any{"files": large}).want(t, 413)
	ts.sendJSON("PUT", "/exercises/add/solution", "text").want(t, 400)
	ts.sendJSON("PUT", "/exercises/nope/solution", map[string]any{}).want(t, 404)
	entries, err := fs.ReadDir(os.DirFS(ts.workspace.Dir), ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != ".hotloop" {
			t.Errorf("a refused save wrote %s", e.Name())
		}
	}
}

func TestWatchFollowsTheDisk(t *testing.T) {
	ts := newSite(t)
	req := ts.request("GET", "/exercises/add/watch", nil)
	res, err := ts.Client().Do(req) // returns once the first line is there: from here on changes are told
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	ts.put(mine, starter).want(t, 200) // also makes the folder
	events := readEvents(t, res.Body, func(e sseEvent) bool { return strings.Contains(e.data, "a + b") })
	ts.writeFile(theirs)
	events = append(events, readEvents(t, res.Body, func(e sseEvent) bool { return strings.Contains(e.data, "return b }") })...)
	last := events[len(events)-1]
	var files map[string]version
	if err := json.Unmarshal([]byte(last.data), &files); err != nil || last.event != "files" || files["add.go"] != (version{theirs, workspace.Hash([]byte(theirs))}) {
		t.Errorf("the last event is %+v, %v", last, err)
	}
}

func TestHintsComeOneByOne(t *testing.T) {
	ts := newSite(t)
	hints := func() int { return len(all(ts.get("/exercises/add").html(t), withAttr("data-hint", "*"))) }
	if n := hints(); n != 0 {
		t.Errorf("%d hints are shown unasked", n)
	}
	for want := 1; want <= 2; want++ {
		res := ts.submit("/exercises/add/hint", url.Values{}).want(t, 303)
		if got := res.Header.Get("Location"); got != "/exercises/add#hints" {
			t.Errorf("Location %q", got)
		}
		if n := hints(); n != want {
			t.Errorf("%d hints are shown, want %d", n, want)
		}
	}
	answer := ts.sendJSON("POST", "/exercises/add/hint", nil).want(t, 200).json(t)
	if answer["number"] != 3.0 || answer["left"] != 0.0 || answer["html"] != "<p>So.</p>\n" {
		t.Errorf("the script got %v", answer)
	}
	ts.sendJSON("POST", "/exercises/add/hint", nil).want(t, 200) // no more is no error
}

func TestReset(t *testing.T) {
	ts := newSite(t)
	ts.submit("/exercises/add/reset", url.Values{}).want(t, 400)
	ts.put(mine, starter).want(t, 200)
	ts.submit("/exercises/add/reset", url.Values{}).want(t, 303)
	if got := ts.onDisk(); got != starter {
		t.Errorf("after the reset the file holds %q", got)
	}
	notice := func() bool { return strings.Contains(ts.get("/exercises/add").body, "The starter is back") }
	if !notice() || notice() {
		t.Errorf("the page should say once where the backup is")
	}
	ts.put(mine, starter).want(t, 200)
	answer := ts.sendJSON("POST", "/exercises/add/reset", nil).want(t, 200).json(t)
	b, err := os.ReadFile(filepath.Join(answer["backup"].(string), "add.go"))
	if err != nil || string(b) != mine {
		t.Errorf("the backup holds %q, %v", b, err)
	}
}

func TestReferenceIsShownOnRequestOrWhenSolved(t *testing.T) {
	ts := newSite(t)
	ts.get("/exercises/add/reference").want(t, 403)
	if strings.Contains(ts.get("/exercises/add").body, "return a + b") {
		t.Errorf("the exercise's page holds the reference")
	}
	res := ts.submit("/exercises/add/solution", url.Values{}).want(t, 303)
	if page := ts.get(res.Header.Get("Location")).want(t, 200); !strings.Contains(textOf(page.html(t)), "return a + b") {
		t.Errorf("the reference is not shown")
	}
	ts.follow(strings.Replace(ts.startRun("test"), "add", "add", 1), 0, nil)
	ts.get("/exercises/append-bytes/reference").want(t, 403)
}

func TestMissingFileIsExplained(t *testing.T) {
	ts := newSite(t)
	ts.submit("/exercises/add/start", url.Values{}).want(t, 303)
	if err := os.Rename(ts.file(), filepath.Join(ts.workspace.Path("add"), "sum.go")); err != nil {
		t.Fatal(err)
	}
	page := ts.get("/exercises/add").want(t, 200)
	if text := textOf(page.html(t)); !strings.Contains(text, "add.go") || !strings.Contains(text, "sum.go") {
		t.Errorf("the page does not name both files")
	}
	res := ts.sendJSON("POST", "/exercises/add/runs", map[string]string{"goal": "test"})
	if e := res.json(t); res.StatusCode == 202 || !strings.Contains(e["error"].(string), "add.go") || !strings.Contains(e["hint"].(string), "sum.go") {
		t.Errorf("running it says %d %s", res.StatusCode, res.body)
	}
	ts.put(mine, starter).want(t, 200) // saving puts the file back
	ts.startRun("test")
}

func TestBrokenWorkspaceIsExplained(t *testing.T) {
	ts := newSite(t)
	// A file where the folder should be, since root may write everywhere.
	if err := os.WriteFile(ts.workspace.Path("add"), []byte("in the way"), 0o644); err != nil {
		t.Fatal(err)
	}
	res := ts.put(mine, starter)
	if e := res.json(t); res.StatusCode < 400 || e["hint"] == "" {
		t.Errorf("saving says %d %s, want an error with a next step", res.StatusCode, res.body)
	}
	if drafts, _ := ts.store.Drafts(t.Context(), "add"); len(drafts) != 1 {
		t.Errorf("what could not be saved is not kept: %d drafts", len(drafts))
	}
	if res := ts.get("/exercises/add"); res.StatusCode >= 500 && !strings.Contains(res.body, "<main") {
		t.Errorf("the page says %d %s", res.StatusCode, res.body)
	}
	ts.get("/healthz").want(t, http.StatusOK)
}

func TestAttemptOfAnotherExerciseIsNotFound(t *testing.T) {
	ts := newSite(t)
	ts.fill()
	ts.get("/exercises/append-bytes/attempts/1").want(t, 404)
	ts.get("/exercises/append-bytes/drafts/1").want(t, 404)
}
