package site

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
)

//go:embed templates
var embeddedTemplates embed.FS

// A page is what layout.html needs of every page.
type page struct {
	Title   string // of the window
	Nav     string // which entry of the main menu is current: "learn", "practice" or ""
	Token   string
	Query   string // what the search field holds
	Built   bool   // the web assets are there
	Version string
	Theme   string // "light", "dark" or "": as the system has it
}

func (s *Server) page(r *http.Request, title, nav string) page {
	return page{Title: title, Nav: nav, Token: s.token, Query: r.URL.Query().Get("q"),
		Built: s.assets.url("app.js") != "", Version: s.version, Theme: theme(r)}
}

// theme is the one that the reader chose with the button of the page. The script keeps it in a cookie, so that the page
// comes in the right colours at once.
func theme(r *http.Request) string {
	c, err := r.Cookie("hotloop-theme")
	if err != nil || c.Value != "light" && c.Value != "dark" {
		return ""
	}
	return c.Value
}

// templates holds one set per page: layout.html, the shared parts, and the page's own file.
type templates struct {
	fsys  fs.FS
	dev   bool
	funcs template.FuncMap
	sets  map[string]*template.Template
}

func newTemplates(fsys fs.FS, dev bool, funcs template.FuncMap) (*templates, error) {
	t := &templates{fsys: fsys, dev: dev, funcs: funcs}
	sets, err := t.parse()
	t.sets = sets
	return t, err
}

func (t *templates) parse() (map[string]*template.Template, error) {
	base, err := template.New("").Funcs(t.funcs).ParseFS(t.fsys, "layout.html", "parts/*.html")
	if err != nil {
		return nil, fmt.Errorf("reading the templates: %w", err)
	}
	names, err := fs.Glob(t.fsys, "[a-z]*.html")
	if err != nil {
		return nil, err
	}
	sets := map[string]*template.Template{"": base}
	for _, name := range names {
		set, err := template.Must(base.Clone()).ParseFS(t.fsys, name)
		if err != nil {
			return nil, fmt.Errorf("reading the template %s: %w", name, err)
		}
		sets[strings.TrimSuffix(name, ".html")] = set
	}
	return sets, nil
}

// execute renders a page's template; the page "" has the shared parts only. In development the files are read anew.
func (t *templates) execute(page, name string, data any) ([]byte, error) {
	sets := t.sets
	if t.dev {
		var err error
		if sets, err = t.parse(); err != nil {
			return nil, err
		}
	}
	set, ok := sets[page]
	if !ok {
		return nil, fmt.Errorf("no template %s.html", page)
	}
	var buf bytes.Buffer
	if err := set.ExecuteTemplate(&buf, name, data); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// render answers with a page. The browser asks again each time, and gets the page only if it has changed.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, name string, data any) error {
	b, err := s.templates.execute(name, "layout.html", data)
	if err != nil {
		return fmt.Errorf("rendering %s: %w", name, err)
	}
	return writePage(w, r, status, b)
}

func writePage(w http.ResponseWriter, r *http.Request, status int, b []byte) error {
	sum := sha256.Sum256(b)
	tag := `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Vary", "Accept-Encoding, Cookie")
	h.Set("ETag", tag)
	if status == http.StatusOK && strings.Contains(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if acceptsGzip(r) && len(b) > 1024 {
		h.Set("Content-Encoding", "gzip")
		w.WriteHeader(status)
		z := gzip.NewWriter(w)
		if _, err := z.Write(b); err != nil {
			return err
		}
		return z.Close()
	}
	w.WriteHeader(status)
	_, err := w.Write(b)
	return err
}
