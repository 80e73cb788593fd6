// Package node is the executor "node": it runs a lesson's JavaScript snippets in the Node.js that is installed, if there
// is one. Snippets are ES modules unless they say otherwise by calling require.
package node

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"hotloop/runner/executor"
	"hotloop/runner/report"
	"hotloop/runner/sandbox"
)

// oldest is the first major version that snippets are written for.
const oldest = 20

const howToGet = "install Node.js 20 or newer (https://nodejs.org, or \"apt install nodejs\") and start hotloop again"

// An Executor runs snippets with node, which it looks for in PATH.
type Executor struct{}

// Name is "node".
func (Executor) Name() string { return "node" }

// Available says whether there is a Node.js that is new enough.
func (Executor) Available() error {
	_, err := find()
	return err
}

// Version is what "node --version" says: "v20.20.2".
func (Executor) Version() string {
	i, err := find()
	if err != nil {
		return ""
	}
	return i.version
}

// Plan is one step, node on the snippet's file.
func (Executor) Plan(dir string, src executor.Source) ([]executor.Step, error) {
	if src.Exercise != nil || src.Goal != executor.Run {
		return nil, errors.New("executor node only runs snippets")
	}
	node, err := find()
	if err != nil {
		return nil, err
	}
	if refusal := checkFlags(src.Flags); refusal != nil {
		return nil, refusal
	}
	name, err := mainFile(dir, src)
	if err != nil {
		return nil, err
	}
	run, err := executor.RunDir(dir)
	if err != nil {
		return nil, err
	}
	main := filepath.Join(dir, name)
	return []executor.Step{{
		Phase: executor.Run,
		Command: sandbox.Command{
			Args:     slices.Concat([]string{node.path}, src.Flags, []string{main}),
			Env:      append(executor.SnippetEnv(run), "NO_COLOR=1"),
			Dir:      run,
			Scratch:  true,
			ReadOnly: []string{main},
		},
	}}, nil
}

// Decode reads standard output for chart points and text, standard error for where an uncaught error points.
func (Executor) Decode(_ executor.Phase, stream string, r io.Reader) iter.Seq2[report.Event, error] {
	if stream != executor.Stderr {
		return executor.DecodeSnippet(stream, r)
	}
	var d stderrDecoder
	return executor.DecodeLines(stream, r, d.line)
}

// mainFile is the name of the file in dir to run. Node goes by the name, so a snippet that was called a module and calls
// require is written again under the other one.
func mainFile(dir string, src executor.Source) (string, error) {
	if _, ok := src.Files["main.cjs"]; ok {
		return "main.cjs", nil
	}
	for _, name := range []string{"main.mjs", "main.js"} {
		source, ok := src.Files[name]
		if !ok {
			continue
		}
		if right := FileName(source); right != name {
			if err := os.WriteFile(filepath.Join(dir, right), source, 0o644); err != nil {
				return "", fmt.Errorf("writing %s for the run: %w", right, err)
			}
			return right, nil
		}
		return name, nil
	}
	return "", errors.New("a snippet for executor node is a file main.mjs or main.cjs")
}

var (
	requires  = regexp.MustCompile(`(?m)^[^/\n]*\brequire\s*\(|\bmodule\.exports\b`)
	isModule  = regexp.MustCompile(`(?m)^\s*(import\b\s*[\w*{"']|export\b\s*[\w*{])|\bcreateRequire\b|\bimport\.meta\b`)
	topAwaits = regexp.MustCompile(`(?m)^(?:(?:const|let|var)\s+[^=\n]+=\s*)?await\b`)
)

// FileName is the name under which Node.js understands source: main.cjs for a script that calls require, else main.mjs.
func FileName(source []byte) string {
	if requires.Match(source) && !isModule.Match(source) && !topAwaits.Match(source) {
		return "main.cjs"
	}
	return "main.mjs"
}

// Flags that snippets may use: they show what the engine does or bound it, and touch no file.
var (
	plainFlags  = []string{"--expose-gc", "--trace-gc", "--trace-gc-verbose", "--trace-opt", "--trace-deopt", "--allow-natives-syntax", "--no-opt", "--jitless", "--no-warnings", "--trace-warnings", "--trace-uncaught"}
	numberFlags = []string{"--max-old-space-size", "--max-semi-space-size", "--stack-size", "--stack-trace-limit"}
)

// checkFlags is nil if snippets may use all of flags.
func checkFlags(flags []string) *executor.Refusal {
	for _, flag := range flags {
		if !allowed(flag) {
			return &executor.Refusal{Reason: fmt.Sprintf("Node's flag %q is not for snippets; allowed are %s and, with =N, %s.",
				flag, strings.Join(plainFlags, ", "), strings.Join(numberFlags, ", "))}
		}
	}
	return nil
}

func allowed(flag string) bool {
	flag = strings.ReplaceAll(flag, "_", "-") // V8 takes both
	for _, plain := range plainFlags {
		if flag == plain {
			return true
		}
	}
	name, value, ok := strings.Cut(flag, "=")
	for _, number := range numberFlags {
		if n, err := strconv.Atoi(value); ok && name == number && err == nil && 0 < n && n <= 1<<16 {
			return true
		}
	}
	return false
}

// An installation is a node that can be used.
type installation struct{ path, version string }

// find looks for node anew each time, since it may be installed while hotloop runs; asking it takes some 10 ms.
func find() (installation, error) {
	path, err := exec.LookPath("node")
	if err != nil {
		return installation{}, fmt.Errorf("no program \"node\" in PATH; %s", howToGet)
	}
	out, err := exec.Command(path, "--version").Output()
	if err != nil {
		return installation{}, fmt.Errorf("asking %s for its version: %w; %s", path, err, howToGet)
	}
	version := strings.TrimSpace(string(out))
	major, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < oldest {
		return installation{}, fmt.Errorf("%s is Node.js %s, and snippets need %d; %s", path, version, oldest, howToGet)
	}
	return installation{path: path, version: version}, nil
}
