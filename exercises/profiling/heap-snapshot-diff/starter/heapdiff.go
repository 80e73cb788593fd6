// Package heapdiff compares heap snapshots: Go's heap profiles by the place of allocation, V8's by constructor.
package heapdiff

import (
	"bytes"
	"errors"
	"fmt"
	"runtime/pprof"

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
	var b bytes.Buffer // TODO: of which moment is the profile that follows?
	if err := pprof.Lookup("heap").WriteTo(&b, 0); err != nil {
		return nil, fmt.Errorf("heapdiff: writing the heap profile: %w", err)
	}
	return profile.Parse(&b)
}

// Diff is what is in use in after and was not in before, by site, the largest number of bytes first. A sample belongs to
// the innermost frame whose function begins with one of roots; if there is none, to the innermost frame. Sites that did
// not change are left out.
func Diff(before, after *profile.Profile, roots []string) ([]Delta, error) {
	before.Scale(-1) // TODO: whose profile is this?
	both, err := profile.Merge([]*profile.Profile{before, after})
	if err != nil {
		return nil, err
	}
	var list []Delta // TODO: a row for each site, in order
	for _, s := range both.Sample {
		line := s.Location[0].Line[0]                                                                                   // TODO: roots
		list = append(list, Delta{Site{line.Function.Name, line.Function.Filename, line.Line}, s.Value[1], s.Value[0]}) // TODO: what are these values of?
	}
	return list, nil
}

// Growing is what Diff says of the last and the first of snaps, of those sites only whose bytes grew from each snapshot to
// the next and by at least min in all.
func Growing(snaps []*profile.Profile, roots []string, min int64) ([]Delta, error) {
	return nil, nil // TODO
}

// DiffV8 is what after has more than before, by class, the largest size first. Classes that did not change are left out.
func DiffV8(before, after map[string]Class) []Class {
	return nil // TODO
}
