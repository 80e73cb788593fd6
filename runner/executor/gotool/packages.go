package gotool

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotloop/exercises"
)

// A library knows where the compiled packages are that solutions and their tests are compiled and linked with: the kit
// and what of the standard library and of allowed modules was asked for so far. The go command is asked for a package once; who compiles after
// that needs no go command.
type library struct {
	tc    *toolchain
	goMod []byte // names the kit, and modules that the exercise allows
	dir   string // in the cache: what is known, for the next hotloop
	race  bool

	turn     chan struct{} // holds one token: who has it may change what follows
	packages map[string]compiled
	godebug  string // what the linker must be told of the module's Go version; usually nothing
	main     *mainObject
	failed   error // why there is no main, until packages change

	exports exports
}

// A compiled package is a file in the build cache of the go command.
type compiled struct {
	Export  string   // the file
	Imports []string `json:",omitempty"`
}

// errUnlisted is the error for packages that the go command does not know or has no compiled form of.
var errUnlisted = errors.New("a package that the go command does not list")

// library is the one for binaries with the kit and those modules, with or without the race detector.
func (x *Executor) library(tc *toolchain, cache, kit string, modules []folder, race bool) *library {
	mod := goMod(kit, modules)
	sum := sha256.Sum256(fmt.Append(nil, cacheFormat, "\n", string(mod), "\n", tc.path, "\n", tc.modTime.UnixNano(), "\n",
		tc.GOVERSION, "\n", tc.GOROOT, "\n", tc.GOCACHE, "\n", tc.CC, "\n", race, buildFlags))
	dir := filepath.Join(cache, "packages-"+hex.EncodeToString(sum[:8]))
	inUse(dir)
	x.mu.Lock()
	defer x.mu.Unlock()
	l := x.libraries[dir]
	if l == nil {
		l = &library{tc: tc, goMod: mod, dir: dir, race: race, turn: make(chan struct{}, 1)}
		l.turn <- struct{}{}
		if x.libraries == nil {
			x.libraries = map[string]*library{}
		}
		x.libraries[dir] = l
	}
	return l
}

// A linkup is what one compilation needs: an importcfg for compiler and linker, and the object of the main package.
type linkup struct {
	files   map[string]string // import path → file with the compiled package
	godebug string
	main    *mainObject
}

