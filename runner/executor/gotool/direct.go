package gotool

import (
	"context"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/sandbox"
)

// The direct way from source to test binary: compiler and linker, called as the go command would call them, but without
// the go command, which takes longer to find out that nothing else has changed than they take together.
//
// Tests and solution are one package, since tests may use what is not exported; so they are compiled together each time.
// Tests compiled alone would have to be compiled again anyhow when a type's size, a generic body or an inlined function
// changes, which is nearly always.

// Files that a build leaves in the folder it runs in.
const (
	solutionObject = "solution.a"
	mainArchive    = "main.a"
	importcfg      = "importcfg"
)

const mainPath = "main"

// buildFlags are the flags of the go command that decide what a compiled package is. Nobody debugs these binaries; without
// DWARF, the linker has a fifth less to do.
var buildFlags = []string{"-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false"}

// tools are the compiler, the linker and vet, as the go command would call them in dir.
type tools struct {
	dir, bin string
	env      []string
	shared   []string // flags that compiler and linker share
	pie      bool
}

func (l *library) tools(dir string) tools {
	t := tools{dir: dir, bin: filepath.Join(l.tc.GOROOT, "pkg", "tool", runtime.GOOS+"_"+runtime.GOARCH)}
	// They live for so short a time that collecting garbage is not worth it, until there is very much.
	t.env = append(inherited(), "GOGC=off", "GOMEMLIMIT="+strconv.FormatInt(buildLimits.Memory/2, 10), "GOROOT=")
	if l.race {
		t.shared = []string{"-race", "-installsuffix", "race"}
	}
	t.pie = runtime.GOOS == "darwin" || runtime.GOOS == "windows" && !l.race
	return t
}

func (t *tools) path(name string) string { return filepath.Join(t.bin, binary(name)) }

// compile is the command that makes the archive out of the package's files.
func (t *tools) compile(pkg, out string, files ...string) []string {
	args := []string{t.path("compile"), "-o", out, "-trimpath", t.dir + "=>" + pkg, "-p", pkg, "-lang=go" + MinVersion,
		"-dwarf=false", "-c=" + strconv.Itoa(min(4, runtime.NumCPU())), "-nolocalimports", "-importcfg", importcfg, "-pack"}
	if pkg != mainPath {
		args = append(args, "-complete") // main declares functions that are the solution's
	}
	if t.pie && runtime.GOOS != "windows" {
		args = append(args, "-shared")
	}
	return slices.Concat(args, t.shared, files)
}

// link is the command that makes the test binary.
func (t *tools) link(bin, godebug string) []string {
	args := []string{t.path("link"), "-o", bin, "-importcfg", importcfg, "-buildid=", "-s", "-w", "-X", "testing.testBinary=1"}
	if t.pie {
		args = append(args, "-buildmode=pie")
	}
	if godebug != "" {
		args = append(args, "-X=runtime.godebugDefault="+godebug)
	}
	return slices.Concat(args, t.shared, []string{mainArchive})
}

// A testBinary is what a build makes.
type testBinary struct {
	dir     string          // the module's folder
	files   exercises.Files // of the solution in it; the tests are the plan's
	bin     string
	race    bool
	bench   bool // with the benchmarks in it
	variant string
	note    string
}

