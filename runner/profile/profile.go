// Package profile reads what runtime/pprof wrote in a learner's process and says what it shows: as part of a report, by
// function and by line, and as a tree for a flame graph. It alone knows google/pprof.
//
// The process that is profiled holds the learner's code, so nothing that comes from it is believed to be small or well
// formed.
package profile

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	pprof "github.com/google/pprof/profile"

	"hotloop/runner/report"
)

// Bounds of a profile. Those of the exercises have some tens of KiB.
const (
	MaxSize   = 2 << 20  // bytes of a .pb.gz file
	maxPlain  = 24 << 20 // the same, unpacked
	maxFrames = 512      // of one stack
)

// A Profile is a profile of one kind.
type Profile struct {
	kind    string
	samples []sample
	raw     *pprof.Profile
}

// A sample is a stack, the innermost frame last, with what was seen there.
type sample struct {
	frames []frame
	value  float64 // seconds or bytes
	count  int64   // samples or objects
}

type frame struct {
	function string
	file     string // base name for the solution's own files, else a path
	line     int
}

// Read reads a .pb.gz file as a profile of the kind.
func Read(kind string, data []byte) (*Profile, error) {
	raw, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("reading a profile: %w", err)
	}
	return newProfile(kind, raw)
}

// Join makes one profile of the kind of several ones of benchmarks: each is what was seen in end and not in start, which
// may be nil.
func Join(kind string, parts []Part) (*Profile, error) {
	var all []*pprof.Profile
	for _, part := range parts {
		p, err := part.read()
		if err != nil {
			return nil, fmt.Errorf("reading the profile of %s: %w", part.Benchmark, err)
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		return nil, errors.New("there is no profile")
	}
	raw, err := pprof.Merge(all)
	if err != nil {
		return nil, fmt.Errorf("joining %d profiles: %w", len(all), err)
	}
	return newProfile(kind, raw)
}

// A Part is the profile of one benchmark.
type Part struct {
	Benchmark  string
	Start, End []byte // .pb.gz
}

func (part Part) read() (*pprof.Profile, error) {
	end, err := parse(part.End)
	if err != nil || part.Start == nil {
		return end, err
	}
	start, err := parse(part.Start)
	if err != nil {
		return nil, err
	}
	start.Scale(-1)
	both, err := pprof.Merge([]*pprof.Profile{start, end})
	if err != nil {
		return nil, err
	}
	both.TimeNanos, both.DurationNanos = end.TimeNanos, max(0, end.TimeNanos-start.TimeNanos)
	return both, nil
}

func parse(data []byte) (*pprof.Profile, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("it has %d bytes; at most %d are read", len(data), MaxSize)
	}
	zip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(zip, maxPlain+1))
	switch {
	case err != nil:
		return nil, err
	case len(plain) > maxPlain:
		return nil, fmt.Errorf("unpacked, it has more than %d bytes", maxPlain)
	}
	p, err := pprof.ParseUncompressed(plain)
	if err != nil {
		return nil, err
	}
	return p, p.CheckValid()
}

// types are the sample types of each kind as runtime/pprof names them: that of the value, and that of the number.
var types = map[string][2]string{report.CPU: {"cpu", "samples"}, report.Alloc: {"alloc_space", "alloc_objects"}, report.Kept: {"inuse_space", "inuse_objects"}}

func valueIndex(kind string, raw *pprof.Profile) int { return typeIndex(types[kind][0], raw) }

func typeIndex(name string, raw *pprof.Profile) int {
	return slices.IndexFunc(raw.SampleType, func(t *pprof.ValueType) bool { return t.Type == name })
}

// newProfile takes the samples of the kind out of raw, and out of raw what is none of the benchmarks': hotloop's own work,
// and what came to nothing.
func newProfile(kind string, raw *pprof.Profile) (*Profile, error) {
	value, count := valueIndex(kind, raw), typeIndex(types[kind][1], raw)
	if value < 0 || count < 0 {
		return nil, fmt.Errorf("it has no samples of the type %q", types[kind][0])
	}
	p := &Profile{kind: kind}
	scale := 1.0
	if kind == report.CPU {
		scale = 1e-9
	}
	raw.Sample = slices.DeleteFunc(raw.Sample, func(s *pprof.Sample) bool {
		frames, own := stack(s)
		if own || s.Value[value] <= 0 || len(frames) == 0 || kind != report.CPU && inRuntime(frames) {
			return true
		}
		p.samples = append(p.samples, sample{frames, float64(s.Value[value]) * scale, max(0, s.Value[count])})
		return false
	})
	for _, m := range raw.Mapping { // where the binary lay says nothing to anybody
		m.File, m.BuildID = "solution", ""
	}
	raw.Comments = nil
	p.raw = raw.Compact() // without what only the removed samples named
	p.raw.DefaultSampleType = types[kind][0]
	return p, nil
}

// inRuntime says whether all of a stack is the runtime's. Memory that is asked for there is its own, for its workers.
func inRuntime(frames []frame) bool {
	return !slices.ContainsFunc(frames, func(f frame) bool { return !strings.HasPrefix(f.function, "runtime.") })
}

// Packages in whose hands the process is when it does hotloop's work.
var ownPackages = []string{"hotloop/exercises/kit/harness", "runtime/pprof."}

// stack is a sample's stack without the callers of its benchmark. It is hotloop's own if hotloop's functions are in it.
func stack(s *pprof.Sample) (frames []frame, own bool) {
	for _, loc := range slices.Backward(s.Location) {
		for _, line := range slices.Backward(loc.Line) {
			if line.Function == nil {
				continue
			}
			name := line.Function.Name
			for _, pkg := range ownPackages {
				own = own || strings.HasPrefix(name, pkg)
			}
			if isBenchmark(name) {
				frames = frames[:0]
			}
			if len(frames) < maxFrames {
				frames = append(frames, frame{report.Clean(shortName(name)), report.Clean(shortFile(line.Function.Filename)), int(line.Line)})
			}
		}
	}
	return frames, own
}

const solution = "solution"

func isBenchmark(name string) bool {
	rest, ok := strings.CutPrefix(name, solution+".Benchmark")
	return ok && !strings.Contains(rest, ".")
}

// shortName leaves out the solution's package, and of a generic function the shapes that the compiler made it for.
func shortName(name string) string {
	name = strings.TrimPrefix(name, solution+".")
	open := strings.Index(name, "[go.shape")
	if open < 0 {
		return name
	}
	depth := 0
	for i := open; i < len(name); i++ {
		switch name[i] {
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				return name[:open] + "[...]" + shortName(name[i+1:])
			}
		}
	}
	return name
}

func shortFile(file string) string { return strings.TrimPrefix(file, solution+"/") }

// Bytes is the profile as a .pb.gz file.
func (p *Profile) Bytes() ([]byte, error) {
	var b bytes.Buffer
	if err := p.raw.Write(&b); err != nil {
		return nil, fmt.Errorf("writing a profile: %w", err)
	}
	if b.Len() > MaxSize {
		return nil, fmt.Errorf("writing a profile: it has %d bytes; at most %d are kept", b.Len(), MaxSize)
	}
	return b.Bytes(), nil
}

// Total is all of it, in seconds or bytes.
func (p *Profile) Total() (sum float64) {
	for _, s := range p.samples {
		sum += s.value
	}
	return sum
}
