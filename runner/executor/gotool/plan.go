package gotool

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"hotloop/exercises"
	"hotloop/exercises/kit/harness"
	"hotloop/runner/executor"
	"hotloop/runner/sandbox"
)

// The names of the variants that are measured, in the order in which charts show them.
const (
	naive     = string(exercises.Naive)
	reference = string(exercises.Reference)
	yours     = ""
)

// buildLimits let a first build on a slow machine with an empty cache through, and stop a program made to choke the
// compiler.
var buildLimits = sandbox.Limits{Wall: 3 * time.Minute, CPU: 10 * time.Minute, Memory: 2 << 30, Output: 1 << 20, Procs: 512}

// isolatedLimits are buildLimits where the code may be a stranger's, and where the standard library is compiled before.
var isolatedLimits = sandbox.Limits{Wall: time.Minute, CPU: 40 * time.Second, Memory: 2 << 30, Output: 1 << 20, Procs: 512}

// Of tests and benchmarks, where the exercise says nothing.
var (
	testLimits  = sandbox.Limits{Wall: 10 * time.Second, Memory: 1 << 30, Output: 8 << 20, Procs: 256}
	benchLimits = sandbox.Limits{Wall: 5 * time.Minute, CPU: 10 * time.Minute, Memory: 1 << 30, Output: 8 << 20, Procs: 256}
)

// The race detector multiplies the memory of a program by five to ten. On a small machine that is more than there is.
const (
	raceMemory    = 8
	maxRaceMemory = 2 << 30
)

// A plan is the making of the steps of one solution.
type plan struct {
	x     *Executor
	tc    *toolchain
	dir   string // the run's folder, which is the solution's module
	cache string
	ex    *exercises.Exercise
	tests *testFiles
	kit   string // folder of the kit's module
	needs needs

	modules []folder // that the exercise allows packages of
}

func (p *plan) steps(src executor.Source) ([]executor.Step, error) {
	tests, err := readTests(p.ex, src.Goal)
	if err != nil {
		return nil, err
	}
	p.tests = tests
	if err := p.x.rules(p.ex, tests).check(src.Files); err != nil {
		return nil, err
	}
	if p.kit, err = writeKit(p.cache); err != nil {
		return nil, err
	}
	if p.needs, err = p.x.find(p.ex.Needs); err != nil {
		return nil, err
	}
	if p.modules, err = p.tc.modules(p.ex); err != nil {
		return nil, err
	}
	if err := p.writeModule(p.dir, nil); err != nil {
		return nil, err
	}
	steps := p.buildAndTest(src)
	if !measures(src.Goal) {
		return steps, nil
	}
	return p.measure(src, steps)
}

// measures says whether the goal takes the benchmarks.
func measures(goal executor.Phase) bool { return goal == executor.Bench || goal == executor.Profile }

func (p *plan) buildAndTest(src executor.Source) []executor.Step {
	race, note := p.ex.Race, ""
	if race && !p.tc.canRace() {
		race, note = false, "without the race detector: it needs a C compiler, "+p.tc.CC
	}
	bin := p.binary("test")
	build := p.build(testBinary{dir: p.dir, files: src.Files, bin: bin, race: race, bench: measures(src.Goal) && !race, note: note})
	vet := p.vet(src.Files, race)
	if src.Goal == executor.Build {
		return []executor.Step{vet, build}
	}
	test := executor.Step{Phase: executor.Test, Harness: true, Tests: p.tests.tests}
	test.Command = p.run(bin, p.limits(testLimits))
	test.Command.Args = append(test.Command.Args, "-test.v=test2json", "-test.paniconexit0", "-test.timeout=0")
	if race {
		test.Command.Env = append(test.Command.Env, raceEnv)
		limit := &test.Command.Limits.Memory
		*limit = max(*limit, min(*limit*raceMemory, maxRaceMemory))
	}
	return []executor.Step{vet, build, test}
}

// others are the variants that are measured beside the learner's. Of a profile the reference would be told by its
// functions, which the learner is to find.
func others(goal executor.Phase) []string {
	if goal == executor.Profile {
		return []string{naive}
	}
	return []string{naive, reference}
}