// prepare looks up the packages that paths need, and compiles what is not there. The first time on a machine that is the
// standard library.
func (l *library) prepare(ctx context.Context, paths []string) (*linkup, error) {
	select {
	case <-l.turn:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { l.turn <- struct{}{} }()
	if l.packages == nil {
		l.load()
	}
	paths = append(paths, l.implied()...)
	files, missing := l.closure(paths)
	if len(missing) > 0 {
		if err := l.list(ctx, missing); err != nil {
			return nil, err
		}
		if files, missing = l.closure(paths); len(missing) > 0 {
			return nil, fmt.Errorf("%w: %s", errUnlisted, strings.Join(missing, ", "))
		}
	}
	if l.main == nil && l.failed == nil {
		main, err := l.makeMain(ctx)
		if err != nil && ctx.Err() != nil {
			return nil, err
		}
		l.main, l.failed = main, err
	}
	if l.failed != nil {
		return nil, l.failed
	}
	return &linkup{files: files, godebug: l.godebug, main: l.main}, nil
}

// implied are the packages that every test binary is linked with.
func (l *library) implied() []string {
	paths := []string{"runtime", "math", "os", "testing", "internal/testlog", harnessPath}
	if l.race {
		paths = append(paths, "runtime/race", "runtime/cgo")
	}
	return paths
}

const harnessPath = "hotloop/exercises/kit/harness"

// closure finds the files of paths and of all that they import. Packages that are not known, or whose file is gone
// because somebody cleaned the build cache, are missing.
func (l *library) closure(paths []string) (files map[string]string, missing []string) {
	files = map[string]string{}
	todo := slices.Clone(paths)
	for len(todo) > 0 {
		path := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if _, done := files[path]; done || path == "unsafe" || path == "C" || slices.Contains(missing, path) {
			continue
		}
		pkg, known := l.packages[path]
		if known {
			_, err := os.Stat(pkg.Export)
			known = err == nil
		}
		if !known {
			missing = append(missing, path)
			continue
		}
		files[path] = pkg.Export
		todo = append(todo, pkg.Imports...)
	}
	return files, missing
}

// list asks the go command for packages, which compiles what it has not compiled yet, and remembers the answer.
func (l *library) list(ctx context.Context, paths []string) error {
	work := filepath.Join(l.dir, "module")
	mod := exercises.Files{"go.mod": l.goMod, "main.go": []byte("package main\n\nimport _ " + strconv.Quote(harnessPath) + "\n\nfunc main() {}\n")}
	if err := writeFiles(work, mod); err != nil {
		return err
	}
	args := append([]string{"list", "-deps", "-export", "-json=ImportPath,Export,Imports,ImportMap,DefaultGODEBUG"}, buildFlags...)
	if l.race {
		args = append(args, "-race")
	}
	cmd := l.tc.goCommand(work, slices.Concat(args, []string{"--", "."}, paths)...)
	if l.race {
		cmd.Env[slices.Index(cmd.Env, noCgo)] = cgo
	}
	out, err := output(ctx, cmd.Args, cmd.Env, work)
	if err != nil {
		return fmt.Errorf("listing compiled packages: %w", err)
	}
	if l.packages == nil {
		l.packages = map[string]compiled{}
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var pkg struct {
			ImportPath, Export, DefaultGODEBUG string
			Imports                            []string
			ImportMap                          map[string]string
		}
		if err := dec.Decode(&pkg); err == io.EOF {
			break
		} else if err != nil {
			return fmt.Errorf("listing compiled packages: reading the answer: %w", err)
		}
		if pkg.ImportPath == modulePath {
			l.godebug = pkg.DefaultGODEBUG
			continue
		}
		if pkg.Export == "" {
			continue
		}
		for i, path := range pkg.Imports {
			if mapped, ok := pkg.ImportMap[path]; ok {
				pkg.Imports[i] = mapped
			}
		}
		l.packages[pkg.ImportPath] = compiled{Export: pkg.Export, Imports: pkg.Imports}
	}
	l.main, l.failed = nil, nil // it may have been compiled with what is no more
	return l.save()
}

// saved is the form of a library on disk.
type saved struct {
	Packages map[string]compiled
	GODEBUG  string
}

func (l *library) load() {
	l.packages = map[string]compiled{}
	var s saved
	content, err := os.ReadFile(filepath.Join(l.dir, "packages.json"))
	if err == nil && json.Unmarshal(content, &s) == nil && s.Packages != nil {
		l.packages, l.godebug = s.Packages, s.GODEBUG
	}
}

// save keeps what is known for the next hotloop. Of two that save at the same time, one is forgotten and will be asked
// for again.
func (l *library) save() error {
	content, err := json.Marshal(saved{l.packages, l.godebug})
	if err != nil {
		return fmt.Errorf("keeping the list of compiled packages: %w", err)
	}
	return writeWhole(filepath.Join(l.dir, "packages.json"), content, 0o644)
}

// importcfg tells compiler and linker where packages are. The solution's own is in the folder that they run in.
func (u *linkup) importcfg() []byte {
	var b bytes.Buffer
	for _, path := range slices.Sorted(maps.Keys(u.files)) {
		fmt.Fprintf(&b, "packagefile %s=%s\n", path, u.files[path])
	}
	fmt.Fprintf(&b, "packagefile %s=%s\n", modulePath, solutionObject)
	return b.Bytes()
}

// stdPattern is what import paths of the standard library look like that a solution may have: nothing that the go
// command could take for a flag, a folder or a pattern.
var stdPattern = regexp.MustCompile(`^[a-z][a-z0-9]*(/[a-z0-9]+)*$`)

// importable says whether the go command would let a solution import path.
func importable(path string) bool {
	parts := strings.Split(path, "/")
	switch {
	case !stdPattern.MatchString(path), slices.Contains(parts, "internal"), slices.Contains(parts, "testdata"):
		return false
	}
	return !slices.Contains([]string{"std", "all", "main", "tool", "work", "cmd", "vendor", "embed"}, parts[0])
}

// output runs a command of our own, on files of our own, and returns what it printed.
func output(ctx context.Context, args, env []string, dir string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env, cmd.Dir = env, dir
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		if text := bytes.TrimSpace(exit.Stderr); len(text) > 0 {
			return nil, fmt.Errorf("%w: %s", err, text)
		}
	}
	return out, err
}

// writeWhole writes a file all at once: others see the old content or the new.
func writeWhole(name string, content []byte, mode fs.FileMode) error {
	fail := func(err error) error { return fmt.Errorf("writing %s: %w", name, err) }
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fail(err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), "tmp-*")
	if err != nil {
		return fail(err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(content)
	if err := errors.Join(err, tmp.Chmod(mode), tmp.Close()); err != nil {
		return fail(err)
	}
	if err := os.Rename(tmp.Name(), name); err != nil {
		return fail(err)
	}
	return nil
}
