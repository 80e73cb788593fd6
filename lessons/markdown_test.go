package lessons

import (
	"strings"
	"testing"
)

func TestMarkdownOfOtherText(t *testing.T) {
	got, err := Markdown([]byte("# Title\n\nUse `Get` <script>alert(1)</script> [x](javascript:alert(1)).\n\n## Rules\n\n```go\nx := \"<b>\"\n```\n\n" +
		"- In a list:\n\n  ```\n  a <i>\n  ```\n\n    go vet .\n\n`--cpu-prof`, `- 1`\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<code>Get</code>", "<h2", "Rules</h2>", `<pre class="chroma" tabindex="0"><code>x`, "&lt;b&gt;",
		`<pre class="chroma" tabindex="0"><code>a &lt;i&gt;</code></pre>`, `<code class="flag">--cpu-prof</code>`, "<code>- 1</code>"} {
		if !strings.Contains(string(got), want) {
			t.Errorf("Markdown lacks %q:\n%s", want, got)
		}
	}
	for _, never := range []string{"Title", "<script", "javascript:", "<b>", "<i>", "<pre><code>"} {
		if strings.Contains(string(got), never) {
			t.Errorf("Markdown holds %q:\n%s", never, got)
		}
	}
}
