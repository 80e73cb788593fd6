// Package heapdiff compares heap snapshots: Go's heap profiles by the place of allocation, V8's by constructor.
package heapdiff

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"runtime/pprof"
	"slices"
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
	old, err := sites(before, roots)
	if err != nil {
		return nil, err
	}
	sums, err := sites(after, roots)
	if err != nil {
		return nil, err
	}
	for site, u := range old {
		sums[site] = usage{sums[site].bytes - u.bytes, sums[site].objects - u.objects}
	}
	return deltas(sums), nil
}

// Growing is what Diff says of the last and the first of snaps, of those sites only whose bytes grew from each snapshot to
// the next and by at least min in all.
func Growing(snaps []*profile.Profile, roots []string, min int64) ([]Delta, error) {
	var all []map[Site]usage
	for _, p := range snaps {
		sums, err := sites(p, roots)
		if err != nil {
			return nil, err
		}
		all = append(all, sums)
	}
	if len(all) < 2 {
		return nil, nil
	}
	first, last := all[0], all[len(all)-1]
	grown := map[Site]usage{}
	for site, end := range last {
		strictly := true
		for i := range all[1:] {
			strictly = strictly && all[i+1][site].bytes > all[i][site].bytes
		}
		u := usage{end.bytes - first[site].bytes, end.objects - first[site].objects}
		if strictly && u.bytes >= min {
			grown[site] = u
		}
	}
	return deltas(grown), nil
}

// usage is what is in use of a site.
type usage struct{ bytes, objects int64 }

// sites adds up what is in use.
func sites(p *profile.Profile, roots []string) (map[Site]usage, error) {
	named := func(name string) int {
		return slices.IndexFunc(p.SampleType, func(t *profile.ValueType) bool { return t.Type == name })
	}
	space, objects := named("inuse_space"), named("inuse_objects")
	if space < 0 || objects < 0 {
		return nil, ErrIncompatible
	}
	sums := map[Site]usage{}
	for _, s := range p.Sample {
		if site, ok := siteOf(s, roots); ok {
			sums[site] = usage{sums[site].bytes + s.Value[space], sums[site].objects + s.Value[objects]}
		}
	}
	return sums, nil
}

// siteOf is the site that a sample belongs to. A sample without any function belongs to none.
func siteOf(s *profile.Sample, roots []string) (innermost Site, ok bool) {
	for _, loc := range s.Location {
		for _, line := range loc.Line { // the innermost first, as in Location
			site := Site{line.Function.Name, line.Function.Filename, line.Line}
			if slices.ContainsFunc(roots, func(root string) bool { return strings.HasPrefix(site.Func, root) }) {
				return site, true
			}
			if !ok {
				innermost, ok = site, true
			}
		}
	}
	return innermost, ok
}

func deltas(sums map[Site]usage) []Delta {
	var list []Delta
	for site, u := range sums {
		if u != (usage{}) {
			list = append(list, Delta{site, u.bytes, u.objects})
		}
	}
	slices.SortFunc(list, func(a, b Delta) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), strings.Compare(a.Func, b.Func), cmp.Compare(a.Line, b.Line), strings.Compare(a.File, b.File))
	})
	return list
}

// DiffV8 is what after has more than before, by class, the largest size first. Classes that did not change are left out.
func DiffV8(before, after map[string]Class) []Class {
	changed := maps.Clone(after)
	if changed == nil {
		changed = map[string]Class{}
	}
	for name, old := range before {
		c := changed[name]
		changed[name] = Class{name, c.Count - old.Count, c.Shallow - old.Shallow}
	}
	var list []Class
	for name, c := range changed {
		if c.Count != 0 || c.Shallow != 0 {
			list = append(list, Class{name, c.Count, c.Shallow})
		}
	}
	slices.SortFunc(list, func(a, b Class) int {
		return cmp.Or(cmp.Compare(b.Shallow, a.Shallow), strings.Compare(a.Name, b.Name))
	})
	return list
}
