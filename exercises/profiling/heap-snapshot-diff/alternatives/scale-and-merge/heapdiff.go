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
	for range 2 {
		runtime.GC()
	}
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
	minuend, err := inUseOnly(after)
	if err != nil {
		return nil, err
	}
	subtrahend, err := inUseOnly(before)
	if err != nil {
		return nil, err
	}
	subtrahend.Scale(-1)
	difference, err := profile.Merge([]*profile.Profile{minuend, subtrahend})
	if err != nil {
		return nil, err
	}
	var list []Delta
	row := map[Site]int{}
	for _, s := range difference.Sample {
		site, ok := owner(s, roots)
		if !ok {
			continue
		}
		i, known := row[site]
		if !known {
			i = len(list)
			row[site] = i
			list = append(list, Delta{Site: site})
		}
		list[i].Bytes += s.Value[0]
		list[i].Objects += s.Value[1]
	}
	kept := list[:0]
	for _, d := range list {
		if d.Bytes|d.Objects != 0 {
			kept = append(kept, d)
		}
	}
	sort.Slice(kept, func(i, j int) bool {
		a, b := kept[i], kept[j]
		if a.Bytes != b.Bytes {
			return a.Bytes > b.Bytes
		}
		if c := strings.Compare(a.Func, b.Func); c != 0 {
			return c < 0
		}
		return a.Line < b.Line || a.Line == b.Line && a.File < b.File
	})
	return kept, nil
}

// inUseOnly is a copy of p with the values for bytes and objects in use alone, in this order.
func inUseOnly(p *profile.Profile) (*profile.Profile, error) {
	bytes, objects := -1, -1
	for i, t := range p.SampleType {
		if t.Type == "inuse_space" {
			bytes = i
		}
		if t.Type == "inuse_objects" {
			objects = i
		}
	}
	if bytes == -1 || objects == -1 {
		return nil, ErrIncompatible
	}
	own := p.Copy()
	own.SampleType = []*profile.ValueType{{Type: "inuse_space", Unit: "bytes"}, {Type: "inuse_objects", Unit: "count"}}
	own.DefaultSampleType = ""
	for _, s := range own.Sample {
		s.Value = []int64{s.Value[bytes], s.Value[objects]}
	}
	return own, nil
}

func owner(s *profile.Sample, roots []string) (site Site, ok bool) {
	var frames []Site
	for _, loc := range s.Location {
		for _, l := range loc.Line {
			frames = append(frames, Site{Func: l.Function.Name, File: l.Function.Filename, Line: l.Line})
		}
	}
	for _, f := range frames {
		for _, root := range roots {
			if strings.HasPrefix(f.Func, root) {
				return f, true
			}
		}
	}
	if len(frames) == 0 {
		return Site{}, false
	}
	return frames[0], true
}

// Growing is what Diff says of the last and the first of snaps, of those sites only whose bytes grew from each snapshot to
// the next and by at least min in all.
func Growing(snaps []*profile.Profile, roots []string, min int64) ([]Delta, error) {
	for _, p := range snaps {
		if _, err := inUseOnly(p); err != nil {
			return nil, err
		}
	}
	if len(snaps) < 2 {
		return nil, nil
	}
	steps := map[Site]int{} // in which a site grew
	for i := 1; i < len(snaps); i++ {
		step, err := Diff(snaps[i-1], snaps[i], roots)
		if err != nil {
			return nil, err
		}
		for _, d := range step {
			if d.Bytes > 0 {
				steps[d.Site]++
			}
		}
	}
	all, err := Diff(snaps[0], snaps[len(snaps)-1], roots)
	var grown []Delta
	for _, d := range all {
		if d.Bytes >= min && steps[d.Site] == len(snaps)-1 {
			grown = append(grown, d)
		}
	}
	return grown, err
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
	var file bytes.Buffer
	if _, err := file.ReadFrom(r); err != nil {
		return nil, err
	}
	sections := split(file.Bytes())
	var top struct {
		Snapshot struct {
			Meta struct {
				Fields []string          `json:"node_fields"`
				Types  []json.RawMessage `json:"node_types"`
			}
		}
		Strings *[]*string
	}
	for name, to := range map[string]any{"snapshot": &top.Snapshot, "strings": &top.Strings} {
		if err := json.Unmarshal(sections[name], to); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrFormat, name, err)
		}
	}
	meta := top.Snapshot.Meta
	kind, name, size := index(meta.Fields, "type"), index(meta.Fields, "name"), index(meta.Fields, "self_size")
	var kinds []string
	if kind < 0 || name < 0 || size < 0 || len(meta.Types) <= kind || json.Unmarshal(meta.Types[kind], &kinds) != nil || top.Strings == nil {
		return nil, ErrFormat
	}
	numbers, ok := wholeNumbers(sections["nodes"])
	if !ok || len(numbers)%len(meta.Fields) != 0 {
		return nil, ErrFormat
	}
	classes := map[string]Class{}
	for ; len(numbers) > 0; numbers = numbers[len(meta.Fields):] {
		if numbers[kind] >= int64(len(kinds)) || numbers[name] >= int64(len(*top.Strings)) || (*top.Strings)[numbers[name]] == nil {
			return nil, ErrFormat
		}
		if k := kinds[numbers[kind]]; k != "object" && k != "closure" {
			continue
		}
		class := classes[*(*top.Strings)[numbers[name]]]
		class.Name = *(*top.Strings)[numbers[name]]
		class.Count++
		class.Shallow += numbers[size]
		classes[class.Name] = class
	}
	return classes, nil
}

