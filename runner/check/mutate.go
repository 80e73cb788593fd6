package check

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"hotloop/exercises"
	"hotloop/runner"
	"hotloop/runner/executor"
	"hotloop/runner/report"
)

// A Score says how many small changes of the reference the tests notice.
type Score struct {
	Exercise   string   `json:"exercise"`
	Mutants    int      `json:"mutants"` // that compile
	Killed     int      `json:"killed"`
	Equivalent int      `json:"equivalent"` // as exercise.yaml says and the run confirmed
	Survivors  []string `json:"survivors"`  // "lru.go:94: >= becomes >: if len(c.entries) >= c.max {"
	Stale      []string `json:"stale"`      // entries of equivalent that no survivor answers to
}

// Percent is the share of mutants killed among those that can be.
func (s *Score) Percent() float64 {
	if s.Mutants == s.Equivalent {
		return 100
	}
	return 100 * float64(s.Killed) / float64(s.Mutants-s.Equivalent)
}

// Mutate changes the reference of e in one place after the other and runs the tests on each mutant; one that they accept
// has survived. A time limit kills, too. It tells progress a line for each survivor; nil is allowed.
func Mutate(ctx context.Context, run runner.Func, e *exercises.Exercise, progress func(string)) (*Score, error) {
	reference, err := e.Variant(string(exercises.Reference))
	if err != nil {
		return nil, err
	}
	var all []mutation
	for _, name := range slices.Sorted(maps.Keys(reference.Files)) {
		found, err := mutations(name, reference.Files[name])
		if err != nil {
			return nil, fmt.Errorf("reading the reference of %s: %w", e.Slug, err)
		}
		all = append(all, found...)
	}
	verdicts, err := runMutants(ctx, run, e, reference.Files, all)
	if err != nil {
		return nil, fmt.Errorf("testing the mutants of %s: %w", e.Slug, err)
	}
	score := &Score{Exercise: e.Slug}
	excused := map[exercises.Equivalent]bool{}
	for i, m := range all {
		if verdicts[i] == report.CompileError {
			continue
		}
		score.Mutants++
		if verdicts[i] != report.Accepted {
			score.Killed++
			continue
		}
		if k := slices.IndexFunc(e.Equivalent, m.is); k >= 0 {
			score.Equivalent++
			excused[e.Equivalent[k]] = true
			continue
		}
		line := fmt.Sprintf("%s:%d: %s: %s", m.file, m.line, m.change, m.text)
		score.Survivors = append(score.Survivors, line)
		if progress != nil {
			progress(e.Slug + ": survived: " + line)
		}
	}
	for _, q := range e.Equivalent {
		if !excused[q] {
			score.Stale = append(score.Stale, fmt.Sprintf("%s: %s: %s", q.File, q.Mutation, q.Line))
		}
	}
	return score, nil
}

func (m mutation) is(q exercises.Equivalent) bool {
	return q.File == m.file && q.Line == m.text && q.Mutation == m.change
}

// runMutants tests them side by side. The first failure of hotloop's own ends it.
func runMutants(ctx context.Context, run runner.Func, e *exercises.Exercise, files exercises.Files, all []mutation) ([]report.Verdict, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c := &checker{run: run, e: e}
	verdicts := make([]report.Verdict, len(all))
	slots := make(chan struct{}, parallel)
	var wg sync.WaitGroup
	for i, m := range all {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			out, err := c.test(ctx, &trial{variant: exercises.Variant{Files: m.apply(files)}}, executor.Test)
			if err != nil {
				cancel(err)
				return
			}
			verdicts[i] = out.Verdict
		})
	}
	wg.Wait()
	return verdicts, context.Cause(ctx)
}
