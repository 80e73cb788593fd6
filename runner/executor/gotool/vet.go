package gotool

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hotloop/exercises"
	"hotloop/runner/executor"
)

const vetFile = "vet.cfg"

// A vetConfig is what the go command tells vet of a package.
type vetConfig struct {
	ID, Compiler, Dir, ImportPath, GoVersion, VetxOutput string
	GoFiles                                              []string
	ImportMap, PackageFile                               map[string]string
	Standard                                             map[string]bool
	SucceedOnTypecheckFailure                            bool
}

// vet is the step that vets solution and tests, beside the tests: by vet itself, or with the go command if that does not
// work.
func (p *plan) vet(files exercises.Files, race bool) executor.Step {
	plain := executor.Step{Phase: executor.Vet, Command: p.tc.goCommand(p.dir, "vet", "."), Beside: true}
	plain.Command.ReadOnly = slices.Concat(plain.Command.ReadOnly, []string{p.kit}, folders(p.modules))
	imports, ok := p.direct(testBinary{dir: p.dir, files: files, bench: true})
	if !ok {
		return plain
	}
	lib := p.x.library(p.tc, p.cache, p.kit, p.modules, race)
	tools := lib.tools(p.dir)
	step := executor.Step{Phase: executor.Vet, Beside: true, Else: &plain}
	step.Command = p.tool(lib, p.dir, []string{tools.path("vet"), vetFile})
	step.Prepare = func(ctx context.Context) error {
		up, err := lib.prepare(ctx, imports)
		if err != nil {
			return err
		}
		cfg := vetConfig{ID: modulePath, Compiler: "gc", Dir: p.dir, ImportPath: modulePath, GoVersion: "go" + MinVersion, VetxOutput: "vet.out",
			GoFiles: p.goFiles(files, true), ImportMap: map[string]string{"unsafe": "unsafe"}, PackageFile: up.files, Standard: map[string]bool{}}
		for path := range up.files {
			cfg.ImportMap[path] = path
			first, _, _ := strings.Cut(path, "/")
			cfg.Standard[path] = first != "hotloop" && !strings.Contains(first, ".")
		}
		content, err := json.Marshal(cfg)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(p.dir, vetFile), content, 0o600)
	}
	return step
}
