package runner

import (
	"slices"

	"hotloop/exercises"
	"hotloop/runner/measure"
)

// A brief job asks for the verdict, which is found by the same rules as ever, and not for figures that are worth showing:
// a target is measured until it is decided, however wide the interval still is; after one that is missed, the others are
// not measured; a benchmark without a target takes one turn, to show that it runs; and where nothing is compared, the
// others do not run beside the learner's.

// targets are those of a benchmark.
func (a *attempt) targets(name string) (found []exercises.Target) {
	for _, t := range a.ex.Targets {
		if t.Benchmark == name {
			found = append(found, t)
		}
	}
	return found
}

// wanted says whether the benchmark has a target.
func (a *attempt) wanted(name string) bool { return len(a.targets(name)) > 0 }

// compared says whether the benchmark is run in all variants: of a brief job, only if what it counts is not just to be
// at most so much, or if it is timed.
func (a *attempt) compared(name string) bool {
	return !a.job.Brief || slices.ContainsFunc(a.targets(name), func(t exercises.Target) bool { return t.AtMost == nil || t.Unit == "sec/op" })
}

// settled says whether the verdict on a brief job is known, whatever is not measured yet.
func (a *attempt) settled() bool {
	return a.job.Brief && firstTarget(a.rep, measure.No) != nil
}
