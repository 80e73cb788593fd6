package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const lessonPath = "/lessons/leaks/closures-dom-cycles-caches"

// TestBrowser is the story of a learner in a real browser: a lesson and its blocks, an exercise from the starter to the
// benchmark's chart, the same file in another editor, and every page checked for accessibility, policy and width.
func TestBrowser(t *testing.T) {
	c := openChrome(t)
	for _, part := range []struct {
		name string
		run  func(*testing.T, *chrome)
	}{
		{"Lesson", runLesson},
		{"Labs", runLabs},
		{"Exercise", solveExercise},
		{"Profile", profileSolutions},
		{"CompileError", markCompileError},
		{"Keyboard", leaveEditorByKeyboard},
		{"Conflict", conflictIsShown},
		{"Stop", stopRun},
		{"WithoutScript", readWithoutScript},
		{"Pages", visitPages},
	} {
		t.Run(part.name, func(t *testing.T) {
			outer := c.t
			c.t = t
			defer func() { c.t = outer }()
			part.run(t, c)
		})
	}
}

// runLesson runs one block of each kind, and edits one.
func runLesson(t *testing.T, c *chrome) {
	c.open(lessonPath)
	for _, kind := range []string{"worker", "go", "yaegi", "node"} {
		first := fmt.Sprintf(`[...document.querySelectorAll('[data-snippet][data-run="%s"]')].find(f => !f.classList.contains("bad"))`, kind)
		if !eval[bool](c, "!!("+first+")") {
			t.Errorf("the lesson has no block of kind %s", kind)
			continue
		}
		c.run(first + `.id ||= "first-` + kind + `"`)
		id := eval[string](c, first+".id")
		block := fmt.Sprintf("document.getElementById(%s)", quote(id))
		c.until(kind+" block can be run", block+`.querySelector('[data-action="run"]:not([hidden])')`)
		c.run(block + `.querySelector('[data-action="run"]').click()`)
		c.until(kind+" block has ended", block+`.querySelector('.snippet-status') && `+block+`.querySelector('[data-output]').ariaBusy === "false"`)
		if status := eval[string](c, block+`.querySelector(".snippet-status").className`); strings.Contains(status, "err") {
			t.Errorf("the %s block %s ended badly: %s", kind, id, eval[string](c, block+`.querySelector("[data-output]").innerText`))
		}
		if eval[string](c, block+`.querySelector("[data-output]").innerText.trim()`) == "" {
			t.Errorf("the %s block %s printed nothing", kind, id)
		}
	}
	c.run(`(() => {
		const after = (a, b) => a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING;
		window.measuring = [...document.querySelectorAll("[data-snippet]")].find(f => after(document.getElementById("see"), f));
		measuring.querySelector('[data-action="run"]').click();
		measuring.scrollIntoView();
	})()`)
	c.until("the block of See it draws its chart", `measuring.querySelector("[data-chart] svg path")`)
	c.screenshot("lesson-after-runs")

	worker := `document.querySelector('[data-snippet][data-run="worker"]')`
	c.run(worker + `.querySelector('[data-action="edit"]').click()`)
	content := `[...` + worker + `.querySelectorAll("*")].map(e => e.shadowRoot?.querySelector(".cm-content")).find(Boolean)`
	c.until("the block can be edited", content)
	c.paste(content, `console.time("a"); console.time("a"); console.timeEnd("a"); console.timeEnd("a"); console.log("edited " + 6*7)`)
	c.run(worker + `.querySelector('[data-action="run"]').click()`)
	c.until("the edited block ran", worker+`.querySelector("[data-output]").innerText.includes("edited 42")`)
	output := eval[string](c, worker+`.querySelector("[data-output]").innerText`)
	for _, want := range []string{"Label 'a' already exists for console.time()", "No such label 'a' for console.timeEnd()"} { // as Node says it
		if !strings.Contains(output, want) {
			t.Errorf("a timer begun twice and ended twice printed %q; want %q in it", output, want)
		}
	}
	c.faultless()
}

