package gotool

import (
	"context"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/sandbox"
)

const (
	snippetFile = "main.go"
	snippetPath = "snippet" // of the module; stack traces name files by it
)

// planSnippet builds and runs a program of one file.
func (x *Executor) planSnippet(tc *toolchain, dir string, src executor.Source) ([]executor.Step, error) {
	if len(src.Files) != 1 || src.Files[snippetFile] == nil {
		return nil, &executor.Refusal{Reason: "A Go snippet is one file, main.go."}
	}
	if len(src.Flags) > 0 {
		return nil, &executor.Refusal{Reason: "Go snippets take no flags: " + strings.Join(src.Flags, " ")}
	}
	mod := exercises.Files{"go.mod": []byte("module " + snippetPath + "\n\ngo " + MinVersion + "\n")}
	if err := writeFiles(dir, mod); err != nil {
		return nil, err
	}
	bin := filepath.Join(dir, "bin", binary("main"))
	build, err := x.buildSnippet(tc, dir, bin, src.Files[snippetFile])
	if err != nil {
		return nil, err
	}
	steps := []executor.Step{build}
	if src.Goal != executor.Build {
		steps = append(steps, executor.Step{Phase: executor.Run, Command: program(dir, bin, sandbox.Limits{})})
	}
	return steps, nil
}

// buildSnippet is the step that makes the program: directly, or with the go command if that does not work.
func (x *Executor) buildSnippet(tc *toolchain, dir, bin string, source []byte) (executor.Step, error) {
	plain := executor.Step{Phase: executor.Build}
	plain.Command = tc.goCommand(dir, slices.Concat([]string{"build"}, buildFlags, []string{"-ldflags=-s -w", "-o", bin, "."})...)
	imports, ok := snippetImports(source)
	if !ok {
		return plain, nil
	}
	cache, err := x.cacheDir()
	if err != nil {
		return executor.Step{}, err
	}
	kit, err := writeKit(cache)
	if err != nil {
		return executor.Step{}, err
	}
	lib := x.library(tc, cache, kit, nil, false)
	tools := lib.tools(dir)
	command := func(args []string) sandbox.Command {
		return sandbox.Command{Args: args, Env: tools.env, Dir: dir, ReadOnly: []string{tc.GOROOT, tc.GOCACHE}, Limits: buildLimits}
	}
	link := &executor.Step{Phase: executor.Build, Command: command(tools.linkProgram(bin, ""))}
	compile := tools.compile(mainPath, mainArchive, "./"+snippetFile)
	compile[slices.Index(compile, "-trimpath")+1] = dir + "=>" + snippetPath
	plain.Note = "built with go build, which takes longer"
	return executor.Step{
		Phase:   executor.Build,
		Command: command(compile),
		Prepare: func(ctx context.Context) error {
			up, err := lib.prepare(ctx, imports)
			if err != nil {
				return err
			}
			link.Command.Args = tools.linkProgram(bin, up.godebug)
			if err := os.MkdirAll(filepath.Dir(bin), 0o700); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, importcfg), up.importcfg(), 0o600)
		},
		Next: link,
		Else: &plain,
	}, nil
}

// linkProgram is the command that makes a program which is no test.
func (t *tools) linkProgram(bin, godebug string) []string {
	args := t.link(bin, godebug)
	i := slices.Index(args, "-X")
	return slices.Delete(args, i, i+2)
}

// snippetImports lists what a snippet imports. It is not ok if only the go command knows what to do with it.
func snippetImports(source []byte) (imports []string, ok bool) {
	file, err := parser.ParseFile(token.NewFileSet(), snippetFile, source, parser.ImportsOnly)
	if err != nil || file.Name.Name != mainPath || constrained(snippetFile, source) {
		return nil, false
	}
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil || !importable(path) {
			return nil, false
		}
		imports = append(imports, path)
	}
	return imports, true
}
