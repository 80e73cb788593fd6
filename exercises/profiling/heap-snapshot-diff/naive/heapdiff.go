// Package heapdiff compares heap snapshots: Go's heap profiles by the place of allocation, V8's by constructor.
package heapdiff

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/pprof"
	"sort"
	"strings"

	"github.com/google/pprof/profile"
)

// A Site is a place in the source that allocates.
type Site struct {
	Func, File string
	Line       int64
}

// A Delta is by how much more memory of a site is in use.
type Delta struct {
	Site
	Bytes, Objects int64
}

// ErrIncompatible says that a profile has no inuse_space and inuse_objects.
var ErrIncompatible = errors.New("heapdiff: profiles have no inuse sample types")

// Snapshot is the heap profile of this process after two collections.
func Snapshot() (*profile.Profile, error) {
	runtime.GC() // moves what lies in pools to their victims, and queues finalizers
	runtime.GC()
	var b bytes.Buffer
	if err := pprof.Lookup("heap").WriteTo(&b, 0); err != nil {
		return nil, fmt.Errorf("heapdiff: writing the heap profile: %w", err)
	}
	p, err := profile.Parse(&b)
	if err != nil {
		return nil, fmt.Errorf("heapdiff: reading the heap profile: %w", err)
	}
	return p, nil
}

// Diff is what is in use in after and was not in before, by site, the largest number of bytes first. A sample belongs to
// the innermost frame whose function begins with one of roots; if there is none, to the innermost frame. Sites that did
// not change are left out.
func Diff(before, after *profile.Profile, roots []string) ([]Delta, error) {
	return compare([]*profile.Profile{before, after}, roots, func([]Delta) bool { return true })
}

// Growing is what Diff says of the last and the first of snaps, of those sites only whose bytes grew from each snapshot to
// the next and by at least min in all.
func Growing(snaps []*profile.Profile, roots []string, min int64) ([]Delta, error) {
	return compare(snaps, roots, func(moments []Delta) bool {
		for i := 1; i < len(moments); i++ {
			if moments[i].Bytes <= moments[i-1].Bytes {
				return false
			}
		}
		return moments[len(moments)-1].Bytes-moments[0].Bytes >= min
	})
}

// compare subtracts the first of snaps from the last, site by site, where keep says so of what the site had in each.
func compare(snaps []*profile.Profile, roots []string, keep func([]Delta) bool) ([]Delta, error) {
	moments := map[Site][]Delta{}
	for i, p := range snaps {
		space, objects := -1, -1
		for j, t := range p.SampleType {
			switch t.Type {
			case "inuse_space":
				space = j
			case "inuse_objects":
				objects = j
			}
		}
		if space < 0 || objects < 0 {
			return nil, ErrIncompatible
		}
		for _, s := range p.Sample {
			site := siteOf(s, roots)
			if site == nil {
				continue
			}
			if moments[*site] == nil {
				moments[*site] = make([]Delta, len(snaps))
			}
			moments[*site][i].Bytes += s.Value[space]
			moments[*site][i].Objects += s.Value[objects]
		}
	}
	var list []Delta
	if len(snaps) < 2 {
		return nil, nil
	}
	for site, m := range moments {
		d := Delta{site, m[len(m)-1].Bytes - m[0].Bytes, m[len(m)-1].Objects - m[0].Objects}
		if keep(m) && (d.Bytes != 0 || d.Objects != 0) {
			list = append(list, d)
		}
	}
	sort.Slice(list, func(i, j int) bool {
		a, b := list[i], list[j]
		switch {
		case a.Bytes != b.Bytes:
			return a.Bytes > b.Bytes
		case a.Func != b.Func:
			return a.Func < b.Func
		case a.Line != b.Line:
			return a.Line < b.Line
		}
		return a.File < b.File
	})
	return list, nil
}

func siteOf(s *profile.Sample, roots []string) (innermost *Site) {
	for _, loc := range s.Location {
		for _, line := range loc.Line {
			site := &Site{line.Function.Name, line.Function.Filename, line.Line}
			for _, root := range roots {
				if strings.HasPrefix(site.Func, root) {
					return site
				}
			}
			if innermost == nil {
				innermost = site
			}
		}
	}
	return innermost
}

// A Class is what V8 calls a constructor: the objects that it made, or the closures of one function.
type Class struct {
	Name    string
	Count   int
	Shallow int64 // bytes of the objects themselves, without what they refer to
}

// ErrFormat says that a file is no heap snapshot of V8, or a broken one.
var ErrFormat = errors.New("heapdiff: not a V8 heap snapshot")

// ParseV8 reads a .heapsnapshot file and adds up its objects and closures by name.
func ParseV8(r io.Reader) (map[string]Class, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("reading a heap snapshot: %w", err)
	}
	var file any
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrFormat, err)
	}
	top, _ := file.(map[string]any)
	head, _ := top["snapshot"].(map[string]any)
	meta, _ := head["meta"].(map[string]any)
	fields, _ := meta["node_fields"].([]any)
	types, _ := meta["node_types"].([]any)
	nodes, ok1 := top["nodes"].([]any)
	texts, ok2 := top["strings"].([]any)
	at := map[string]int{"type": -1, "name": -1, "self_size": -1}
	for i, f := range fields {
		if name, ok := f.(string); ok {
			at[name] = i
		}
	}
	if !ok1 || !ok2 || at["type"] < 0 || at["name"] < 0 || at["self_size"] < 0 || at["type"] >= len(types) || len(nodes)%len(fields) != 0 {
		return nil, ErrFormat
	}
	kinds, _ := types[at["type"]].([]any)
	classes := map[string]Class{}
	for len(nodes) > 0 {
		node := nodes[:len(fields)]
		nodes = nodes[len(fields):]
		for _, field := range node {
			if n, ok := field.(float64); !ok || n < 0 || n > 1<<53-1 || n != float64(int64(n)) {
				return nil, ErrFormat
			}
		}
		kind, name := int(node[at["type"]].(float64)), int(node[at["name"]].(float64))
		if kind >= len(kinds) || name >= len(texts) {
			return nil, ErrFormat
		}
		if kinds[kind] != "object" && kinds[kind] != "closure" {
			continue
		}
		text, ok := texts[name].(string)
		if !ok {
			return nil, ErrFormat
		}
		c := classes[text]
		classes[text] = Class{text, c.Count + 1, c.Shallow + int64(node[at["self_size"]].(float64))}
	}
	return classes, nil
}

// DiffV8 is what after has more than before, by class, the largest size first. Classes that did not change are left out.
func DiffV8(before, after map[string]Class) []Class {
	var list []Class
	for name, c := range after {
		list = append(list, Class{name, c.Count - before[name].Count, c.Shallow - before[name].Shallow})
	}
	for name, c := range before {
		if _, still := after[name]; !still {
			list = append(list, Class{name, -c.Count, -c.Shallow})
		}
	}
	var changed []Class
	for _, c := range list {
		if c.Count != 0 || c.Shallow != 0 {
			changed = append(changed, c)
		}
	}
	sort.Slice(changed, func(i, j int) bool {
		a, b := changed[i], changed[j]
		return a.Shallow > b.Shallow || a.Shallow == b.Shallow && a.Name < b.Name
	})
	return changed
}
