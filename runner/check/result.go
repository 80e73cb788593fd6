package check

import (
	"fmt"
	"slices"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/measure"
	"hotloop/runner/report"
)

// A Result is what the runs of an exercise's variants showed. It is the contract that scripts rely on: fields may be
// added, none renamed.
type Result struct {
	Exercise string    `json:"exercise"`
	Seconds  float64   `json:"seconds"`
	Mutants  int       `json:"mutants"`
	Killed   int       `json:"killed"`   // mutants, each by what it names
	Variants []Showing `json:"variants"` // in the order of exercises.Variants
	Problems []Problem `json:"problems"` // none: the exercise is well made
}

// A Showing is what the runs of one variant showed. Verdict, By and Targets are those of its last run.
type Showing struct {
	Variant   string             `json:"variant"`
	Role      exercises.Role     `json:"role"`
	Runs      int                `json:"runs"`
	Right     int                `json:"right"`               // of these, the runs that showed what the role asks for
	Undecided int                `json:"undecided,omitempty"` // runs that could not tell, and were made again, up to twice
	Verdict   report.Verdict     `json:"verdict,omitempty"`   // of a mutant's run that ended with the test that kills it, none
	By        string             `json:"by,omitempty"`        // what rejected it: the first test that failed, else the first target missed
	Targets   []report.Benchmark `json:"targets"`             // that were measured; "yours" is the variant
}

// A Problem is one thing that is wrong with an exercise.
type Problem struct {
	Exercise string `json:"exercise"`
	Variant  string `json:"variant"`
	Message  string `json:"message"` // "mutant evicts-newest survived: TestEvictsLeastRecent passed; …"
	Hint     string `json:"hint"`    // what an author may do about it
}

func (p Problem) String() string { return p.Exercise + ": " + p.Message }

func (c *checker) result() *Result {
	r := &Result{Exercise: c.e.Slug, Variants: []Showing{}, Problems: []Problem{}}
	for _, t := range c.trials {
		r.Variants = append(r.Variants, t.showing())
		if t.variant.Role == exercises.MutantRole {
			r.Mutants++
			if t.problem == nil {
				r.Killed++
			}
		}
		if t.problem != nil {
			t.problem.Exercise = c.e.Slug
			r.Problems = append(r.Problems, *t.problem)
		}
	}
	return r
}

func (t *trial) showing() Showing {
	s := Showing{Variant: t.variant.Name, Role: t.variant.Role, Runs: t.runs, Right: t.right, Undecided: t.undecided, Targets: []report.Benchmark{}}
	if t.last == nil {
		if t.right > 0 {
			s.By = t.variant.KilledBy
		}
		return s
	}
	s.Verdict = t.last.Verdict
	for _, b := range t.last.Benchmarks {
		if b.Target != nil {
			s.Targets = append(s.Targets, b)
		}
	}
	if names := failed(t.last); len(names) > 0 {
		s.By = names[0]
	} else if i := slices.IndexFunc(s.Targets, func(b report.Benchmark) bool { return b.Met == measure.No }); i >= 0 {
		s.By = s.Targets[i].Name + "/" + s.Targets[i].Unit
	}
	return s
}

// achieved is what the variant showed when there is no problem.
func achieved(t *trial) string {
	switch t.variant.Role {
	case exercises.Starter:
		return "starter fails, as it should"
	case exercises.Reference, exercises.Alternative:
		return title(t.variant) + " is accepted"
	case exercises.Naive:
		if t.goal == executor.Bench {
			return "naive passes the tests and misses a target"
		}
		return "naive passes the tests"
	}
	return title(t.variant) + " is killed by " + t.variant.KilledBy
}

// title names a variant in messages: "starter", "mutant evicts-newest".
func title(v exercises.Variant) string {
	if v.Role == exercises.MutantRole || v.Role == exercises.Alternative {
		return string(v.Role) + " " + v.Name
	}
	return v.Name
}

// count is "3 of 20 times", as far as there are times to count.
func (t *trial) count() string { return fmt.Sprintf("%d of %d times", t.right, t.runs) }
