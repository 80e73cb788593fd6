package lessons

import (
	"html/template"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

// small is testdata/small with changes: new content by file name, or an edit as the pair old, new.
func small(t testing.TB, edits map[string][2]string) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{}
	root := os.DirFS("testdata/small")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, name)
		fsys[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, edit := range edits {
		text := string(fsys[name].Data)
		if strings.Count(text, edit[0]) != 1 {
			t.Fatalf("%q is %d times in %s, want once", edit[0], strings.Count(text, edit[0]), name)
		}
		fsys[name] = &fstest.MapFile{Data: []byte(strings.Replace(text, edit[0], edit[1], 1))}
	}
	return fsys
}

func smallLesson(t testing.TB, fsys fs.FS) *Lesson {
	t.Helper()
	library, err := Load(fsys)
	if err != nil {
		t.Fatalf("loading:\n%v", err)
	}
	lesson, err := library.Lookup("demo", "constructs")
	if err != nil {
		t.Fatal(err)
	}
	return lesson
}

func TestRenderedPageIsAsBefore(t *testing.T) {
	lesson := smallLesson(t, os.DirFS("testdata/small"))
	got := string(lesson.HTML(func(slug string) template.HTML { return template.HTML("<b>Title of " + slug + "</b>") }))
	golden := filepath.Join("testdata", "small.golden.html")
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		if err := os.WriteFile(golden+".got", []byte(got), 0o600); err != nil {
			t.Error(err)
		}
		t.Errorf("the page is rendered differently (-want +got); if that is right: mv %s.got %[1]s\n%s", golden, diff)
	}
}

// walk yields each element of a fragment.
func walk(t testing.TB, fragment string, visit func(*html.Node)) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader("<!doctype html><title>t</title><main>" + fragment + "</main>"))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode {
			visit(n)
		}
	}
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// The page's policy forbids inline script and style, and a learner's browser is not the place to find that out.
func TestPagesHoldNothingThatThePolicyForbids(t *testing.T) {
	pages := map[string]string{"small": string(smallLesson(t, os.DirFS("testdata/small")).HTML(nil))}
	for lesson := range load(t).All() {
		pages[lesson.ID] = string(lesson.HTML(nil))
	}
	for name, page := range pages {
		ids := map[string]bool{}
		walk(t, page, func(n *html.Node) {
			switch n.Data {
			case "script", "style", "iframe", "object", "embed", "img", "link", "base":
				t.Errorf("%s: element <%s>", name, n.Data)
			}
			for _, a := range n.Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(strings.TrimSpace(a.Val), "javascript:") {
					t.Errorf("%s: <%s %s=%q>", name, n.Data, a.Key, a.Val)
				}
			}
			if id := attr(n, "id"); id != "" {
				if ids[id] {
					t.Errorf("%s: id %q twice", name, id)
				}
				ids[id] = true
			}
		})
		walk(t, page, func(n *html.Node) {
			if to, ok := strings.CutPrefix(attr(n, "href"), "#"); ok && !ids[to] {
				t.Errorf("%s: link to #%s, which is not on the page", name, to)
			}
		})
	}
}

func TestExerciseCardsAreFilledByTheServer(t *testing.T) {
	lesson := smallLesson(t, os.DirFS("testdata/small"))
	var asked []string
	page := string(lesson.HTML(func(slug string) template.HTML {
		asked = append(asked, slug)
		return "<i>accepted</i>"
	}))
	if diff := cmp.Diff([]string{"demo-exercise"}, asked); diff != "" {
		t.Errorf("slugs asked for (-want +got):\n%s", diff)
	}
	if !strings.Contains(page, `<span class="exercise-name"><i>accepted</i></span>`) {
		t.Errorf("the card lacks what the server knows of the exercise:\n%s", page)
	}
	if plain := string(lesson.HTML(nil)); !strings.Contains(plain, `<span class="exercise-name">demo-exercise</span>`) {
		t.Errorf("without a server the card lacks the slug:\n%s", plain)
	}
}

