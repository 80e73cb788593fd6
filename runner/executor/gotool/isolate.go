package gotool

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/sandbox"
)

//go:embed cacheprog/main.go
var cacheprogSource []byte

// isolate makes the steps ones that a sandbox can hold: a go command has the build cache to read, through cacheprog, and
// keeps what it adds in its own folder, so that no run can put anything into another one's way. What solutions import of
// the standard library and of allowed modules is compiled before, outside: it is no learner's code.
func (x *Executor) isolate(tc *toolchain, src executor.Source, steps []executor.Step) error {
	cache, err := x.cacheDir()
	if err != nil {
		return err
	}
	prog, err := tc.cacheprog(cache)
	if err != nil {
		return err
	}
	kit, err := writeKit(cache)
	if err != nil {
		return err
	}
	var modules []folder
	var allowed []string
	if src.Exercise != nil {
		allowed = src.Exercise.Allowed
		if modules, err = tc.modules(src.Exercise); err != nil {
			return err
		}
	}
	isolate := func(step *executor.Step) {
		if step.Command.Limits == buildLimits {
			step.Command.Limits = isolatedLimits
		}
		if slices.Contains(step.Command.Args, "-race") {
			step.Command.ReadOnly = append(slices.Clone(step.Command.ReadOnly), cToolchain...)
		}
		if step.Command.Args[0] != tc.path {
			return
		}
		isolateCommand(&step.Command, tc, prog)
		lib := x.library(tc, cache, kit, modules, slices.Contains(step.Command.Env, cgo))
		first := step.Prepare
		step.Prepare = func(ctx context.Context) error {
			if first != nil {
				if err := first(ctx); err != nil {
					return err
				}
			}
			_, _ = lib.prepare(ctx, knownImports(src.Files, allowed)) // what is wrong with imports, the go command says better
			return ctx.Err()
		}
	}
	for i := range steps {
		for step := &steps[i]; step != nil; step = step.Next {
			isolate(step)
			for other := step.Else; other != nil; other = other.Next {
				isolate(other)
			}
		}
	}
	return nil
}

// knownImports are the packages of the standard library and those of allowed that files import, as far as they can be
// read.
func knownImports(files exercises.Files, allowed []string) (paths []string) {
	for name, content := range files {
		file, _ := parser.ParseFile(token.NewFileSet(), name, content, parser.ImportsOnly)
		if file == nil {
			continue
		}
		for _, spec := range file.Imports {
			if path, err := strconv.Unquote(spec.Path.Value); err == nil && (importable(path) || slices.Contains(allowed, path)) {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

func isolateCommand(cmd *sandbox.Command, tc *toolchain, prog string) {
	own := filepath.Join(cmd.Dir, "gocache")
	cmd.Env = slices.DeleteFunc(slices.Clone(cmd.Env), func(kv string) bool {
		key, _, _ := strings.Cut(kv, "=")
		return slices.Contains([]string{"GOCACHE", "HOME", "TMPDIR", "GOMODCACHE"}, key)
	})
	cmd.Env = append(cmd.Env, "GOCACHE="+own, "GOCACHEPROG="+quoted(prog)+" "+quoted(tc.GOCACHE)+" "+quoted(own),
		"HOME="+cmd.Dir, "GOMODCACHE="+filepath.Join(cmd.Dir, "gomodcache"), "GOTELEMETRY=off")
	cmd.ReadOnly = append(slices.DeleteFunc(slices.Clone(cmd.ReadOnly), func(path string) bool { return path == tc.GOMODCACHE }),
		tc.GOCACHE, prog, tc.path)
}

// cToolchain is where a C compiler has its parts. For the race detector, the go command asks it for its version, and the
// linker for its library.
var cToolchain = []string{"/bin", "/lib", "/lib64", "/usr/bin", "/usr/lib", "/usr/lib64", "/usr/libexec", "/usr/include"}

// quoted is path as the go command splits GOCACHEPROG.
func quoted(path string) string {
	if strings.ContainsAny(path, " \t") {
		return `"` + path + `"`
	}
	return path
}

// cacheprog builds the program that reads the build cache, once for each toolchain.
func (tc *toolchain) cacheprog(cache string) (string, error) {
	sum := sha256.Sum256(fmt.Append(nil, tc.path, "\n", tc.GOVERSION, "\n", string(cacheprogSource)))
	dir := filepath.Join(cache, "cacheprog-"+hex.EncodeToString(sum[:8]))
	prog := filepath.Join(dir, "cacheprog")
	if inUse(dir) {
		return prog, nil
	}
	err := publish(dir, func(tmp string) error {
		source := exercises.Files{"go.mod": []byte("module cacheprog\n\ngo " + MinVersion + "\n"), "main.go": cacheprogSource}
		if err := writeFiles(tmp, source); err != nil {
			return err
		}
		cmd := tc.goCommand(tmp, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", "cacheprog", ".")
		_, err := output(context.Background(), cmd.Args, cmd.Env, tmp)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("building the program that reads the build cache for sandboxes: %w", err)
	}
	return prog, nil
}
