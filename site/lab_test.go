package site

import (
	"regexp"
	"strings"
	"testing"
)

// The lab's document must be one that only our own pages may frame, that reaches nothing, and that runs our script alone.
func TestLabDocument(t *testing.T) {
	ts := newSite(t)
	nonces := map[string]bool{}
	for range 2 {
		res := ts.get("/lab").want(t, 200)
		policy := res.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "sandbox allow-scripts", "frame-ancestors 'self'", "form-action 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("the policy lacks %q: %s", part, policy)
			}
		}
		if strings.Contains(policy, "allow-same-origin") || strings.Contains(policy, "connect-src") {
			t.Errorf("the policy opens more than scripts: %s", policy)
		}
		m := regexp.MustCompile(`'nonce-([^']{20,})'`).FindStringSubmatch(policy)
		if m == nil || !strings.Contains(res.body, `<script nonce="`+m[1]+`">stage.lab=1`) {
			t.Fatalf("the script does not stand in the document under the policy's nonce:\n%s\n%s", policy, res.body)
		}
		if nonces[m[1]] {
			t.Error("two answers have the same nonce")
		}
		nonces[m[1]] = true
	}
}
