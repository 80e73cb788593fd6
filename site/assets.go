package site

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

// dist is what site/web builds; a checkout that was not built holds only .gitkeep.
//
//go:embed all:web/dist
var dist embed.FS

func embeddedAssets() fs.FS {
	sub, err := fs.Sub(dist, "web/dist")
	if err != nil {
		panic(err) // the directive above names it
	}
	return sub
}

// AssetsBuilt says whether the browser's part was built into this program.
func AssetsBuilt() bool {
	_, err := fs.Stat(embeddedAssets(), "manifest.json")
	return err == nil
}

// assets serves what site/web built: files whose names change with their content.
type assets struct {
	fsys fs.FS
	dev  bool
	seen map[string]string // "app.js" → "app-HASH.js"; empty if nothing was built
}

func newAssets(fsys fs.FS, dev bool) (*assets, error) {
	seen, err := readManifest(fsys)
	return &assets{fsys: fsys, dev: dev, seen: seen}, err
}

func readManifest(fsys fs.FS) (map[string]string, error) {
	b, err := fs.ReadFile(fsys, "manifest.json")
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]string{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the manifest of the web assets: %w", err)
	}
	var m map[string]string
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("reading the manifest of the web assets: %w; run make assets", err)
	}
	return m, nil
}

func (a *assets) manifest() map[string]string {
	if a.dev {
		if m, err := readManifest(a.fsys); err == nil {
			return m
		}
	}
	return a.seen
}

// url is the address of an asset by its plain name, "" if it was not built.
func (a *assets) url(name string) string {
	if hashed, ok := a.manifest()[name]; ok {
		return "/assets/" + hashed
	}
	return ""
}

// contentTypes of what is built. The system's own table differs between machines.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".json": "application/json",
	".map": "application/json", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".png": "image/png", ".txt": "text/plain; charset=utf-8",
}

func (s *Server) serveAsset(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	kind := contentTypes[path.Ext(name)]
	if kind == "" || !fs.ValidPath(name) || strings.HasPrefix(path.Base(name), ".") || name == "manifest.json" {
		return s.notFound(r, "There is no such asset.")
	}
	b, err := fs.ReadFile(s.assets.fsys, name)
	if err != nil {
		return s.notFound(r, "There is no such asset.")
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	if name == s.assets.manifest()["js-worker.js"] {
		h.Set("Content-Security-Policy", workerPolicy)
	}
	if acceptsGzip(r) {
		if z, err := fs.ReadFile(s.assets.fsys, name+".gz"); err == nil {
			h.Set("Content-Encoding", "gzip")
			b = z
		}
	}
	h.Set("Content-Length", fmt.Sprint(len(b)))
	if r.Method == http.MethodHead {
		return nil
	}
	_, err = w.Write(b)
	return err
}

// acceptsGzip reads Accept-Encoding: gzip is offered unless its weight is zero.
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, params, err := mime.ParseMediaType(strings.TrimSpace(part))
		if err == nil && name == "gzip" {
			return strings.Trim(params["q"], "0.") != "" || params["q"] == ""
		}
	}
	return false
}