// measure adds what measures: the binaries that are not there yet, and the processes.
func (p *plan) measure(src executor.Source, steps []executor.Step) ([]executor.Step, error) {
	bins := map[string]string{yours: p.binary("test")}
	if p.ex.Race && p.tc.canRace() { // what was tested is ten times slower than what is to be measured
		bins[yours] = p.binary("bench")
		again := p.build(testBinary{dir: p.dir, files: src.Files, bin: bins[yours], bench: true, note: "without the race detector, to be measured"})
		steps = append(steps, again)
	}
	for _, variant := range others(src.Goal) {
		bin, build, err := p.cached(variant, src.Goal)
		if err != nil {
			return nil, err
		}
		bins[variant] = bin
		if build != nil {
			steps = append(steps, *build)
		}
	}
	for _, variant := range append(others(src.Goal), yours) {
		limits := p.limits(benchLimits)
		limits.Wall, limits.CPU = benchLimits.Wall, benchLimits.CPU
		steps = append(steps, executor.Step{Phase: src.Goal, Variant: variant, Harness: true, Command: p.run(bins[variant], limits)})
	}
	return steps, nil
}

// raceEnv has the race detector wait a little, not a second, for races of goroutines that outlive the tests.
const raceEnv = "GORACE=atexit_sleep_ms=10"

// compile makes a test binary of the module in dir with the go command.
func (p *plan) compile(dir, bin string, race bool) sandbox.Command {
	args := slices.Concat([]string{"test", "-c"}, buildFlags, []string{"-vet=off", "-ldflags=-s -w", "-o", bin, "."})
	if race {
		args = slices.Insert(args, 2, "-race")
	}
	cmd := p.tc.goCommand(dir, args...)
	cmd.ReadOnly = slices.Concat(cmd.ReadOnly, []string{p.kit}, folders(p.modules))
	if race {
		cmd.Env[slices.Index(cmd.Env, noCgo)] = cgo
	}
	return cmd
}

func (p *plan) run(bin string, limits sandbox.Limits) sandbox.Command {
	cmd := program(p.dir, bin, limits)
	env := harness.Env
	if p.x.Isolated {
		env = harness.GuardedEnv
	}
	cmd.Env = slices.Concat(cmd.Env, p.needs.env, []string{env})
	cmd.ReadOnly = append(cmd.ReadOnly, p.needs.paths...)
	return cmd
}

// program is a command that runs what was built in dir. It has a folder of its own, and nothing of the source in it.
func program(dir, bin string, limits sandbox.Limits) sandbox.Command {
	return sandbox.Command{Args: []string{bin}, Env: programEnv(runDir(dir), limits.Memory), Dir: runDir(dir), Scratch: true, Limits: limits}
}

func runDir(dir string) string { return filepath.Join(dir, "run") }

func (p *plan) binary(name string) string { return filepath.Join(p.dir, "bin", binary(name)) }

// limits are the exercise's, else the fallback's.
func (p *plan) limits(fallback sandbox.Limits) sandbox.Limits {
	l := p.ex.Limits
	return sandbox.Limits{
		Wall:   cmp.Or(l.Time, fallback.Wall),
		CPU:    fallback.CPU,
		Memory: cmp.Or(int64(l.Memory), fallback.Memory),
		Output: cmp.Or(int64(l.Output), fallback.Output),
		Procs:  cmp.Or(l.Procs, fallback.Procs),
	}
}

// programEnv is the environment of a learner's program. Nine tenths of the memory limit are the collector's, so that it
// works harder before the limit kills; 0 is no such limit.
func programEnv(dir string, memory int64) []string {
	env := []string{"HOME=" + dir, "TMPDIR=" + dir, "LANG=C.UTF-8"}
	for _, name := range []string{"PATH", "SYSTEMROOT"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	if memory > 0 {
		env = append(env, "GOMEMLIMIT="+strconv.FormatInt(memory/10*9, 10))
	}
	return env
}

// writeModule makes dir a module of the exercise's tests, and of files if there are any beside those already there.
func (p *plan) writeModule(dir string, files exercises.Files) error {
	all := exercises.Files{"go.mod": goMod(p.kit, p.modules)}
	for _, part := range []exercises.Files{files, p.tests.files} {
		for name, content := range part {
			all[name] = content
		}
	}
	return writeFiles(dir, all)
}
