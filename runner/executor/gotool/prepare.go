package gotool

import (
	"context"
	"fmt"

	"hotloop/exercises"
	"hotloop/runner/executor"
)

// Prepare compiles ahead what solutions of the exercises are compiled and linked with: the kit, and of the standard
// library what their tests, references and starters import.
func (x *Executor) Prepare(ctx context.Context, all ...*exercises.Exercise) error {
	tc, err := x.toolchain()
	if err != nil {
		return err
	}
	cache, err := x.cacheDir()
	if err != nil {
		return err
	}
	kit, err := writeKit(cache)
	if err != nil {
		return err
	}
	imports := map[bool][]string{} // with the race detector or without; what is measured is without
	for _, ex := range all {
		paths, err := importsOf(ex)
		if err != nil {
			return fmt.Errorf("looking for what %s imports: %w", ex.Slug, err)
		}
		imports[false] = append(imports[false], paths...)
		if ex.Race && tc.canRace() {
			imports[true] = append(imports[true], paths...)
		}
	}
	for race, paths := range imports {
		if _, err := x.library(tc, cache, kit, race).prepare(ctx, paths); err != nil {
			return err
		}
	}
	return nil
}

func importsOf(ex *exercises.Exercise) (paths []string, err error) {
	p := &plan{ex: ex}
	if p.tests, err = readTests(ex, executor.Test); err != nil {
		return nil, err
	}
	for _, role := range []exercises.Role{exercises.Starter, exercises.Reference} {
		v, err := ex.Variant(string(role))
		if err != nil {
			return nil, err
		}
		found, _ := p.direct(testBinary{files: v.Files, bench: true})
		paths = append(paths, found...)
	}
	return paths, nil
}
