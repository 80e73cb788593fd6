package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"hotloop/runner/executor"
)

// Prepare does ahead what all runs of all exercises need and what is done once on a machine, such as compiling the
// standard library. It takes up to a minute the first time, and else next to nothing. A run that begins meanwhile waits
// for it, and says so.
func (r *Runner) Prepare(ctx context.Context) error {
	var errs []error
	for _, x := range r.Executors {
		if p, ok := x.(executor.Preparer); ok && x.Available() == nil {
			if err := p.Prepare(ctx, slices.Collect(r.Exercises.All())...); err != nil {
				errs = append(errs, fmt.Errorf("preparing executor %s: %w", x.Name(), err))
			}
		}
	}
	return errors.Join(errs...)
}
