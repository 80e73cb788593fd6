package main

import (
	"fmt"
	"strings"
	"testing"

	"hotloop/lessons"
)

// runLabs runs every lab of every lesson, and compares what it found with what the page records. The first that shows a
// mistake is then mended in its editor, and goes on after that.
func runLabs(t *testing.T, c *chrome) {
	library, err := lessons.Load(lessons.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	mended := false
	for l := range library.All() {
		labs := labsOf(l)
		if len(labs) == 0 {
			continue
		}
		c.open("/lessons/" + l.Topic + "/" + l.Slug)
		for i, b := range labs {
			figure := fmt.Sprintf("document.getElementById(%s)", quote(b.ID))
			c.until(b.ID+" can be run", figure+`.querySelector('[data-action="run"]:not([hidden])')`)
			found := runLab(c, figure, `[data-action="run"]`)
			if err := lessons.Match(b.Output, found, b.Expect); err != nil {
				t.Errorf("%s finds something else than the page records: %v\n%s", b.ID, err, found)
			}
			c.until("its chart is drawn", figure+`.querySelector("[data-chart] svg path")`)
			c.run(figure + `.scrollIntoView()`)
			c.screenshot("lab-" + b.ID)
			if b.Bad && !mended && i+1 < len(labs) && !labs[i+1].Bad && labs[i+1].Measure == "count" {
				mended = true
				mendLab(c, figure, b, labs[i+1])
			}
		}
		c.accessible()
		c.faultless()
	}
	if !mended {
		t.Error("no lab was mended: no lesson has one with a mistake, followed by the same without it")
	}
}

func labsOf(l *lessons.Lesson) (labs []*lessons.Block) {
	for _, b := range l.Blocks() {
		if b.Run == lessons.RunLab {
			labs = append(labs, b)
		}
	}
	return labs
}

// mendLab types the good component over the bad one, runs it, and lets it go on for one more round.
func mendLab(c *chrome, figure string, bad, good *lessons.Block) {
	c.t.Helper()
	c.run(figure + `.querySelector('[data-action="edit"]').click()`)
	content := `[...` + figure + `.querySelectorAll("*")].map(e => e.shadowRoot?.querySelector(".cm-content")).find(Boolean)`
	c.until("the lab can be edited", content)
	c.paste(content, good.Source)
	if found := runLab(c, figure, `[data-action="run"]`); lessons.Match(good.Output, found, good.Expect) != nil {
		c.t.Errorf("%s mended finds %q, want %q", bad.ID, found, good.Output)
	}
	found := runLab(c, figure, ".snippet-status button")
	if first, _, _ := strings.Cut(found, "\n"); strings.Count(found, "\n") == 0 || first == found {
		c.t.Errorf("%s went on, but told no second result: %q", bad.ID, found)
	}
}

// runLab presses the button and returns what the lab has printed when it is done. A lab may find no verdict, since nobody
// can make a browser's collector come: then it is run again, as the page asks for, but not for ever.
func runLab(c *chrome, figure, button string) string {
	c.t.Helper()
	for tries := 1; ; tries++ {
		c.run(figure + `.querySelector(` + quote(button) + `).click()`)
		c.until("the lab has begun", figure+`.querySelector("[data-output]").ariaBusy === "true"`)
		c.until("the lab is done", figure+`.querySelector("[data-output]").ariaBusy === "false"`)
		status := figure + `.querySelector(".snippet-status")`
		if !strings.Contains(eval[string](c, status+`.className`), "err") {
			return eval[string](c, figure+`.querySelector(".out")?.innerText ?? ""`)
		}
		said := eval[string](c, status+`.innerText`)
		if tries == 3 || !strings.Contains(said, "No verdict") {
			c.t.Errorf("the lab ended badly %d times: %s\n%s", tries, said, eval[string](c, figure+`.querySelector("[data-output]").innerText`))
			return ""
		}
	}
}
