package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A chrome is one tab of a real browser, looking at one running hotloop.
type chrome struct {
	t         *testing.T
	ctx       context.Context
	url       string // of the server: "http://127.0.0.1:40123"
	workspace string
	axe       string // the source of axe-core
}

// openChrome starts hotloop with a new workspace, and a browser. Without Chromium or the built web assets the test is
// skipped and says what to install.
func openChrome(t *testing.T) *chrome {
	t.Helper()
	if testing.Short() {
		t.Skip("browser test: skipped by -short")
	}
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		t.Skip("SKIPPED browser test: no Chromium on this machine; on Debian or Ubuntu: apt-get install chromium")
	}
	if _, err := os.Stat("../../site/web/dist/manifest.json"); err != nil {
		t.Skip("SKIPPED browser test: the web assets are not built; run make assets")
	}
	axe, err := os.ReadFile("../../site/web/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("reading axe-core, which make assets installs: %v", err)
	}

	c := &chrome{t: t, axe: string(axe), workspace: filepath.Join(t.TempDir(), "workspace")}
	c.url = serveForTest(t, c.workspace)

	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.WindowSize(1440, 900),
	)
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	c.ctx, cancel = chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(c.ctx); err != nil {
		t.Fatalf("starting %s: %v", program, err)
	}
	if _, err := chromedp.Call(c.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watchPolicy}); err != nil {
		t.Fatal(err)
	}
	c.collectComplaints()
	return c
}

// serveForTest starts "hotloop serve" as a process of its own, and returns its address once it answers.
func serveForTest(t *testing.T, workspace string) string {
	t.Helper()
	cmd := exec.Command("hotloop", "serve", "--http", "127.0.0.1:0", "--no-open", "--workspace", workspace)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting hotloop serve: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	found := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if url := address.FindString(lines.Text()); url != "" {
				select {
				case found <- url:
				default:
				}
			}
			if testing.Verbose() {
				fmt.Fprintln(os.Stderr, lines.Text())
			}
		}
		close(found)
	}()
	url, ok := <-found
	if !ok {
		t.Fatal("hotloop serve ended without printing its address")
	}
	return url
}

// collectComplaints fails the test on what the browser itself complains about: uncaught exceptions, and anything that
// the content security policy refused.
func (c *chrome) collectComplaints() {
	events, cancel := context.WithCancel(c.ctx)
	c.t.Cleanup(cancel)
	exceptions := chromedp.Events(events, runtime.ExceptionThrown)
	go func() {
		for e, err := range exceptions {
			if err != nil {
				return
			}
			text := e.ExceptionDetails.Text
			if e.ExceptionDetails.Exception != nil && e.ExceptionDetails.Exception.Description != "" {
				text = e.ExceptionDetails.Exception.Description
			}
			c.t.Errorf("the page threw: %s", text)
		}
	}()
}

// watchPolicy notes, from the first moment of every page, what the content security policy refuses.
const watchPolicy = `window.refused = []; addEventListener("securitypolicyviolation",
	e => refused.push(e.violatedDirective + " " + e.blockedURI + " " + e.sourceFile + ":" + e.lineNumber))`

// open goes to a page and waits until it has loaded.
func (c *chrome) open(path string) {
	c.t.Helper()
	if err := chromedp.Do(c.ctx, chromedp.Navigate(c.url+path)); err != nil {
		c.t.Fatalf("opening %s: %v", path, err)
	}
}

// run evaluates a statement in the page.
func (c *chrome) run(js string) {
	c.t.Helper()
	if _, err := chromedp.Run(c.ctx, chromedp.Evaluate[chromedp.Void](js)); err != nil {
		c.t.Fatalf("evaluating %s: %v", js, err)
	}
}

// eval evaluates an expression in the page.
func eval[T any](c *chrome, js string) T {
	c.t.Helper()
	value, err := chromedp.Run(c.ctx, chromedp.Evaluate[T](js, func(p *runtime.EvaluateParams) { p.AwaitPromise = new(true) }))
	if err != nil {
		c.t.Fatalf("evaluating %s: %v", js, err)
	}
	return value
}

