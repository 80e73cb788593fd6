package exercises

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Fault is one thing that is wrong with the content, and what is expected instead.
type Fault struct {
	File    string // slash-separated, from the folder that holds exercises/
	Line    int    // from 1; 0: the whole file
	Message string
}

// String is the fault as a line that editors can follow: "exercises/leaks/x/exercise.yaml:12: difficulty is 7; …".
func (f Fault) String() string {
	if f.Line == 0 {
		return f.File + ": " + f.Message
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Message)
}

// Faults is the error of content that is not as it should be: all faults at once, ordered by file and line.
type Faults []Fault

// Error has one fault a line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

func (f Faults) sort() {
	slices.SortStableFunc(f, func(a, b Fault) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
}
