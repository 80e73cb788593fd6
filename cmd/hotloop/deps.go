package main

import (
	_ "charm.land/glamour/v2"
	_ "github.com/alecthomas/chroma/v2"
	_ "github.com/chromedp/cdproto/cdp"
	_ "github.com/chromedp/cdproto/emulation"
	_ "github.com/chromedp/cdproto/page"
	_ "github.com/chromedp/cdproto/runtime"
	_ "github.com/chromedp/chromedp"
	_ "github.com/fsnotify/fsnotify"
	_ "github.com/go-echarts/go-echarts/v2/charts"
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/google/pprof/profile"
	_ "github.com/pressly/goose/v3"
	_ "github.com/rogpeppe/go-internal/testscript"
	_ "github.com/spf13/cobra"
	_ "github.com/traefik/yaegi/interp"
	_ "github.com/traefik/yaegi/stdlib"
	_ "github.com/yuin/goldmark"
	_ "github.com/yuin/goldmark-highlighting/v2"
	_ "github.com/yuin/goldmark/extension"
	_ "go.abhg.dev/goldmark/frontmatter"
	_ "go.yaml.in/yaml/v4"
	_ "golang.org/x/net/html"
	_ "golang.org/x/perf/benchfmt"
	_ "golang.org/x/perf/benchmath"
	_ "golang.org/x/perf/benchunit"
	_ "golang.org/x/sys/unix"
	_ "golang.org/x/term"
	_ "modernc.org/sqlite"
)

func main() {}
