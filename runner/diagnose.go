package runner

import (
	"context"
	"errors"
	"fmt"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/report"
)

// Diagnose says within milliseconds what the compiler would say of a solution of the exercise, for an editor to mark while
// one types. Nothing is built and nothing runs. It says nothing where no executor can do that.
func (r *Runner) Diagnose(ctx context.Context, slug string, files exercises.Files) ([]report.Diagnostic, error) {
	ex, err := r.Exercises.Lookup(slug)
	if err != nil {
		return nil, fmt.Errorf("looking up exercise %q: %w", slug, err)
	}
	var refusal *executor.Refusal
	if errors.As(checkFiles(files), &refusal) {
		return refusal.Diagnostics, nil
	}
	for _, x := range r.Executors {
		if d, ok := x.(executor.Diagnoser); ok {
			found, err := d.Diagnose(ctx, ex, files)
			for i := range found {
				found[i].Message = report.Clean(found[i].Message)
			}
			return found, err
		}
	}
	return nil, nil
}
