package site

import (
	"crypto/rand"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
)

// labPolicy is the policy of the frame in which a lesson's lab runs: scripts with the nonce and what they evaluate, and
// nothing else. In the sandbox the document has an origin of its own, so it reaches neither this site nor its storage.
// The lab's script stands in the document, because for such an origin every file of ours would be another site's.
const labPolicy = "default-src 'none'; script-src 'nonce-%s' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:; " +
	"form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox allow-scripts"

// lab answers with the document of that frame.
func (s *Server) lab(w http.ResponseWriter, r *http.Request) error {
	name, ok := strings.CutPrefix(s.assets.url("lab-frame.js"), "/assets/")
	if !ok {
		return s.notFound(r, "The web assets are not built; run make assets.")
	}
	script, err := fs.ReadFile(s.assets.fsys, name)
	if err != nil {
		return fmt.Errorf("reading the script of the labs: %w", err)
	}
	nonce := rand.Text()
	h := w.Header()
	h.Set("Content-Security-Policy", fmt.Sprintf(labPolicy, nonce))
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	_, err = fmt.Fprintf(w, labDocument, nonce, script)
	return err
}

const labDocument = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Lab</title>
<style>:root { font: 14px/1.5 system-ui, sans-serif } body { margin: 10px 14px }</style>
<body><main id="stage"></main><script nonce="%s">%s</script></body></html>
`
