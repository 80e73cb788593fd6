package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// profileSolutions profiles a solution that leaks and one that does not, walks through the flame graph by its links, and
// fetches what other tools read.
func profileSolutions(t *testing.T, c *chrome) {
	kept := map[string]string{}
	for _, part := range []struct{ name, variant string }{{"leaking", "naive"}, {"fixed", "."}} {
		c.open("/exercises/slice-retention")
		c.until("the editor is there", `document.querySelector("[data-editor][data-ready]")`)
		c.paste(editorOf("retain.go"), variantFile(t, "slice-retention", part.variant, "retain.go"))
		c.click(`[data-editor] button[value="profile"]`)
		c.until("the profile has begun", `document.querySelector("#results").ariaBusy === "true"`)
		c.verdict("accepted")
		c.until("the flame graphs lead somewhere", `document.querySelector("#run-profile .flame a")`)
		kept[part.name] = eval[string](c, `[...document.querySelectorAll("#run-profile h3")].find(h => h.innerText.includes("still in use")).innerText`)
		if hot := eval[string](c, `document.querySelector("#run-profile .heat").innerText`); !strings.Contains(hot, "func ") {
			t.Errorf("%s: the listing shows no function:\n%s", part.name, hot)
		}
		if !eval[bool](c, `!!document.querySelector("#run-profile meter")`) {
			t.Errorf("%s: the page does not say how quiet the machine was", part.name)
		}
		c.run(`document.querySelector("#results").scrollTo(0, document.querySelector("#run-profile").offsetTop - 160)`)
		c.screenshot("profile-" + part.name)
		c.run(`document.querySelector("#results").scrollTo(0, document.querySelector("#run-charts").offsetTop - 160)`)
		c.until("the series are drawn", `document.querySelector("#run-charts .chart-canvas svg path")`)
		c.screenshot("profile-" + part.name + "-series")
		c.run(`document.querySelector("#results").scrollTo(0, [...document.querySelectorAll("#run-charts > *")].find(f => f.innerText.includes("what collections leave")).offsetTop - 160)`)
		c.screenshot("profile-" + part.name + "-collections")
		c.run(`document.querySelector("#results").scrollTo(0, document.querySelector("#run-profile .heat").offsetTop - 160)`)
		c.screenshot("profile-" + part.name + "-lines")
		c.accessible()
		c.faultless()

		c.open(eval[string](c, `[...document.querySelectorAll("#run-profile p a")].map(a => a.getAttribute("href")).find(h => h.includes("kind=kept"))`))
		c.screenshot("profile-" + part.name + "-kept")
	}
	if kept["leaking"] == kept["fixed"] {
		t.Errorf("the leaking and the fixed solution show the same: %q", kept["fixed"])
	}

	address := eval[string](c, `location.pathname`)
	c.open(address)
	boxes := eval[int](c, `document.querySelectorAll(".flame a").length`)
	box := `document.querySelectorAll(".flame a")[1]`
	name := eval[string](c, box+`.querySelector("title").textContent.split(":")[0]`)
	c.run(box + `.focus()`)
	if !eval[bool](c, `document.activeElement === `+box) {
		t.Error("a box of the flame graph does not take the focus")
	}
	c.press("Enter", false, false)
	c.until("the box is as wide as the whole", `new URLSearchParams(location.search).get("focus") === "0"`)
	if got := eval[string](c, `document.querySelector("#flame .crumb a:last-child").innerText`); got != name {
		t.Errorf("focused %q, want %q", got, name)
	}
	if n := eval[int](c, `document.querySelectorAll(".flame a").length`); n == 0 || boxes == 0 {
		t.Errorf("%d boxes, then %d", boxes, n)
	}
	c.open(address + "?kind=alloc&of=naive")
	c.faultless()
	for _, theme := range []string{"light", "dark"} {
		c.scheme(theme)
		for _, device := range []struct {
			name          string
			width, height int64
		}{{"desk", 1440, 900}, {"phone", 390, 844}} {
			c.size(device.width, device.height)
			c.open(address)
			c.accessible()
			c.faultless()
			c.screenshot(strings.Join([]string{"profile-page", device.name, theme}, "-"))
		}
	}
	c.scheme("light")
	for _, width := range []int64{320, 768, 1920} {
		c.size(width, 800)
		c.open(address)
		c.faultless()
	}
	c.size(1440, 900)
	status := eval[[]int](c, `Promise.all([...document.querySelectorAll("#flame a[download]")].map(a => fetch(a.href).then(r => r.status)))`)
	if len(status) != 1 || status[0] != 200 {
		t.Errorf("downloads answer %v, want one 200", status)
	}
}

// variantFile is a file of one variant of an exercise; "." is the reference.
func variantFile(t *testing.T, slug, variant, file string) string {
	t.Helper()
	matches, err := filepath.Glob(filepath.Join("../../exercises/*", slug, variant, file))
	if err != nil || len(matches) != 1 {
		t.Fatalf("looking for %s of %s: %v %v", file, slug, matches, err)
	}
	b, err := os.ReadFile(matches[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
