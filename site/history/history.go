// Package history is the vocabulary of what hotloop remembers of a learner: attempts, drafts, progress. It stores nothing
// and imports nothing of hotloop, so that those who keep it (site/store) and those who show it (site, cmd) need not know
// one another.
package history

import (
	"encoding/json"
	"errors"
	"time"
)

// ErrNotFound is returned for an attempt or a draft that is not, or no longer, kept.
var ErrNotFound = errors.New("not kept in the history")

// An Attempt is one run of an exercise, with what made it and what it showed.
type Attempt struct {
	ID       int64  // given by Record
	Exercise string // slug
	Goal     string // "test", "bench" or "profile"
	Verdict  string // a report.Verdict
	Reason   string // for people; "" when accepted
	Origin   string // CLI or Web
	Started  time.Time
	Seconds  float64

	Report json.RawMessage   // the report.Report as JSON
	Events []byte            // the whole event stream as JSON lines; nil in lists
	Files  map[string][]byte // the learner's files that were run; nil in lists
}

// The origins of an attempt.
const (
	CLI = "cli"
	Web = "web"
)

// A State says how far a learner has come with an exercise. States are ordered and only ever rise.
type State int

const (
	New       State = iota // nothing was done yet
	Started                // has a copy of the starter
	Attempted              // ran the tests, without success so far
	Accepted               // passed every test once
	Targets                // was accepted by a measured run: every target met
)

// String is the word for lists and JSON: "new", "started", "attempted", "accepted", "targets met".
func (s State) String() string {
	switch s {
	case Started:
		return "started"
	case Attempted:
		return "attempted"
	case Accepted:
		return "accepted"
	case Targets:
		return "targets met"
	}
	return "new"
}

// Reached is the state that a run with this goal and verdict proves.
func Reached(goal, verdict string) State {
	switch verdict {
	case "accepted":
		if goal == "bench" {
			return Targets
		}
		return Accepted
	case "target missed", "inconclusive":
		return Accepted // nothing is measured before every test has passed
	case "canceled":
		return Started
	}
	return Attempted
}

// Progress is how far a learner has come with one exercise.
type Progress struct {
	State        State
	Hints        int  // how many were shown
	SolutionSeen bool // the reference was shown
	Attempts     int  // ever made; more than are kept
	Updated      time.Time
}

// LessonProgress says when a lesson was opened last, and when it was marked as read; zero: never.
type LessonProgress struct {
	Visited time.Time
	Read    time.Time
}

// A Draft is a version of a learner's files that could not be written to the workspace and must not get lost.
type Draft struct {
	ID       int64 // given by SaveDraft
	Exercise string
	Why      string // for people: what kept it out of the workspace
	Saved    time.Time
	Files    map[string][]byte
}
