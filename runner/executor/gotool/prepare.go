package gotool

import (
	"context"
	"errors"
	"fmt"

	"hotloop/exercises"
	"hotloop/runner/executor"
)

// Prepare compiles ahead what solutions of the exercises are compiled and linked with: the kit, and of the standard
// library and of allowed modules what their tests, references and starters import.
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
	var errs []error
	imports := map[*library][]string{} // with the race detector or without; what is measured is without
	for _, ex := range all {
		paths, err := importsOf(ex)
		if err != nil {
			return fmt.Errorf("looking for what %s imports: %w", ex.Slug, err)
		}
		modules, err := tc.modules(ex)
		if err != nil { // the others can be built all the same
			errs = append(errs, err)
			continue
		}
		for _, race := range []bool{false, ex.Race && tc.canRace()} {
			lib := x.library(tc, cache, kit, modules, race)
			imports[lib] = append(imports[lib], paths...)
		}
	}
	for lib, paths := range imports {
		if _, err := lib.prepare(ctx, paths); err != nil {
			return err
		}
	}
	return errors.Join(errs...)
}

// Ready says what modules the exercises lack that they allow packages of; nil if they are all in the module cache.
func (x *Executor) Ready(all ...*exercises.Exercise) error {
	tc, err := x.toolchain()
	if err != nil {
		return err
	}
	var errs []error
	for _, ex := range all {
		_, err := tc.modules(ex)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
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