// until waits until an expression is true in the page. Polling from here, because the page's own policy forbids the
// script that chromedp would poll with.
func (c *chrome) until(what, js string) {
	c.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !eval[bool](c, "!!("+js+")"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.screenshot("failed-" + regexp.MustCompile(`\W+`).ReplaceAllString(what, "-"))
			c.t.Fatalf("waited a minute: %s; the page says:\n%s", what, eval[string](c, `document.querySelector("main").innerText`))
		}
	}
}

// click presses what a selector finds, where a person would.
func (c *chrome) click(selector string) {
	c.t.Helper()
	c.until("there is "+selector, fmt.Sprintf(`(e => e && !e.hidden && !e.disabled)(document.querySelector(%s))`, quote(selector)))
	if err := chromedp.Do(c.ctx, chromedp.ScrollIntoView(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector))); err != nil {
		c.t.Fatalf("clicking %s: %v", selector, err)
	}
}

// size gives the window the size of a device.
func (c *chrome) size(width, height int64) {
	c.t.Helper()
	if err := chromedp.Do(c.ctx, chromedp.EmulateViewport(width, height)); err != nil {
		c.t.Fatal(err)
	}
}

// scheme prefers the light or the dark theme, as the operating system's setting would.
func (c *chrome) scheme(theme string) {
	c.t.Helper()
	_, err := chromedp.Call(c.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

// scripts switches the pages' scripts on or off.
func (c *chrome) scripts(on bool) {
	c.t.Helper()
	if _, err := chromedp.Call(c.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on}); err != nil {
		c.t.Fatal(err)
	}
}

// accessible fails the test for each rule of WCAG 2.2 AA, or of axe's best practices, that the page breaks.
func (c *chrome) accessible() {
	c.t.Helper()
	c.run(c.axe)
	type violation struct {
		ID, Help string
		Nodes    []struct {
			Html           string
			FailureSummary string
		}
	}
	found := eval[[]violation](c, `axe.run({runOnly: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"]}).then(r => r.violations.map(v => ({ID: v.id, Help: v.help, Nodes: v.nodes.map(n => ({Html: n.html, FailureSummary: n.failureSummary}))})))`)
	for _, v := range found {
		for _, n := range v.Nodes {
			c.t.Errorf("%s: axe %s (%s): %s: %s", eval[string](c, "location.pathname"), v.ID, v.Help, n.Html, n.FailureSummary)
		}
	}
}

// faultless fails the test if the page broke its own content security policy or is wider than the window.
func (c *chrome) faultless() {
	c.t.Helper()
	where := eval[string](c, "location.pathname")
	for _, r := range eval[[]string](c, "window.refused || []") {
		c.t.Errorf("%s: the content security policy refused %s", where, r)
	}
	if wide := eval[int](c, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide > 0 {
		c.t.Errorf("%s: the page is %d px wider than the window", where, wide)
	}
}

// screenshot writes the visible page to the folder that HOTLOOP_SCREENSHOTS names, if it names one.
func (c *chrome) screenshot(name string) {
	c.t.Helper()
	dir := os.Getenv("HOTLOOP_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(c.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		c.t.Errorf("screenshot %s: %v", name, err)
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		c.t.Error(err)
	}
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return strings.TrimSpace(string(b))
}

// press presses a key, with Ctrl and Shift held or not.
func (c *chrome) press(key string, ctrl, shift bool) {
	c.t.Helper()
	var held chromedp.Modifier
	if ctrl {
		held |= chromedp.ModifierCtrl
	}
	if shift {
		held |= chromedp.ModifierShift
	}
	named := map[string]string{"Enter": kb.Enter, "Tab": kb.Tab, "Escape": kb.Escape}
	if k, ok := named[key]; ok {
		key = k
	}
	if err := chromedp.Do(c.ctx, chromedp.KeyEvent(key, chromedp.KeyModifiers(held))); err != nil {
		c.t.Fatalf("pressing %s: %v", key, err)
	}
}
