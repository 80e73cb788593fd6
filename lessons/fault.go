package lessons

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A Fault is one thing that is wrong with the content: where it is and what is expected there.
type Fault struct {
	File    string // as in the content's fs.FS: "leaks/cards.yaml"
	Line    int    // from 1; 0: the whole file
	Message string
}

// String is "file:line: message".
func (f Fault) String() string {
	if f.Line == 0 {
		return f.File + ": " + f.Message
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Message)
}

// Faults are all faults of a content folder, as one error: an author gets them at once, one a line.
type Faults []Fault

// Error lists the faults, one a line.
func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

func (fs *Faults) add(file string, line int, format string, args ...any) {
	*fs = append(*fs, Fault{File: file, Line: line, Message: fmt.Sprintf(format, args...)})
}

// err is nil without faults: a nil Faults in an error interface would not be.
func (fs Faults) err() error {
	if len(fs) == 0 {
		return nil
	}
	slices.SortStableFunc(fs, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return fs
}

// decode reads YAML strictly into out: an unknown field is a fault. Lines are counted from offset. It returns false if
// nothing could be read; with faults in single fields, the others are set.
func (fs *Faults) decode(file string, offset int, data []byte, out any) bool {
	err := yaml.Load(data, out, yaml.WithKnownFields())
	if err == nil {
		return true
	}
	var many *yaml.LoadErrors
	var one *yaml.LoadError
	switch {
	case errors.As(err, &many):
		for _, e := range many.Errors {
			fs.add(file, offset+int(e.Mark.Line), "%s", e.Message)
		}
		return true
	case errors.As(err, &one):
		fs.add(file, offset+int(one.Mark.Line), "%s", one.Message)
	default:
		fs.add(file, 0, "%v", err)
	}
	return false
}