func TestLessonAsData(t *testing.T) {
	lesson := smallLesson(t, os.DirFS("testdata/small"))
	toc := []Heading{
		{"why", "Why it matters", 2}, {"node", "In Node", 2}, {"node-part", "A part", 3}, {"go", "In Go", 2}, {"see", "See it", 2},
		{"practise", "Practise", 2}, {"interview", "Interview questions", 2}, {"pitfalls", "Pitfalls", 2}, {"further", "Further reading", 2},
	}
	if diff := cmp.Diff(toc, lesson.TOC()); diff != "" {
		t.Errorf("TOC (-want +got):\n%s", diff)
	}
	for _, words := range []string{"Words with stress", "A quotation.", "symptom", "console.log("} {
		if !strings.Contains(lesson.PlainText(), words) {
			t.Errorf("PlainText lacks %q: %s", words, lesson.PlainText())
		}
	}
	b := lesson.Blocks()[1]
	if b.ID != "D1N" || b.Run != RunNode || b.Memory != "64M" || b.Expect != ExpectContains || b.Source != "gc();\n" || b.Output != "done\n" {
		t.Errorf("block = %+v", b)
	}
	if diff := cmp.Diff([]string{"--expose-gc", "--trace-gc"}, b.Flags); diff != "" {
		t.Errorf("flags (-want +got):\n%s", diff)
	}
}

// Lint refuses the text below; the renderer must be safe without it, since it is the last to touch the text.
func TestScriptDoesNotSurviveRendering(t *testing.T) {
	for _, text := range []string{
		"<script>alert(1)</script>",
		"a <img src=x onerror=alert(1)> b",
		"[x](javascript:alert(1))",
		"[x](JaVaScRiPt:alert(1))",
		"[x](&#106;avascript:alert(1))",
		"[x](data:text/html,<script>alert(1)</script>)",
		"[x](https://go.dev \"\\\"><script>alert(1)</script>\")",
		"![x](javascript:alert(1))",
		"<javascript:alert(1)>",
		"`<script>alert(1)</script>`",
		"```js {#x\"><script>alert(1)</script> run=none}\n```",
		"```text\n</code></pre><script>alert(1)</script>\n```",
		"```predict {#p}\n<script>alert(1)</script>\n\n- [ ] <script>alert(1)</script>\n- [x] [x](javascript:alert(1))\n\n<script>alert(1)</script>\n```",
		"```exercise {slug=\"\\\"><script>alert(1)</script>\"}\n<script>alert(1)</script>\n```",
		"```output {of=x}\n<script>\n```",
		"## x {#x onclick=alert(1) style=\"color:red\"}",
		"| <script>alert(1)</script> |\n|---|\n| [x](vbscript:alert(1)) |",
	} {
		var faults Faults
		p := &page{lesson: &Lesson{anchors: map[string]bool{}}, source: []byte(text), faults: &faults}
		p.parse()
		if err := p.render(&Library{}); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		noScript(t, string(p.lesson.HTML(nil)))
		if inner, err := Markdown([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		} else {
			noScript(t, string(inner))
		}
	}
	c := Card{ID: "X-1\"><script>", Question: "<script>", Points: []string{"[x](javascript:alert(1))", "<b onclick=x>"}, Wrong: []string{"</li><script>"}}
	var b strings.Builder
	c.render(&b)
	noScript(t, b.String())
}

// noScript parses a fragment as a browser does and reports what could run.
func noScript(t *testing.T, fragment string) {
	t.Helper()
	walk(t, fragment, func(n *html.Node) {
		if n.Data == "script" || n.Data == "iframe" || n.Data == "img" && attr(n, "src") != "" {
			t.Errorf("element <%s> in:\n%s", n.Data, fragment)
		}
		for _, a := range n.Attr {
			scheme, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(a.Val)), ":")
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "href" && (scheme == "javascript" || scheme == "data" || scheme == "vbscript") {
				t.Errorf("attribute %s=%q in:\n%s", a.Key, a.Val, fragment)
			}
		}
	})
}