func index(list []string, want string) int {
	for i, s := range list {
		if s == want {
			return i
		}
	}
	return -1
}

// wholeNumbers reads a list of them.
func wholeNumbers(list []byte) (numbers []int64, ok bool) {
	if len(list) == 0 || list[0] != '[' {
		return nil, false
	}
	rest := trim(list[1:])
	if len(rest) == 1 && rest[0] == ']' {
		return nil, true
	}
	numbers = make([]int64, 0, bytes.Count(list, []byte(","))+1)
	for {
		n, digits := int64(0), 0
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			n = 10*n + int64(rest[digits]-'0')
			digits++
		}
		rest = trim(rest[digits:])
		if digits == 0 || digits > 16 || n > 1<<53-1 || len(rest) == 0 || rest[0] != ',' && rest[0] != ']' {
			return nil, false
		}
		numbers = append(numbers, n)
		if rest[0] == ']' {
			return numbers, true
		}
		rest = trim(rest[1:])
	}
}

// split cuts a JSON object into its values by key, nil if it is none or is cut off.
func split(object []byte) map[string][]byte {
	sections := map[string][]byte{}
	rest := trim(object)
	for mark := byte('{'); ; mark = ',' {
		if len(rest) == 0 || rest[0] != mark {
			return nil
		}
		key := first(trim(rest[1:]))
		if len(key) < 2 || key[0] != '"' {
			return nil
		}
		rest = trim(rest[len(rest)-len(trim(rest[1:]))+len(key):])
		if len(rest) == 0 || rest[0] != ':' {
			return nil
		}
		rest = trim(rest[1:])
		value := first(rest)
		if len(value) == 0 {
			return nil
		}
		sections[string(key[1:len(key)-1])] = value
		if rest = trim(rest[len(value):]); len(rest) > 0 && rest[0] == '}' {
			return sections
		}
	}
}

// first is the value that text begins with; nil if its end is missing.
func first(text []byte) []byte {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
			if i >= len(text) {
				return nil
			}
		case '[', '{':
			depth++
			continue
		case ']', '}':
			if depth--; depth < 0 {
				return text[:i]
			}
		case ',', ' ', '\n', '\r', '\t':
			if depth == 0 {
				return text[:i]
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return text[:i+1]
		}
	}
	return nil
}

func trim(text []byte) []byte {
	for len(text) > 0 && (text[0] == ' ' || text[0] == '\n' || text[0] == '\r' || text[0] == '\t') {
		text = text[1:]
	}
	return text
}

// DiffV8 is what after has more than before, by class, the largest size first. Classes that did not change are left out.
func DiffV8(before, after map[string]Class) []Class {
	names := map[string]bool{}
	for _, side := range []map[string]Class{before, after} {
		for name := range side {
			names[name] = true
		}
	}
	var list []Class
	for name := range names {
		a, b := after[name], before[name]
		if a.Count != b.Count || a.Shallow != b.Shallow {
			list = append(list, Class{name, a.Count - b.Count, a.Shallow - b.Shallow})
		}
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].Shallow == list[j].Shallow {
			return list[i].Name < list[j].Name
		}
		return list[i].Shallow > list[j].Shallow
	})
	return list
}