// build is the step that makes the binary: directly, or with the go command if that does not work.
func (p *plan) build(b testBinary) executor.Step {
	plain := executor.Step{Phase: executor.Build, Variant: b.variant, Command: p.compile(b.dir, b.bin, b.race), Note: b.note}
	imports, ok := p.direct(b)
	if !ok {
		return plain
	}
	lib := p.x.library(p.tc, p.cache, p.kit, p.modules, b.race)
	tools := lib.tools(b.dir)
	var up *linkup
	link := &executor.Step{Phase: executor.Build, Variant: b.variant}
	link.Command = p.tool(lib, b.dir, nil)
	link.Prepare = func(context.Context) error {
		main, err := up.main.forSolution(filepath.Join(b.dir, solutionObject))
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(b.dir, mainArchive), main, 0o600)
	}
	link.Command.Args = tools.link(b.bin, "")
	link.Command.Alone = !b.race // for the race detector's library, the linker asks the C compiler
	compile := executor.Step{Phase: executor.Build, Variant: b.variant, Note: b.note, Next: link}
	compile.Command = p.tool(lib, b.dir, tools.compile(modulePath, solutionObject, p.goFiles(b.files, b.bench)...))
	compile.Prepare = func(ctx context.Context) (err error) {
		if up, err = lib.prepare(ctx, imports); err != nil {
			return err
		}
		link.Command.Args = tools.link(b.bin, up.godebug)
		if err := os.MkdirAll(filepath.Dir(b.bin), 0o700); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(b.dir, importcfg), up.importcfg(), 0o600)
	}
	plain.Note = strings.TrimPrefix(b.note+"; built with go test -c, which takes longer", "; ")
	compile.Else = &plain
	return compile
}

// tool is a command of the toolchain that reads the module in dir and compiled packages.
func (p *plan) tool(lib *library, dir string, args []string) sandbox.Command {
	t := lib.tools(dir)
	return sandbox.Command{Args: args, Env: t.env, Dir: dir, Alone: true, ReadOnly: []string{lib.tc.GOROOT, lib.tc.GOCACHE}, Limits: buildLimits}
}

// goFiles are the names of the package's files in the order in which the go command compiles them, without TestMain.
func (p *plan) goFiles(solution exercises.Files, bench bool) []string {
	tests := slices.DeleteFunc(slices.Sorted(maps.Keys(p.tests.files)), func(name string) bool {
		return name == entryFile || !bench && slices.Contains(p.tests.measuring, name)
	})
	names := slices.Concat(slices.Sorted(maps.Keys(solution)), tests)
	for i, name := range names {
		names[i] = "./" + name
	}
	return names
}

// direct lists what solution and tests import. It is not ok if only the go command knows what to do with the files: which
// of them belong to this machine, what they embed, or how to say that a package does not exist.
func (p *plan) direct(b testBinary) (imports []string, ok bool) {
	if p.tests.more {
		return nil, false
	}
	names := p.goFiles(b.files, b.bench)
	for _, files := range []exercises.Files{b.files, p.tests.files} {
		for name, content := range files {
			if !slices.Contains(names, "./"+name) {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, content, parser.ImportsOnly|parser.ParseComments)
			if err != nil && file == nil || constrained(name, content) {
				return nil, false
			}
			for _, spec := range file.Imports {
				path, err := strconv.Unquote(spec.Path.Value)
				ours := strings.HasPrefix(path, "hotloop/exercises/kit")
				if err != nil || !importable(path) && !ours && !slices.Contains(p.ex.Allowed, path) {
					return nil, false
				}
				imports = append(imports, path)
			}
		}
	}
	slices.Sort(imports)
	return slices.Compact(imports), true
}

// constrained says whether a file may be meant for some machines or compilers only, or has other orders for the go
// command. It is wrong at times, on the safe side.
func constrained(name string, content []byte) bool {
	text := string(content)
	for _, order := range []string{"//go:build", "// +build", "//go:embed", "//go:debug", "//go:cgo_"} {
		if strings.Contains(text, order) {
			return true
		}
	}
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".go"), "_test")
	_, last, _ := cutLast(name, "_")
	return knownPlatform[last]
}

// knownPlatform are the last parts of file names that may be the name of a system or a processor.
var knownPlatform = func() map[string]bool {
	const names = "aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1 windows zos " +
		"386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc ppc64 ppc64le " +
		"riscv riscv64 s390 s390x sparc sparc64 wasm"
	known := map[string]bool{}
	for _, name := range strings.Fields(names) {
		known[name] = true
	}
	return known
}()
