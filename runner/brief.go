package runner

import (
	"slices"

	"hotloop/exercises"
	"hotloop/runner/measure"
)

// A brief job asks for the verdict, which is found by the same rules as ever, and not for figures that are worth showing:
// a target is measured until it is decided, however wide the interval still is; after one that is missed, the others are
// not measured; a benchmark without a target takes one turn, to show that it runs.

// wanted says whether the benchmark has a target.
func (a *attempt) wanted(name string) bool {
	return slices.ContainsFunc(a.ex.Targets, func(t exercises.Target) bool { return t.Benchmark == name })
}

// settled says whether the verdict on a brief job is known, whatever is not measured yet.
func (a *attempt) settled() bool {
	return a.job.Brief && firstTarget(a.rep, measure.No) != nil
}