// solveExercise goes from the starter to an accepted benchmark with its chart.
func solveExercise(t *testing.T, c *chrome) {
	c.open("/exercises/lru-cache")
	c.until("the editor is there", `document.querySelector("[data-editor][data-ready]")`)
	c.screenshot("exercise-start")
	c.click(`[data-editor] button[value="test"]`)
	c.verdict("wrong answer")
	if n := eval[int](c, `document.querySelectorAll('#run-tests li[data-status="fail"]').length`); n == 0 {
		t.Error("the starter fails, but no test row says so")
	}
	if !eval[bool](c, `!!document.querySelector('#run-tests li[data-status="fail"] .msg').innerText.trim()`) {
		t.Error("a failed test has no message")
	}
	c.screenshot("exercise-wrong")

	c.paste(editorOf("lru.go"), c.reference("lru.go"))
	c.press("Enter", true, false)
	c.verdict("accepted")
	if bad := eval[int](c, `document.querySelectorAll('#run-tests > ul > li:not([data-status="pass"])').length`); bad > 0 {
		t.Errorf("accepted, but %d test rows did not pass", bad)
	}

	c.press("Enter", true, true)
	c.until("the benchmark has begun", `document.querySelector("#results").ariaBusy === "true"`)
	c.until("the benchmark is done", `document.querySelector("#results").ariaBusy === "false"`)
	c.verdict("accepted", "inconclusive")
	c.until("a chart is drawn", `document.querySelector("#run-charts .chart-canvas svg path")`)
	if !eval[bool](c, `[...document.querySelectorAll("#run-charts .chart-table table")].every(t => t.rows.length > 1)`) {
		t.Error("a chart lacks its table")
	}
	c.screenshot("exercise-benched")
	c.run(`(` + editorOf("lru.go") + `).closest(".cm-scroller").scrollTo(0, 0);
		document.querySelector("#results").scrollTo(0, document.querySelector("#run-charts").offsetTop - 240)`)
	c.screenshot("readme")
	c.scheme("dark")
	c.run(`document.querySelector("#results").scrollTo(0, 0)`)
	c.screenshot("exercise-benched-dark")
	c.accessible()
	c.scheme("light")
	c.faultless()

	c.open("/exercises/lru-cache")
	c.until("the last attempt is shown, and said to be so", `document.querySelector("#results > .last time")`)
	c.click(`[data-editor] button[value="test"]`)
	c.until("the new result is not called the last attempt", `!document.querySelector("#results > .last")`)
	c.verdict("accepted")

	stored, err := os.ReadFile(filepath.Join(c.workspace, "lru-cache", "lru.go"))
	if err != nil || string(stored) != c.reference("lru.go") {
		t.Errorf("the workspace's lru.go is not what the page shows: %v", err)
	}
}

// markCompileError expects the mark on the learner's line.
func markCompileError(t *testing.T, c *chrome) {
	c.open("/exercises/ticker-leak")
	c.until("the editor is there", `document.querySelector("[data-editor][data-ready]")`)
	file := eval[string](c, `document.querySelector("textarea[data-file]:not([data-readonly])").dataset.file`)
	c.paste(editorOf(file), "package poller\n\nfunc typed() int { return nil }\n")
	c.until("the line is marked while one types", `(`+shadowOf(file)+`).querySelector(".cm-lint-marker-error")`)
	c.paste(editorOf(file), "package poller\n\nfunc typed() {}\n")
	c.until("what was mended is marked no more", `!(`+shadowOf(file)+`).querySelector(".cm-lint-marker-error")`)
	c.paste(editorOf(file), "package poller\n\nfunc broken() { é := 1; return nil }\n")
	c.press("Enter", true, false)
	c.verdict("compile error")
	c.until("the line is marked", `(`+shadowOf(file)+`).querySelector(".cm-lint-marker-error")`)
	if at := eval[string](c, `document.querySelector("#run-status [data-goto]").innerText`); !strings.HasPrefix(at, file+":3") {
		t.Errorf("the compile error points at %q, want %s:3", at, file)
	}
	c.screenshot("exercise-compile-error")
	c.faultless()
}

// leaveEditorByKeyboard: Tab indents inside the editor, and Esc then Tab leaves it.
func leaveEditorByKeyboard(t *testing.T, c *chrome) {
	c.open("/exercises/slice-retention")
	c.until("the editor is there", `document.querySelector("[data-editor][data-ready]")`)
	inside := `(() => { let e = document.activeElement; while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement; return !!e?.closest(".cm-content"); })()`
	c.run(`(` + anyEditor + `).focus()`)
	if !eval[bool](c, inside) {
		t.Fatal("the editor does not take the focus")
	}
	c.press("Tab", false, false)
	if !eval[bool](c, inside) {
		t.Error("Tab alone leaves the editor; it should indent")
	}
	c.until("what Tab wrote is saved, so that no late save meets the next page", `document.querySelector("[data-save-status]").innerText.includes("Saved")`)
	c.press("Escape", false, false)
	c.press("Tab", false, false)
	if eval[bool](c, inside) {
		t.Error("Esc then Tab does not leave the editor")
	}
}

// conflictIsShown changes the file on disk twice: once while the page has nothing unsaved, which it follows, and once
// at the same time as the page, which must keep both versions.
func conflictIsShown(t *testing.T, c *chrome) {
	c.open("/exercises/slice-retention")
	c.until("the editor is there", `document.querySelector("[data-editor][data-ready]")`)
	file := eval[string](c, `document.querySelector("textarea[data-file]:not([data-readonly])").dataset.file`)
	area := fmt.Sprintf(`document.querySelector('textarea[data-file="%s"]').value`, file)
	original := eval[string](c, area)
	c.paste(editorOf(file), original+"\n// saved by the page\n")
	path := filepath.Join(c.workspace, "slice-retention", file)
	waitFor(t, "the page saved the file", func() bool {
		b, err := os.ReadFile(path)
		return err == nil && strings.Contains(string(b), "saved by the page")
	})
	if err := os.WriteFile(path, []byte(original+"\n// changed in another editor\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c.until("the page follows the file", area+`.includes("changed in another editor")`)

	// The page's save is held back until the file has changed again, as if both were saved at once.
	c.run(`window.realFetch = fetch; window.held = new Promise(r => window.letGo = r); window.fetch = async (...a) => { if (a[1]?.method === "PUT") await held; return realFetch(...a); }`)
	c.paste(editorOf(file), original+"\n// mine, in the page\n")
	c.until("the page is saving", `document.querySelector("[data-save-status]").innerText.includes("Saving")`)
	if err := os.WriteFile(path, []byte(original+"\n// theirs, on disk\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c.run(`letGo()`)
	c.until("the conflict is shown", `document.querySelector(".conflict")`)
	text := eval[string](c, `document.querySelector(".conflict").innerText`)
	if !strings.Contains(text, "theirs") || !strings.Contains(text, "mine") {
		t.Errorf("the conflict does not show both versions:\n%s", text)
	}
	if b, _ := os.ReadFile(path); !strings.Contains(string(b), "theirs, on disk") {
		t.Error("the file on disk was overwritten")
	}
	c.screenshot("exercise-conflict")
	c.accessible()
	c.faultless()
}

// stopRun stops an endless run and looks for what it leaves behind.
func stopRun(t *testing.T, c *chrome) {
	c.open("/exercises/lru-cache")
	c.until("the editor is there", `document.querySelector("[data-editor][data-ready]")`)
	c.paste(editorOf("lru.go"), c.reference("lru.go")+"\nfunc init() {\n\tfor {\n\t}\n}\n")
	c.press("Enter", true, false)
	c.until("the tests are running", `[...document.querySelectorAll("#run-status .steps li")].some(li => li.innerText.includes("test")) || document.querySelector("#run-status").innerText.includes("compile")`)
	c.click(`[data-action="stop"]`)
	c.verdict("canceled")
	c.faultless()
}

// readWithoutScript reads, edits and tests with scripts switched off: forms do what the page's scripts would.
func readWithoutScript(t *testing.T, c *chrome) {
	c.scripts(false)
	defer c.scripts(true)
	c.open(lessonPath)
	if n := eval[int](c, `document.querySelectorAll("[data-snippet] pre").length`); n < 10 {
		t.Errorf("the lesson shows %d blocks without script", n)
	}
	if eval[bool](c, `[...document.querySelectorAll("[data-action]")].some(b => b.offsetParent)`) {
		t.Error("the lesson shows buttons that do nothing without script")
	}
	c.screenshot("lesson-without-script")
	c.open("/exercises/lru-cache")
	area := `document.querySelector('textarea[data-file="lru.go"]')`
	if !eval[bool](c, `(r => document.elementFromPoint(r.x + r.width / 2, r.y + 100) === `+area+`)(`+area+`.getBoundingClientRect())`) {
		t.Error("without script the file to edit cannot be seen")
	}
	c.screenshot("exercise-without-script")
	c.faultless()
	c.run(area + `.value = ` + quote(c.reference("lru.go")))
	c.click(`[data-editor] button[value="test"]`)
	c.until("the attempt's page", `location.pathname.includes("/attempts/")`)
	if got := eval[string](c, `document.querySelector("[data-verdict]").dataset.verdict`); got != "accepted" {
		t.Errorf("without script the reference is %q", got)
	}
	c.screenshot("attempt-without-script")
}

// visitPages looks at every kind of page in both themes and on a phone.
func visitPages(t *testing.T, c *chrome) {
	attempt := func() string {
		c.open("/exercises/lru-cache/attempts")
		return eval[string](c, `document.querySelector('main a[href*="/attempts/"]').getAttribute("href")`)
	}()
	pages := []struct{ name, path string }{
		{"home", "/"}, {"lesson", lessonPath}, {"exercises", "/exercises"}, {"exercise", "/exercises/ticker-leak"},
		{"attempts", "/exercises/lru-cache/attempts"}, {"attempt", attempt}, {"search", "/search?q=heap"},
		{"search-empty", "/search?q=zzzz"}, {"keyboard", "/keyboard"}, {"not-found", "/exercises/lru-cahce"},
	}
	for _, theme := range []string{"light", "dark"} {
		c.scheme(theme)
		for _, p := range pages {
			for _, device := range []struct {
				name          string
				width, height int64
			}{{"desk", 1440, 900}, {"phone", 390, 844}} {
				c.size(device.width, device.height)
				c.open(p.path)
				if strings.Contains(p.path, "ticker-leak") {
					c.until("the editor is there", `document.querySelector("[data-editor][data-ready]")`)
				}
				if device.name == "desk" || theme == "light" {
					c.accessible()
				}
				c.faultless()
				c.screenshot(strings.Join([]string{p.name, device.name, theme}, "-"))
			}
		}
	}
	c.scheme("light")
	for _, width := range []int64{320, 768, 1024, 1280, 1920} {
		c.size(width, 800)
		for _, p := range pages {
			c.open(p.path)
			c.faultless()
		}
	}
}

// anyEditor is the JavaScript of the visible editor's content.
const anyEditor = `[...document.querySelectorAll("[data-editor] *")].filter(e => e.shadowRoot && e.offsetParent).map(e => e.shadowRoot.querySelector(".cm-content")).find(Boolean)`

func shadowOf(file string) string {
	return fmt.Sprintf(`[...document.querySelectorAll("[data-editor] *")].map(e => e.shadowRoot).find(s => s?.querySelector(".cm-content")?.ariaLabel?.startsWith(%s))`, quote(file))
}

func editorOf(file string) string { return "(" + shadowOf(file) + `).querySelector(".cm-content")` }

// paste replaces all that an editor holds, as a paste over a selection of everything would.
func (c *chrome) paste(editor, text string) {
	c.t.Helper()
	c.until("the editor can be pasted into", editor)
	c.run(`(` + editor + `).focus()`)
	c.press("a", true, false)
	c.run(fmt.Sprintf(`(() => { const data = new DataTransfer(); data.setData("text/plain", %s);
		(%s).dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})); })()`, quote(text), editor))
}

// verdict waits for one of the verdicts, and fails at once on another.
func (c *chrome) verdict(want ...string) {
	c.t.Helper()
	c.until("a run begins or has ended", `document.querySelector("#results").ariaBusy !== null`)
	c.until("the verdict", `document.querySelector("#results").ariaBusy === "false" && document.querySelector("#run-status[data-verdict]")`)
	got := eval[string](c, `document.querySelector("#run-status").dataset.verdict`)
	for _, w := range want {
		if got == w {
			return
		}
	}
	c.screenshot("failed-verdict")
	c.t.Fatalf("verdict %q, want %q; the page says:\n%s", got, want, eval[string](c, `document.querySelector("#results").innerText`))
}

func (c *chrome) reference(file string) string {
	c.t.Helper()
	matches, err := filepath.Glob("../../exercises/*/lru-cache/" + file)
	if err != nil || len(matches) != 1 {
		c.t.Fatalf("looking for the reference %s: %v %v", file, matches, err)
	}
	b, err := os.ReadFile(matches[0])
	if err != nil {
		c.t.Fatal(err)
	}
	return string(b)
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited half a minute: %s", what)
		}
	}
}
